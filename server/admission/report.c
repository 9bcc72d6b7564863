/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/report.h"

#include <string.h>

#include "server/admission/location.h"

typedef Feast__Admin__V1__SourceReport source_report;

const Feast__Core__DataSource *fc_report_source_of(const Feast__Core__FeatureTableSpec *spec,
                                                   Feast__Admin__V1__SourceSlot slot)
{
    return slot == FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM ? spec->stream_source
                                                                     : spec->batch_source;
}

/* protobuf-c wants strings it may change; it never does. */
static void identify(source_report *report, const Feast__Core__DataSource *source,
                     Feast__Admin__V1__SourceSlot slot, struct fc_arena *arena)
{
    report->slot = slot;
    report->kind = source->type;
    report->location = (char *)fc_location_text(source, arena);
}

source_report *fc_report_unreachable(const Feast__Core__DataSource *source,
                                     Feast__Admin__V1__SourceSlot slot, const struct fc_error *why,
                                     struct fc_arena *arena)
{
    source_report *report = fc_arena_alloc(arena, sizeof *report);
    char *message = fc_arena_strdup(arena, why->message);

    if (!report || !message)
        return NULL;
    feast__admin__v1__source_report__init(report);
    identify(report, source, slot, arena);
    report->state = FEAST__ADMIN__V1__SOURCE_REPORT__STATE__UNREACHABLE;
    report->reason = (char *)fc_reason_info(why->reason)->word;
    report->message = message;
    return report;
}

static fc_rc lied(struct fc_error *err, const char *kind, const char *name)
{
    return fc_fail(err, FC_REASON_WORKER_FAILED,
                   "the probe worker's report leaves out %s \"%s\" of the table", kind, name);
}

/* The column that should stand at `*at`; moves on when it does. */
static bool take(const source_report *said, size_t *at, Feast__Admin__V1__ColumnReport__Role role,
                 const char *name)
{
    if (*at >= said->n_columns)
        return false;
    const Feast__Admin__V1__ColumnReport *column = said->columns[*at];
    if (column->role != role || (name && strcmp(column->name, name) != 0))
        return false;
    (*at)++;
    return true;
}

static bool has_role(const source_report *said, Feast__Admin__V1__ColumnReport__Role role)
{
    for (size_t i = 0; i < said->n_columns; i++)
        if (said->columns[i]->role == role)
            return true;
    return false;
}

static fc_rc check_times(const source_report *said, const Feast__Core__DataSource *source,
                         struct fc_error *err)
{
    const struct {
        const char *column, *what;
        Feast__Admin__V1__ColumnReport__Role role;
    } times[] = {
        {source->event_timestamp_column, "event timestamp column",
         FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__EVENT_TIMESTAMP},
        {source->created_timestamp_column, "created timestamp column",
         FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__CREATED_TIMESTAMP},
        {source->date_partition_column, "date partition column",
         FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__DATE_PARTITION},
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(times); i++)
        if (times[i].column[0] != '\0' && !has_role(said, times[i].role))
            return lied(err, times[i].what, times[i].column);
    return FC_OK;
}

static fc_rc check_complete(const source_report *said, const Feast__Core__FeatureTableSpec *spec,
                            const Feast__Core__DataSource *source, struct fc_error *err)
{
    size_t at = 0;

    for (size_t i = 0; i < spec->n_entities; i++)
        if (!take(said, &at, FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__ENTITY, spec->entities[i]))
            return lied(err, "entity", spec->entities[i]);
    for (size_t i = 0; i < spec->n_features; i++)
        if (!take(said, &at, FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__FEATURE,
                  spec->features[i]->name))
            return lied(err, "feature", spec->features[i]->name);
    return check_times(said, source, err);
}

fc_rc fc_report_adopt(const source_report *said, const Feast__Core__FeatureTableSpec *spec,
                      Feast__Admin__V1__SourceSlot slot, struct fc_arena *arena,
                      source_report **ret, struct fc_error *err)
{
    const Feast__Core__DataSource *source = fc_report_source_of(spec, slot);

    switch (said->state) {
    case FEAST__ADMIN__V1__SOURCE_REPORT__STATE__READ: {
        fc_rc rc = check_complete(said, spec, source, err);
        if (rc != FC_OK)
            return rc;
        break;
    }
    case FEAST__ADMIN__V1__SOURCE_REPORT__STATE__UNREACHABLE:
    case FEAST__ADMIN__V1__SOURCE_REPORT__STATE__UNREADABLE:
        break;
    default:
        return fc_fail(err, FC_REASON_WORKER_FAILED,
                       "the probe worker's report does not say how far it got");
    }
    /* Copied by way of its bytes: what it was read into is reused for the next probe. */
    size_t size = feast__admin__v1__source_report__get_packed_size(said);
    uint8_t *bytes = fc_arena_alloc(arena, size);
    source_report *report = NULL;
    if (bytes) {
        feast__admin__v1__source_report__pack(said, bytes);
        report = feast__admin__v1__source_report__unpack(fc_arena_allocator(arena), size, bytes);
    }
    if (!report) {
        return fc_fail(err, FC_REASON_WORKER_FAILED,
                       "the probe worker's report of %zu bytes is too large", size);
    }
    identify(report, source, slot, arena);
    *ret = report;
    return FC_OK;
}

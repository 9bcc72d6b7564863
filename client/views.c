/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of object that get, list and describe know: one row each, and how its rows look. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/pbjson.h"
#include "client/get.h"
#include "client/values.h"

#define ENTITIES FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_ENTITY
#define TABLES   FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE

const struct fc_view fc_views[] = {
    {.names = {"projects", "project"},
     .plural = "projects",
     .kind = "Project",
     .prefix = "project",
     .run = fc_get_projects},
    {.names = {"entities", "entity"},
     .plural = "entities",
     .kind = "Entity",
     .prefix = "entity",
     .columns = fc_entity_columns,
     .objects = ENTITIES,
     .add = fc_show_entity,
     .labels = true},
    {.names = {"tables", "table", "feature-tables", "feature-table", "featuretables"},
     .plural = "feature tables",
     .kind = "FeatureTable",
     .prefix = "table",
     .columns = fc_feature_table_columns,
     .objects = TABLES,
     .add = fc_show_table,
     .labels = true},
    {.names = {"features", "feature"},
     .plural = "features",
     .kind = "Feature",
     .prefix = "feature",
     .columns = fc_feature_columns,
     .objects = TABLES,
     .add = fc_show_features,
     .labels = true},
    {.names = {"stores", "store", "online-stores", "online-store"},
     .plural = "online stores",
     .kind = "OnlineStore",
     .prefix = "store",
     .run = fc_get_stores},
    {.names = {"sources", "source"},
     .plural = "sources",
     .kind = "Source",
     .prefix = "source",
     .columns = fc_source_columns,
     .objects = TABLES,
     .add = fc_show_sources},
    {.names = {"reports", "report"},
     .plural = "reports",
     .kind = "Report",
     .prefix = "report",
     .columns = fc_report_columns,
     .objects = TABLES,
     .add = fc_show_report,
     .labels = true},
    {.names = {"jobs", "job"},
     .plural = "jobs",
     .kind = "Job",
     .prefix = "job",
     .run = fc_get_jobs},
    {.names = {"schedules", "schedule"},
     .plural = "schedules",
     .kind = "Schedule",
     .prefix = "schedule",
     .run = fc_get_schedules},
};
const size_t fc_view_count = FC_ARRAY_LEN(fc_views);

const struct fc_view *fc_view_find(const char *word, size_t len)
{
    for (size_t v = 0; v < fc_view_count; v++) {
        for (size_t i = 0; i < FC_ARRAY_LEN(fc_views[v].names) && fc_views[v].names[i]; i++)
            if (strlen(fc_views[v].names[i]) == len &&
                strncmp(fc_views[v].names[i], word, len) == 0)
                return &fc_views[v];
    }
    return NULL;
}

const char *fc_verdict_name(int verdict)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&feast__admin__v1__verdict__descriptor, verdict);

    return value ? value->name : "?";
}

/* -- entities ------------------------------------------------------------------------------------------------ */

const struct fc_table_column fc_entity_columns[] = {
    {.title = "PROJECT"},
    {.title = "NAME"},
    {.title = "TYPE"},
    {.title = "DESCRIPTION"},
    {.title = "UPDATED", .wide = true},
    {.title = "LABELS", .wide = true},
    {0},
};

void fc_show_entity(struct fc_show *show, const fc_object *object)
{
    const Feast__Core__Entity *entity = object->entity;
    const Feast__Core__EntitySpecV2 *spec = entity->spec;
    struct fc_table *table = show->table;

    if (fc_output_wanted(show->cli)) {
        fc_show_object(show, object->project, spec->name, fc_pbjson_encode(&entity->base, 0));
        return;
    }
    fc_show_row(show, object->project);
    fc_table_cell(table, spec->name);
    fc_table_cell(table, fc_type_name((int)spec->value_type));
    fc_table_cell(table, spec->description);
    fc_table_cell(table, fc_time_text(show->arena,
                                      entity->meta ? entity->meta->last_updated_timestamp : NULL));
    fc_table_cell(table, fc_labels_text(show->arena, spec->n_labels, spec->labels));
}

/* -- feature tables ------------------------------------------------------------------------------------------ */

const struct fc_table_column fc_feature_table_columns[] = {
    {.title = "PROJECT"},
    {.title = "NAME"},
    {.title = "ENTITIES"},
    {.title = "FEATURES", .right = true},
    {.title = "BATCH SOURCE"},
    {.title = "STREAM SOURCE", .wide = true},
    {.title = "MAX AGE", .wide = true},
    {.title = "REVISION", .wide = true, .right = true},
    {.title = "UPDATED", .wide = true},
    {.title = "LABELS", .wide = true},
    {0},
};

static const char *joined(struct fc_arena *arena, char **words, size_t count)
{
    const char *text = "";

    for (size_t i = 0; text && i < count; i++)
        text = fc_arena_printf(arena, "%s%s%s", text, i ? "," : "", words[i]);
    return text;
}

void fc_show_table(struct fc_show *show, const fc_object *object)
{
    const Feast__Core__FeatureTableSpec *spec = object->feature_table->spec;
    const Feast__Core__FeatureTableMeta *meta = object->feature_table->meta;
    struct fc_table *table = show->table;

    if (fc_output_wanted(show->cli)) {
        fc_show_object(show, object->project, spec->name,
                       fc_pbjson_encode(&object->feature_table->base, 0));
        return;
    }
    fc_show_row(show, object->project);
    fc_table_cell(table, spec->name);
    fc_table_cell(table, joined(show->arena, spec->entities, spec->n_entities));
    fc_table_cellf(table, "%zu", spec->n_features);
    fc_table_cell(table, fc_source_text(show->arena, spec->batch_source));
    fc_table_cell(table, fc_source_text(show->arena, spec->stream_source));
    if (spec->max_age && spec->max_age->seconds > 0)
        fc_table_cellf(table, "%" PRId64 "s", spec->max_age->seconds);
    else
        fc_table_cell(table, "");
    fc_table_cellf(table, "%" PRId64, meta ? meta->revision : 0);
    fc_table_cell(table, fc_time_text(show->arena, meta ? meta->last_updated_timestamp : NULL));
    fc_table_cell(table, fc_labels_text(show->arena, spec->n_labels, spec->labels));
}

/* -- features ------------------------------------------------------------------------------------------------ */

const struct fc_table_column fc_feature_columns[] = {{.title = "PROJECT"}, {.title = "TABLE"},
                                                     {.title = "FEATURE"}, {.title = "TYPE"},
                                                     {.title = "LABELS"},  {0}};

/* The table has exactly the entities of --entities. */
static bool has_entities(const struct fc_selection *selection,
                         const Feast__Core__FeatureTableSpec *spec)
{
    if (selection->entity_count == 0)
        return true;
    for (size_t w = 0; w < selection->entity_count; w++) {
        bool found = false;
        for (size_t i = 0; i < spec->n_entities && !found; i++)
            found = strcmp(spec->entities[i], selection->entities[w]) == 0;
        if (!found)
            return false;
    }
    return spec->n_entities == selection->entity_count;
}

/* `table:feature`, or a feature's own name in whichever table. */
static bool is_wanted(const char *name, const char *table, const char *feature)
{
    const char *colon = name ? strchr(name, ':') : NULL;

    if (!colon)
        return !name || strcmp(name, feature) == 0;
    return strncmp(name, table, (size_t)(colon - name)) == 0 && table[colon - name] == '\0' &&
           strcmp(colon + 1, feature) == 0;
}

static void show_feature(struct fc_show *show, const fc_object *object, const char *table,
                         const Feast__Core__FeatureSpecV2 *feature)
{
    const char *key = fc_arena_printf(show->arena, "%s:%s", table, feature->name);

    if (fc_output_wanted(show->cli)) {
        fc_show_object(
            show, object->project, key ? key : "",
            json_pack("{s:s, s:o}", "table", table, "spec", fc_pbjson_encode(&feature->base, 0)));
        return;
    }
    fc_show_row(show, object->project);
    fc_table_cell(show->table, table);
    fc_table_cell(show->table, feature->name);
    fc_table_cell(show->table, fc_type_name((int)feature->value_type));
    fc_table_cell(show->table, fc_labels_text(show->arena, feature->n_labels, feature->labels));
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(Feast__Core__FeatureSpecV2 *const *)a)->name,
                  (*(Feast__Core__FeatureSpecV2 *const *)b)->name);
}

void fc_show_features(struct fc_show *show, const fc_object *object)
{
    const Feast__Core__FeatureTableSpec *spec = object->feature_table->spec;

    show->output.single = show->selection->name && strchr(show->selection->name, ':');
    if (spec->n_features > 0)
        qsort(spec->features, spec->n_features, sizeof *spec->features, by_name);
    for (size_t i = 0; has_entities(show->selection, spec) && i < spec->n_features; i++) {
        const Feast__Core__FeatureSpecV2 *feature = spec->features[i];
        if (is_wanted(show->selection->name, spec->name, feature->name) &&
            fc_selection_labels(show->selection, feature->n_labels, feature->labels))
            show_feature(show, object, spec->name, feature);
    }
}

/* -- sources ------------------------------------------------------------------------------------------------- */

const struct fc_table_column fc_source_columns[] = {
    {.title = "PROJECT"},
    {.title = "TABLE"},
    {.title = "USE"},
    {.title = "KIND"},
    {.title = "LOCATION"},
    {.title = "EVENT TIME", .wide = true},
    {.title = "CREATED TIME", .wide = true},
    {0},
};

static const char *source_kind(const Feast__Core__DataSource *source)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &feast__core__data_source__source_type__descriptor, (int)source->type);

    return value ? value->name : "?";
}

static void show_source(struct fc_show *show, const fc_object *object, const char *use,
                        const Feast__Core__DataSource *source)
{
    const char *table = object->feature_table->spec->name;
    const char *name = source ? fc_arena_printf(show->arena, "%s/%s", table, use) : NULL;

    if (!name || (show->selection->name && strcmp(show->selection->name, name) != 0 &&
                  strcmp(show->selection->name, table) != 0))
        return;
    if (fc_output_wanted(show->cli)) {
        show->output.single = show->selection->name && strchr(show->selection->name, '/');
        fc_show_object(show, object->project, name,
                       json_pack("{s:s, s:s, s:o}", "table", table, "use", use, "spec",
                                 fc_pbjson_encode(&source->base, 0)));
        return;
    }
    fc_show_row(show, object->project);
    fc_table_cell(show->table, table);
    fc_table_cell(show->table, use);
    fc_table_cell(show->table, source_kind(source));
    fc_table_cell(show->table, fc_source_text(show->arena, source));
    fc_table_cell(show->table, source->event_timestamp_column);
    fc_table_cell(show->table, source->created_timestamp_column);
}

void fc_show_sources(struct fc_show *show, const fc_object *object)
{
    show_source(show, object, "batch", object->feature_table->spec->batch_source);
    show_source(show, object, "stream", object->feature_table->spec->stream_source);
}

/* -- reports ------------------------------------------------------------------------------------------------- */

const struct fc_table_column fc_report_columns[] = {{.title = "PROJECT"}, {.title = "TABLE"},
                                                    {.title = "VERDICT"}, {.title = "CHECKED"},
                                                    {.title = "MESSAGE"}, {0}};

static const Feast__Admin__V1__ValidationReport *report_of(struct fc_show *show,
                                                           const fc_object *object)
{
    Feast__Admin__V1__GetValidationReportRequest request =
        FEAST__ADMIN__V1__GET_VALIDATION_REPORT_REQUEST__INIT;
    struct fc_call call = {
        .method = &fc_method_admin_report, .request = &request.base, .arena = show->arena};
    struct fc_error err = FC_ERROR_INIT;

    request.project = object->project;
    request.table = object->feature_table->spec->name;
    if (fc_client_call(show->cli, &call, &err) != FC_OK)
        return NULL; /* it went away meanwhile: the list has its verdict */
    return ((Feast__Admin__V1__GetValidationReportResponse *)call.reply.message)->report;
}

void fc_show_report(struct fc_show *show, const fc_object *object)
{
    const char *table = object->feature_table->spec->name, *message = "";
    const Feast__Admin__V1__ValidationReport *report = report_of(show, object);

    if (fc_output_wanted(show->cli)) {
        json_t *value = report ? fc_pbjson_encode(&report->base, 0) : json_object();
        fc_show_object(show, object->project, table,
                       json_pack("{s:s, s:o}", "table", table, "report", value));
        return;
    }
    for (size_t i = 0; report && i < report->n_sources && !message[0]; i++)
        message = report->sources[i]->message;
    fc_show_row(show, object->project);
    fc_table_cell(show->table, table);
    fc_table_cell(show->table, fc_verdict_name((int)(report ? report->verdict : object->verdict)));
    fc_table_cell(show->table, fc_time_text(show->arena, report ? report->checked_at : NULL));
    fc_table_cell(show->table, message);
}

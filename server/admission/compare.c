/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/compare.h"

#include <string.h>

typedef Feast__Admin__V1__ColumnReport column_report;
typedef Feast__Admin__V1__SourceReport source_report;

static const source_report *in_slot(const Feast__Admin__V1__ValidationReport *report,
                                    Feast__Admin__V1__SourceSlot slot)
{
    for (size_t i = 0; i < report->n_sources; i++)
        if (report->sources[i]->slot == slot)
            return report->sources[i];
    return NULL;
}

static bool fits(const column_report *column)
{
    return column->level >= FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__EXACT &&
           column->level <= FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__CHECKED &&
           column->source_kind[0] != '\0';
}

static const column_report *same_column(const source_report *source, const column_report *column)
{
    for (size_t i = 0; i < source->n_columns; i++) {
        const column_report *other = source->columns[i];
        if (other->role == column->role && strcmp(other->name, column->name) == 0)
            return other;
    }
    return NULL;
}

static const char *subject(struct fc_arena *arena, const column_report *column)
{
    switch (column->role) {
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__ENTITY:
        return fc_arena_printf(arena, "entity \"%s\"", column->name);
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__FEATURE:
        return fc_arena_printf(arena, "feature \"%s\"", column->name);
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__EVENT_TIMESTAMP:
        return "event timestamp";
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__CREATED_TIMESTAMP:
        return "created timestamp";
    default:
        return "date partition";
    }
}

/* What the difference means for the rows. */
static const char *meaning(const column_report *batch, const column_report *stream)
{
    bool checked_batch = batch->level == FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__CHECKED;
    bool checked_stream = stream->level == FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__CHECKED;

    if (batch->role == FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__ENTITY)
        return "keys of the two meet only where their values are written alike";
    if (batch->role == FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__EVENT_TIMESTAMP ||
        batch->role == FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__CREATED_TIMESTAMP)
        return "what has no zone is read as UTC, a date as its midnight";
    if (checked_batch != checked_stream) {
        return checked_batch
                   ? "a value that the stream gives may be rejected from the batch source"
                   : "a value that the batch source gives may be rejected from the stream";
    }
    return "both fit";
}

static char *compare(struct fc_arena *arena, const column_report *batch, const source_report *other)
{
    const column_report *stream = same_column(other, batch);

    if (!stream || !fits(batch) || !fits(stream) ||
        strcmp(batch->source_kind, stream->source_kind) == 0)
        return NULL;
    const char *name = subject(arena, batch);
    return !name ? NULL
                 : fc_arena_printf(arena, "%s is %s in the batch source and %s in the stream: %s",
                                   name, batch->source_kind, stream->source_kind,
                                   meaning(batch, stream));
}

static bool has(char *const *notes, size_t count, const char *note)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(notes[i], note) == 0)
            return true;
    return false;
}

void fc_report_compare(Feast__Admin__V1__ValidationReport *report, struct fc_arena *arena)
{
    const source_report *batch = in_slot(report, FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_BATCH);
    const source_report *stream =
        in_slot(report, FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM);

    if (!batch || !stream)
        return;
    char **notes = fc_arena_calloc(arena, report->n_notes + batch->n_columns + 1, sizeof *notes);
    size_t count = 0;
    for (size_t i = 0; notes && i < report->n_notes; i++)
        notes[count++] = report->notes[i];
    for (size_t i = 0; notes && i < batch->n_columns; i++) {
        char *note = compare(arena, batch->columns[i], stream);
        if (note && !has(notes, count, note))
            notes[count++] = note;
    }
    if (notes) {
        report->notes = notes;
        report->n_notes = count;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/sample.h"

#include <string.h>

#define BATCH_MAX ((size_t)256 << 20)
/* What is kept of a long string to compare with. */
#define KEPT_BYTES 256

fc_rc fc_sample_new(const struct fc_binding *binding, struct fc_arena *arena,
                    struct fc_sample **ret, struct fc_error *err)
{
    struct fc_sample *sample = fc_arena_calloc(arena, 1, sizeof(*sample));

    if (sample) {
        sample->arena = arena;
        sample->binding = binding;
        sample->columns = fc_arena_calloc(arena, binding->count, sizeof(*sample->columns));
        sample->wanted = fc_arena_calloc(arena, binding->count, sizeof(char *));
    }
    if (!sample || !sample->columns || !sample->wanted)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a sample");
    for (size_t i = 0; i < binding->count; i++) {
        sample->columns[i].first_bad = "";
        sample->columns[i].first_reason = "";
    }
    *ret = sample;
    return FC_OK;
}

void fc_sample_want(struct fc_sample *sample, size_t index, const struct fc_source_column *column)
{
    struct fc_sample_column *wanted = &sample->columns[index];

    wanted->present = true;
    wanted->type = column->type;
    wanted->slot = sample->wanted_count;
    sample->wanted[sample->wanted_count++] = column->name;
}

static void keep(struct fc_sample *sample, const struct fc_column_type *type,
                 const struct fc_cell *cell, struct fc_sample_extreme *extreme)
{
    struct fc_cell copy = *cell;

    if (type->kind == FC_COLUMN_STRING || type->kind == FC_COLUMN_BINARY) {
        size_t len = cell->as.bytes.len < KEPT_BYTES ? cell->as.bytes.len : KEPT_BYTES;
        copy.as.bytes.len = len;
        copy.as.bytes.ptr = fc_arena_strndup(sample->arena, len ? cell->as.bytes.ptr : "", len);
        if (!copy.as.bytes.ptr)
            return;
    }
    extreme->cell = copy;
    extreme->set = true;
}

/* Files may differ in the type of a column: then only those like the first count here. */
static void widen(struct fc_sample *sample, struct fc_sample_column *column,
                  const struct fc_column_type *type, const struct fc_cell *cell)
{
    if (type->kind != column->type.kind || type->kind == FC_COLUMN_LIST ||
        type->kind == FC_COLUMN_MAP || type->kind == FC_COLUMN_STRUCT ||
        type->kind == FC_COLUMN_UNION || type->kind == FC_COLUMN_UNKNOWN ||
        type->scale != column->type.scale)
        return;
    if (!column->min.set || fc_cell_cmp(type, cell, &column->min.cell) < 0)
        keep(sample, type, cell, &column->min);
    if (!column->max.set || fc_cell_cmp(type, cell, &column->max.cell) > 0)
        keep(sample, type, cell, &column->max);
}

static void widen_times(struct fc_sample_column *column, int64_t seconds)
{
    if (!column->times.any || seconds < column->times.first)
        column->times.first = seconds;
    if (!column->times.any || seconds > column->times.last)
        column->times.last = seconds;
    column->times.any = true;
}

/* FC_OK, FIELD_INVALID for a value that does not convert, or another error. */
static fc_rc convert(const struct fc_bound_column *bound, struct fc_sample_column *column,
                     const struct fc_column_type *type, const struct fc_cell *cell,
                     struct fc_arena *scratch, struct fc_error *err)
{
    Feast__Types__Value value;
    enum fc_fault fault = FC_FAULT_NONE;
    int64_t seconds = 0;
    int32_t nanos = 0;
    fc_rc rc = FC_OK;

    switch (bound->role) {
    case FC_ROLE(EVENT_TIMESTAMP):
    case FC_ROLE(CREATED_TIMESTAMP):
        rc = fc_convert_timestamp(type, cell, &seconds, &nanos, &fault, err);
        if (rc == FC_OK)
            widen_times(column, seconds);
        return rc;
    case FC_ROLE(DATE_PARTITION):
        return fc_convert_date(type, cell, &seconds, &fault, err);
    default:
        return fc_convert_value(type, cell, bound->declared, scratch, &value, &fault, err);
    }
}

static void mark_bad(struct fc_sample *sample, struct fc_sample_column *column, const char *value,
                     const char *reason)
{
    const char *kept_value = NULL;
    const char *kept_reason = NULL;

    if (column->invalid++ > 0)
        return;
    kept_value = fc_arena_strdup(sample->arena, value);
    kept_reason = fc_arena_strdup(sample->arena, reason);
    column->first_bad = kept_value ? kept_value : "";
    column->first_reason = kept_reason ? kept_reason : "";
}

static bool needs_value(const struct fc_bound_column *bound)
{
    return bound->role == FC_ROLE(ENTITY) || bound->role == FC_ROLE(EVENT_TIMESTAMP);
}

/* Sets `*ret_bad` when the cell makes its row invalid. A rejected type says nothing of its values. */
static fc_rc take_cell(struct fc_sample *sample, size_t index, const struct fc_column_type *type,
                       const struct fc_cell *cell, struct fc_arena *scratch, bool *ret_bad,
                       struct fc_error *err)
{
    const struct fc_bound_column *bound = &sample->binding->columns[index];
    struct fc_sample_column *column = &sample->columns[index];
    struct fc_error error = FC_ERROR_INIT;

    if (cell->null) {
        column->nulls++;
        if (needs_value(bound)) {
            mark_bad(sample, column, "null", "null where a value is needed");
            *ret_bad = true;
        }
        return FC_OK;
    }
    widen(sample, column, type, cell);
    if (fc_bound_verdict(bound, type).level == FC_LEVEL_REJECT)
        return FC_OK;
    fc_rc rc = convert(bound, column, type, cell, scratch, &error);
    if (rc != FC_OK && error.reason != FC_REASON_FIELD_INVALID) {
        *err = error;
        return rc;
    }
    if (rc != FC_OK) {
        mark_bad(sample, column, fc_cell_text(type, cell, scratch), error.message);
        *ret_bad = true;
    }
    return FC_OK;
}

fc_rc fc_sample_take(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct fc_sample *sample = ctx;
    FC_CLEANUP(fc_arena_freep) struct fc_arena *scratch = fc_arena_new(BATCH_MAX);

    if (!scratch)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a sample");
    for (size_t row = 0; row < batch->row_count; row++) {
        bool bad = false;
        fc_arena_reset(scratch);
        for (size_t i = 0; i < sample->binding->count; i++) {
            size_t slot = sample->columns[i].slot;
            if (!sample->columns[i].present)
                continue;
            fc_rc rc = take_cell(sample, i, &batch->columns[slot].type, &batch->cells[slot][row],
                                 scratch, &bad, err);
            if (rc != FC_OK)
                return rc;
        }
        sample->rows++;
        sample->rows_invalid += bad;
    }
    return FC_OK;
}

const char *fc_sample_text(const struct fc_sample_column *column,
                           const struct fc_sample_extreme *extreme, struct fc_arena *arena)
{
    return extreme->set ? fc_cell_text(&column->type, &extreme->cell, arena) : "";
}

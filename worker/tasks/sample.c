/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/sample.h"

#include <string.h>

#define BATCH_MAX ((size_t)256 << 20)
/* What is kept of a long string to compare with. */
#define KEPT_BYTES 256

fc_rc fc_sample_new(const struct fc_binding *binding, struct fc_arena *arena,
                    struct fc_sample **ret, struct fc_error *err)
{
    struct fc_sample *sample = fc_arena_calloc(arena, 1, sizeof *sample);

    if (sample) {
        sample->arena = arena;
        sample->binding = binding;
        sample->columns = fc_arena_calloc(arena, binding->count, sizeof *sample->columns);
        sample->wanted = fc_arena_calloc(arena, binding->count, sizeof(char *));
        sample->first_undecodable = "";
    }
    if (!sample || !sample->columns || !sample->wanted)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a sample");
    for (size_t i = 0; i < binding->count; i++) {
        sample->columns[i].first_bad = "";
        sample->columns[i].first_reason = "";
    }
    sample->seen = fc_keyset_new();
    if (!sample->seen)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a sample");
    *ret = sample;
    return FC_OK;
}

void fc_sample_done(struct fc_sample *sample)
{
    if (sample)
        fc_keyset_free(sample->seen);
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

/* What makes two rows the same event: the key, and both times to the nanosecond. */
static void put_time(struct fc_buf *key, int64_t seconds, int32_t nanos)
{
    fc_buf_append(key, &seconds, sizeof(seconds));
    fc_buf_append(key, &nanos, sizeof(nanos));
}

static void put_value(struct fc_buf *key, const Feast__Types__Value *value)
{
    size_t size = feast__types__value__get_packed_size(value);

    fc_buf_append(key, &size, sizeof(size));
    if (fc_buf_reserve(key, size))
        key->len += feast__types__value__pack(value, (uint8_t *)key->ptr + key->len);
}

/* A row that is being taken. */
struct taking {
    struct fc_sample *sample;
    struct fc_arena *scratch;
    struct fc_buf key;
    bool bad;
    struct fc_error fault; /**< of a cell; too large to be made for each */
    struct fc_error *err;
};

/* FC_OK, FIELD_INVALID for a value that does not convert, or another error. */
static fc_rc convert(struct taking *t, const struct fc_bound_column *bound,
                     struct fc_sample_column *column, const struct fc_column_type *type,
                     const struct fc_cell *cell, enum fc_fault *ret_fault, struct fc_error *err)
{
    Feast__Types__Value value;
    int64_t seconds = 0;
    int32_t nanos = 0;
    fc_rc rc = FC_OK;

    switch (bound->role) {
    case FC_ROLE(EVENT_TIMESTAMP):
    case FC_ROLE(CREATED_TIMESTAMP):
        rc = fc_convert_timestamp(type, cell, &seconds, &nanos, ret_fault, err);
        if (rc == FC_OK) {
            widen_times(column, seconds);
            put_time(&t->key, seconds, nanos);
        }
        return rc;
    case FC_ROLE(DATE_PARTITION):
        return fc_convert_date(type, cell, &seconds, ret_fault, err);
    default:
        rc = fc_convert_value(type, cell, bound->declared, t->scratch, &value, ret_fault, err);
        if (rc == FC_OK && bound->role == FC_ROLE(ENTITY))
            put_value(&t->key, &value);
        return rc;
    }
}

static void mark_bad(struct fc_sample *sample, struct fc_sample_column *column, enum fc_fault fault,
                     const char *value, const char *reason)
{
    const char *kept_value = NULL;
    const char *kept_reason = NULL;

    column->faults[fault]++;
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

/* Sets `bad` when the cell makes its row invalid. A rejected type says nothing of its values. */
static fc_rc take_cell(struct taking *t, size_t index, const struct fc_column_type *type,
                       const struct fc_cell *cell)
{
    struct fc_sample *sample = t->sample;
    const struct fc_bound_column *bound = &sample->binding->columns[index];
    struct fc_sample_column *column = &sample->columns[index];
    enum fc_fault fault = FC_FAULT_NONE;

    if (cell->null) {
        column->nulls++;
        if (needs_value(bound)) {
            mark_bad(sample, column, FC_FAULT_NULL, "null", "null where a value is needed");
            t->bad = true;
        }
        return FC_OK;
    }
    widen(sample, column, type, cell);
    if (fc_bound_verdict(bound, type).level == FC_LEVEL_REJECT)
        return FC_OK;
    fc_rc rc = convert(t, bound, column, type, cell, &fault, &t->fault);
    if (rc != FC_OK && t->fault.reason != FC_REASON_FIELD_INVALID) {
        *t->err = t->fault;
        return rc;
    }
    if (rc != FC_OK) {
        mark_bad(sample, column, fault, fc_cell_text(type, cell, t->scratch), t->fault.message);
        t->bad = true;
    }
    return FC_OK;
}

static void take_undecodable(struct fc_sample *sample, const char *why)
{
    const char *kept = sample->undecodable++ == 0 ? fc_arena_strdup(sample->arena, why) : NULL;

    if (kept)
        sample->first_undecodable = kept;
    sample->rows++;
    sample->rows_invalid++;
}

/* Whether a row can be told from others: its key and its event time are there and of a type that converts. */
static bool is_telling(const struct fc_sample *sample)
{
    for (size_t i = 0; i < sample->binding->count; i++) {
        const struct fc_sample_column *column = &sample->columns[i];
        if (needs_value(&sample->binding->columns[i]) &&
            (!column->present ||
             fc_bound_verdict(&sample->binding->columns[i], &column->type).level ==
                 FC_LEVEL_REJECT))
            return false;
    }
    return true;
}

static fc_rc take_row(struct taking *t, const struct fc_batch *batch, size_t row)
{
    struct fc_sample *sample = t->sample;

    t->bad = false;
    fc_buf_clear(&t->key);
    for (size_t i = 0; i < sample->binding->count; i++) {
        size_t slot = sample->columns[i].slot;
        if (!sample->columns[i].present)
            continue;
        fc_rc rc = take_cell(t, i, &batch->columns[slot].type, &batch->cells[slot][row]);
        if (rc != FC_OK)
            return rc;
    }
    sample->rows++;
    sample->rows_invalid += t->bad;
    const fc_str key = {.ptr = t->key.ptr, .len = t->key.len};
    if (!t->bad && key.len > 0 && !t->key.failed && is_telling(sample))
        sample->duplicates += fc_keyset_add(sample->seen, key);
    return FC_OK;
}

fc_rc fc_sample_take(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *scratch = fc_arena_new(BATCH_MAX);
    struct taking t = {.sample = ctx, .scratch = scratch, .err = err};
    fc_rc rc = FC_OK;

    if (!scratch)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a sample");
    for (size_t row = 0; rc == FC_OK && row < batch->row_count; row++) {
        fc_arena_reset(scratch);
        if (batch->faults && batch->faults[row])
            take_undecodable(t.sample, batch->faults[row]);
        else
            rc = take_row(&t, batch, row);
    }
    fc_buf_done(&t.key);
    return rc;
}

const char *fc_sample_text(const struct fc_sample_column *column,
                           const struct fc_sample_extreme *extreme, struct fc_arena *arena)
{
    return extreme->set ? fc_cell_text(&column->type, &extreme->cell, arena) : "";
}

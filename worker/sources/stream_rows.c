/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/stream_rows.h"

#include <string.h>

/* Rows are handed on in batches of this many, or of this many bytes. */
#define BATCH_ROWS  256
#define BATCH_BYTES ((size_t)32 << 20)
/* One message and its cells may be larger than the bound, then it is alone in its batch. */
#define BATCH_MAX ((size_t)256 << 20)

fc_rc fc_stream_no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "the stream needs more memory than it may have");
}

static fc_rc allocate(struct fc_stream_rows *rows, size_t count, struct fc_error *err)
{
    struct fc_arena *arena = rows->source->arena;

    rows->arena = fc_arena_new(BATCH_MAX);
    rows->column_count = count;
    rows->columns = fc_arena_calloc(arena, count + 1, sizeof *rows->columns);
    rows->row = fc_arena_calloc(arena, count + 1, sizeof *rows->row);
    rows->cells = fc_arena_calloc(arena, count + 1, sizeof(struct fc_cell *));
    rows->messages = fc_arena_calloc(arena, BATCH_ROWS, sizeof(struct fc_message *));
    rows->faults = fc_arena_calloc(arena, BATCH_ROWS, sizeof(char *));
    if (!rows->arena || !rows->columns || !rows->row || !rows->cells || !rows->messages ||
        !rows->faults)
        return fc_stream_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        rows->cells[i] = fc_arena_calloc(arena, BATCH_ROWS, sizeof(struct fc_cell));
        if (!rows->cells[i])
            return fc_stream_no_memory(err);
    }
    return FC_OK;
}

fc_rc fc_stream_rows_begin(struct fc_stream_rows *rows, const char *const *columns, size_t count,
                           struct fc_error *err)
{
    struct fc_source *self = rows->source;

    if (!self->broker) {
        *err = self->unreached;
        return err->rc;
    }
    fc_rc rc = allocate(rows, count, err);
    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < self->column_count; j++)
            if (strcmp(self->columns[j].name, columns[i]) == 0)
                rows->columns[i] = self->columns[j];
    }
    return self->format_ops->select(self->format, columns, count, err);
}

void fc_stream_rows_done(struct fc_stream_rows *rows)
{
    fc_arena_free(rows->arena);
    rows->arena = NULL;
}

fc_rc fc_stream_rows_flush(struct fc_stream_rows *rows, struct fc_error *err)
{
    const struct fc_batch batch = {
        .row_count = rows->row_count,
        .column_count = rows->column_count,
        .columns = rows->columns,
        .cells = (const struct fc_cell *const *)rows->cells,
        .path = rows->source->location,
        .faults = rows->faulty ? rows->faults : NULL,
    };
    fc_rc rc = FC_OK;

    if (rows->row_count > 0)
        rc = rows->follower ? rows->follower->rows(rows->follower->ctx, &batch, rows->messages, err)
                            : rows->fn(rows->ctx, &batch, err);
    rows->row_count = 0;
    rows->faulty = false;
    fc_arena_reset(rows->arena);
    return rc;
}

/* The row of a message that could not be decoded: no cells, but a reason. A sample tells no other way where it was. */
static fc_rc take_fault(struct fc_stream_rows *rows, const struct fc_message *message,
                        const struct fc_error *why, struct fc_error *err)
{
    const char *text = rows->follower
                           ? fc_arena_strdup(rows->arena, why->message)
                           : fc_arena_printf(rows->arena, "partition %s, offset %s: %s",
                                             message->partition, message->offset, why->message);

    if (!text)
        return fc_stream_no_memory(err);
    for (size_t i = 0; i < rows->column_count; i++)
        rows->row[i] = (struct fc_cell){.null = true};
    rows->faults[rows->row_count] = text;
    rows->faulty = true;
    return FC_OK;
}

/* A sampled payload lives no longer than the call: the batch keeps a copy, which its cells point into. */
static fc_rc keep(struct fc_stream_rows *rows, const struct fc_message *message, fc_str *ret,
                  struct fc_error *err)
{
    *ret = message->value.len > 0 ? message->value : (fc_str){.ptr = ""};
    if (!rows->follower)
        ret->ptr = fc_arena_strndup(rows->arena, ret->ptr, ret->len);
    return ret->ptr ? FC_OK : fc_stream_no_memory(err);
}

fc_rc fc_stream_rows_take(struct fc_stream_rows *rows, const struct fc_message *message,
                          struct fc_error *err)
{
    struct fc_source *self = rows->source;
    struct fc_error error = FC_ERROR_INIT;
    fc_str value;

    self->messages++;
    if (message->null) {
        self->tombstones++;
        return FC_OK;
    }
    fc_rc rc = keep(rows, message, &value, err);
    if (rc != FC_OK)
        return rc;
    rows->faults[rows->row_count] = NULL;
    rc = self->format_ops->decode(self->format, value, rows->arena, rows->row, &error);
    if (rc != FC_OK && error.reason != FC_REASON_SOURCE_INVALID) {
        *err = error;
        return rc;
    }
    if (rc != FC_OK)
        rc = take_fault(rows, message, &error, err);
    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; i < rows->column_count; i++)
        rows->cells[i][rows->row_count] = rows->row[i];
    rows->messages[rows->row_count++] = message;
    return rows->row_count == BATCH_ROWS || fc_arena_used(rows->arena) >= BATCH_BYTES
               ? fc_stream_rows_flush(rows, err)
               : FC_OK;
}

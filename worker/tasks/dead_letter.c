/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/dead_letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/contract/cell_json.h"
#include "worker/text.h"

#define KINDS_MAX     64
#define SCRATCH_BYTES ((size_t)64 << 10)
#define VALUE_MAX     100

/* Rows turned away for one cause at one column. */
struct tally {
    uint64_t count;
    char first[VALUE_MAX];
};

struct fc_dead_letters {
    const struct fc_binding *binding;
    struct tally (*tallies)[FC_FAULT_COUNT]; /**< by column, then of whole messages; by fault */
    struct fc_arena *scratch;
    struct fc_letter_file *file; /**< NULL: counts alone */
};

fc_rc fc_dead_letters_open(const char *path, enum fc_letter_keep keep,
                           const struct fc_binding *binding, struct fc_dead_letters **ret,
                           struct fc_error *err)
{
    FC_CLEANUP(fc_dead_letters_freep) struct fc_dead_letters *letters = calloc(1, sizeof *letters);

    if (!letters)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for rejected rows");
    letters->binding = binding;
    letters->tallies = calloc(binding->count + 1, sizeof *letters->tallies);
    letters->scratch = fc_arena_new(SCRATCH_BYTES);
    if (!letters->tallies || !letters->scratch)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for rejected rows");
    fc_rc rc = path[0] != '\0' ? fc_letter_file_open(path, keep, &letters->file, err) : FC_OK;
    if (rc == FC_OK)
        *ret = fc_steal(letters);
    return rc;
}

static const char *name_of(const struct fc_dead_letters *letters, size_t column)
{
    return column < letters->binding->count ? letters->binding->columns[column].column : "";
}

static struct tally *tally_of(const struct fc_dead_letters *letters, size_t column,
                              enum fc_fault fault)
{
    size_t count = letters->binding->count;

    return &letters->tallies[column < count ? column : count][fault];
}

static enum fc_fault fault_of(const char *word)
{
    for (int fault = 1; fault < FC_FAULT_COUNT; fault++)
        if (strcmp(fc_fault_word((enum fc_fault)fault), word) == 0)
            return (enum fc_fault)fault;
    return FC_FAULT_NONE;
}

void fc_dead_letters_resume(struct fc_dead_letters *letters,
                            const Feast__Worker__V1__Receipt *receipt)
{
    for (size_t i = 0; i < receipt->n_rejections; i++) {
        const Feast__Worker__V1__Receipt__Rejection *from = receipt->rejections[i];
        size_t column = 0;
        while (column < letters->binding->count &&
               strcmp(name_of(letters, column), from->column) != 0)
            column++;
        struct tally *tally = tally_of(letters, column, fault_of(from->reason));
        if (tally->count == 0)
            snprintf(tally->first, sizeof(tally->first), "%s", from->first_value);
        tally->count += from->count;
    }
}

static void put_message(struct fc_buf *out, const struct fc_message *message)
{
    fc_buf_puts(out, ",\"partition\":");
    fc_json_text(out, fc_str_from(message->partition));
    fc_buf_puts(out, ",\"offset\":");
    fc_json_text(out, fc_str_from(message->offset));
    if (message->time_ms >= 0)
        fc_buf_printf(out, ",\"time_ms\":%" PRId64, message->time_ms);
    if (message->key.ptr) {
        fc_buf_puts(out, ",\"key\":");
        fc_json_bytes(out, message->key);
    }
    fc_buf_puts(out, ",\"raw\":");
    fc_json_bytes(out, message->value);
}

static void put_origin(struct fc_buf *out, const struct fc_rejection *rejection)
{
    const struct fc_batch *batch = rejection->batch;

    fc_buf_puts(out, rejection->raw ? "{\"stream\":" : "{\"file\":");
    fc_json_text(out, fc_str_from(batch->path));
    if (rejection->raw)
        put_message(out, rejection->raw);
    else if (batch->positions)
        fc_buf_printf(out, ",\"row\":%" PRId64, batch->positions[rejection->row]);
}

static void put_values(struct fc_buf *out, const struct fc_binding *binding,
                       const struct fc_rejection *rejection)
{
    const struct fc_batch *batch = rejection->batch;

    fc_buf_putc(out, '{');
    for (size_t i = 0; i < batch->column_count; i++) {
        fc_buf_puts(out, i ? "," : "");
        fc_json_text(out, fc_str_from(binding->columns[i].column));
        fc_buf_putc(out, ':');
        fc_cell_json(out, &batch->columns[i].type, &batch->cells[i][rejection->row]);
    }
    fc_buf_putc(out, '}');
}

static void put_line(struct fc_buf *out, const struct fc_dead_letters *letters,
                     const struct fc_rejection *rejection)
{
    put_origin(out, rejection);
    fc_buf_puts(out, ",\"column\":");
    fc_json_text(out, fc_str_from(name_of(letters, rejection->column)));
    fc_buf_printf(out, ",\"reason\":\"%s\",\"message\":", fc_fault_word(rejection->fault));
    fc_json_text(out, fc_str_from(rejection->message));
    fc_buf_puts(out, ",\"values\":");
    if (rejection->column == FC_REJECTED_WHOLE)
        fc_buf_puts(out, "null");
    else
        put_values(out, letters->binding, rejection);
    fc_buf_puts(out, "}\n");
}

static void count(struct fc_dead_letters *letters, const struct fc_rejection *rejection)
{
    struct tally *tally = tally_of(letters, rejection->column, rejection->fault);
    const struct fc_batch *batch = rejection->batch;

    if (tally->count++ > 0)
        return;
    if (rejection->column == FC_REJECTED_WHOLE) {
        snprintf(tally->first, sizeof(tally->first), "%s", rejection->message);
        return;
    }
    fc_arena_reset(letters->scratch);
    snprintf(tally->first, sizeof(tally->first), "%s",
             fc_cell_text(&batch->columns[rejection->column].type,
                          &batch->cells[rejection->column][rejection->row], letters->scratch));
}

fc_rc fc_dead_letters_add(struct fc_dead_letters *letters, const struct fc_rejection *rejection,
                          struct fc_error *err)
{
    struct fc_buf *line = letters->file ? fc_letter_file_line(letters->file) : NULL;

    count(letters, rejection);
    if (!line)
        return FC_OK;
    put_line(line, letters, rejection);
    return fc_letter_file_added(letters->file, err);
}

int64_t fc_dead_letters_bytes(const struct fc_dead_letters *letters)
{
    return letters->file ? fc_letter_file_bytes(letters->file) : 0;
}

fc_rc fc_dead_letters_sync(struct fc_dead_letters *letters, struct fc_error *err)
{
    return letters->file ? fc_letter_file_sync(letters->file, err) : FC_OK;
}

fc_rc fc_dead_letters_finish(struct fc_dead_letters *letters, struct fc_error *err)
{
    fc_rc rc = letters->file ? fc_letter_file_finish(letters->file, err) : FC_OK;

    fc_letter_file_free(letters->file);
    letters->file = NULL;
    return rc;
}

void fc_dead_letters_free(struct fc_dead_letters *letters)
{
    if (!letters)
        return;
    fc_letter_file_free(letters->file);
    fc_arena_free(letters->scratch);
    free(letters->tallies);
    free(letters);
}

static int cmp_count(const void *a, const void *b)
{
    const Feast__Worker__V1__Receipt__Rejection *left =
        *(Feast__Worker__V1__Receipt__Rejection *const *)a;
    const Feast__Worker__V1__Receipt__Rejection *right =
        *(Feast__Worker__V1__Receipt__Rejection *const *)b;

    return (left->count < right->count) - (left->count > right->count);
}

static Feast__Worker__V1__Receipt__Rejection *make_rejection(const struct fc_dead_letters *letters,
                                                             size_t column, int fault,
                                                             struct fc_arena *arena)
{
    Feast__Worker__V1__Receipt__Rejection *rejection = fc_arena_calloc(arena, 1, sizeof *rejection);
    const struct tally *tally = &letters->tallies[column][fault];

    if (!rejection)
        return NULL;
    feast__worker__v1__receipt__rejection__init(rejection);
    rejection->column = fc_text_clean(arena, name_of(letters, column));
    rejection->reason = fc_arena_strdup(arena, fc_fault_word((enum fc_fault)fault));
    rejection->count = tally->count;
    rejection->first_value = fc_text_clean(arena, tally->first);
    return rejection->reason ? rejection : NULL;
}

fc_rc fc_dead_letters_report(const struct fc_dead_letters *letters, struct fc_arena *arena,
                             Feast__Worker__V1__Receipt *receipt, struct fc_error *err)
{
    size_t most = (letters->binding->count + 1) * FC_FAULT_COUNT;

    receipt->rejections =
        fc_arena_calloc(arena, most, sizeof(Feast__Worker__V1__Receipt__Rejection *));
    for (size_t i = 0; receipt->rejections && i < most; i++) {
        size_t column = i / FC_FAULT_COUNT;
        int fault = (int)(i % FC_FAULT_COUNT);
        if (letters->tallies[column][fault].count == 0)
            continue;
        Feast__Worker__V1__Receipt__Rejection *rejection =
            make_rejection(letters, column, fault, arena);
        if (!rejection)
            return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the receipt");
        receipt->rejections[receipt->n_rejections++] = rejection;
    }
    if (!receipt->rejections)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the receipt");
    qsort(receipt->rejections, receipt->n_rejections, sizeof(void *), cmp_count);
    if (receipt->n_rejections > KINDS_MAX)
        receipt->n_rejections = KINDS_MAX;
    return FC_OK;
}

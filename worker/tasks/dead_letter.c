/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/dead_letter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/contract/cell_json.h"
#include "worker/text.h"

#define KINDS_MAX   64
#define FLUSH_BYTES ((size_t)64 << 10)
#define VALUE_MAX   100

/* Rows turned away for one cause at one column. */
struct tally {
    uint64_t count;
    char first[VALUE_MAX];
};

struct fc_dead_letters {
    const struct fc_binding *binding;
    struct tally (*tallies)[FC_FAULT_COUNT]; /**< by column, by fault */
    struct fc_arena *scratch;
    const char *path;
    int fd; /**< -1: counts alone */
    struct fc_buf lines;
    int64_t bytes;
    uint64_t left_out;
};

fc_rc fc_dead_letters_open(const char *path, const struct fc_binding *binding,
                           struct fc_dead_letters **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_dead_letters_freep) struct fc_dead_letters *letters = calloc(1, sizeof(*letters));

    if (!letters)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for rejected rows");
    letters->fd = -1;
    letters->path = path;
    letters->binding = binding;
    letters->tallies = calloc(binding->count, sizeof(*letters->tallies));
    letters->scratch = fc_arena_new(FLUSH_BYTES);
    if (!letters->tallies || !letters->scratch)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for rejected rows");
    if (path[0] != '\0') {
        letters->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (letters->fd < 0)
            return fc_fail(err, FC_REASON_IO_FAILED, "dead letters cannot be written to %s: %s",
                           path, strerror(errno));
    }
    *ret = fc_steal(letters);
    return FC_OK;
}

static fc_rc flush(struct fc_dead_letters *letters, struct fc_error *err)
{
    const char *at = letters->lines.ptr;
    size_t left = letters->lines.len;

    while (left > 0) {
        ssize_t n = write(letters->fd, at, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fc_fail(err, FC_REASON_IO_FAILED, "dead letters cannot be written to %s: %s",
                           letters->path, strerror(errno));
        at += n;
        left -= (size_t)n;
    }
    letters->bytes += (int64_t)letters->lines.len;
    fc_buf_clear(&letters->lines);
    return FC_OK;
}

static void put_line(struct fc_buf *out, const struct fc_binding *binding,
                     const struct fc_rejection *rejection)
{
    const struct fc_batch *batch = rejection->batch;

    fc_buf_puts(out, "{\"file\":");
    fc_json_text(out, fc_str_from(batch->path));
    if (batch->positions)
        fc_buf_printf(out, ",\"row\":%" PRId64, batch->positions[rejection->row]);
    fc_buf_puts(out, ",\"column\":");
    fc_json_text(out, fc_str_from(binding->columns[rejection->column].column));
    fc_buf_printf(out, ",\"reason\":\"%s\",\"message\":", fc_fault_word(rejection->fault));
    fc_json_text(out, fc_str_from(rejection->message));
    fc_buf_puts(out, ",\"values\":{");
    for (size_t i = 0; i < batch->column_count; i++) {
        fc_buf_puts(out, i ? "," : "");
        fc_json_text(out, fc_str_from(binding->columns[i].column));
        fc_buf_putc(out, ':');
        fc_cell_json(out, &batch->columns[i].type, &batch->cells[i][rejection->row]);
    }
    fc_buf_puts(out, "}}\n");
}

static void count(struct fc_dead_letters *letters, const struct fc_rejection *rejection)
{
    struct tally *tally = &letters->tallies[rejection->column][rejection->fault];
    const struct fc_cell *cell = &rejection->batch->cells[rejection->column][rejection->row];

    if (tally->count++ > 0)
        return;
    fc_arena_reset(letters->scratch);
    snprintf(
        tally->first, sizeof(tally->first), "%s",
        fc_cell_text(&rejection->batch->columns[rejection->column].type, cell, letters->scratch));
}

fc_rc fc_dead_letters_add(struct fc_dead_letters *letters, const struct fc_rejection *rejection,
                          struct fc_error *err)
{
    count(letters, rejection);
    if (letters->fd < 0)
        return FC_OK;
    if (letters->bytes >= FC_DEAD_LETTER_MAX) {
        letters->left_out++;
        return FC_OK;
    }
    put_line(&letters->lines, letters->binding, rejection);
    if (letters->lines.failed)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a rejected row");
    return letters->lines.len >= FLUSH_BYTES ? flush(letters, err) : FC_OK;
}

fc_rc fc_dead_letters_finish(struct fc_dead_letters *letters, struct fc_error *err)
{
    if (letters->fd < 0)
        return FC_OK;
    if (letters->left_out > 0)
        fc_buf_printf(&letters->lines, "{\"left_out\":%" PRIu64 "}\n", letters->left_out);
    fc_rc rc = flush(letters, err);
    if (rc == FC_OK && close(letters->fd) != 0)
        rc = fc_fail(err, FC_REASON_IO_FAILED, "dead letters cannot be written to %s: %s",
                     letters->path, strerror(errno));
    letters->fd = -1;
    return rc;
}

void fc_dead_letters_free(struct fc_dead_letters *letters)
{
    if (!letters)
        return;
    if (letters->fd >= 0)
        close(letters->fd);
    fc_buf_done(&letters->lines);
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
    Feast__Worker__V1__Receipt__Rejection *rejection =
        fc_arena_calloc(arena, 1, sizeof(*rejection));
    const struct tally *tally = &letters->tallies[column][fault];

    if (!rejection)
        return NULL;
    feast__worker__v1__receipt__rejection__init(rejection);
    rejection->column = fc_text_clean(arena, letters->binding->columns[column].column);
    rejection->reason = fc_arena_strdup(arena, fc_fault_word((enum fc_fault)fault));
    rejection->count = tally->count;
    rejection->first_value = fc_text_clean(arena, tally->first);
    return rejection->reason ? rejection : NULL;
}

fc_rc fc_dead_letters_report(const struct fc_dead_letters *letters, struct fc_arena *arena,
                             Feast__Worker__V1__Receipt *receipt, struct fc_error *err)
{
    size_t most = letters->binding->count * FC_FAULT_COUNT;

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

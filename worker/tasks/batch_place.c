/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/batch_place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/utf8.h"

/* Of a receipt: its rejections are few. */
#define RECEIPT_MAX ((size_t)4 << 20)

static bool row_of(const char *text, int64_t *ret)
{
    char *end = NULL;

    errno = 0;
    *ret = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *ret >= 0;
}

static bool has_letters(const char *path, uint64_t bytes)
{
    struct stat info;

    return path[0] == '\0' || bytes == 0 ||
           (stat(path, &info) == 0 && (uint64_t)info.st_size >= bytes);
}

void fc_batch_place_find(const Feast__Worker__V1__Ingest *order, const char *state, bool resumes,
                         struct fc_batch_place *ret)
{
    const Feast__Worker__V1__Progress *from = order->from;
    int64_t row = 0;

    *ret = (struct fc_batch_place){.letter_bytes = 0};
    if (!resumes || !from || !from->receipt || from->n_positions != 1 ||
        strcmp(from->receipt->source_version, state) != 0 ||
        from->receipt->spec_revision != order->spec_revision ||
        !row_of(from->positions[0]->offset, &row) || from->rows_passed > INT64_MAX ||
        from->receipt->bytes_read > INT64_MAX || from->dead_letter_bytes > INT64_MAX ||
        !has_letters(order->dead_letter_path, from->dead_letter_bytes))
        return;
    ret->scan = (struct fc_scan_place){
        .path = from->positions[0]->part,
        .row = row,
        .progress = {.rows_passed = (int64_t)from->rows_passed,
                     .bytes_read = (int64_t)from->receipt->bytes_read},
    };
    ret->letter_bytes = (int64_t)from->dead_letter_bytes;
    ret->receipt = from->receipt;
}

static const Feast__Worker__V1__Receipt *copy(const Feast__Worker__V1__Receipt *receipt,
                                              struct fc_arena *arena)
{
    size_t size = feast__worker__v1__receipt__get_packed_size(receipt);
    uint8_t *bytes = fc_arena_alloc(arena, size + 1);

    if (!bytes)
        return NULL;
    (void)feast__worker__v1__receipt__pack(receipt, bytes);
    return feast__worker__v1__receipt__unpack(fc_arena_allocator(arena), size, bytes);
}

fc_rc fc_batch_place_set(struct fc_batch_place *place, const struct fc_scan_place *scan,
                         int64_t letter_bytes, const Feast__Worker__V1__Receipt *receipt,
                         struct fc_error *err)
{
    if (!place->arena)
        place->arena = fc_arena_new(RECEIPT_MAX);
    if (place->arena)
        fc_arena_reset(place->arena);
    place->receipt = place->arena ? copy(receipt, place->arena) : NULL;
    if (!place->receipt)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the account of a job");
    place->scan = *scan;
    place->letter_bytes = letter_bytes;
    return FC_OK;
}

void fc_batch_place_tell(struct fc_batch_place *place, Feast__Worker__V1__Progress *progress)
{
    /* A name that is no UTF-8 fits into no message: such a job starts anew. */
    if (!place->scan.path || !fc_utf8_valid(place->scan.path, strlen(place->scan.path)))
        return;
    feast__worker__v1__position__init(&place->position);
    snprintf(place->offset, sizeof(place->offset), "%" PRId64, place->scan.row);
    place->position.part = (char *)(uintptr_t)place->scan.path;
    place->position.offset = place->offset;
    place->positions[0] = &place->position;
    progress->positions = place->positions;
    progress->n_positions = 1;
    progress->receipt = (Feast__Worker__V1__Receipt *)(uintptr_t)place->receipt;
    progress->rows_passed = (uint64_t)place->scan.progress.rows_passed;
    progress->dead_letter_bytes = (uint64_t)place->letter_bytes;
}

void fc_batch_place_done(struct fc_batch_place *place)
{
    fc_arena_free(place->arena);
    place->arena = NULL;
}

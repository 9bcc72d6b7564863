/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/newest.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/arena.h"

/* The table has so many slots a row. */
#define SPARSE 2
/* A single row may be larger than the bound; it then is a flush of its own. */
#define SLACK ((size_t)256 << 20)

struct entry {
    struct fc_online_row row;
    size_t capacity; /**< of row.features.ptr */
};

struct fc_newest {
    struct fc_arena *arena;             /**< keys and features */
    size_t bytes, rows_max, slot_count; /**< the last two are powers of two */
    struct entry *entries;
    size_t count;
    uint64_t *hashes; /**< of each slot; meaningful where the index is set */
    uint32_t *slots;  /**< index + 1 into entries; 0 is free */
    uint32_t *order;  /**< for sorting */
};

fc_rc fc_newest_new(size_t bytes, size_t rows, struct fc_newest **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_newest_freep) struct fc_newest *newest = calloc(1, sizeof(*newest));

    if (newest) {
        newest->bytes = bytes;
        newest->rows_max = 1;
        while (newest->rows_max < rows)
            newest->rows_max *= 2;
        newest->slot_count = newest->rows_max * SPARSE;
        newest->arena = fc_arena_new(bytes + SLACK);
        newest->entries = calloc(newest->rows_max, sizeof(*newest->entries));
        newest->hashes = calloc(newest->slot_count, sizeof(*newest->hashes));
        newest->slots = calloc(newest->slot_count, sizeof(*newest->slots));
        newest->order = calloc(newest->rows_max, sizeof(*newest->order));
    }
    if (!newest || !newest->arena || !newest->entries || !newest->hashes || !newest->slots ||
        !newest->order)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %zu rows", rows);
    *ret = fc_steal(newest);
    return FC_OK;
}

void fc_newest_free(struct fc_newest *newest)
{
    if (!newest)
        return;
    fc_arena_free(newest->arena);
    free(newest->entries);
    free(newest->hashes);
    free(newest->slots);
    free(newest->order);
    free(newest);
}

/* An unset time sorts lowest. */
static int cmp_time(const struct fc_online_time *a, const struct fc_online_time *b)
{
    if (!a->set || !b->set)
        return a->set - b->set;
    if (a->seconds != b->seconds)
        return a->seconds > b->seconds ? 1 : -1;
    return (a->nanos > b->nanos) - (a->nanos < b->nanos);
}

static int cmp_age(const struct fc_online_row *a, const struct fc_online_row *b)
{
    int order = cmp_time(&a->event, &b->event);

    return order ? order : cmp_time(&a->created, &b->created);
}

/* The slot of the key, or the free one where it belongs. */
static size_t find_slot(const struct fc_newest *newest, fc_str key, uint64_t hash)
{
    size_t slot = hash & (newest->slot_count - 1);

    while (newest->slots[slot] != 0 &&
           (newest->hashes[slot] != hash ||
            !fc_str_eq(newest->entries[newest->slots[slot] - 1].row.key, key)))
        slot = (slot + 1) & (newest->slot_count - 1);
    return slot;
}

static fc_rc no_memory(const struct fc_online_row *row, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                   "a row of %zu bytes needs more memory than it may have",
                   row->key.len + row->features.len);
}

/* In the place of what it overtakes, when it fits there. */
static fc_rc replace(struct fc_newest *newest, struct entry *entry, const struct fc_online_row *row,
                     struct fc_error *err)
{
    char *features = (char *)(uintptr_t)entry->row.features.ptr;
    fc_str key = entry->row.key;

    if (row->features.len > entry->capacity) {
        features = fc_arena_alloc(newest->arena, row->features.len);
        if (!features)
            return no_memory(row, err);
        entry->capacity = row->features.len;
    }
    if (row->features.len > 0)
        memcpy(features, row->features.ptr, row->features.len);
    entry->row = *row;
    entry->row.key = key;
    entry->row.features.ptr = features;
    return FC_OK;
}

static fc_rc insert(struct fc_newest *newest, size_t slot, uint64_t hash,
                    const struct fc_online_row *row, struct fc_error *err)
{
    struct entry *entry = &newest->entries[newest->count];

    if (newest->count == newest->rows_max)
        return fc_fail(err, FC_REASON_INTERNAL, "rows were not flushed in time");
    *entry = (struct entry){.row = {.key.len = row->key.len}};
    entry->row.key.ptr = fc_arena_memdup(newest->arena, row->key.ptr, row->key.len);
    if (!entry->row.key.ptr)
        return no_memory(row, err);
    fc_rc rc = replace(newest, entry, row, err);
    if (rc != FC_OK)
        return rc;
    newest->count++;
    newest->hashes[slot] = hash;
    newest->slots[slot] = (uint32_t)newest->count;
    return FC_OK;
}

fc_rc fc_newest_put(struct fc_newest *newest, const struct fc_online_row *row, bool *ret_overtaken,
                    struct fc_error *err)
{
    uint64_t hash = XXH3_64bits(row->key.ptr, row->key.len);
    size_t slot = find_slot(newest, row->key, hash);

    *ret_overtaken = newest->slots[slot] != 0;
    if (!*ret_overtaken)
        return insert(newest, slot, hash, row, err);
    struct entry *entry = &newest->entries[newest->slots[slot] - 1];
    return cmp_age(row, &entry->row) < 0 ? FC_OK : replace(newest, entry, row, err);
}

size_t fc_newest_count(const struct fc_newest *newest)
{
    return newest->count;
}

bool fc_newest_full(const struct fc_newest *newest)
{
    return newest->count == newest->rows_max || fc_arena_used(newest->arena) >= newest->bytes;
}

static int cmp_key(const void *a, const void *b, void *ctx)
{
    const struct entry *entries = ctx;

    return fc_str_cmp(entries[*(const uint32_t *)a].row.key, entries[*(const uint32_t *)b].row.key);
}

fc_rc fc_newest_drain(struct fc_newest *newest,
                      fc_rc (*fn)(void *ctx, const struct fc_online_row *row, struct fc_error *err),
                      void *ctx, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t i = 0; i < newest->count; i++)
        newest->order[i] = (uint32_t)i;
    qsort_r(newest->order, newest->count, sizeof(*newest->order), cmp_key, newest->entries);
    for (size_t i = 0; rc == FC_OK && i < newest->count; i++)
        rc = fn(ctx, &newest->entries[newest->order[i]].row, err);
    newest->count = 0;
    memset(newest->slots, 0, newest->slot_count * sizeof(*newest->slots));
    fc_arena_reset(newest->arena);
    return rc;
}

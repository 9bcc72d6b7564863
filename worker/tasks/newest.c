/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/newest.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/arena.h"
#include "worker/tasks/slim.h"

/* The table has so many slots a row. */
#define SPARSE 2
/* Room for rows is a multiple of it. */
#define GRAIN 16
/* A single row may be larger than the bound; it then is a flush of its own. */
#define SLACK ((size_t)256 << 20)

/* Of millions: packed tightly. Times as in struct fc_online_row. */
struct entry {
    char *key, *features;                     /**< features are slim */
    uint32_t key_len, features_len, capacity; /**< capacity of features */
    int32_t event_ns, created_ns, expires_ns;
    int64_t event_s, created_s, expires_s;
    bool event_set, created_set, expires_set;
};

struct fc_newest {
    struct fc_arena *arena;             /**< keys and features */
    size_t bytes, rows_max, slot_count; /**< the last two are powers of two */
    struct entry *entries;
    size_t count;
    struct fc_slim *slim;
    struct fc_buf scratch; /**< of one row */
    uint32_t *hashes;      /**< lower half, of each slot; meaningful where the index is set */
    uint32_t *slots;       /**< index + 1 into entries; 0 is free */
    uint32_t *order;       /**< for sorting */
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
        newest->slim = fc_slim_new();
        newest->entries = calloc(newest->rows_max, sizeof(*newest->entries));
        newest->hashes = calloc(newest->slot_count, sizeof(*newest->hashes));
        newest->slots = calloc(newest->slot_count, sizeof(*newest->slots));
        newest->order = calloc(newest->rows_max, sizeof(*newest->order));
    }
    if (!newest || !newest->arena || !newest->slim || !newest->entries || !newest->hashes ||
        !newest->slots || !newest->order)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %zu rows", rows);
    *ret = fc_steal(newest);
    return FC_OK;
}

void fc_newest_free(struct fc_newest *newest)
{
    if (!newest)
        return;
    fc_arena_free(newest->arena);
    fc_slim_free(newest->slim);
    fc_buf_done(&newest->scratch);
    free(newest->entries);
    free(newest->hashes);
    free(newest->slots);
    free(newest->order);
    free(newest);
}

/* An unset time sorts lowest. */
static int cmp_time(const struct fc_online_time *a, bool set, int64_t seconds, int32_t nanos)
{
    if (!a->set || !set)
        return a->set - set;
    if (a->seconds != seconds)
        return a->seconds > seconds ? 1 : -1;
    return (a->nanos > nanos) - (a->nanos < nanos);
}

static int cmp_age(const struct fc_online_row *row, const struct entry *entry)
{
    int order = cmp_time(&row->event, entry->event_set, entry->event_s, entry->event_ns);

    return order ? order
                 : cmp_time(&row->created, entry->created_set, entry->created_s, entry->created_ns);
}

static bool has_key(const struct entry *entry, fc_str key)
{
    return entry->key_len == key.len && memcmp(entry->key, key.ptr, key.len) == 0;
}

/* The slot of the key, or the free one where it belongs. */
static size_t find_slot(const struct fc_newest *newest, fc_str key, uint64_t hash)
{
    size_t slot = hash & (newest->slot_count - 1);

    while (newest->slots[slot] != 0 && (newest->hashes[slot] != (uint32_t)hash ||
                                        !has_key(&newest->entries[newest->slots[slot] - 1], key)))
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
    fc_slim_pack(newest->slim, row->features, &newest->scratch);
    if (newest->scratch.failed || newest->scratch.len > UINT32_MAX)
        return no_memory(row, err);
    uint32_t len = (uint32_t)newest->scratch.len;
    if (len > entry->capacity) {
        /* The next row may be some bytes longer: an arena gives nothing back. */
        uint32_t capacity = len <= UINT32_MAX - GRAIN ? (len + GRAIN - 1) / GRAIN * GRAIN : len;
        char *features = fc_arena_alloc(newest->arena, capacity);
        if (!features)
            return no_memory(row, err);
        entry->features = features;
        entry->capacity = capacity;
    }
    memcpy(entry->features, newest->scratch.ptr, len);
    entry->features_len = len;
    entry->event_set = row->event.set;
    entry->event_s = row->event.seconds;
    entry->event_ns = row->event.nanos;
    entry->created_set = row->created.set;
    entry->created_s = row->created.seconds;
    entry->created_ns = row->created.nanos;
    entry->expires_set = row->expires.set;
    entry->expires_s = row->expires.seconds;
    entry->expires_ns = row->expires.nanos;
    return FC_OK;
}

static fc_rc insert(struct fc_newest *newest, size_t slot, uint64_t hash,
                    const struct fc_online_row *row, struct fc_error *err)
{
    struct entry *entry = &newest->entries[newest->count];

    if (newest->count == newest->rows_max)
        return fc_fail(err, FC_REASON_INTERNAL, "rows were not flushed in time");
    if (row->key.len > UINT32_MAX)
        return no_memory(row, err);
    *entry = (struct entry){.key_len = (uint32_t)row->key.len};
    entry->key = fc_arena_memdup(newest->arena, row->key.ptr, row->key.len);
    if (!entry->key)
        return no_memory(row, err);
    fc_rc rc = replace(newest, entry, row, err);
    if (rc != FC_OK)
        return rc;
    newest->count++;
    newest->hashes[slot] = (uint32_t)hash;
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
    return cmp_age(row, entry) < 0 ? FC_OK : replace(newest, entry, row, err);
}

size_t fc_newest_count(const struct fc_newest *newest)
{
    return newest->count;
}

bool fc_newest_full(const struct fc_newest *newest)
{
    return newest->count == newest->rows_max || fc_arena_used(newest->arena) >= newest->bytes;
}

static fc_str key_of(const struct entry *entry)
{
    return (fc_str){.ptr = entry->key, .len = entry->key_len};
}

static int cmp_key(const void *a, const void *b, void *ctx)
{
    const struct entry *entries = ctx;

    return fc_str_cmp(key_of(&entries[*(const uint32_t *)a]),
                      key_of(&entries[*(const uint32_t *)b]));
}

/* The row as it was put; until the next one. */
static bool restore(struct fc_newest *newest, const struct entry *entry, struct fc_online_row *ret)
{
    fc_slim_unpack(newest->slim, (fc_str){.ptr = entry->features, .len = entry->features_len},
                   &newest->scratch);
    *ret = (struct fc_online_row){
        .key = key_of(entry),
        .event = {entry->event_s, entry->event_ns, entry->event_set},
        .created = {entry->created_s, entry->created_ns, entry->created_set},
        .expires = {entry->expires_s, entry->expires_ns, entry->expires_set},
        .features = {.ptr = newest->scratch.ptr, .len = newest->scratch.len},
    };
    return !newest->scratch.failed;
}

fc_rc fc_newest_drain(struct fc_newest *newest,
                      fc_rc (*fn)(void *ctx, const struct fc_online_row *row, struct fc_error *err),
                      void *ctx, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t i = 0; i < newest->count; i++)
        newest->order[i] = (uint32_t)i;
    qsort_r(newest->order, newest->count, sizeof(*newest->order), cmp_key, newest->entries);
    for (size_t i = 0; rc == FC_OK && i < newest->count; i++) {
        struct fc_online_row row;
        rc = restore(newest, &newest->entries[newest->order[i]], &row)
                 ? fn(ctx, &row, err)
                 : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a row");
    }
    newest->count = 0;
    memset(newest->slots, 0, newest->slot_count * sizeof(*newest->slots));
    fc_arena_reset(newest->arena);
    return rc;
}

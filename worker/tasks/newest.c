/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/newest.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/arena.h"
#include "worker/tasks/slim.h"

/* The table has so many slots a row. */
#define SPARSE 2
/* Room for rows is a multiple of it, and half of it or more is left: the next row may be some bytes longer. */
#define GRAIN 16
/* Of a key or of features. */
#define LENGTH_MAX ((size_t)UINT32_MAX / 4)
/* A single row may be larger than the bound; it then is a flush of its own. */
#define SLACK ((size_t)256 << 20)

/*
 * Of millions, in no order that a cache could foresee: what a row costs is how many lines of memory it touches. So an
 * entry is one line, and its key lies beside its features. Times as in struct fc_online_row.
 */
#define LINE 64
struct entry {
    char *bytes;                              /**< key, then slim features */
    uint32_t key_len, features_len, capacity; /**< capacity of features */
    int32_t event_ns, created_ns, expires_ns;
    int64_t event_s, created_s, expires_s;
    bool event_set, created_set, expires_set;
};
_Static_assert(sizeof(struct entry) == LINE, "one line of a cache");

struct slot {
    uint32_t hash;   /**< upper half; meaningful where the number is set */
    uint32_t number; /**< index + 1 into entries; 0 is free */
};

/* For sorting: most pairs are told apart without a look at their keys. */
struct ranked {
    uint64_t head; /**< what follows the bytes that all keys begin with */
    uint32_t index;
};

/*
 * Put, but not yet in its place: meanwhile the memory that it takes to find that is on its way. The slot is asked for
 * at once, the entry some rows later, when the slot is there, its bytes some rows after that.
 */
#define WAITING     12
#define ENTRY_AFTER 4
#define BYTES_AFTER 8
/* Of what lies at the entry's bytes, no more than this is asked for. */
#define FETCHED ((size_t)4 * LINE)
/* A buffer that has become larger is given back. */
#define BUFFER_KEPT ((size_t)64 << 10)
struct waiting {
    uint64_t hash;
    struct fc_online_row row; /**< features are slim */
    struct fc_buf key, features;
};

struct fc_newest {
    struct fc_arena *arena;             /**< keys and features */
    size_t bytes, rows_max, slot_count; /**< the last two are powers of two */
    struct entry *entries;
    size_t count;
    struct fc_slim *slim;
    struct fc_buf scratch; /**< of one row */
    struct slot *slots;
    struct ranked *order;
    struct waiting waiting[WAITING]; /**< a ring */
    size_t first, waiting_count, waiting_bytes;
    uint64_t *overtaken; /**< the caller's account */
};

fc_rc fc_newest_new(size_t bytes, size_t rows, uint64_t *overtaken, struct fc_newest **ret,
                    struct fc_error *err)
{
    FC_CLEANUP(fc_newest_freep) struct fc_newest *newest = calloc(1, sizeof *newest);

    if (newest) {
        newest->bytes = bytes;
        newest->overtaken = overtaken;
        newest->rows_max = 1;
        while (newest->rows_max < rows)
            newest->rows_max *= 2;
        newest->slot_count = newest->rows_max * SPARSE;
        newest->arena = fc_arena_new(bytes + SLACK);
        newest->slim = fc_slim_new();
        newest->entries = aligned_alloc(LINE, newest->rows_max * sizeof *newest->entries);
        newest->slots = calloc(newest->slot_count, sizeof *newest->slots);
        newest->order = calloc(newest->rows_max, sizeof *newest->order);
    }
    if (!newest || !newest->arena || !newest->slim || !newest->entries || !newest->slots ||
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
    fc_slim_free(newest->slim);
    fc_buf_done(&newest->scratch);
    for (size_t i = 0; i < WAITING; i++) {
        fc_buf_done(&newest->waiting[i].key);
        fc_buf_done(&newest->waiting[i].features);
    }
    free(newest->entries);
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

static fc_str key_of(const struct entry *entry)
{
    return (fc_str){.ptr = entry->bytes, .len = entry->key_len};
}

/* The slot of the key, or the free one where it belongs. */
static size_t find_slot(const struct fc_newest *newest, fc_str key, uint64_t hash)
{
    size_t at = hash & (newest->slot_count - 1);

    for (const struct slot *slot = &newest->slots[at]; slot->number != 0;
         slot = &newest->slots[at]) {
        if (slot->hash == (uint32_t)(hash >> 32) &&
            fc_str_eq(key_of(&newest->entries[slot->number - 1]), key))
            break;
        at = (at + 1) & (newest->slot_count - 1);
    }
    return at;
}

static fc_rc no_memory(const struct fc_online_row *row, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                   "a row of %zu bytes needs more memory than it may have",
                   row->key.len + row->features.len);
}

/* In the place of what it overtakes, when it fits there: an arena gives nothing back. */
static fc_rc replace(struct fc_newest *newest, struct entry *entry, const struct fc_online_row *row,
                     struct fc_error *err)
{
    size_t len = row->features.len;

    if (len > LENGTH_MAX)
        return no_memory(row, err);
    if (!entry->bytes || len > entry->capacity) {
        size_t size = (entry->key_len + len + GRAIN / 2 + GRAIN - 1) / GRAIN * GRAIN;
        char *bytes = fc_arena_alloc(newest->arena, size);
        if (!bytes)
            return no_memory(row, err);
        memcpy(bytes, row->key.ptr, entry->key_len);
        entry->bytes = bytes;
        entry->capacity = (uint32_t)(size - entry->key_len);
    }
    memcpy(entry->bytes + entry->key_len, row->features.ptr, len);
    entry->features_len = (uint32_t)len;
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
    if (row->key.len > LENGTH_MAX)
        return no_memory(row, err);
    *entry = (struct entry){.key_len = (uint32_t)row->key.len};
    fc_rc rc = replace(newest, entry, row, err);
    if (rc != FC_OK)
        return rc;
    newest->slots[slot] =
        (struct slot){.hash = (uint32_t)(hash >> 32), .number = (uint32_t)++newest->count};
    return FC_OK;
}

static fc_rc place(struct fc_newest *newest, const struct waiting *waiting, struct fc_error *err)
{
    const struct fc_online_row *row = &waiting->row;
    size_t slot = find_slot(newest, row->key, waiting->hash);

    if (newest->slots[slot].number == 0)
        return insert(newest, slot, waiting->hash, row, err);
    struct entry *entry = &newest->entries[newest->slots[slot].number - 1];
    ++*newest->overtaken;
    return cmp_age(row, entry) < 0 ? FC_OK : replace(newest, entry, row, err);
}

static void empty(struct fc_buf *buf)
{
    if (buf->len > BUFFER_KEPT)
        fc_buf_done(buf);
    fc_buf_clear(buf);
}

static fc_rc place_first(struct fc_newest *newest, struct fc_error *err)
{
    struct waiting *waiting = &newest->waiting[newest->first];

    newest->first = (newest->first + 1) % WAITING;
    newest->waiting_count--;
    newest->waiting_bytes -= waiting->key.len + waiting->features.len;
    fc_rc rc = place(newest, waiting, err);
    empty(&waiting->key);
    empty(&waiting->features);
    return rc;
}

/* Where the row that was put so many rows ago may find its like; NULL when there is none, or it is not known yet. */
static const struct entry *like(const struct fc_newest *newest, size_t rows_ago)
{
    if (rows_ago >= newest->waiting_count)
        return NULL;
    size_t at = (newest->first + newest->waiting_count - 1 - rows_ago) % WAITING;
    uint32_t number = newest->slots[newest->waiting[at].hash & (newest->slot_count - 1)].number;
    return number > 0 ? &newest->entries[number - 1] : NULL;
}

fc_rc fc_newest_put(struct fc_newest *newest, const struct fc_online_row *row, struct fc_error *err)
{
    fc_rc rc = newest->waiting_count == WAITING ? place_first(newest, err) : FC_OK;

    if (rc != FC_OK)
        return rc;
    struct waiting *last = &newest->waiting[(newest->first + newest->waiting_count) % WAITING];
    last->hash = XXH3_64bits(row->key.ptr, row->key.len);
    fc_buf_append(&last->key, row->key.ptr, row->key.len);
    fc_slim_pack(newest->slim, row->features, &last->features);
    if (last->key.failed || last->features.failed)
        return no_memory(row, err);
    last->row = *row;
    last->row.key.ptr = last->key.ptr;
    last->row.features = (fc_str){.ptr = last->features.ptr, .len = last->features.len};
    newest->waiting_count++;
    newest->waiting_bytes += last->key.len + last->features.len;
    /* Not in a function of their own: it would look to GCC as if it did nothing. */
    __builtin_prefetch(&newest->slots[last->hash & (newest->slot_count - 1)]);
    const struct entry *entry = like(newest, ENTRY_AFTER);
    if (entry)
        __builtin_prefetch(entry);
    entry = like(newest, BYTES_AFTER);
    for (size_t at = 0; entry && at < entry->key_len + entry->features_len && at < FETCHED;
         at += LINE)
        __builtin_prefetch(entry->bytes + at);
    return FC_OK;
}

bool fc_newest_full(const struct fc_newest *newest)
{
    return newest->count + newest->waiting_count >= newest->rows_max ||
           fc_arena_used(newest->arena) + newest->waiting_bytes >= newest->bytes;
}

/* How many bytes all keys begin with. */
static size_t common_length(const struct fc_newest *newest)
{
    fc_str first = key_of(&newest->entries[0]);

    for (size_t i = 1; i < newest->count; i++) {
        fc_str key = key_of(&newest->entries[i]);
        size_t same = 0;
        first.len = key.len < first.len ? key.len : first.len;
        while (same < first.len && key.ptr[same] == first.ptr[same])
            same++;
        first.len = same;
    }
    return first.len;
}

/* Eight bytes of the key as a number that sorts as they do. */
static uint64_t head_of(fc_str key, size_t from)
{
    uint64_t head = 0;

    for (size_t i = from; i < from + sizeof(head); i++)
        head = head << 8 | (i < key.len ? (uint8_t)key.ptr[i] : 0);
    return head;
}

static int cmp_key(const void *a, const void *b, void *ctx)
{
    const struct ranked *left = a, *right = b;
    const struct entry *entries = ctx;

    if (left->head != right->head)
        return left->head > right->head ? 1 : -1;
    return fc_str_cmp(key_of(&entries[left->index]), key_of(&entries[right->index]));
}

static void sort(struct fc_newest *newest)
{
    size_t common = newest->count > 0 ? common_length(newest) : 0;

    for (size_t i = 0; i < newest->count; i++)
        newest->order[i] = (struct ranked){.head = head_of(key_of(&newest->entries[i]), common),
                                           .index = (uint32_t)i};
    qsort_r(newest->order, newest->count, sizeof *newest->order, cmp_key, newest->entries);
}

/* The row as it was put; until the next one. */
static bool restore(struct fc_newest *newest, const struct entry *entry, struct fc_online_row *ret)
{
    fc_slim_unpack(newest->slim,
                   (fc_str){.ptr = entry->bytes + entry->key_len, .len = entry->features_len},
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

    while (rc == FC_OK && newest->waiting_count > 0)
        rc = place_first(newest, err);
    if (rc == FC_OK)
        sort(newest);
    for (size_t i = 0; rc == FC_OK && i < newest->count; i++) {
        struct fc_online_row row;
        rc = restore(newest, &newest->entries[newest->order[i].index], &row)
                 ? fn(ctx, &row, err)
                 : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a row");
    }
    newest->count = 0;
    memset(newest->slots, 0, newest->slot_count * sizeof *newest->slots);
    fc_arena_reset(newest->arena);
    return rc;
}

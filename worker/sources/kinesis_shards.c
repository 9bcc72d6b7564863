/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/kinesis_shards.h"

#include <stdlib.h>
#include <string.h>

#include "worker/sources/kinesis.h"

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the shards of a stream");
}

static void drop(struct fc_kinesis_followed *shard)
{
    free(shard->iterator);
    free(shard);
}

void fc_kinesis_shards_done(struct fc_kinesis_shards *shards)
{
    for (size_t i = 0; i < shards->count; i++)
        drop(shards->all[i]);
    free(shards->all);
    *shards = (struct fc_kinesis_shards){.all = NULL};
}

static int by_id(const void *a, const void *b)
{
    const struct fc_kinesis_followed *const *left = a, *const *right = b;

    return strcmp((*left)->id, (*right)->id);
}

static int to_id(const void *id, const void *shard)
{
    const struct fc_kinesis_followed *const *one = shard;

    return strcmp(id, (*one)->id);
}

static struct fc_kinesis_followed *find(const struct fc_kinesis_shards *shards, const char *id)
{
    struct fc_kinesis_followed **found = NULL;

    if (id[0] && shards->known > 0)
        found =
            bsearch(id, shards->all, shards->known, sizeof(struct fc_kinesis_followed *), to_id);
    return found ? *found : NULL;
}

void fc_kinesis_shards_list(struct fc_kinesis_shards *shards)
{
    for (size_t i = 0; i < shards->count; i++)
        shards->all[i]->listed = false;
    shards->known = shards->count;
}

static void take_parent(const json_t *shard, const char *member, char *ret)
{
    const char *id = json_string_value(json_object_get(shard, member));

    ret[0] = '\0';
    if (id && strlen(id) <= FC_KINESIS_SHARD_MAX)
        memcpy(ret, id, strlen(id) + 1);
}

/* At the end, out of order. */
static struct fc_kinesis_followed *add(struct fc_kinesis_shards *shards, const char *id)
{
    if (shards->count == shards->capacity) {
        size_t capacity = shards->capacity > 0 ? shards->capacity * 2 : 64;
        struct fc_kinesis_followed **more =
            realloc(shards->all, capacity * sizeof(struct fc_kinesis_followed *));
        if (!more)
            return NULL;
        shards->all = more;
        shards->capacity = capacity;
    }
    struct fc_kinesis_followed *one = calloc(1, sizeof *one);
    if (!one)
        return NULL;
    memcpy(one->id, id, strlen(id) + 1);
    one->since_ms = one->behind_ms = -1;
    shards->all[shards->count++] = one;
    return one;
}

fc_rc fc_kinesis_shards_take(struct fc_kinesis_shards *shards, const json_t *shard,
                             struct fc_error *err)
{
    const char *id = json_string_value(json_object_get(shard, "ShardId"));

    if (!id || !id[0] || strlen(id) > FC_KINESIS_SHARD_MAX)
        return FC_OK;
    struct fc_kinesis_followed *one = find(shards, id);
    if (!one) {
        one = add(shards, id);
        if (!one)
            return no_memory(err);
        take_parent(shard, "ParentShardId", one->parent_ids[0]);
        take_parent(shard, "AdjacentParentShardId", one->parent_ids[1]);
    }
    one->closed = fc_kinesis_is_closed(shard);
    one->listed = true;
    return FC_OK;
}

/* Sorts them, and leaves each name once. */
static void put_in_order(struct fc_kinesis_shards *shards)
{
    size_t kept = 0;

    if (shards->count > 0)
        qsort(shards->all, shards->count, sizeof(struct fc_kinesis_followed *), by_id);
    for (size_t i = 0; i < shards->count; i++) {
        struct fc_kinesis_followed *one = shards->all[i];
        if (kept > 0 && strcmp(shards->all[kept - 1]->id, one->id) == 0)
            drop(one);
        else
            shards->all[kept++] = one;
    }
    shards->count = shards->known = kept;
}

static void tie(struct fc_kinesis_shards *shards)
{
    for (size_t i = 0; i < shards->count; i++) {
        struct fc_kinesis_followed *one = shards->all[i];
        for (size_t p = 0; p < FC_ARRAY_LEN(one->parents); p++)
            one->parents[p] = find(shards, one->parent_ids[p]);
    }
}

void fc_kinesis_shards_listed(struct fc_kinesis_shards *shards)
{
    size_t kept = 0;

    for (size_t i = 0; i < shards->count; i++) {
        struct fc_kinesis_followed *one = shards->all[i];
        bool over = one->state == FC_KINESIS_DONE && !one->listed;
        if (over && (one->gone_told || !one->told))
            drop(one);
        else
            shards->all[kept++] = one;
    }
    shards->count = kept;
    put_in_order(shards);
    tie(shards);
}

/* A position of an earlier reading. The shard may be no more. */
static fc_rc place(struct fc_kinesis_shards *shards, const struct fc_broker_position *given,
                   const char *stream, struct fc_error *err)
{
    struct fc_kinesis_position at;
    struct fc_kinesis_followed *one = find(shards, given->partition);

    if (!fc_kinesis_position_parse(given->offset, &at))
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: \"%.200s\" is no position in %.128s",
                       stream, given->offset, given->partition);
    if (!one && strlen(given->partition) > FC_KINESIS_SHARD_MAX)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: \"%.200s\" is no name of a shard",
                       stream, given->partition);
    if (!one) {
        at.where = FC_KINESIS_END;
        one = add(shards, given->partition);
    }
    if (!one)
        return no_memory(err);
    one->told = true;
    one->at = at;
    one->state = at.where == FC_KINESIS_END ? FC_KINESIS_DONE : FC_KINESIS_READING;
    one->since_ms = at.where == FC_KINESIS_TIME ? at.time_ms : -1;
    return FC_OK;
}

/* Whatever leads to a shard that has a position was read. */
static void mark_above(struct fc_kinesis_shards *shards)
{
    bool news = true;

    while (news) {
        news = false;
        /* Later shards have higher names, so that one pass does mostly. */
        for (size_t i = shards->count; i-- > 0;) {
            const struct fc_kinesis_followed *one = shards->all[i];
            for (size_t p = 0; p < FC_ARRAY_LEN(one->parents); p++) {
                if (!one->parents[p] || one->parents[p]->above || !(one->told || one->above))
                    continue;
                one->parents[p]->above = news = true;
            }
        }
    }
}

static void begin_anew(struct fc_kinesis_followed *one, enum fc_broker_start start, int64_t time_ms)
{
    if (start == FC_BROKER_AT_TIME)
        one->since_ms = time_ms;
    if (start != FC_BROKER_LATEST)
        return;
    one->state = one->closed ? FC_KINESIS_DONE : FC_KINESIS_READING;
    one->at.where = one->closed ? FC_KINESIS_END : FC_KINESIS_LATEST;
}

fc_rc fc_kinesis_shards_begin(struct fc_kinesis_shards *shards,
                              const struct fc_consume_options *options, enum fc_broker_start start,
                              const char *stream, struct fc_error *err)
{
    for (size_t i = 0; i < options->position_count; i++) {
        fc_rc rc = place(shards, &options->positions[i], stream, err);
        if (rc != FC_OK)
            return rc;
    }
    put_in_order(shards);
    tie(shards);
    mark_above(shards);
    for (size_t i = 0; i < shards->count; i++) {
        struct fc_kinesis_followed *one = shards->all[i];
        if (options->position_count == 0) {
            begin_anew(one, start, options->time_ms);
        } else if (one->above && !one->told) {
            one->state = FC_KINESIS_DONE;
            one->at.where = FC_KINESIS_END;
        }
    }
    return FC_OK;
}

bool fc_kinesis_is_placed(const struct fc_kinesis_followed *shard)
{
    return shard->state != FC_KINESIS_READING || shard->at.where != FC_KINESIS_LATEST;
}

void fc_kinesis_shards_end(struct fc_kinesis_followed *shard)
{
    shard->state = FC_KINESIS_DONE;
    shard->at = (struct fc_kinesis_position){.where = FC_KINESIS_END};
    shard->dirty = true;
    free(shard->iterator);
    shard->iterator = NULL;
}

/* Unless one has not ended. */
static void begin_after_parents(struct fc_kinesis_followed *one)
{
    for (size_t p = 0; p < FC_ARRAY_LEN(one->parents); p++) {
        const struct fc_kinesis_followed *parent = one->parents[p];
        if (parent && parent->state != FC_KINESIS_DONE)
            return;
        if (parent && parent->since_ms > one->since_ms)
            one->since_ms = parent->since_ms;
    }
    one->state = FC_KINESIS_READING;
    one->at.where = one->since_ms >= 0 ? FC_KINESIS_TIME : FC_KINESIS_BEGIN;
    one->at.time_ms = one->since_ms;
    one->dirty = true;
}

static void count_children(struct fc_kinesis_shards *shards)
{
    for (size_t i = 0; i < shards->count; i++)
        shards->all[i]->children = shards->all[i]->children_waiting = 0;
    for (size_t i = 0; i < shards->count; i++) {
        const struct fc_kinesis_followed *one = shards->all[i];
        for (size_t p = 0; p < FC_ARRAY_LEN(one->parents); p++) {
            if (!one->parents[p])
                continue;
            one->parents[p]->children++;
            one->parents[p]->children_waiting += one->state == FC_KINESIS_WAITING;
        }
    }
}

bool fc_kinesis_shards_settle(struct fc_kinesis_shards *shards)
{
    bool childless = false;

    for (size_t i = 0; i < shards->count; i++)
        if (shards->all[i]->state == FC_KINESIS_WAITING)
            begin_after_parents(shards->all[i]);
    count_children(shards);
    for (size_t i = 0; i < shards->count; i++) {
        struct fc_kinesis_followed *one = shards->all[i];
        if (one->state != FC_KINESIS_DONE)
            continue;
        one->gone |= !one->listed || (one->children > 0 && one->children_waiting == 0);
        childless |= one->listed && one->children == 0;
    }
    return childless;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/kinesis_batch.h"

#include <inttypes.h>
#include <string.h>

#include "worker/sources/kinesis.h"
#include "worker/sources/kpl.h"

#define LINGER_NS (100 * FC_NS_PER_MS)
/* A batch of large messages goes out before it is full. */
#define HELD_BYTES ((size_t)16 << 20)

/* A record whose messages are being given out. */
struct unpacking {
    struct fc_kinesis_batch *batch;
    struct fc_kinesis_followed *shard;
    struct fc_message message; /**< what its messages have in common */
    uint64_t at, total, skip;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the records of a stream");
}

static size_t reading(const struct fc_kinesis_shards *shards)
{
    size_t count = 0;

    for (size_t i = 0; i < shards->count; i++)
        count += shards->all[i]->state == FC_KINESIS_READING;
    return count;
}

/* Of the shard that is furthest behind. Not known of those that are not read yet, be they not even found. */
static int64_t behind_ms(const struct fc_kinesis_shards *shards)
{
    int64_t most = 0;

    for (size_t i = 0; i < shards->count; i++) {
        const struct fc_kinesis_followed *one = shards->all[i];
        bool done = one->state == FC_KINESIS_DONE;
        bool followed = one->gone || !(one->told || one->dirty);
        if (one->state == FC_KINESIS_WAITING || (done ? !followed : one->behind_ms < 0))
            return -1;
        if (done)
            continue;
        if (one->behind_ms > most)
            most = one->behind_ms;
    }
    return most;
}

static bool all_are_placed(const struct fc_kinesis_shards *shards)
{
    for (size_t i = 0; i < shards->count; i++)
        if (!fc_kinesis_is_placed(shards->all[i]))
            return false;
    return true;
}

/* Positions that are news, and shards that are no more. The first ones all at once: the rest would be taken for new. */
static fc_rc list_news(struct fc_kinesis_batch *b, struct fc_consume_batch *ret,
                       struct fc_error *err)
{
    size_t count = b->shards.count;
    struct fc_broker_position *next = fc_arena_calloc(b->held, count + 1, sizeof *next);
    const char **gone = fc_arena_calloc(b->held, count + 1, sizeof(char *));
    bool placed = all_are_placed(&b->shards);

    if (!next || !gone)
        return no_memory(err);
    for (size_t i = 0; placed && i < count; i++) {
        struct fc_kinesis_followed *one = b->shards.all[i];
        char text[FC_KINESIS_POSITION_SIZE];
        if (one->dirty) {
            fc_kinesis_position_print(&one->at, text);
            next[ret->next_count].partition = one->id;
            next[ret->next_count].offset = fc_arena_strdup(b->held, text);
            if (!next[ret->next_count++].offset)
                return no_memory(err);
            one->told = true;
            one->dirty = false;
        }
        if (one->told && one->gone && !one->gone_told) {
            gone[ret->gone_count++] = one->id;
            one->gone_told = true;
        }
    }
    ret->next = next;
    ret->gone = gone;
    return FC_OK;
}

fc_rc fc_kinesis_batch_flush(struct fc_kinesis_batch *b, struct fc_error *err)
{
    int64_t linger = b->options->linger_ns > 0 ? b->options->linger_ns : LINGER_NS;
    struct fc_consume_batch batch = {
        .messages = b->messages,
        .count = b->count,
        .partitions = reading(&b->shards),
        .behind = -1,
        .behind_ms = behind_ms(&b->shards),
        .lost = b->lost,
        .trouble = b->trouble[0] ? b->trouble : NULL,
    };
    fc_rc rc = list_news(b, &batch, err);

    if (rc != FC_OK)
        return rc;
    if (batch.behind_ms == 0)
        batch.behind = (int64_t)b->left;
    rc = b->fn(b->ctx, &batch, err);
    b->count = 0;
    b->flush_at = fc_monotonic_ns(b->broker->env->sys) + linger;
    return rc;
}

/* The shard's position is already behind this message. */
static fc_rc hold(struct fc_kinesis_batch *b, struct fc_kinesis_followed *shard,
                  const struct fc_message *message, struct fc_error *err)
{
    b->messages[b->count++] = *message;
    shard->dirty = true;
    return b->count == b->most ? fc_kinesis_batch_flush(b, err) : FC_OK;
}

static void go_past(struct fc_kinesis_followed *shard)
{
    shard->at.where = FC_KINESIS_AFTER;
    shard->at.given = 0;
    shard->dirty = true;
}

static fc_rc count(void *ctx, fc_str key, fc_str data, struct fc_error *err)
{
    uint64_t *total = ctx;

    (void)key;
    (void)data;
    (void)err;
    ++*total;
    return FC_OK;
}

static fc_rc give(void *ctx, fc_str key, fc_str data, struct fc_error *err)
{
    struct unpacking *u = ctx;
    struct fc_message message = u->message;

    if (u->at++ < u->skip)
        return FC_OK;
    message.key = key;
    message.value = data;
    message.offset = fc_arena_printf(u->batch->held, "%s:%" PRIu64, u->message.offset, u->at - 1);
    if (!message.offset)
        return no_memory(err);
    u->shard->at.where = FC_KINESIS_AT;
    u->shard->at.given = u->at;
    if (u->at == u->total)
        go_past(u->shard);
    return hold(u->batch, u->shard, &message, err);
}

/* Packed records as they are inside; one that is damaged is given as it came. */
static fc_rc unpack(struct unpacking *u, struct fc_error *err)
{
    struct fc_error damage = FC_ERROR_INIT;
    const fc_str data = u->message.value;

    if (!fc_kpl_is(data) || fc_kpl_read(data, count, &u->total, &damage) != FC_OK) {
        go_past(u->shard);
        return hold(u->batch, u->shard, &u->message, err);
    }
    fc_rc rc = fc_kpl_read(data, give, u, err);
    if (rc == FC_OK)
        go_past(u->shard);
    return rc;
}

/* The texts outlive the answer that they came in. */
static fc_rc keep_texts(struct fc_arena *arena, struct fc_message *message, struct fc_error *err)
{
    message->offset = fc_arena_strdup(arena, message->offset);
    message->key.ptr =
        fc_arena_strndup(arena, message->key.ptr ? message->key.ptr : "", message->key.len);
    return message->offset && message->key.ptr ? FC_OK : no_memory(err);
}

fc_rc fc_kinesis_batch_take(struct fc_kinesis_batch *b, struct fc_kinesis_followed *shard,
                            const json_t *record, struct fc_error *err)
{
    struct unpacking u = {.batch = b, .shard = shard};
    fc_rc rc = fc_kinesis_record(b->broker, shard->id, record, b->held, &u.message, err);

    if (rc == FC_OK)
        rc = keep_texts(b->held, &u.message, err);
    if (rc != FC_OK)
        return rc;
    const char *number = u.message.offset;
    size_t length = strspn(number, "0123456789");
    if (length == 0 || length > FC_KINESIS_NUMBER_MAX || number[length])
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s: a record of %s has no sequence number, but \"%.40s\"",
                       fc_kinesis_name(b->broker), shard->id, number);
    if (shard->at.where == FC_KINESIS_AT && strcmp(shard->at.number, number) == 0)
        u.skip = shard->at.given;
    else if (shard->at.where == FC_KINESIS_AT)
        b->lost++; /* the rest of that record: at least one */
    memcpy(shard->at.number, number, length + 1);
    shard->since_ms = -1;
    rc = unpack(&u, err);
    return rc == FC_OK && fc_arena_used(b->held) >= HELD_BYTES && b->count > 0
               ? fc_kinesis_batch_flush(b, err)
               : rc;
}

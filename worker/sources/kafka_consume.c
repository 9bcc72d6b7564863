/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic from given positions, for ever. The positions are the caller's to keep: the brokers know of no reader, so a
 * reading that is begun twice reads twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sources/kafka.h"

#define MESSAGES_DEFAULT 1000
#define LINGER_NS        (100 * FC_NS_PER_MS)
/* For answers of brokers before and between messages. */
#define ASK_NS (30 * FC_NS_PER_S)
/* How often partitions are looked for, how long an answer may take, and how often when the topic seems to be gone. */
#define REFRESH_NS      (5 * FC_NS_PER_S)
#define REFRESH_WAIT_MS 1000
#define SUSPECT_NS      FC_NS_PER_S
/* A broker that is just starting does not know its topics yet. */
#define SUSPECT_MAX 5
#define SCRATCH_MAX ((size_t)1 << 20)

struct partition {
    int64_t next;  /**< offset to be read next */
    bool in_batch; /**< a message of it is in the batch */
};

/* A message of the batch, and the texts that point to it. */
struct held {
    rd_kafka_message_t *raw;
    char partition[12], offset[24], next[24];
};

struct consumption {
    struct fc_broker *broker;
    struct fc_arena *scratch; /**< of one call of `fn` */
    const struct fc_consume_options *options;
    fc_consume_fn fn;
    void *ctx;
    rd_kafka_queue_t *queue;
    struct partition *partitions; /**< by number */
    size_t partition_count;
    struct held *held;
    struct fc_message *messages;
    struct fc_broker_position *next;
    size_t count, most;
    int64_t flush_at, refresh_at; /**< monotonic */
    unsigned suspected;           /**< times in a row that the topic was not there */
    int64_t lost;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for messages of a topic");
}

static int64_t now(const struct consumption *c)
{
    return fc_monotonic_ns(c->broker->env->sys);
}

static int64_t linger(const struct consumption *c)
{
    return c->options->linger_ns > 0 ? c->options->linger_ns : LINGER_NS;
}

/* The position that the options have for it; -1 for none. SOURCE_INVALID when it is no offset. */
static fc_rc given(const struct consumption *c, size_t id, int64_t *ret, struct fc_error *err)
{
    const struct fc_consume_options *o = c->options;
    char name[24], *end = NULL;

    *ret = -1;
    (void)snprintf(name, sizeof(name), "%zu", id);
    for (size_t i = 0; i < o->position_count; i++) {
        if (strcmp(o->positions[i].partition, name) != 0)
            continue;
        *ret = strtoll(o->positions[i].offset, &end, 10);
        if (*end || end == o->positions[i].offset || *ret < 0)
            return fc_fail(err, FC_REASON_SOURCE_INVALID,
                           "%s: \"%.40s\" is no offset of partition %s", fc_kafka_name(c->broker),
                           o->positions[i].offset, name);
    }
    return FC_OK;
}

/* Offsets of the partitions `ids` by the start of the options; a moment that has no message yet is the end. */
static fc_rc ask_starts(struct consumption *c, const int32_t *ids, size_t count, int64_t *offsets,
                        struct fc_error *err)
{
    const struct fc_consume_options *o = c->options;
    int64_t which = o->start == FC_BROKER_EARLIEST ? RD_KAFKA_OFFSET_BEGINNING
                    : o->start == FC_BROKER_LATEST ? RD_KAFKA_OFFSET_END
                                                   : o->time_ms;
    int64_t *ends = fc_arena_calloc(c->broker->arena, count + 1, sizeof(*ends));

    if (!ends)
        return no_memory(err);
    fc_rc rc = fc_kafka_offsets(c->broker, ids, count, which, offsets, err);
    if (rc != FC_OK || o->start != FC_BROKER_AT_TIME)
        return rc;
    rc = fc_kafka_offsets(c->broker, ids, count, RD_KAFKA_OFFSET_END, ends, err);
    for (size_t i = 0; rc == FC_OK && i < count; i++) {
        if (offsets[i] < 0)
            offsets[i] = ends[i];
    }
    return rc;
}

/* Where each partition begins: its position, else by the start. */
static fc_rc find_starts(struct consumption *c, struct fc_error *err)
{
    struct fc_arena *arena = c->broker->arena;
    int32_t *ids = fc_arena_calloc(arena, c->partition_count + 1, sizeof(*ids));
    int64_t *offsets = fc_arena_calloc(arena, c->partition_count + 1, sizeof(*offsets));
    size_t count = 0;

    if (!ids || !offsets)
        return no_memory(err);
    for (size_t i = 0; i < c->partition_count; i++) {
        fc_rc rc = given(c, i, &c->partitions[i].next, err);
        if (rc != FC_OK)
            return rc;
        if (c->partitions[i].next < 0)
            ids[count++] = (int32_t)i;
    }
    fc_rc rc = ask_starts(c, ids, count, offsets, err);
    for (size_t i = 0; rc == FC_OK && i < count; i++)
        c->partitions[ids[i]].next = offsets[i];
    return rc;
}

static fc_rc start(struct consumption *c, size_t id, struct fc_error *err)
{
    if (rd_kafka_consume_start_queue(c->broker->handle, (int32_t)id, c->partitions[id].next,
                                     c->queue) != 0)
        return fc_kafka_fail(c->broker, rd_kafka_last_error(), "reading", err);
    return FC_OK;
}

/* Partitions that were added since: all of theirs is new. */
static fc_rc grow(struct consumption *c, size_t count, struct fc_error *err)
{
    struct partition *more = realloc(c->partitions, count * sizeof(*more));
    fc_rc rc = FC_OK;

    if (!more)
        return no_memory(err);
    c->partitions = more;
    while (rc == FC_OK && c->partition_count < count) {
        c->partitions[c->partition_count] = (struct partition){.next = 0};
        rc = given(c, c->partition_count, &c->partitions[c->partition_count].next, err);
        if (c->partitions[c->partition_count].next < 0)
            c->partitions[c->partition_count].next = 0;
        if (rc == FC_OK)
            rc = start(c, c->partition_count++, err);
    }
    return rc;
}

/* A broker has answered. */
static void all_is_well(struct consumption *c)
{
    c->broker->watch->trouble = FC_KAFKA_NO_TROUBLE;
    c->broker->watch->trouble_text[0] = '\0';
    c->broker->watch->all_down = false;
}

/* No answer is no news: the brokers may be back later. */
static fc_rc refresh(struct consumption *c, struct fc_error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    struct fc_broker *broker = c->broker;
    fc_rc rc = FC_OK;

    c->refresh_at = now(c) + REFRESH_NS;
    if (rd_kafka_metadata(broker->client, 0, broker->handle, &metadata, REFRESH_WAIT_MS) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return FC_OK;
    const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
    bool gone = metadata->topic_cnt == 1 && topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    c->suspected = gone ? c->suspected + 1 : 0;
    all_is_well(c);
    if (gone)
        c->refresh_at = now(c) + SUSPECT_NS;
    if (c->suspected == SUSPECT_MAX)
        rc = fc_kafka_fail(broker, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "reading", err);
    else if (metadata->topic_cnt == 1 && (size_t)topic->partition_cnt > c->partition_count)
        rc = grow(c, (size_t)topic->partition_cnt, err);
    rd_kafka_metadata_destroy(metadata);
    return rc;
}

/* What was to be read next is gone: goes on where the partition begins now. */
static fc_rc skip_lost(struct consumption *c, size_t id, struct fc_error *err)
{
    int32_t partition = (int32_t)id;
    int64_t first = 0;

    all_is_well(c);
    c->broker->deadline_ns = now(c) + ASK_NS;
    fc_rc rc = fc_kafka_offsets(c->broker, &partition, 1, RD_KAFKA_OFFSET_BEGINNING, &first, err);
    if (rc != FC_OK)
        return rc;
    if (first > c->partitions[id].next)
        c->lost += first - c->partitions[id].next;
    c->partitions[id].next = first;
    (void)rd_kafka_consume_stop(c->broker->handle, partition);
    return start(c, id, err);
}

/* What ends the reading, and what passes. */
static fc_rc take_error(struct consumption *c, const rd_kafka_message_t *message,
                        struct fc_error *err)
{
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        if (message->partition < 0 || (size_t)message->partition >= c->partition_count)
            return FC_OK;
        return skip_lost(c, (size_t)message->partition, err);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
        return fc_kafka_fail(c->broker, message->err, "reading", err);
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        c->refresh_at = now(c);
        return FC_OK;
    default:
        return FC_OK;
    }
}

/* Takes the message over. */
static void hold(struct consumption *c, rd_kafka_message_t *raw)
{
    struct held *held = &c->held[c->count];
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    int64_t time_ms = rd_kafka_message_timestamp(raw, &type);

    held->raw = raw;
    (void)snprintf(held->partition, sizeof(held->partition), "%" PRId32, raw->partition);
    (void)snprintf(held->offset, sizeof(held->offset), "%" PRId64, raw->offset);
    c->messages[c->count++] = (struct fc_message){
        .value = {.ptr = raw->payload, .len = raw->len},
        .null = raw->payload == NULL,
        .key = {.ptr = raw->key, .len = raw->key_len},
        .partition = held->partition,
        .offset = held->offset,
        .time_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : time_ms,
    };
    c->partitions[raw->partition].next = raw->offset + 1;
    all_is_well(c);
}

static int64_t behind(const struct consumption *c)
{
    int64_t sum = 0, low = 0, high = 0;

    for (size_t i = 0; i < c->partition_count; i++) {
        if (rd_kafka_get_watermark_offsets(c->broker->client, c->broker->topic, (int32_t)i, &low,
                                           &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
            high > c->partitions[i].next)
            sum += high - c->partitions[i].next;
    }
    return sum;
}

/* Positions after the batch: of each partition by its last message. */
static size_t list_next(struct consumption *c)
{
    size_t count = 0;

    for (size_t i = c->count; i-- > 0;) {
        struct held *held = &c->held[i];
        struct partition *p = &c->partitions[held->raw->partition];
        if (p->in_batch)
            continue;
        p->in_batch = true;
        (void)snprintf(held->next, sizeof(held->next), "%" PRId64, held->raw->offset + 1);
        c->next[count++] =
            (struct fc_broker_position){.partition = held->partition, .offset = held->next};
    }
    return count;
}

static void drop(struct consumption *c)
{
    for (size_t i = 0; i < c->count; i++) {
        c->partitions[c->held[i].raw->partition].in_batch = false;
        rd_kafka_message_destroy(c->held[i].raw);
    }
    c->count = 0;
}

static fc_rc flush(struct consumption *c, struct fc_error *err)
{
    const struct fc_kafka_watch *watch = c->broker->watch;
    char *trouble = NULL;

    if (watch->trouble != FC_KAFKA_NO_TROUBLE || watch->all_down)
        trouble = fc_kafka_config_scrub(
            &c->broker->config,
            watch->trouble_text[0] ? watch->trouble_text : "no broker can be reached", c->scratch);
    const struct fc_consume_batch batch = {
        .messages = c->messages,
        .count = c->count,
        .next = c->next,
        .next_count = list_next(c),
        .partitions = c->partition_count,
        .behind = behind(c),
        .behind_ms = -1,
        .lost = c->lost,
        .trouble = trouble,
    };
    fc_rc rc = c->fn(c->ctx, &batch, err);
    drop(c);
    fc_arena_reset(c->scratch);
    c->flush_at = now(c) + linger(c);
    return rc;
}

static fc_rc step(struct consumption *c, struct fc_error *err)
{
    int64_t left = c->flush_at - now(c);
    int wait = left > 0 ? (int)(left / FC_NS_PER_MS) + 1 : 0;
    rd_kafka_message_t *message = rd_kafka_consume_queue(c->queue, wait);
    fc_rc rc = FC_OK;

    rd_kafka_poll(c->broker->client, 0);
    if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
        (size_t)message->partition < c->partition_count) {
        hold(c, message);
    } else if (message) {
        rc = take_error(c, message, err);
        rd_kafka_message_destroy(message);
    }
    if (rc == FC_OK && c->broker->watch->trouble == FC_KAFKA_LOGIN)
        rc = fc_kafka_fail(c->broker, RD_KAFKA_RESP_ERR__AUTHENTICATION, "reading", err);
    if (rc == FC_OK && (c->count == c->most || now(c) >= c->flush_at))
        rc = flush(c, err);
    if (rc == FC_OK && now(c) >= c->refresh_at)
        rc = refresh(c, err);
    return rc;
}

static fc_rc run(struct consumption *c, struct fc_error *err)
{
    fc_rc rc = find_starts(c, err);

    for (size_t i = 0; rc == FC_OK && i < c->partition_count; i++)
        rc = start(c, i, err);
    c->flush_at = now(c) + linger(c);
    c->refresh_at = now(c) + REFRESH_NS;
    while (rc == FC_OK)
        rc = step(c, err);
    drop(c);
    for (size_t i = 0; i < c->partition_count; i++)
        (void)rd_kafka_consume_stop(c->broker->handle, (int32_t)i);
    return rc;
}

static void consumption_done(struct consumption *c)
{
    if (c->queue)
        rd_kafka_queue_destroy(c->queue);
    fc_arena_free(c->scratch);
    free(c->partitions);
    free(c->held);
    free(c->messages);
    free(c->next);
}

fc_rc fc_kafka_consume(struct fc_broker *self, const struct fc_consume_options *options,
                       fc_consume_fn fn, void *ctx, struct fc_error *err)
{
    FC_CLEANUP(consumption_done)
    struct consumption c = {.broker = self, .options = options, .fn = fn, .ctx = ctx};

    fc_kafka_client_close(self);
    self->deadline_ns = fc_monotonic_ns(self->env->sys) + ASK_NS;
    fc_rc rc = fc_kafka_client_new(self, true, err);
    if (rc != FC_OK)
        return rc;
    c.most = options->messages > 0 ? options->messages : MESSAGES_DEFAULT;
    c.partition_count = self->partition_count;
    c.partitions = calloc(c.partition_count + 1, sizeof(*c.partitions));
    c.held = calloc(c.most, sizeof(*c.held));
    c.messages = calloc(c.most, sizeof(*c.messages));
    c.next = calloc(c.most, sizeof(*c.next));
    c.scratch = fc_arena_new(SCRATCH_MAX);
    if (!c.partitions || !c.held || !c.messages || !c.next || !c.scratch)
        return no_memory(err);
    c.queue = rd_kafka_queue_new(self->client);
    return run(&c, err);
}

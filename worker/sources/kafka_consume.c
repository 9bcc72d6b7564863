/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic from given positions, for ever. The positions are the caller's to keep: the brokers know of no reader, so a
 * reading that is begun twice reads twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sources/kafka_consume.h"

#define MESSAGES_DEFAULT 1000
#define LINGER_NS        (100 * FC_NS_PER_MS)
#define BYTES_DEFAULT    ((size_t)8 << 20)
/* For answers of brokers before and between messages. */
#define ASK_NS (30 * FC_NS_PER_S)
/* How often partitions are looked for, how long an answer may take, and how often when the topic seems to be gone. */
#define REFRESH_NS      (5 * FC_NS_PER_S)
#define REFRESH_WAIT_MS 1000
#define SUSPECT_NS      FC_NS_PER_S
/* A broker that is just starting does not know its topics yet. */
#define SUSPECT_MAX 5
#define SCRATCH_MAX ((size_t)1 << 20)

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for messages of a topic");
}

static int64_t now(const struct fc_kafka_consumption *c)
{
    return fc_monotonic_ns(c->broker->env->sys);
}

static int64_t linger(const struct fc_kafka_consumption *c)
{
    return c->options->linger_ns > 0 ? c->options->linger_ns : LINGER_NS;
}

static int64_t idle(const struct fc_kafka_consumption *c)
{
    return c->options->idle_ns > 0 ? c->options->idle_ns : linger(c);
}

static bool is_full(const struct fc_kafka_consumption *c)
{
    size_t most = c->options->bytes > 0 ? c->options->bytes : BYTES_DEFAULT;

    return c->count == c->most || c->bytes >= most;
}

static fc_rc start(struct fc_kafka_consumption *c, size_t id, struct fc_error *err)
{
    if (rd_kafka_consume_start_queue(c->broker->handle, (int32_t)id, c->partitions[id].next,
                                     c->queue) != 0)
        return fc_kafka_fail(c->broker, rd_kafka_last_error(), "reading", err);
    return FC_OK;
}

/* Partitions that were added since: all of theirs is new. */
static fc_rc grow(struct fc_kafka_consumption *c, size_t count, struct fc_error *err)
{
    struct fc_kafka_place *more = realloc(c->partitions, count * sizeof *more);
    fc_rc rc = FC_OK;

    if (!more)
        return no_memory(err);
    c->partitions = more;
    while (rc == FC_OK && c->partition_count < count) {
        c->partitions[c->partition_count] = (struct fc_kafka_place){.next = 0};
        rc = fc_kafka_given(c, c->partition_count, &c->partitions[c->partition_count].next, err);
        if (c->partitions[c->partition_count].next < 0)
            c->partitions[c->partition_count].next = 0;
        if (rc == FC_OK)
            rc = start(c, c->partition_count++, err);
    }
    return rc;
}

/* A broker has answered. */
static void all_is_well(struct fc_kafka_consumption *c)
{
    c->broker->watch->trouble = FC_KAFKA_NO_TROUBLE;
    c->broker->watch->trouble_text[0] = '\0';
    c->broker->watch->all_down = false;
}

/* No answer is no news: the brokers may be back later. */
static fc_rc refresh(struct fc_kafka_consumption *c, struct fc_error *err)
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

/* Takes the message over. From the first of a batch on, the others have not much time. */
static void hold(struct fc_kafka_consumption *c, rd_kafka_message_t *raw)
{
    struct fc_kafka_held *held = &c->held[c->count];
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    int64_t time_ms = rd_kafka_message_timestamp(raw, &type);

    if (c->count == 0)
        c->flush_at = now(c) + linger(c);
    c->bytes += raw->len + raw->key_len;
    held->raw = raw;
    (void)snprintf(held->partition, sizeof(held->partition), "%" PRId32, raw->partition);
    (void)snprintf(held->offset, sizeof(held->offset), "%" PRId64, raw->offset);
    c->messages[c->count++] = (struct fc_message){
        .value = {.ptr = raw->payload, .len = raw->len},
        .null = !raw->payload,
        .key = {.ptr = raw->key, .len = raw->key_len},
        .partition = held->partition,
        .offset = held->offset,
        .time_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : time_ms,
    };
    c->partitions[raw->partition].next = raw->offset + 1;
    all_is_well(c);
}

/* By what the brokers told with their last answers; -1 as long as one partition had none. */
static int64_t behind(const struct fc_kafka_consumption *c)
{
    int64_t sum = 0, low = 0, high = 0;

    for (size_t i = 0; i < c->partition_count; i++) {
        if (rd_kafka_get_watermark_offsets(c->broker->client, c->broker->topic, (int32_t)i, &low,
                                           &high) != RD_KAFKA_RESP_ERR_NO_ERROR ||
            high < 0)
            return -1;
        if (high > c->partitions[i].next)
            sum += high - c->partitions[i].next;
    }
    return sum;
}

/* What expired is counted once: the place after it is told even if no message follows. */
static size_t list_moved(struct fc_kafka_consumption *c, size_t count)
{
    for (size_t i = 0; i < c->partition_count && count < c->most; i++) {
        struct fc_kafka_place *p = &c->partitions[i];
        /* Its last message tells. */
        if (!p->moved || p->in_batch)
            continue;
        c->next[count] =
            (struct fc_broker_position){.partition = fc_arena_printf(c->scratch, "%zu", i),
                                        .offset = fc_arena_printf(c->scratch, "%" PRId64, p->next)};
        p->moved = !c->next[count].partition || !c->next[count].offset;
        count += !p->moved;
    }
    return count;
}

/* Positions after the batch: of each partition by its last message. */
static size_t list_next(struct fc_kafka_consumption *c)
{
    size_t count = 0;

    for (size_t i = c->count; i-- > 0;) {
        struct fc_kafka_held *held = &c->held[i];
        struct fc_kafka_place *p = &c->partitions[held->raw->partition];
        if (p->in_batch)
            continue;
        p->in_batch = true;
        (void)snprintf(held->next, sizeof(held->next), "%" PRId64, held->raw->offset + 1);
        c->next[count++] =
            (struct fc_broker_position){.partition = held->partition, .offset = held->next};
    }
    return list_moved(c, count);
}

static void drop(struct fc_kafka_consumption *c)
{
    for (size_t i = 0; i < c->count; i++) {
        c->partitions[c->held[i].raw->partition].in_batch = false;
        rd_kafka_message_destroy(c->held[i].raw);
    }
    c->count = 0;
    c->bytes = 0;
}

static fc_rc flush(struct fc_kafka_consumption *c, struct fc_error *err)
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
    c->flush_at = now(c) + idle(c);
    return rc;
}

/*
 * What was to be read next is gone: goes on where the partition begins now. The messages from before go out first: what
 * is lost is told with the place behind it, or a reading that goes on from the one would count the other once more.
 */
static fc_rc skip_lost(struct fc_kafka_consumption *c, size_t id, struct fc_error *err)
{
    int32_t partition = (int32_t)id;
    int64_t first = 0;

    all_is_well(c);
    fc_rc rc = c->count > 0 ? flush(c, err) : FC_OK;
    if (rc != FC_OK)
        return rc;
    c->broker->deadline_ns = now(c) + ASK_NS;
    rc = fc_kafka_offsets(c->broker, &partition, 1, RD_KAFKA_OFFSET_BEGINNING, &first, err);
    if (rc != FC_OK)
        return rc;
    if (first > c->partitions[id].next)
        c->lost += first - c->partitions[id].next;
    c->partitions[id].next = first;
    c->partitions[id].moved = true;
    (void)rd_kafka_consume_stop(c->broker->handle, partition);
    return start(c, id, err);
}

/* What ends the reading, and what passes. */
static fc_rc take_error(struct fc_kafka_consumption *c, const rd_kafka_message_t *message,
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

/* The first batch: nothing but the places. */
static fc_rc tell_starts(struct fc_kafka_consumption *c, struct fc_error *err)
{
    struct fc_broker_position *next =
        fc_arena_calloc(c->scratch, c->partition_count + 1, sizeof *next);
    const struct fc_consume_batch batch = {.next = next,
                                           .next_count = c->partition_count,
                                           .partitions = c->partition_count,
                                           .behind = -1,
                                           .behind_ms = -1};

    for (size_t i = 0; next && i < c->partition_count; i++) {
        next[i].partition = fc_arena_printf(c->scratch, "%zu", i);
        next[i].offset = fc_arena_printf(c->scratch, "%" PRId64, c->partitions[i].next);
        if (!next[i].partition || !next[i].offset)
            next = NULL;
    }
    fc_rc rc = next ? c->fn(c->ctx, &batch, err) : no_memory(err);
    fc_arena_reset(c->scratch);
    return rc;
}

static fc_rc step(struct fc_kafka_consumption *c, struct fc_error *err)
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
    if (rc == FC_OK && (is_full(c) || now(c) >= c->flush_at))
        rc = flush(c, err);
    if (rc == FC_OK && now(c) >= c->refresh_at)
        rc = refresh(c, err);
    return rc;
}

static fc_rc run(struct fc_kafka_consumption *c, struct fc_error *err)
{
    fc_rc rc = fc_kafka_find_starts(c, err);

    for (size_t i = 0; rc == FC_OK && i < c->partition_count; i++)
        rc = start(c, i, err);
    if (rc == FC_OK)
        rc = tell_starts(c, err);
    c->flush_at = now(c) + idle(c);
    c->refresh_at = now(c) + REFRESH_NS;
    while (rc == FC_OK)
        rc = step(c, err);
    drop(c);
    for (size_t i = 0; i < c->partition_count; i++)
        (void)rd_kafka_consume_stop(c->broker->handle, (int32_t)i);
    return rc;
}

static void consumption_done(struct fc_kafka_consumption *c)
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
    struct fc_kafka_consumption c = {.broker = self, .options = options, .fn = fn, .ctx = ctx};

    fc_kafka_client_close(self);
    self->deadline_ns = fc_monotonic_ns(self->env->sys) + ASK_NS;
    fc_rc rc = fc_kafka_client_new(self, true, err);
    if (rc != FC_OK)
        return rc;
    c.most = options->messages > 0 ? options->messages : MESSAGES_DEFAULT;
    c.partition_count = self->partition_count;
    c.partitions = calloc(c.partition_count + 1, sizeof *c.partitions);
    c.held = calloc(c.most, sizeof *c.held);
    c.messages = calloc(c.most, sizeof *c.messages);
    c.next = calloc(c.most, sizeof *c.next);
    c.scratch = fc_arena_new(SCRATCH_MAX);
    if (!c.partitions || !c.held || !c.messages || !c.next || !c.scratch)
        return no_memory(err);
    c.queue = rd_kafka_queue_new(self->client);
    return run(&c, err);
}

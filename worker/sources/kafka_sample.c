/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest messages of a topic: from the end of each partition backwards, a share of the rows each. The ends of all
 * partitions are asked for at once, and so are the messages: the cost is a few round trips, however many partitions.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sources/kafka.h"
#include "worker/sources/spread.h"

#define ROWS_DEFAULT 1000
/* Of a topic with thousands, so many are looked at. */
#define PARTITIONS_MAX 256
/* The end of a partition may hold nothing that can be read: marks of transactions, gaps that compaction left. */
#define LOOKS_MAX   4
#define LOOK_FACTOR 16
#define POLL_MS     100

/* A partition of the sample. */
struct slice {
    int32_t id;
    int64_t begin, end; /**< offsets that the broker has, end exclusive */
    int64_t start;      /**< where the sample begins */
    int64_t rows;       /**< messages given out */
    bool running, done;
};

struct kafka_sampling {
    struct fc_broker *broker;
    rd_kafka_queue_t *queue;
    struct slice *slices;
    size_t count;
    int64_t rows_left, bytes_limit;
    fc_message_fn fn;
    void *ctx;
    struct fc_sample_stats *stats;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a sample of a topic");
}

/* One end of every slice. */
static fc_rc ask_offsets(struct kafka_sampling *s, int64_t which, struct fc_error *err)
{
    int32_t ids[PARTITIONS_MAX];
    int64_t offsets[PARTITIONS_MAX];

    for (size_t i = 0; i < s->count; i++)
        ids[i] = s->slices[i].id;
    fc_rc rc = fc_kafka_offsets(s->broker, ids, s->count, which, offsets, err);
    for (size_t i = 0; rc == FC_OK && i < s->count; i++)
        if (which == RD_KAFKA_OFFSET_END)
            s->slices[i].end = offsets[i];
        else
            s->slices[i].begin = offsets[i];
    return rc;
}

/* Partitions that can be reached, spread over the topic. */
static fc_rc choose(struct kafka_sampling *s, struct fc_error *err)
{
    const struct fc_broker *broker = s->broker;
    size_t reachable = broker->partition_count - broker->unreachable;
    size_t wanted = reachable < PARTITIONS_MAX ? reachable : PARTITIONS_MAX;
    size_t seen = 0;

    s->slices = fc_arena_calloc(broker->arena, wanted + 1, sizeof *s->slices);
    if (!s->slices)
        return no_memory(err);
    for (size_t i = 0; i < broker->partition_count && s->count < wanted; i++) {
        if (!broker->partitions[i].reachable)
            continue;
        if (seen++ == fc_spread(reachable, wanted, s->count))
            s->slices[s->count++].id = broker->partitions[i].id;
    }
    return FC_OK;
}

/* Leaves out what is empty, and all but as many as there are rows to take. */
static void drop_empty(struct kafka_sampling *s)
{
    size_t full = 0;

    for (size_t i = 0; i < s->count; i++)
        if (s->slices[i].begin < s->slices[i].end)
            s->slices[full++] = s->slices[i];
    size_t wanted = (int64_t)full > s->rows_left ? (size_t)s->rows_left : full;
    for (size_t i = 0; i < wanted; i++)
        s->slices[i] = s->slices[fc_spread(full, wanted, i)];
    s->count = wanted;
}

/* Rows are shared out evenly; what a small partition cannot use goes to the others. */
static void share_out(struct kafka_sampling *s)
{
    int64_t left = s->rows_left;
    size_t open = s->count;

    for (size_t i = 0; i < s->count; i++)
        s->slices[i].start = s->slices[i].end;
    while (left > 0 && open > 0) {
        int64_t each = left / (int64_t)open > 0 ? left / (int64_t)open : 1;
        open = 0;
        for (size_t i = 0; i < s->count && left > 0; i++) {
            struct slice *slice = &s->slices[i];
            int64_t room = slice->start - slice->begin;
            int64_t take = room < each ? room : each;
            take = take < left ? take : left;
            slice->start -= take;
            left -= take;
            open += slice->start > slice->begin;
        }
    }
}

static struct slice *slice_of(struct kafka_sampling *s, int32_t id)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->slices[i].id == id)
            return &s->slices[i];
    return NULL;
}

static fc_rc give(struct kafka_sampling *s, const rd_kafka_message_t *from, struct fc_error *err)
{
    char partition[12], offset[24];
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    struct fc_message message = {
        .value = {.ptr = from->payload, .len = from->len},
        .null = !from->payload,
        .key = {.ptr = from->key, .len = from->key_len},
        .partition = partition,
        .offset = offset,
        .time_ms = rd_kafka_message_timestamp(from, &type),
    };

    if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
        message.time_ms = -1;
    (void)snprintf(partition, sizeof(partition), "%" PRId32, from->partition);
    (void)snprintf(offset, sizeof(offset), "%" PRId64, from->offset);
    s->stats->bytes_read += (int64_t)(from->len + from->key_len);
    s->rows_left--;
    return s->fn(s->ctx, &message, err);
}

/* What came from the queue: a message, the end of a partition, or an error. */
static fc_rc take(struct kafka_sampling *s, const rd_kafka_message_t *message, struct fc_error *err)
{
    struct slice *slice = slice_of(s, message->partition);
    fc_rc rc = FC_OK;

    /* The end; or what was to be read has just expired. */
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
        message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        if (slice)
            slice->done = true;
        return FC_OK;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fc_kafka_fail(s->broker, message->err, "reading", err);
    /* What was written since the ends were asked for is left to the next probe. */
    if (!slice || slice->done || s->rows_left == 0)
        return FC_OK;
    if (message->offset < slice->end) {
        slice->rows++;
        rc = give(s, message, err);
    }
    slice->done = message->offset + 1 >= slice->end;
    return rc;
}

static bool is_over(struct kafka_sampling *s)
{
    bool waiting = false;

    if (s->rows_left == 0)
        return true;
    for (size_t i = 0; i < s->count; i++)
        waiting = waiting || (s->slices[i].running && !s->slices[i].done);
    if (waiting && (fc_kafka_left_ms(s->broker, 1) == 0 ||
                    (s->bytes_limit > 0 && s->stats->bytes_read >= s->bytes_limit)))
        s->stats->cut = true;
    return !waiting || s->stats->cut;
}

static fc_rc drain(struct kafka_sampling *s, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    while (rc == FC_OK && !is_over(s)) {
        rd_kafka_message_t *message =
            rd_kafka_consume_queue(s->queue, fc_kafka_left_ms(s->broker, POLL_MS));
        if (message) {
            rc = take(s, message, err);
            rd_kafka_message_destroy(message);
        } else if (fc_kafka_is_hopeless(s->broker)) {
            rc = fc_kafka_fail(s->broker, RD_KAFKA_RESP_ERR__TRANSPORT, "reading", err);
        }
    }
    return rc;
}

static fc_rc start(struct kafka_sampling *s, struct fc_error *err)
{
    for (size_t i = 0; i < s->count; i++) {
        struct slice *slice = &s->slices[i];
        if (slice->done || slice->start == slice->end)
            continue;
        if (rd_kafka_consume_start_queue(s->broker->handle, slice->id, slice->start, s->queue) != 0)
            return fc_kafka_fail(s->broker, rd_kafka_last_error(), "reading", err);
        slice->running = true;
    }
    return FC_OK;
}

static void stop(struct kafka_sampling *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->slices[i].running)
            (void)rd_kafka_consume_stop(s->broker->handle, s->slices[i].id);
        s->slices[i].running = false;
    }
}

/* Partitions that gave nothing are looked at from further back. False when there are none. */
static bool look_further(struct kafka_sampling *s)
{
    bool again = false;

    for (size_t i = 0; i < s->count; i++) {
        struct slice *slice = &s->slices[i];
        if (slice->rows > 0 || slice->start == slice->begin)
            continue;
        int64_t behind = slice->end - slice->start;
        int64_t room = slice->start - slice->begin;
        slice->start -= room / LOOK_FACTOR < behind ? room : behind * LOOK_FACTOR;
        slice->done = false;
        again = true;
    }
    return again;
}

static fc_rc sample(struct kafka_sampling *s, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    share_out(s);
    for (int look = 0; rc == FC_OK && look < LOOKS_MAX && !s->stats->cut; look++) {
        if (look > 0 && (s->rows_left == 0 || !look_further(s)))
            break;
        rc = start(s, err);
        if (rc == FC_OK)
            rc = drain(s, err);
        stop(s);
    }
    return rc;
}

fc_rc fc_kafka_sample(struct fc_broker *self, fc_message_fn fn, void *ctx,
                      struct fc_sample_stats *ret, struct fc_error *err)
{
    const Feast__Worker__V1__Limits *limits = self->env->limits;
    struct kafka_sampling s = {.broker = self, .fn = fn, .ctx = ctx, .stats = ret};

    *ret = (struct fc_sample_stats){.cut = false};
    s.rows_left = limits && limits->rows > 0 && limits->rows < INT32_MAX ? (int64_t)limits->rows
                                                                         : ROWS_DEFAULT;
    s.bytes_limit = limits && limits->bytes < INT64_MAX ? (int64_t)limits->bytes : 0;
    fc_rc rc = choose(&s, err);
    if (rc == FC_OK)
        rc = ask_offsets(&s, RD_KAFKA_OFFSET_END, err);
    if (rc == FC_OK)
        rc = ask_offsets(&s, RD_KAFKA_OFFSET_BEGINNING, err);
    if (rc != FC_OK)
        return rc;
    drop_empty(&s);
    s.queue = rd_kafka_queue_new(self->client);
    rc = sample(&s, err);
    rd_kafka_queue_destroy(s.queue);
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream from given positions, for ever: one shard after the other is asked, no faster than the service allows to
 * each (five times and two megabytes a second). The positions are the caller's to keep; no consumer is registered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "worker/sources/kinesis.h"
#include "worker/sources/kinesis_batch.h"

#define MESSAGES_DEFAULT 1000
#define SCRATCH_MAX      ((size_t)128 << 20)
#define HELD_MAX         ((size_t)256 << 20)
/* Between two requests to a shard: while there is more, and when there is not, so that others can read it too. */
#define BUSY_NS (210 * FC_NS_PER_MS)
#define IDLE_NS (500 * FC_NS_PER_MS)
/* What a shard gives. */
#define BYTES_A_SECOND 2000000
/* How often shards are looked for that must be there. */
#define LIST_NS FC_NS_PER_S
/* After a refusal; it doubles. */
#define BACKOFF_NS     (100 * FC_NS_PER_MS)
#define BACKOFF_MAX_NS (10 * FC_NS_PER_S)
#define BACKOFF_STEPS  7
/* Refusals in a row before they are worth telling: one now and then is a matter of course. */
#define TROUBLE_AFTER 2

struct consumption {
    struct fc_broker *broker;
    struct fc_arena *scratch; /**< of one request */
    struct fc_kinesis_batch batch;
    bool begun;
    int64_t list_at;                            /**< monotonic; 0: there is no need */
    int64_t pause_until;                        /**< monotonic */
    unsigned failures;                          /**< of the service as a whole, in a row */
    const struct fc_kinesis_followed *troubled; /**< whose trouble is told; NULL: the service's */
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the records of a stream");
}

static int64_t now(const struct consumption *c)
{
    return fc_monotonic_ns(c->broker->env->sys);
}

/* Spread, so that several readers do not come back at once. */
static int64_t backoff(const struct consumption *c, unsigned failures)
{
    const struct fc_sys *sys = c->broker->env->sys;
    int64_t wait = BACKOFF_NS << (failures < BACKOFF_STEPS ? failures : BACKOFF_STEPS);
    uint16_t spread = 0;

    if (wait > BACKOFF_MAX_NS)
        wait = BACKOFF_MAX_NS;
    if (sys->random(sys->ctx, &spread, sizeof(spread)) != 0)
        spread = UINT16_MAX;
    return wait / 2 + wait / 2 * spread / UINT16_MAX;
}

static void tell(struct consumption *c, const struct fc_kinesis_followed *shard, unsigned failures,
                 const struct fc_error *err)
{
    if (failures < TROUBLE_AFTER)
        return;
    (void)snprintf(c->batch.trouble, sizeof(c->batch.trouble), "%.1000s", err->message);
    c->troubled = shard;
}

/* The service has answered; `shard` is NULL when it was asked about none. */
static void all_is_well(struct consumption *c, struct fc_kinesis_followed *shard)
{
    c->failures = 0;
    if (shard)
        shard->failures = 0;
    if (!c->troubled || c->troubled == shard)
        c->batch.trouble[0] = '\0';
}

static void forget_iterator(struct fc_kinesis_followed *shard)
{
    free(shard->iterator);
    shard->iterator = NULL;
}

/* The number is of another stream, which had the same name. */
static void start_over(struct fc_kinesis_followed *shard)
{
    shard->at = (struct fc_kinesis_position){.where = FC_KINESIS_BEGIN};
    shard->dirty = true;
}

/* What ends the reading, and what passes. `shard` is NULL when none was asked about. */
static fc_rc refused(struct consumption *c, struct fc_kinesis_followed *shard, fc_rc rc,
                     struct fc_error *err)
{
    enum fc_kinesis_refusal refusal = c->broker->refusal;
    bool of_service = refusal == FC_KINESIS_PASSING || !shard;

    if (refusal == FC_KINESIS_FINAL || (refusal == FC_KINESIS_NO_STREAM && !shard))
        return rc;
    if (of_service) {
        c->failures++;
        c->pause_until = now(c) + backoff(c, c->failures);
        tell(c, NULL, c->failures, err);
        return FC_OK;
    }
    shard->failures++;
    shard->due_at = now(c) + backoff(c, shard->failures);
    tell(c, shard, shard->failures, err);
    if (refusal == FC_KINESIS_NO_STREAM) {
        shard->missing = true;
        c->list_at = now(c);
    }
    if (refusal == FC_KINESIS_NOT_VALID && !shard->iterator &&
        (shard->at.where == FC_KINESIS_AFTER || shard->at.where == FC_KINESIS_AT))
        start_over(shard);
    if (refusal == FC_KINESIS_NOT_VALID || refusal == FC_KINESIS_EXPIRED)
        forget_iterator(shard);
    if (refusal == FC_KINESIS_EXPIRED && shard->failures == 1)
        shard->due_at = now(c);
    return FC_OK;
}

static void settle(struct consumption *c)
{
    c->list_at = fc_kinesis_shards_settle(&c->batch.shards) ? now(c) + LIST_NS : 0;
}

static void end_shard(struct consumption *c, struct fc_kinesis_followed *shard)
{
    fc_kinesis_shards_end(shard);
    all_is_well(c, shard);
    settle(c);
    if (c->list_at != 0)
        c->list_at = now(c);
}

static fc_rc keep_shard(void *ctx, const json_t *shard, struct fc_error *err)
{
    json_t *copy = json_deep_copy(shard);

    return copy && json_array_append_new(ctx, copy) == 0 ? FC_OK : no_memory(err);
}

static fc_rc begin(struct consumption *c, struct fc_error *err)
{
    const struct fc_consume_options *o = c->batch.options;
    enum fc_broker_start start = o->start;

    /* The service does not look into the future. */
    if (start == FC_BROKER_AT_TIME && o->time_ms > fc_now_ns(c->broker->env->sys) / FC_NS_PER_MS)
        start = FC_BROKER_LATEST;
    c->begun = true;
    return fc_kinesis_shards_begin(&c->batch.shards, o, start, fc_kinesis_name(c->broker), err);
}

/* Shards that the service did not know, and does not list: they have expired. */
static void end_missing(struct consumption *c)
{
    for (size_t i = 0; i < c->batch.shards.count; i++) {
        struct fc_kinesis_followed *one = c->batch.shards.all[i];
        if (one->missing && !one->listed && one->state == FC_KINESIS_READING) {
            fc_kinesis_shards_end(one);
            all_is_well(c, one);
        }
        one->missing = false;
    }
}

static fc_rc list(struct consumption *c, struct fc_error *err)
{
    FC_CLEANUP(fc_json_freep) json_t *listed = json_array(), *one = NULL;
    struct fc_kinesis_shards *shards = &c->batch.shards;
    size_t index = 0;

    if (!listed)
        return no_memory(err);
    /* Messages point to shards. */
    fc_rc rc = c->batch.count > 0 ? fc_kinesis_batch_flush(&c->batch, err) : FC_OK;
    if (rc != FC_OK)
        return rc;
    fc_arena_reset(c->scratch);
    rc = fc_kinesis_list(c->broker, c->scratch, keep_shard, listed, err);
    if (rc != FC_OK)
        return refused(c, NULL, rc, err);
    all_is_well(c, NULL);
    fc_kinesis_shards_list(shards);
    json_array_foreach (listed, index, one) {
        rc = fc_kinesis_shards_take(shards, one, err);
        if (rc != FC_OK)
            return rc;
    }
    fc_kinesis_shards_listed(shards);
    if (!c->begun)
        rc = begin(c, err);
    end_missing(c);
    settle(c);
    return rc;
}

static json_t *iterator_input(const struct fc_broker *broker,
                              const struct fc_kinesis_followed *shard)
{
    static const char *const TYPES[] = {
        [FC_KINESIS_BEGIN] = "TRIM_HORIZON",
        [FC_KINESIS_TIME] = "AT_TIMESTAMP",
        [FC_KINESIS_AFTER] = "AFTER_SEQUENCE_NUMBER",
        [FC_KINESIS_AT] = "AT_SEQUENCE_NUMBER",
        [FC_KINESIS_LATEST] = "LATEST",
    };
    const struct fc_kinesis_position *at = &shard->at;
    json_t *input = json_pack("{s:s, s:s, s:s}", "StreamName", broker->stream, "ShardId", shard->id,
                              "ShardIteratorType", TYPES[at->where]);

    if (input && at->where == FC_KINESIS_TIME)
        json_object_set_new(input, "Timestamp", json_real((double)at->time_ms / 1000));
    if (input && (at->where == FC_KINESIS_AFTER || at->where == FC_KINESIS_AT))
        json_object_set_new(input, "StartingSequenceNumber", json_string(at->number));
    return input;
}

/*
 * Until a record comes Kinesis has no name for the place of an iterator, so that it is a moment: of the service's clock,
 * which it tells to the second, and not after the place. What came in this second is read rather than lost.
 */
static int64_t latest_ms(const struct consumption *c, int64_t asked_ns)
{
    int64_t took_ns = now(c) - asked_ns, told_ms = c->broker->answered_ms;
    int64_t answered_ms = told_ms >= 0 ? told_ms : fc_now_ns(c->broker->env->sys) / FC_NS_PER_MS;

    return answered_ms - took_ns / FC_NS_PER_MS - 1;
}

/* `*ret_given` is false when it was refused. */
static fc_rc find_iterator(struct consumption *c, struct fc_kinesis_followed *shard,
                           bool *ret_given, struct fc_error *err)
{
    FC_CLEANUP(fc_json_freep) json_t *answer = NULL;
    int64_t asked_ns = now(c);

    *ret_given = shard->iterator != NULL;
    if (shard->iterator)
        return FC_OK;
    fc_rc rc = fc_kinesis_call(c->broker, "GetShardIterator", iterator_input(c->broker, shard),
                               "asking where to begin", c->scratch, &answer, err);
    if (rc != FC_OK)
        return refused(c, shard, rc, err);
    const char *text = json_string_value(json_object_get(answer, "ShardIterator"));
    shard->iterator = strdup(text ? text : "");
    if (!shard->iterator)
        return no_memory(err);
    if (shard->at.where == FC_KINESIS_LATEST) {
        shard->at = (struct fc_kinesis_position){.where = FC_KINESIS_TIME,
                                                 .time_ms = latest_ms(c, asked_ns)};
        shard->dirty = true;
    }
    *ret_given = true;
    return FC_OK;
}

static int64_t pace(const json_t *records, int64_t behind_ms)
{
    const json_t *one = NULL;
    size_t index = 0, bytes = 0;

    json_array_foreach (records, index, one)
        bytes += json_string_length(json_object_get(one, "Data")) / 4 * 3;
    int64_t owed = (int64_t)bytes * (FC_NS_PER_S / BYTES_A_SECOND);
    int64_t usual = index > 0 || behind_ms > 0 ? BUSY_NS : IDLE_NS;
    return owed > usual ? owed : usual;
}

static fc_rc take_answer(struct consumption *c, struct fc_kinesis_followed *shard,
                         const json_t *answer, struct fc_error *err)
{
    const json_t *records = json_object_get(answer, "Records");
    const json_t *behind = json_object_get(answer, "MillisBehindLatest");
    const char *next = json_string_value(json_object_get(answer, "NextShardIterator"));
    size_t count = json_array_size(records);

    shard->behind_ms = json_is_integer(behind) ? json_integer_value(behind) : -1;
    shard->due_at += pace(records, shard->behind_ms);
    forget_iterator(shard);
    if (next) {
        shard->iterator = strdup(next);
        if (!shard->iterator)
            return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        c->batch.left = count - i - 1;
        fc_rc rc = fc_kinesis_batch_take(&c->batch, shard, json_array_get(records, i), err);
        if (rc != FC_OK)
            return rc;
    }
    all_is_well(c, shard);
    if (!next)
        end_shard(c, shard);
    return FC_OK;
}

static fc_rc read_shard(struct consumption *c, struct fc_kinesis_followed *shard,
                        struct fc_error *err)
{
    FC_CLEANUP(fc_json_freep) json_t *answer = NULL;
    bool placed = fc_kinesis_is_placed(shard), given = false;

    fc_arena_reset(c->scratch);
    fc_rc rc = find_iterator(c, shard, &given, err);
    if (rc != FC_OK || !given || !placed)
        return rc;
    shard->due_at = now(c);
    rc = fc_kinesis_call(c->broker, "GetRecords",
                         json_pack("{s:s}", "ShardIterator", shard->iterator), "reading",
                         c->scratch, &answer, err);
    if (rc != FC_OK)
        return refused(c, shard, rc, err);
    return take_answer(c, shard, answer, err);
}

/* Which of two is to be asked first: none is read while it is not known where all of them begin. */
static bool is_before(const struct fc_kinesis_followed *one,
                      const struct fc_kinesis_followed *other)
{
    bool placed = fc_kinesis_is_placed(one);

    return placed == fc_kinesis_is_placed(other) ? one->due_at < other->due_at : !placed;
}

/* The shard that is to be asked first, and when. */
static struct fc_kinesis_followed *first_due(const struct consumption *c)
{
    struct fc_kinesis_followed *first = NULL;

    for (size_t i = 0; i < c->batch.shards.count; i++) {
        struct fc_kinesis_followed *one = c->batch.shards.all[i];
        if (one->state == FC_KINESIS_READING && (!first || is_before(one, first)))
            first = one;
    }
    return first;
}

static void wait_until(const struct consumption *c, int64_t at)
{
    int64_t left = at - now(c);
    const struct timespec pause = {.tv_sec = left / FC_NS_PER_S, .tv_nsec = left % FC_NS_PER_S};

    if (left > 0)
        (void)nanosleep(&pause, NULL);
}

static fc_rc step(struct consumption *c, struct fc_error *err)
{
    struct fc_kinesis_followed *shard = first_due(c);
    int64_t next = c->batch.flush_at, t = now(c);
    fc_rc rc = FC_OK;

    if (c->batch.count == 0)
        fc_arena_reset(c->batch.held);
    if (c->list_at != 0 && (!shard || c->list_at <= shard->due_at))
        shard = NULL;
    int64_t due = shard ? shard->due_at : c->list_at != 0 ? c->list_at : next;
    if (due < c->pause_until)
        due = c->pause_until;
    if (due > t || (!shard && c->list_at == 0))
        wait_until(c, due < next ? due : next);
    else
        rc = shard ? read_shard(c, shard, err) : list(c, err);
    if (rc == FC_OK && now(c) >= c->batch.flush_at)
        rc = fc_kinesis_batch_flush(&c->batch, err);
    return rc;
}

static void consumption_done(struct consumption *c)
{
    fc_kinesis_shards_done(&c->batch.shards);
    free(c->batch.messages);
    fc_arena_free(c->batch.held);
    fc_arena_free(c->scratch);
}

/* The one there is has the deadline of `open`. */
static fc_rc renew_client(struct fc_broker *self, struct fc_error *err)
{
    const struct fc_http_options options = {.access = self->env->access, .sys = self->env->sys};

    fc_http_free(self->http);
    self->http = NULL;
    self->following = true;
    return fc_http_new(&options, &self->http, err);
}

fc_rc fc_kinesis_consume(struct fc_broker *self, const struct fc_consume_options *options,
                         fc_consume_fn fn, void *ctx, struct fc_error *err)
{
    FC_CLEANUP(consumption_done)
    struct consumption c = {.broker = self};

    fc_rc rc = renew_client(self, err);
    if (rc != FC_OK)
        return rc;
    c.batch = (struct fc_kinesis_batch){
        .broker = self, .options = options, .fn = fn, .ctx = ctx, .most = MESSAGES_DEFAULT};
    if (options->messages > 0)
        c.batch.most = options->messages;
    c.scratch = fc_arena_new(SCRATCH_MAX);
    c.batch.held = fc_arena_new(HELD_MAX);
    c.batch.messages = calloc(c.batch.most, sizeof *c.batch.messages);
    if (!c.scratch || !c.batch.held || !c.batch.messages)
        return no_memory(err);
    c.list_at = c.batch.flush_at = now(&c);
    while (rc == FC_OK)
        rc = step(&c, err);
    return rc;
}

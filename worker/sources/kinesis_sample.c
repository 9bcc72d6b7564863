/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest records of a stream. A shard cannot be read backwards, so each is read from a moment ago; if that gives
 * too little, from longer ago, at last from its beginning. What is kept of a shard is the end of what was read.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sources/kinesis.h"
#include "worker/sources/kpl.h"
#include "worker/sources/spread.h"

#define ROWS_DEFAULT 1000
#define SHARDS_READ  16
/* A shard with so many records of late is not read from longer ago. */
#define ENOUGH 50
/* The service's own limit of one answer. */
#define LIMIT_MAX 10000
/* Answers without a record mean nothing but that there was none for some time. */
#define PAGES_MAX   40
#define SCRATCH_MAX ((size_t)256 << 20)

/* Seconds ago; 0: from the beginning. */
static const int64_t LOOKS[] = {60, 3600, 0};

struct kinesis_sampling {
    struct fc_broker *broker;
    struct fc_arena *scratch; /**< of the shard being read */
    int64_t rows_left, bytes_limit;
    fc_message_fn fn;
    void *ctx;
    struct fc_sample_stats *stats;
    size_t given;
    uint64_t packed; /**< records that hold others */
    struct fc_message message;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the records of a stream");
}

/* What was read in time is given, however late it is by then. */
static bool is_full(struct kinesis_sampling *s)
{
    bool enough = s->bytes_limit > 0 && s->stats->bytes_read >= s->bytes_limit;

    if (enough)
        s->stats->cut = true;
    return enough || s->rows_left == 0;
}

static bool is_over(struct kinesis_sampling *s)
{
    if (fc_monotonic_ns(s->broker->env->sys) >= s->broker->deadline_ns)
        s->stats->cut = true;
    return is_full(s) || s->stats->cut;
}

/* Throttling is sat out for as long as there is time. */
static bool ran_out_of_time(const struct kinesis_sampling *s, const struct fc_error *err)
{
    return s->broker->refusal == FC_KINESIS_THROTTLED || err->reason == FC_REASON_DEADLINE_EXCEEDED;
}

static fc_rc give(void *ctx, fc_str key, fc_str data, struct fc_error *err)
{
    struct kinesis_sampling *s = ctx;

    if (s->rows_left == 0)
        return FC_OK;
    s->rows_left--;
    s->given++;
    s->message.key = key;
    s->message.value = data;
    return s->fn(s->ctx, &s->message, err);
}

static fc_rc give_record(struct kinesis_sampling *s, const char *shard, const json_t *record,
                         struct fc_error *err)
{
    fc_rc rc = fc_kinesis_record(s->broker, shard, record, s->scratch, &s->message, err);

    if (rc != FC_OK)
        return rc;
    const fc_str data = s->message.value;
    s->stats->bytes_read += (int64_t)data.len;
    if (!fc_kpl_is(data))
        return give(s, s->message.key, data, err);
    s->packed++;
    return fc_kpl_read(data, give, s, err);
}

/* The last `most` of the records that were read. */
static fc_rc give_records(struct kinesis_sampling *s, const char *shard, const json_t *records,
                          size_t most, struct fc_error *err)
{
    size_t count = json_array_size(records);
    fc_rc rc = FC_OK;

    for (size_t i = count > most ? count - most : 0; rc == FC_OK && i < count && !is_full(s); i++)
        rc = give_record(s, shard, json_array_get(records, i), err);
    return rc;
}

static fc_rc iterator(struct kinesis_sampling *s, const char *shard, int64_t ago_s,
                      const char **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_json_freep) json_t *answer = NULL;
    struct fc_broker *broker = s->broker;
    double from = (double)fc_now_ns(broker->env->sys) / FC_NS_PER_S - (double)ago_s;
    json_t *input = json_pack("{s:s, s:s, s:s}", "StreamName", broker->stream, "ShardId", shard,
                              "ShardIteratorType", ago_s == 0 ? "TRIM_HORIZON" : "AT_TIMESTAMP");

    if (input && ago_s > 0)
        json_object_set_new(input, "Timestamp", json_real(floor(from)));
    fc_rc rc = fc_kinesis_call(broker, "GetShardIterator", input, "asking where to begin",
                               s->scratch, &answer, err);
    if (rc != FC_OK)
        return rc;
    const char *text = json_string_value(json_object_get(answer, "ShardIterator"));
    if (!text)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s cannot be read",
                       fc_kinesis_name(broker), shard);
    *ret = fc_arena_strdup(s->scratch, text);
    return *ret ? FC_OK : no_memory(err);
}

/* Where the next answer begins; NULL at the end of the shard, or of what there is now. */
static const char *next_of(struct kinesis_sampling *s, const json_t *answer)
{
    const char *next = json_string_value(json_object_get(answer, "NextShardIterator"));
    json_int_t behind = json_integer_value(json_object_get(answer, "MillisBehindLatest"));

    return next && behind > 0 ? fc_arena_strdup(s->scratch, next) : NULL;
}

/* Records from `ago_s` on, no more than `most`. */
static fc_rc read_from(struct kinesis_sampling *s, const char *shard, int64_t ago_s, size_t most,
                       json_t *records, struct fc_error *err)
{
    const char *at = NULL;
    fc_rc rc = iterator(s, shard, ago_s, &at, err);

    for (int page = 0; rc == FC_OK && at && page < PAGES_MAX && !is_over(s); page++) {
        FC_CLEANUP(fc_json_freep) json_t *answer = NULL;
        size_t left = most - json_array_size(records);
        json_t *input = json_pack("{s:s, s:I}", "ShardIterator", at, "Limit",
                                  (json_int_t)(left < LIMIT_MAX ? left : LIMIT_MAX));
        rc = fc_kinesis_call(s->broker, "GetRecords", input, "reading", s->scratch, &answer, err);
        if (rc != FC_OK)
            break;
        json_array_extend(records, json_object_get(answer, "Records"));
        at = json_array_size(records) < most ? next_of(s, answer) : NULL;
    }
    return rc;
}

static fc_rc read_shard(struct kinesis_sampling *s, const char *shard, size_t share,
                        struct fc_error *err)
{
    FC_CLEANUP(fc_json_freep) json_t *best = json_array();
    size_t enough = share < ENOUGH ? share : ENOUGH;
    fc_rc rc = best ? FC_OK : no_memory(err);

    fc_arena_reset(s->scratch);
    for (size_t i = 0; rc == FC_OK && i < FC_ARRAY_LEN(LOOKS) && !is_over(s); i++) {
        FC_CLEANUP(fc_json_freep) json_t *records = json_array();
        rc = records ? read_from(s, shard, LOOKS[i], share, records, err) : no_memory(err);
        size_t read = s->given + json_array_size(best) + json_array_size(records);
        if (rc != FC_OK && ran_out_of_time(s, err) && read > 0) {
            s->stats->cut = true;
            rc = FC_OK;
        }
        bool partial = s->stats->cut || (LOOKS[i] == 0 && json_array_size(records) >= share);
        /* A few that are new say more than many that are older, or about to expire. */
        if (rc != FC_OK || (partial && json_array_size(best) > 0))
            break;
        json_decref(best);
        best = fc_steal(records);
        if (json_array_size(best) >= enough)
            break;
    }
    return rc == FC_OK ? give_records(s, shard, best, share, err) : rc;
}

static fc_rc read_shards(struct kinesis_sampling *s, size_t first, size_t count,
                         struct fc_error *err)
{
    size_t wanted = count < SHARDS_READ ? count : SHARDS_READ;
    fc_rc rc = FC_OK;

    if ((int64_t)wanted > s->rows_left)
        wanted = (size_t)s->rows_left;
    for (size_t i = 0; rc == FC_OK && i < wanted && !is_over(s); i++) {
        size_t parts = wanted - i;
        size_t share = ((size_t)s->rows_left + parts - 1) / parts;
        rc = read_shard(s, s->broker->shards[first + fc_spread(count, wanted, i)].id, share, err);
    }
    return rc;
}

static void remark(struct kinesis_sampling *s)
{
    if (s->packed > 0)
        s->broker->remark = fc_arena_printf(
            s->broker->arena,
            "%" PRIu64 " records were packed by the Kinesis Producer Library and unpacked here",
            s->packed);
}

fc_rc fc_kinesis_sample(struct fc_broker *self, fc_message_fn fn, void *ctx,
                        struct fc_sample_stats *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *scratch = fc_arena_new(SCRATCH_MAX);
    const Feast__Worker__V1__Limits *limits = self->env->limits;
    struct kinesis_sampling s = {
        .broker = self, .scratch = scratch, .fn = fn, .ctx = ctx, .stats = ret};

    *ret = (struct fc_sample_stats){.cut = false};
    if (!scratch)
        return no_memory(err);
    s.rows_left = limits && limits->rows > 0 && limits->rows < INT32_MAX ? (int64_t)limits->rows
                                                                         : ROWS_DEFAULT;
    s.bytes_limit = limits && limits->bytes < INT64_MAX ? (int64_t)limits->bytes : 0;
    fc_rc rc = read_shards(&s, 0, self->open_count, err);
    /* After a stream was split or merged, all there is may lie in shards that are closed. */
    if (rc == FC_OK && s.rows_left > 0 && !is_over(&s))
        rc = read_shards(&s, self->open_count, self->shard_count - self->open_count, err);
    remark(&s);
    return rc;
}

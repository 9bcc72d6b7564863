/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of the Kinesis broker share. */
#pragma once

#include <jansson.h>

#include "worker/net/aws.h"
#include "worker/sources/broker.h"

/** What the last call that failed met. */
enum fc_kinesis_refusal {
    FC_KINESIS_FINAL,     /**< asking again helps nothing */
    FC_KINESIS_PASSING,   /**< no answer, or one that tells of a fault of the service */
    FC_KINESIS_THROTTLED, /**< too many requests or readers */
    FC_KINESIS_NO_STREAM, /**< nor such a shard */
    FC_KINESIS_EXPIRED,   /**< an iterator, or a place in the list of shards, after five minutes */
    FC_KINESIS_NOT_VALID, /**< an iterator, a sequence number, a moment */
};

struct fc_kinesis_shard {
    const char *id;
    bool closed; /**< split or merged away; it is read until its records expire */
};

struct fc_broker {
    const struct fc_source_env *env;
    struct fc_arena *arena;
    struct fc_http *http;
    int64_t deadline_ns;
    const char *stream, *region;
    const char *url;
    bool endpoint;                   /**< `url` is the operator's */
    struct fc_kinesis_shard *shards; /**< open ones first */
    size_t shard_count, open_count;
    const char *remark; /**< NULL for none */
    const char *name;   /**< "stream "s" in eu-west-1" */
    bool following;     /**< calls are tried once: the reading has patience of its own */
    enum fc_kinesis_refusal refusal;
    int64_t answered_ms; /**< the last answer, by the service's clock (fc_http_date_ms) */
};

static inline void fc_json_freep(json_t **json)
{
    json_decref(*json);
}

/**
 * One action, tried again while the service asks for patience. `input` is taken over. `doing` is for errors: "asking for
 * its shards".
 */
FC_MUST fc_rc fc_kinesis_call(struct fc_broker *self, const char *action, json_t *input,
                              const char *doing, struct fc_arena *scratch, json_t **ret,
                              struct fc_error *err);

/** For people: which stream. */
const char *fc_kinesis_name(const struct fc_broker *self);

/** Each shard that the stream has, open or closed, as ListShards describes it. */
typedef fc_rc (*fc_kinesis_shard_fn)(void *ctx, const json_t *shard, struct fc_error *err);
FC_MUST fc_rc fc_kinesis_list(struct fc_broker *self, struct fc_arena *scratch,
                              fc_kinesis_shard_fn fn, void *ctx, struct fc_error *err);

/** Whether the shard was split or merged away. */
bool fc_kinesis_is_closed(const json_t *shard);

/**
 * A record as a message, its data decoded into the arena and not split; key, partition and offset are borrowed.
 * SOURCE_INVALID when it is no base64.
 */
FC_MUST fc_rc fc_kinesis_record(const struct fc_broker *self, const char *shard,
                                const json_t *record, struct fc_arena *arena,
                                struct fc_message *ret, struct fc_error *err);

/** fc_broker_ops.sample */
fc_rc fc_kinesis_sample(struct fc_broker *self, fc_message_fn fn, void *ctx,
                        struct fc_sample_stats *ret, struct fc_error *err);

/** fc_broker_ops.consume */
fc_rc fc_kinesis_consume(struct fc_broker *self, const struct fc_consume_options *options,
                         fc_consume_fn fn, void *ctx, struct fc_error *err);

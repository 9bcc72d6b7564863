/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of the Kinesis broker share. */
#pragma once

#include <jansson.h>

#include "worker/net/aws.h"
#include "worker/sources/broker.h"

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

/** "stream s in eu-west-1" */
const char *fc_kinesis_name(const struct fc_broker *self);

/** fc_broker_ops.sample */
fc_rc fc_kinesis_sample(struct fc_broker *self, fc_message_fn fn, void *ctx,
                        struct fc_sample_stats *ret, struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/** From records of shards to the batches of a reading. */
#pragma once

#include "worker/sources/kinesis_shards.h"

struct fc_broker;

struct fc_kinesis_batch {
    const struct fc_broker *broker;
    const struct fc_consume_options *options;
    fc_consume_fn fn;
    void *ctx;
    struct fc_kinesis_shards shards;
    struct fc_arena *held; /**< of the messages that are not given out yet */
    struct fc_message *messages;
    size_t count, most;
    size_t left;      /**< records of the answer at hand after this one */
    int64_t flush_at; /**< monotonic */
    int64_t lost;
    char trouble[1024]; /**< "" for none */
};

/** A record of this shard; its messages go out when the batch is full. Another code of the caller's ends it. */
FC_MUST fc_rc fc_kinesis_batch_take(struct fc_kinesis_batch *b, struct fc_kinesis_followed *shard,
                                    const json_t *record, struct fc_error *err);

/** Gives out what there is, be it nothing. */
FC_MUST fc_rc fc_kinesis_batch_flush(struct fc_kinesis_batch *b, struct fc_error *err);

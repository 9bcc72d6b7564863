/* SPDX-License-Identifier: Apache-2.0 */
/** A reading of a topic under way. */
#pragma once

#include "worker/sources/kafka.h"

struct fc_kafka_place {
    int64_t next;  /**< offset to be read next */
    bool in_batch; /**< a message of it is in the batch */
    bool moved;    /**< passed what had expired, which was not told yet */
};

/** A message of the batch, and the texts that point to it. */
struct fc_kafka_held {
    rd_kafka_message_t *raw;
    char partition[12], offset[24], next[24];
};

struct fc_kafka_consumption {
    struct fc_broker *broker;
    struct fc_arena *scratch; /**< of one call of `fn` */
    const struct fc_consume_options *options;
    fc_consume_fn fn;
    void *ctx;
    rd_kafka_queue_t *queue;
    struct fc_kafka_place *partitions; /**< by number */
    size_t partition_count;
    struct fc_kafka_held *held;
    struct fc_message *messages;
    struct fc_broker_position *next;
    size_t count, most;
    size_t bytes;                 /**< of the batch so far */
    int64_t flush_at, refresh_at; /**< monotonic */
    unsigned suspected;           /**< times in a row that the topic was not there */
    int64_t lost;
};

/** The position that the options have for it; -1 for none. SOURCE_INVALID when it is no offset. */
FC_MUST fc_rc fc_kafka_given(const struct fc_kafka_consumption *c, size_t id, int64_t *ret,
                             struct fc_error *err);

/** Where each partition begins: its position, else by the start. */
FC_MUST fc_rc fc_kafka_find_starts(struct fc_kafka_consumption *c, struct fc_error *err);

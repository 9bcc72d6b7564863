/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where messages come from: what Kafka and Kinesis have in common, so that one stream source (worker/sources/stream.c)
 * serves both with every message format.
 */
#pragma once

#include "worker/sources/source.h"

#define FC_BROKER_VERSION 1

/** One message. Borrowed until the callback returns. */
struct fc_message {
    fc_str value; /**< payload */
    bool null;    /**< a tombstone: there is no payload */
    fc_str key;
    const char *partition; /**< "3", "shardId-000000000000" */
    const char *offset;    /**< "1204", a sequence number */
    int64_t time_ms;       /**< as the broker has it; -1 when unknown */
};

typedef fc_rc (*fc_message_fn)(void *ctx, const struct fc_message *message, struct fc_error *err);

struct fc_broker;

struct fc_broker_ops {
    unsigned version; /**< FC_BROKER_VERSION */
    const char *kind; /**< "kafka" */
    /** Whether this broker has sources of this type. */
    bool (*accepts)(const Feast__Core__DataSource *source);
    /** Finds topic or stream and its partitions. Brokers down, denied, not there: SOURCE_UNREACHABLE, each told apart. */
    fc_rc (*open)(const struct fc_source_env *env, const Feast__Core__DataSource *source,
                  struct fc_arena *arena, struct fc_broker **ret, struct fc_error *err);
    /** Partitions or open shards. */
    size_t (*partitions)(const struct fc_broker *broker);
    /**
     * The newest messages, spread over partitions, within the limits of the environment (rows, bytes, deadline); joins
     * and creates nothing. None at all is FC_OK.
     */
    fc_rc (*sample)(struct fc_broker *broker, fc_message_fn fn, void *ctx,
                    struct fc_sample_stats *ret, struct fc_error *err);
    /** What is worth telling of what was seen so far, for people; in the arena of `open`, NULL for nothing. */
    const char *(*remark)(const struct fc_broker *broker);
    void (*close)(struct fc_broker *broker);
};

extern const struct fc_broker_ops fc_broker_kafka, fc_broker_kinesis;

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

/** Where to begin in a partition for which there is no position. */
enum fc_broker_start { FC_BROKER_EARLIEST, FC_BROKER_LATEST, FC_BROKER_AT_TIME };

/**
 * The next message to read of a partition. Whoever keeps positions looks into none. A Kafka offset is that of the next
 * message. Sequence numbers of Kinesis have gaps, so there it is one of
 *
 *     begin           the oldest record of the shard
 *     time:MS         the first record that arrived then or later, in milliseconds since 1970
 *     after:NUMBER    what follows this record
 *     at:NUMBER:N     in the record that the producer library packed, past the first N messages
 *     end             nothing: the shard was split or merged, and all of it was read
 */
struct fc_broker_position {
    const char *partition, *offset;
};

struct fc_consume_options {
    enum fc_broker_start start;
    int64_t time_ms;                            /**< of AT_TIME: the first message from then on */
    const struct fc_broker_position *positions; /**< where an earlier reading stopped */
    size_t position_count;
    size_t messages; /**< of a batch at most; 0 for 1000 */
    size_t bytes;    /**< of a batch that is full, about; 0 for 8 MiB */
    /** from its first message on, no batch waits longer for more; 0 for 100 ms */
    int64_t linger_ns;
    int64_t idle_ns; /**< without a message for so long there is an empty batch; 0 for linger_ns */
};

/** Messages in the order of their partitions. Borrowed until the callback returns. */
struct fc_consume_batch {
    const struct fc_message *messages;
    size_t count;
    /**
     * Where to go on after these messages: of their partitions, and of shards that began or ended, for which a batch may
     * be without a message. The first batch has it of all partitions, for the start of a second reading may find another
     * place. Kept all together or not at all.
     */
    const struct fc_broker_position *next;
    size_t next_count;
    /** Shards whose successors have begun (they are in `next`, now or earlier): their positions can be forgotten. */
    const char *const *gone;
    size_t gone_count;
    size_t partitions; /**< read at present */
    /** Messages that are there and not yet given out; -1 when it is not known. */
    int64_t behind;
    /**
     * Age of the oldest message that is there and not yet fetched, in milliseconds; 0 when there is none, -1 when it is
     * not known. Kafka tells messages, Kinesis tells time.
     */
    int64_t behind_ms;
    /** Messages known to have expired before they were read, since the reading began. */
    int64_t lost;
    const char *trouble; /**< why nothing comes at the moment; NULL when all is well */
};

/**
 * Called for each batch, and with an empty one each time that `idle_ns` passes without a message. While it runs nothing more is
 * fetched than what is buffered, so to pause is to return late. Another code than FC_OK ends the reading and is handed on.
 */
typedef fc_rc (*fc_consume_fn)(void *ctx, const struct fc_consume_batch *batch,
                               struct fc_error *err);

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
    /**
     * All messages from where the options say, for ever: until `fn` ends it, the topic is gone or access is denied. Brokers
     * that go away and come back, partitions that appear (read from their beginning), and shards that are split or merged
     * (read to their end before what follows them begins) are taken in its stride. The deadline of the environment is not
     * looked at. NULL when this broker cannot be followed.
     */
    fc_rc (*consume)(struct fc_broker *broker, const struct fc_consume_options *options,
                     fc_consume_fn fn, void *ctx, struct fc_error *err);
    /** What is worth telling of what was seen so far, for people; in the arena of `open`, NULL for nothing. */
    const char *(*remark)(const struct fc_broker *broker);
    void (*close)(struct fc_broker *broker);
};

extern const struct fc_broker_ops fc_broker_kafka, fc_broker_kinesis;

/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of the Kafka broker share: a client of one cluster that looks at one topic. */
#pragma once

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include "worker/sources/broker.h"
#include "worker/sources/kafka_config.h"

/** What the brokers refused, worst last. */
enum fc_kafka_trouble {
    FC_KAFKA_NO_TROUBLE,
    FC_KAFKA_LOST, /**< the connection broke off */
    FC_KAFKA_TLS,
    FC_KAFKA_LOGIN
};

struct fc_kafka_partition {
    int32_t id;
    int32_t leader; /**< -1: none */
    bool reachable; /**< there is a leader and it takes connections */
};

/**
 * What a client's callbacks see and find out. On the heap, for the client's threads may outlive the broker
 * (fc_kafka_client_close).
 */
struct fc_kafka_watch {
    pthread_mutex_t lock; /**< of what the client's own threads use: these */
    const struct fc_access *access;
    bool closed;      /**< nothing may be connected to any more, and `access` is gone */
    char denied[512]; /**< the address that the access policy forbids; "" for none */

    /* Of the thread that calls rd_kafka_poll. */
    enum fc_kafka_trouble trouble;
    char trouble_text[512];
    bool all_down;
};

/** NULL without memory. */
struct fc_kafka_watch *fc_kafka_watch_new(const struct fc_access *access);
void fc_kafka_watch_free(struct fc_kafka_watch *watch);
void fc_kafka_watch_set(struct fc_kafka_watch *watch, rd_kafka_conf_t *conf);

struct fc_broker {
    const struct fc_source_env *env;
    struct fc_arena *arena;
    int64_t deadline_ns;
    const char *topic;
    struct fc_kafka_servers servers; /**< as the source names them */
    struct fc_kafka_config config;
    rd_kafka_t *client;
    rd_kafka_topic_t *handle;
    struct fc_kafka_partition *partitions;
    size_t partition_count;
    size_t unreachable; /**< of them */
    const char *remark; /**< NULL for none */
    struct fc_kafka_watch *watch;
};

/**
 * A client for the servers that take connections; connects to nothing yet. One that `follows` waits for messages, where
 * one that samples would ask again and again.
 */
FC_MUST fc_rc fc_kafka_client_new(struct fc_broker *self, bool follows, struct fc_error *err);

/**
 * Ends the client. One whose threads do not end in time (a broker that answers nonsense can keep them busy for ever) is
 * left behind, and the process is spent (worker/spent.h).
 */
void fc_kafka_client_close(struct fc_broker *self);

/** Whether no further waiting helps: the login is refused, or every broker was tried in vain. */
bool fc_kafka_is_hopeless(struct fc_broker *self);

/** Milliseconds until the deadline, at least 0 and at most `most`. */
int fc_kafka_left_ms(const struct fc_broker *self, int most);

/** After a try in vain: waits a moment, and returns how long the next one may take. */
int fc_kafka_next_wait(int wait_ms);

/**
 * The error that tells best why it did not work: what the policy forbade, what the brokers refused, the deadline, else
 * `code`. `doing` is such as "asking for its partitions".
 */
fc_rc fc_kafka_fail(struct fc_broker *self, rd_kafka_resp_err_t code, const char *doing,
                    struct fc_error *err);

/** "topic t at a:9092,b:9092" */
const char *fc_kafka_name(const struct fc_broker *self);

/** The offsets of one kind or moment: RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END, or milliseconds since 1970. */
FC_MUST fc_rc fc_kafka_offsets(struct fc_broker *self, const int32_t *partitions, size_t count,
                               int64_t which, int64_t *ret, struct fc_error *err);

/** fc_broker_ops.consume */
fc_rc fc_kafka_consume(struct fc_broker *self, const struct fc_consume_options *options,
                       fc_consume_fn fn, void *ctx, struct fc_error *err);

/** fc_broker_ops.sample */
fc_rc fc_kafka_sample(struct fc_broker *self, fc_message_fn fn, void *ctx,
                      struct fc_sample_stats *ret, struct fc_error *err);

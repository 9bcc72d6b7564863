/* SPDX-License-Identifier: Apache-2.0 */
/** A stream is a broker and a format: Kafka or Kinesis, Avro or Protobuf, each pair by the same few lines. */
#pragma once

#include "worker/sources/broker.h"

/** The format that the source declares; NULL when it declares none. */
const Feast__Core__StreamFormat *fc_stream_format(const Feast__Core__DataSource *source);

/**
 * fc_source_stream's `open` with the broker given. A broker that is out of reach is no failure here: the columns can be
 * judged without it, and `sample` fails with what the broker said.
 */
FC_MUST fc_rc fc_stream_open(const struct fc_broker_ops *broker, const struct fc_source_env *env,
                             const Feast__Core__DataSource *source, struct fc_arena *arena,
                             struct fc_source **ret, struct fc_error *err);

/** Who follows a stream. Another code than FC_OK ends the reading and is handed on. */
struct fc_stream_follower {
    /** Rows in the order of their partitions, and the message that each was decoded from. Borrowed until it returns. */
    fc_rc (*rows)(void *ctx, const struct fc_batch *batch, const struct fc_message *const *messages,
                  struct fc_error *err);
    /**
     * The rows of these messages were given; a tombstone has none. Called after each batch of the broker, with an empty
     * one when nothing comes (fc_consume_fn). To pause is to return late.
     */
    fc_rc (*reached)(void *ctx, const struct fc_consume_batch *batch, struct fc_error *err);
    void *ctx;
};

/**
 * All messages from where the options say, for ever, decoded as `sample` does. The source is one of fc_source_stream,
 * described before. SOURCE_UNSUPPORTED when its broker cannot be followed; else what the broker fails with.
 */
FC_MUST fc_rc fc_stream_follow(struct fc_source *source, const char *const *columns, size_t count,
                               const struct fc_consume_options *options,
                               const struct fc_stream_follower *follower, struct fc_error *err);

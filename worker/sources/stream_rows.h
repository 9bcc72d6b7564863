/* SPDX-License-Identifier: Apache-2.0 */
/** Messages of a stream into batches of rows, the same for those that are sampled and those that are followed. */
#pragma once

#include "worker/formats/format.h"
#include "worker/sources/stream.h"

struct fc_source {
    const struct fc_source_env *env;
    struct fc_arena *arena;
    const struct fc_broker_ops *broker_ops;
    struct fc_broker *broker;  /**< NULL when it could not be reached */
    struct fc_error unreached; /**< then: why */
    const struct fc_format_ops *format_ops;
    struct fc_format *format;
    const char *location;
    struct fc_source_column *columns;
    size_t column_count;
    uint64_t messages, tombstones; /**< taken so far */
    bool sampled;
};

/** A batch in the making. Set source, and either fn or follower. */
struct fc_stream_rows {
    struct fc_source *source;
    fc_batch_fn fn; /**< of a sample: its messages are gone when it is called */
    void *ctx;
    const struct fc_stream_follower *follower; /**< its messages outlive the batch */
    struct fc_arena *arena;                    /**< of the batch */
    struct fc_source_column *columns;
    size_t column_count, row_count;
    struct fc_cell *row;    /**< the message just decoded */
    struct fc_cell **cells; /**< [column][row] */
    const struct fc_message **messages;
    const char **faults;
    bool faulty;
};

fc_rc fc_stream_no_memory(struct fc_error *err);

/** Fails with what the broker said when it could not be reached. */
FC_MUST fc_rc fc_stream_rows_begin(struct fc_stream_rows *rows, const char *const *columns,
                                   size_t count, struct fc_error *err);
/** Decodes one message; hands the batch on when it is full. A tombstone is no row. */
FC_MUST fc_rc fc_stream_rows_take(struct fc_stream_rows *rows, const struct fc_message *message,
                                  struct fc_error *err);
/** Hands on what there is. */
FC_MUST fc_rc fc_stream_rows_flush(struct fc_stream_rows *rows, struct fc_error *err);
void fc_stream_rows_done(struct fc_stream_rows *rows);

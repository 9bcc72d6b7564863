/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What stream jobs leave to those after them: how far their source has reached a store, and that one was cancelled.
 * The rules for reads and writes are those of storage/registry.h.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "storage/store.h"

/** How far a stream source has reached an online store. */
struct fc_stream_position {
    fc_str project, table_name;
    fc_str source;      /**< which stream; "" in a row that is not there */
    fc_str store;       /**< which online store */
    int64_t updated_ns; /**< since 1970; set by the put */
    fc_str positions;   /**< feast.worker.v1.Progress bytes with nothing but positions */
};

/** Makes or replaces the row of these four names. */
FC_MUST fc_rc fc_stream_position_put(struct fc_txn *txn, const struct fc_stream_position *row,
                                     struct fc_error *err);
/** `key` has the four names. `ret->source.len` is 0 when there is none. */
FC_MUST fc_rc fc_stream_position_find(struct fc_reader *reader,
                                      const struct fc_stream_position *key, struct fc_arena *arena,
                                      struct fc_stream_position *ret, struct fc_error *err);

/** A stream that somebody cancelled; it does not start by itself while its job would have this hash. */
struct fc_stream_halt {
    fc_str project, table_name;
    fc_str hash;   /**< "" in a row that is not there */
    int64_t at_ns; /**< since 1970; set by the put */
};

/** Makes or replaces that of the table. */
FC_MUST fc_rc fc_stream_halt_put(struct fc_txn *txn, const struct fc_stream_halt *row,
                                 struct fc_error *err);
/** Nothing when there is none. */
FC_MUST fc_rc fc_stream_halt_remove(struct fc_txn *txn, fc_str project, fc_str table_name,
                                    struct fc_error *err);
/** `ret->hash.len` is 0 when there is none. */
FC_MUST fc_rc fc_stream_halt_find(struct fc_reader *reader, fc_str project, fc_str table_name,
                                  struct fc_arena *arena, struct fc_stream_halt *ret,
                                  struct fc_error *err);
/** All, by project and table. */
FC_MUST fc_rc fc_stream_halt_list(struct fc_reader *reader, struct fc_arena *arena,
                                  struct fc_stream_halt **ret_rows, size_t *ret_count,
                                  struct fc_error *err);

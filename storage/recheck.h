/* SPDX-License-Identifier: Apache-2.0 */
/** When the sources of feature tables are looked at again. At most one row a table; times as fc_txn_now_ns has them. */
#pragma once

#include "base/arena.h"
#include "storage/registry.h"

struct fc_recheck_row {
    int64_t table_id;     /**< 0: there is no such row */
    int64_t next_ns;      /**< since 1970 */
    int64_t failures;     /**< looks in a row that did not end in OK */
    fc_str project, name; /**< of the table; given by fc_recheck_due alone */
};

/** Makes or replaces the row of a table. */
FC_MUST fc_rc fc_recheck_put(struct fc_txn *txn, const struct fc_recheck_row *row,
                             struct fc_error *err);
/** Nothing when there is none. */
FC_MUST fc_rc fc_recheck_remove(struct fc_txn *txn, int64_t table_id, struct fc_error *err);

FC_MUST fc_rc fc_recheck_find(struct fc_reader *reader, int64_t table_id,
                              struct fc_recheck_row *ret, struct fc_error *err);
/** Those due at `now_ns`, the longest overdue first, at most `limit`. */
FC_MUST fc_rc fc_recheck_due(struct fc_reader *reader, int64_t now_ns, size_t limit,
                             struct fc_arena *arena, struct fc_recheck_row **ret_rows,
                             size_t *ret_count, struct fc_error *err);
/** When the first one is due; INT64_MAX when there is none. */
FC_MUST fc_rc fc_recheck_first(struct fc_reader *reader, int64_t *ret_ns, struct fc_error *err);

/**
 * Live tables that were looked at, with one of the verdicts `from` to `to`, and have no row; at most `limit` ids into
 * `ret_ids`.
 */
FC_MUST fc_rc fc_recheck_missing(struct fc_reader *reader, int32_t from, int32_t to, size_t limit,
                                 int64_t *ret_ids, size_t *ret_count, struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rows of schedules: batch ingestions that are run again and again. A table has one at most; it is named, as by jobs.
 * The rules for reads and writes are those of storage/registry.h.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "storage/store.h"

struct fc_schedule_row {
    int64_t id; /**< 0: there is no such row */
    fc_str project, table_name;
    bool deleted;          /**< removed; the row stays */
    int64_t revision;      /**< grows with each change from outside */
    fc_str cron;           /**< as it was sent */
    int32_t timespan_days; /**< before each run that it covers */
    int64_t created_ns, updated_ns;
    int64_t next_ns;        /**< the first time that no run has dealt with */
    int64_t last_ns;        /**< the last time that was dealt with, 0 when there is none */
    fc_str last_job;        /**< of the last run, "" when there is none */
    int64_t passed_over;    /**< times without a run of their own, ever */
    fc_str reason, message; /**< why the last time made no job; "" when it made one */
};

/**
 * What is asked from outside: makes the row (`id` 0, which it then gets) or replaces it, deleted or not, and tells the
 * outbox.
 */
FC_MUST fc_rc fc_schedule_put(struct fc_txn *txn, struct fc_schedule_row *row,
                              struct fc_error *err);
/** What runs do: replaces a row that is there, with the revision that it has, else CANCELLED. */
FC_MUST fc_rc fc_schedule_update(struct fc_txn *txn, const struct fc_schedule_row *row,
                                 struct fc_error *err);
/** Marks the schedule of a table as deleted and tells the outbox; nothing when there is none. */
FC_MUST fc_rc fc_schedule_remove(struct fc_txn *txn, fc_str project, fc_str table_name,
                                 struct fc_arena *arena, bool *ret_removed, struct fc_error *err);

/** Deleted ones too. `ret->id` is 0 when there is none. */
FC_MUST fc_rc fc_schedule_find(struct fc_reader *reader, fc_str project, fc_str table_name,
                               struct fc_arena *arena, struct fc_schedule_row *ret,
                               struct fc_error *err);
/** The same by number. */
FC_MUST fc_rc fc_schedule_get(struct fc_reader *reader, int64_t id, struct fc_arena *arena,
                              struct fc_schedule_row *ret, struct fc_error *err);

struct fc_schedule_filter {
    fc_str project, table_name; /**< empty: any */
};
/** Those that are not deleted, by project and table. */
FC_MUST fc_rc fc_schedule_list(struct fc_reader *reader, const struct fc_schedule_filter *filter,
                               struct fc_arena *arena, struct fc_schedule_row **ret_rows,
                               size_t *ret_count, struct fc_error *err);
/** Those due at `now_ns`, the longest overdue first, at most `limit`. */
FC_MUST fc_rc fc_schedule_due(struct fc_reader *reader, int64_t now_ns, size_t limit,
                              struct fc_arena *arena, struct fc_schedule_row **ret_rows,
                              size_t *ret_count, struct fc_error *err);
/** When the first one is due after `after_ns`; INT64_MAX when none is. */
FC_MUST fc_rc fc_schedule_first(struct fc_reader *reader, int64_t after_ns, int64_t *ret_ns,
                                struct fc_error *err);
/** How many are not deleted. */
FC_MUST fc_rc fc_schedule_count(struct fc_reader *reader, int64_t *ret, struct fc_error *err);

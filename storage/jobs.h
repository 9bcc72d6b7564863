/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rows of jobs. A job is a row before it is a process, so none is lost when the server dies.
 *
 *     PENDING --> RUNNING --> DONE
 *        |           |------> ERROR
 *        |           '------> PENDING   (worker lost, tried again with backoff)
 *        '------------------> ERROR | CANCELLED, and RUNNING --> CANCELLED
 *
 * The rules for reads and writes are those of storage/registry.h.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "storage/store.h"

enum fc_job_type { FC_JOB_BATCH_INGESTION = 1, FC_JOB_STREAM_INGESTION = 2, FC_JOB_RETRIEVAL = 4 };
enum fc_job_state {
    FC_JOB_PENDING = 1,
    FC_JOB_RUNNING = 2,
    FC_JOB_DONE = 3,
    FC_JOB_ERROR = 4,
    FC_JOB_CANCELLED = 5,
};

struct fc_job_row {
    fc_str id; /**< 32 hex digits */
    enum fc_job_type type;
    enum fc_job_state state;
    fc_str project, table_name;
    fc_str hash; /**< canonical identity, facts: md5 over table and source */
    /** feast.worker.v1.WorkOrder bytes: what to run, the spec as it was at submission */
    fc_str order;
    int64_t created_ns, started_ns, ended_ns; /**< 0 when not yet */
    int64_t next_try_ns;                      /**< PENDING: not before */
    int32_t attempts;                         /**< times it was started */
    fc_str progress; /**< feast.worker.v1.Progress bytes, "" before the first */
    fc_str receipt;  /**< feast.worker.v1.Receipt bytes, "" until it ended */
    fc_str reason, error_message;
    fc_str log_uri;
};

/** True when the table above allows it. Staying in a state is no transition. */
FC_MUST bool fc_job_transition_allowed(enum fc_job_state from, enum fc_job_state to);

/** A job begins as PENDING (else INTERNAL). */
FC_MUST fc_rc fc_job_insert(struct fc_txn *txn, const struct fc_job_row *row, struct fc_error *err);

/**
 * Writes all columns; id, type and created_ns must be those of the row. Refuses a transition that is not allowed
 * (INTERNAL); JOB_NOT_FOUND.
 */
FC_MUST fc_rc fc_job_update(struct fc_txn *txn, const struct fc_job_row *row, struct fc_error *err);

/** `ret->id.len` is 0 when there is none. */
FC_MUST fc_rc fc_job_find(struct fc_reader *reader, fc_str id, struct fc_arena *arena,
                          struct fc_job_row *ret, struct fc_error *err);

struct fc_job_filter {
    fc_str project, table_name; /**< empty: any */
    bool with_terminated;       /**< DONE, ERROR and CANCELLED too */
    bool brief;                 /**< order, progress and receipt are left out */
};
/** Conjunctive; newest first. */
FC_MUST fc_rc fc_job_list(struct fc_reader *reader, const struct fc_job_filter *filter,
                          struct fc_arena *arena, struct fc_job_row **ret_rows, size_t *ret_count,
                          struct fc_error *err);

/** The last stream jobs of a table, newest first, at most `limit`; without order, progress and receipt. */
FC_MUST fc_rc fc_stream_job_last(struct fc_reader *reader, fc_str project, fc_str table_name,
                                 size_t limit, struct fc_arena *arena, struct fc_job_row **ret_rows,
                                 size_t *ret_count, struct fc_error *err);

/** A table keeps so many of its newest jobs, whatever their age. */
#define FC_JOBS_KEPT 20
/** Ids of the oldest jobs, `limit` at most, that ended before `before_ns` and are none of those. */
FC_MUST fc_rc fc_job_list_old(struct fc_reader *reader, int64_t before_ns, size_t limit,
                              struct fc_arena *arena, fc_str **ret_ids, size_t *ret_count,
                              struct fc_error *err);
/** Nothing when there is none. A job that has not ended stays. */
FC_MUST fc_rc fc_job_remove(struct fc_txn *txn, fc_str id, struct fc_error *err);

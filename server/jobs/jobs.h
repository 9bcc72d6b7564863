/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The job supervisor: makes job rows, runs them through a launcher, keeps their progress and receipts.
 *
 * One thread owns the running jobs; callers talk to it through the store and a wake-up. After a restart, rows that
 * were RUNNING are PENDING again and go on from the last place they told, if it still holds, else from the beginning:
 * ingestion is idempotent, so what is read again changes nothing.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/sys.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "server/jobs/streams.h"
#include "storage/jobs.h"
#include "storage/online/stores.h"
#include "storage/store.h"

struct fc_jobs;

struct fc_jobs_options {
    const struct fc_sys *sys;
    struct fc_store *store;
    const char *worker_path;
    /** jobs/<id>/ for logs and dead letters, scratch/ for spill, online/ for the SQLite online store */
    const char *data_dir;
    unsigned parallel; /**< batch jobs at once, further ones wait; 0 means as many as cores */
    unsigned stream_parallel; /**< the same of streams; 0 means 256 */
    int32_t max_attempts;     /**< a batch whose worker was lost is tried this often; 0 means 5 */
    int64_t backoff_ns;       /**< first pause, doubled each time, at most 5 min; 0 means 1 s */
    int64_t memory_limit;     /**< bytes a worker's engine may use; 0 means 1 GiB */
    int64_t silence_ns;       /**< a worker silent for so long counts as lost; 0 means 10 min */
    bool local_any;           /**< any local path may be read; as in struct fc_admission_options */
    const char *const *local_roots; /**< else only below these; NULL-terminated, NULL for none */
    const Feast__Worker__V1__Access *access; /**< goes with every order; borrowed; NULL for none */
    const struct fc_online_stores *stores;   /**< borrowed; NULL: the embedded store for all */
    struct fc_stream_policy streams;
    int64_t log_limit; /**< bytes of a job's log, of which two are kept; 0 means 8 MiB */
};

FC_MUST fc_rc fc_jobs_new(const struct fc_jobs_options *options, struct fc_jobs **ret,
                          struct fc_error *err);
/** Stops the workers; their rows stay RUNNING in the store, and the next server goes on with them. */
void fc_jobs_free(struct fc_jobs *jobs);
FC_DEFINE_FREEP(struct fc_jobs, fc_jobs_free)

struct fc_batch_request {
    fc_str project, table_name;
    bool has_start, has_end;
    int64_t start_s, end_s; /**< [start, end), whole seconds since 1970 */
    int32_t start_ns, end_ns;
};

/** `row` lives until the callback returns; err NULL on success, after the row is durable. */
typedef void (*fc_job_started_fn)(void *ctx, const struct fc_job_row *row,
                                  const struct fc_error *err);

/** Resolves the table, freezes its spec into a job row, wakes the supervisor. Does not block. `started`: exactly once. */
void fc_jobs_start_batch(struct fc_jobs *jobs, const struct fc_batch_request *request,
                         fc_job_started_fn started, void *ctx);

/** A stream to be started; it goes on where an earlier one of the same source and store was. */
struct fc_stream_request {
    fc_str project, table_name;
    bool by_loop; /**< nobody asked: one that was cancelled stays so (JOB_CANCELLED) */
};

/**
 * As fc_jobs_start_batch. The job that runs for the table as it is answers in place of a new one; one that runs for an
 * earlier definition is stopped, and the new one begins when it has ended.
 */
void fc_jobs_start_stream(struct fc_jobs *jobs, const struct fc_stream_request *request,
                          fc_job_started_fn started, void *ctx);
/** Ends a stream that has no reason to run any more, which nobody waits for: `why` is shown with it. Any thread. */
void fc_jobs_withdraw(struct fc_jobs *jobs, const char *id, const char *why);
bool fc_jobs_stream_allowed(const struct fc_jobs *jobs, const char *project);

/**
 * Ends a job; an ended one stays as it is. `done` after it is durable. A stream that is cancelled does not start by
 * itself while its table is as it was.
 */
void fc_jobs_cancel(struct fc_jobs *jobs, fc_str id,
                    void (*done)(void *ctx, const struct fc_error *err), void *ctx);

/**
 * Calls `fn` from the supervisor's thread with the job's row as it is now and whenever it changed, until `fn` returns
 * false or the job has ended. Then, and also after fc_jobs_unwatch and when the supervisor stops, `fn` is called once
 * more with NULL: its last call, after which `ctx` is not used again. A job that is not there has only that call.
 */
typedef bool (*fc_job_watch_fn)(void *ctx, const struct fc_job_row *row);
void fc_jobs_watch(struct fc_jobs *jobs, fc_str id, fc_job_watch_fn fn, void *ctx);
/** Brings on the last call of the watches with this context; nothing when there is none any more. Any thread. */
void fc_jobs_unwatch(struct fc_jobs *jobs, const void *ctx);

/** Where the rejected rows of a job are; NULL when there are none, or the arena is exhausted. */
const char *fc_jobs_dead_letters(const struct fc_jobs *jobs, fc_str id, struct fc_arena *arena);

/** Where the log of a job's worker is, which need not be there yet; NULL when the arena is exhausted. */
const char *fc_jobs_log(const struct fc_jobs *jobs, fc_str id, struct fc_arena *arena);

/**
 * Removes the log and the dead letters of a job that has ended, below `data_dir`. False: some of it is still there.
 * An id that is none removes nothing.
 */
FC_MUST bool fc_job_remove_files(const char *data_dir, fc_str id);

struct fc_jobs_stats {
    uint64_t started, done, failed, restarted;
    uint64_t rows_read, rows_written, rows_rejected;
    unsigned running, pending;                 /**< streams too */
    unsigned streams_running, streams_pending; /**< of these */
};
void fc_jobs_stats(struct fc_jobs *jobs, struct fc_jobs_stats *ret);

/** Rows rejected so far, once for each cause; there are not many. `fn` must not block. Any thread. */
void fc_jobs_each_rejection(struct fc_jobs *jobs,
                            void (*fn)(void *ctx, const char *reason, uint64_t rows), void *ctx);

/** What is known of a stream that has not ended. */
struct fc_stream_stats {
    const char *project, *table; /**< live until the callback returns */
    bool running, troubled;
    int64_t behind;          /**< messages that wait; negative: not known */
    int64_t behind_ms;       /**< age of the oldest of them; negative: not known */
    int64_t newest_event_ns; /**< since 1970; 0: none yet */
    uint64_t rows_read, rows_written, rows_rejected;
    double rows_per_second;
    uint32_t partitions;
};
/** Once for each stream, newest first; `fn` must not block. Any thread. */
void fc_jobs_each_stream(struct fc_jobs *jobs,
                         void (*fn)(void *ctx, const struct fc_stream_stats *stats), void *ctx);

/** So many tables are told apart where jobs are counted by table. */
#define FC_SUBMISSION_TABLES 1000
/** Counts a request to start a job, before anything is known of it. Any thread. */
void fc_jobs_count_submission(struct fc_jobs *jobs, enum fc_job_type type, const char *project,
                              const char *table);
/** Once for each type and table; those beyond FC_SUBMISSION_TABLES are together, without names. `fn` must not block. */
void fc_jobs_each_submission(struct fc_jobs *jobs,
                             void (*fn)(void *ctx, enum fc_job_type type, const char *project,
                                        const char *table, uint64_t count),
                             void *ctx);

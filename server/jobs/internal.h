/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of this room share: a job as the supervisor knows it, and the mail it gets. Private to this room.
 *
 *     any thread   --mail--> supervisor: start, cancel, watch      (fc_jobs_post, under `mutex`)
 *     store writer --mail--> supervisor: a row is durable, or not
 *     supervisor   --------> store: rows as they change            (save.c)
 *
 * From its insertion on, only the supervisor changes a job's row. A change is first made here and then saved; what
 * others may rely on (the end of a job, the answer of a cancel) is told when it is saved.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/types.h>

#include "base/arena.h"
#include "server/admission/location.h"
#include "server/jobs/jobs.h"
#include "server/jobs/launcher.h"
#include "server/registry/hash.h"

#define FC_JOB_ID_SIZE 33

/* Causes of rejected rows that are told apart. */
#define FC_REJECTION_SLOTS       16
#define FC_REJECTION_REASON_SIZE 32

typedef void (*fc_job_cancelled_fn)(void *ctx, const struct fc_error *err);

/** One who waits for the end of a job that was cancelled. */
struct fc_canceller {
    struct fc_canceller *next;
    fc_job_cancelled_fn done;
    void *ctx;
};

/** A job that has not ended, or whose end is not saved yet. Of the supervisor's thread alone. */
struct fc_job {
    struct fc_job *next; /**< by the time of creation */
    char id[FC_JOB_ID_SIZE];
    enum fc_job_type type;
    char *project, *table, *hash, *log_uri;
    enum fc_job_state state;
    int64_t created_ns, started_ns, ended_ns, next_try_ns;
    int64_t due_ns; /**< monotonic: PENDING, not to be started before */
    int32_t attempts;
    struct fc_buf progress, receipt;       /**< packed */
    const char *reason;                    /**< a word of base/reasons.def, "" */
    char *error_message;                   /**< NULL for none */
    uint64_t rejected[FC_REJECTION_SLOTS]; /**< rows, as counted so far */

    struct fc_launched *launched; /**< RUNNING */
    int64_t heard_ns;             /**< monotonic: of its worker, last */
    int64_t ask_due_ns;           /**< monotonic: to be asked without news, too */
    int64_t log_due_ns;           /**< monotonic: its log to be looked at */
    bool ready;                   /**< its worker has news */
    struct fc_canceller *cancellers;
    bool cancelling;

    /* Of a stream. */
    char *source, *store;    /**< keys of its places, from its first launch on (streams.h) */
    struct fc_buf positions; /**< packed Progress with nothing else */
    int32_t failures;        /**< attempts in a row that came to nothing */
    uint64_t rows_at_start;  /**< rows_read when the attempt began */
    uint64_t rows_read, rows_written, rows_rejected; /**< of its progress, as counted so far */
    double told_seconds;                             /**< of the receipt in its progress */
    char *withdrawn; /**< why it is to end; NULL while it may go on */
    bool halt;       /**< a person cancelled it: none of this hash starts by itself */
    struct fc_stream_gauge *gauge;

    bool dirty, saving;
    int64_t save_due_ns; /**< monotonic: not to be saved before */
    int64_t saved_ns;    /**< monotonic: when the last save began */
};

enum fc_mail_kind { FC_MAIL_STARTED, FC_MAIL_CANCEL, FC_MAIL_WITHDRAW, FC_MAIL_SAVED };

/** A letter, first in the struct that it is a letter of; freed by the supervisor. */
struct fc_mail {
    struct fc_mail *next;
    enum fc_mail_kind kind;
};

/** One who watches a job. In the list under the mutex; `fn` is only called by the supervisor. */
struct fc_watch {
    struct fc_watch *next;
    char id[FC_JOB_ID_SIZE];
    fc_job_watch_fn fn;
    void *ctx;
    bool unwanted; /**< asked to end */
    bool seen;     /**< the supervisor told it the row as it was at first */
    bool over;     /**< had its last call; of the supervisor alone */
};

struct fc_jobs {
    const struct fc_sys *sys;
    struct fc_store *store;
    struct fc_launcher *launcher;
    char *data_dir; /**< absolute */
    struct fc_location_policy location;
    const struct fc_online_stores *stores;
    char **roots;
    struct fc_stream_policy streams;
    char **stream_projects;
    unsigned parallel, stream_parallel;
    int32_t max_attempts;
    int64_t backoff_ns, memory_limit, silence_ns, log_limit;

    pthread_t thread;
    bool started; /**< the thread */
    int wake_fd, epoll_fd;
    pthread_mutex_t mutex; /**< guards what follows, up to the counters */
    struct fc_mail *first, **last;
    struct fc_watch *watches;
    struct fc_stream_gauge *gauges;
    struct fc_submissions *submissions;
    struct {
        char reason[FC_REJECTION_REASON_SIZE]; /**< "" while it is free */
        uint64_t rows;
    } rejections[FC_REJECTION_SLOTS];
    unsigned saves; /**< under way */
    bool stopping;
    pthread_cond_t saves_done;

    struct fc_job *jobs, **jobs_end; /**< of the supervisor's thread */
    struct fc_mail *early;    /**< cancels of jobs that are stored, but not here yet; its too */
    struct fc_arena *scratch; /**< of one step of it */
    atomic_uint_fast64_t count_started, count_done, count_failed, count_restarted;
    atomic_uint_fast64_t rows_read, rows_written, rows_rejected;
    atomic_uint running, pending, streams_running, streams_pending;
};

/* rejections.c */
/** Counts what the job's account has more than before; when it is `known`, only remembers it. */
void fc_jobs_count_rejections(struct fc_jobs *jobs, struct fc_job *job,
                              const Feast__Worker__V1__Receipt *receipt, bool known);

/* mailbox.c */
/** Puts the letter into the box and wakes the supervisor; false (and not taken) when it is stopping. Any thread. */
FC_MUST bool fc_jobs_post(struct fc_jobs *jobs, struct fc_mail *mail);
/** The supervisor looks around once more. Any thread. */
void fc_jobs_wake(struct fc_jobs *jobs);

/* mail.c */
/** Takes what others sent; false when the supervisor is to stop. */
FC_MUST bool fc_jobs_read_mail(struct fc_jobs *jobs);
/** Takes the job. A stream of the same table that is there already is withdrawn. */
void fc_jobs_append(struct fc_jobs *jobs, struct fc_job *job);

/* supervisor.c */
void *fc_jobs_supervise(void *jobs);
/** Rows that had not ended when the last server did; before the thread starts. */
FC_MUST fc_rc fc_jobs_recover(struct fc_jobs *jobs, struct fc_error *err);

/* job_row.c */
/** Copies what it keeps of the row. */
FC_MUST fc_rc fc_job_new(const struct fc_job_row *row, struct fc_job **ret, struct fc_error *err);
void fc_job_free(struct fc_job *job);
FC_DEFINE_FREEP(struct fc_job, fc_job_free)
/** The row as the supervisor knows it; without `order`. Borrows from the job. */
void fc_job_row_of(const struct fc_job *job, struct fc_job_row *ret);
/** Of the supervisor's thread; NULL when there is none. */
struct fc_job *fc_jobs_find(struct fc_jobs *jobs, const char *id);

/* job.c: what happens to one job; each marks it to be saved. */
void fc_job_begin(struct fc_jobs *jobs, struct fc_job *job, struct fc_launched *launched);
void fc_job_progress(struct fc_jobs *jobs, struct fc_job *job,
                     const Feast__Worker__V1__Progress *progress);
/** Takes the outcome of an attempt: DONE, ERROR, CANCELLED, or PENDING when it was lost and may be tried again. */
void fc_job_end(struct fc_jobs *jobs, struct fc_job *job, const struct fc_launched_status *status);
void fc_job_cancelled(struct fc_jobs *jobs, struct fc_job *job);

static inline bool fc_job_is_stream(const struct fc_job *job)
{
    return job->type == FC_JOB_STREAM_INGESTION;
}

static inline bool fc_job_same_table(const struct fc_job *a, const struct fc_job *b)
{
    return strcmp(a->table, b->table) == 0 && strcmp(a->project, b->project) == 0;
}

static inline bool fc_job_state_has_ended(enum fc_job_state state)
{
    return state != FC_JOB_PENDING && state != FC_JOB_RUNNING;
}

static inline bool fc_job_has_ended(const struct fc_job *job)
{
    return fc_job_state_has_ended(job->state);
}

/* launch.c */
/** Starts the job's worker. An error that another try would not mend leaves `ret_final` true. */
FC_MUST fc_rc fc_job_launch(struct fc_jobs *jobs, struct fc_job *job, struct fc_launched **ret,
                            bool *ret_final, struct fc_error *err);

/* launch_stream.c */
/** Completes the order of a stream, and names its places in the job. */
FC_MUST fc_rc fc_job_launch_stream(struct fc_jobs *jobs, struct fc_job *job,
                                   Feast__Worker__V1__IngestStream *stream, struct fc_arena *arena,
                                   struct fc_error *err);

/* save.c */
struct fc_saved {
    struct fc_mail mail; /**< first */
    char id[FC_JOB_ID_SIZE];
    enum fc_job_state state; /**< as saved */
    struct fc_error err;
};
/** Saves the jobs that changed and are due. */
void fc_jobs_save_due(struct fc_jobs *jobs);
/** Once no letter is taken any more: saves what changed, also while a save was under way, which it waits for. */
void fc_jobs_save_last(struct fc_jobs *jobs);
/** Answers all who wait for the end of the job; `err` NULL when it has ended. */
void fc_job_answer_cancellers(struct fc_job *job, const struct fc_error *err);
/** A save came to its end. */
void fc_jobs_saved(struct fc_jobs *jobs, const struct fc_saved *saved);

/* submit.c */
struct fc_started {
    struct fc_mail mail; /**< first */
    struct fc_job *job;  /**< taken by the supervisor */
};

/** The start of a job under way. */
struct fc_start {
    struct fc_jobs *jobs;
    enum fc_job_type type;
    struct fc_arena *arena;
    const struct fc_batch_request *request; /**< NULL once the call returned */
    const char *project, *table_name;
    char id[FC_JOB_ID_SIZE], hash[FC_JOB_HASH_SIZE];
    struct fc_job_row row;
    struct fc_started *letter;
    bool by_loop; /**< of a stream: nobody asked for it */
    fc_job_started_fn started;
    void *ctx;
};

/** `request` is borrowed until fc_start_resolve has returned; of a stream it has but the names. */
FC_MUST fc_rc fc_start_new(struct fc_jobs *jobs, enum fc_job_type type,
                           const struct fc_batch_request *request, struct fc_start **ret,
                           struct fc_error *err);
void fc_start_free(struct fc_start *start);
FC_DEFINE_FREEP(struct fc_start, fc_start_free)
/** Finds the table and freezes it into `row`, which lacks its time of creation. */
FC_MUST fc_rc fc_start_resolve(struct fc_start *start, struct fc_error *err);
/** On the writer thread: adds the row, whose time of creation is the transaction's. */
FC_MUST fc_rc fc_start_insert(struct fc_txn *txn, void *start, struct fc_error *err);
/** The row is durable, or was refused: hands the job over, answers, and frees the start. */
void fc_start_inserted(void *start, const struct fc_error *err);
/**
 * Takes the start, resolves it and has `insert` add its row on the writer thread, with the start as ctx. Answers once:
 * from here what cannot be resolved, else as fc_start_inserted.
 */
void fc_start_submit(struct fc_start *start, fc_txn_fn insert, fc_job_started_fn started,
                     void *ctx);

/* jobs.c */
struct fc_cancel {
    struct fc_mail mail; /**< first */
    char id[FC_JOB_ID_SIZE];
    struct fc_canceller *who;
};

/* stream_cancel.c */
/** Answers a cancel of a stream that ended in error; if its table has had none since, none starts by itself. */
void fc_stream_cancel_failed(struct fc_jobs *jobs, const struct fc_job_row *row,
                             struct fc_canceller *who);

/* stream_start.c */
struct fc_withdraw {
    struct fc_mail mail; /**< first */
    char id[FC_JOB_ID_SIZE];
    char why[400];
};

/* stream_stats.c */
/** What is known of a stream; in the list under the mutex while the supervisor has its job. */
struct fc_stream_gauge {
    struct fc_stream_gauge *next;
    struct fc_stream_stats stats;
    char names[]; /**< project and table, each with its NUL */
};
/** Makes the job's, when it is a stream and memory is there. */
void fc_stream_gauge_add(struct fc_jobs *jobs, struct fc_job *job);
void fc_stream_gauge_remove(struct fc_jobs *jobs, struct fc_job *job);
void fc_stream_gauge_set(struct fc_jobs *jobs, struct fc_job *job,
                         const Feast__Worker__V1__Progress *progress);
void fc_submissions_free(struct fc_jobs *jobs);

/* job_log.c */
/** Looks at the size of a log that a worker appends to; a large one becomes `<path>.1`, and it begins anew. */
void fc_job_log_rotate(const char *path, off_t limit);

/* news.c: which workers have something to say. */
FC_MUST fc_rc fc_news_open(struct fc_jobs *jobs, struct fc_error *err);
void fc_news_watch(struct fc_jobs *jobs, struct fc_job *job);
void fc_news_forget(struct fc_jobs *jobs, struct fc_job *job);
/** Sleeps until there is mail, news (`ready` of those jobs is set), or the time is over; -1 for never. */
void fc_news_wait(struct fc_jobs *jobs, int timeout_ms);

/* watch.c */
/** Tells the watchers of the job how it is. */
void fc_watch_tell(struct fc_jobs *jobs, const struct fc_job *job);
/** Looks after new watches and those that are over. */
void fc_watch_serve(struct fc_jobs *jobs);
/** The last call of all of them. */
void fc_watch_end_all(struct fc_jobs *jobs);

/* files.c */
struct fc_job_paths {
    const char *dir, *log, *dead_letters, *scratch;
};
/** False: the arena is exhausted. */
FC_MUST bool fc_job_paths(const char *data_dir, const char *id, struct fc_arena *arena,
                          struct fc_job_paths *ret);
/** Makes the directories of a job. */
FC_MUST fc_rc fc_job_make_dirs(const struct fc_job_paths *paths, struct fc_error *err);
/** Removes a directory with all that is in it; nothing when there is none. */
void fc_remove_tree(const char *path);
/** Removes what dead workers left in `<data_dir>/scratch`: the directories named like jobs. */
void fc_clean_scratch(const char *data_dir);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's thread. It sleeps until there is mail, news of a worker, or a moment has come, and then:
 *
 *     reads its mail, asks the workers, starts jobs that are due, saves what changed, tells those who watch
 *
 * Of the jobs that are due the oldest starts first, unless another of its kind works on the same table. Batches and
 * streams have limits of their own.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "server/jobs/internal.h"

/* Workers are asked at least so often: for their grace periods, and launchers without a descriptor. */
#define ASK_MS 500
/* Logs are looked at so often. */
#define LOG_EVERY_NS (10 * FC_NS_PER_S)
/* On the way out, workers get this long to end by themselves. */
#define STOP_NS (5 * FC_NS_PER_S)
#define STOP_MS 20
/* Rows of all jobs that have not ended. */
#define RECOVER_BYTES ((size_t)1024 * 1024 * 1024)

static void let_go(struct fc_jobs *jobs, struct fc_job *job)
{
    struct fc_job_paths paths;

    fc_news_forget(jobs, job);
    jobs->launcher->release(jobs->launcher->ctx, fc_steal(job->launched));
    if (fc_job_paths(jobs->data_dir, job->id, jobs->scratch, &paths))
        fc_remove_tree(paths.scratch);
}

static void ask(struct fc_jobs *jobs, struct fc_job *job)
{
    struct fc_launched_status status = {.error = FC_ERROR_INIT};
    struct fc_error err = FC_ERROR_INIT;

    fc_arena_reset(jobs->scratch);
    if (jobs->launcher->poll(jobs->launcher->ctx, job->launched, jobs->scratch, &status, &err) !=
        FC_OK) {
        fc_log(FC_LOG_WARN, "job_not_asked", FC_LOG_STR("job", job->id), FC_LOG_ERR(&err));
        return;
    }
    if (status.progress)
        fc_job_progress(jobs, job, status.progress);
    if (status.state == FC_LAUNCHED_RUNNING &&
        fc_monotonic_ns(jobs->sys) - job->heard_ns > jobs->silence_ns) {
        status.state = FC_LAUNCHED_LOST;
        (void)fc_fail(&status.error, FC_REASON_WORKER_FAILED,
                      "the worker said nothing for %.1f s and was killed",
                      (double)jobs->silence_ns / (double)FC_NS_PER_S);
    }
    if (status.state != FC_LAUNCHED_RUNNING) {
        let_go(jobs, job);
        fc_job_end(jobs, job, &status);
    }
}

static void look_at_log(struct fc_jobs *jobs, struct fc_job *job, int64_t now)
{
    struct fc_job_paths paths;

    job->log_due_ns = now + LOG_EVERY_NS;
    fc_arena_reset(jobs->scratch);
    if (fc_job_paths(jobs->data_dir, job->id, jobs->scratch, &paths))
        fc_job_log_rotate(paths.log, (off_t)jobs->log_limit);
}

static void ask_workers(struct fc_jobs *jobs)
{
    int64_t now = fc_monotonic_ns(jobs->sys);

    for (struct fc_job *job = jobs->jobs; job; job = job->next) {
        if (job->state == FC_JOB_RUNNING && (job->ready || job->ask_due_ns <= now)) {
            job->ready = false;
            job->ask_due_ns = now + ASK_MS * FC_NS_PER_MS;
            ask(jobs, job);
        }
        if (job->state == FC_JOB_RUNNING && job->log_due_ns <= now)
            look_at_log(jobs, job, now);
    }
}

/*
 * One batch and one stream of a table at once. A stream begins where the one before it, or its own last attempt, was:
 * that has to be saved.
 */
static bool has_to_wait(const struct fc_jobs *jobs, const struct fc_job *job)
{
    if (fc_job_is_stream(job) && (job->dirty || job->saving))
        return true;
    for (const struct fc_job *other = jobs->jobs; other; other = other->next) {
        bool unsaved = fc_job_is_stream(other) && other != job && fc_job_has_ended(other) &&
                       (other->dirty || other->saving);
        if (other->type == job->type && (other->state == FC_JOB_RUNNING || unsaved) &&
            fc_job_same_table(other, job))
            return true;
    }
    return false;
}

static void start(struct fc_jobs *jobs, struct fc_job *job)
{
    struct fc_launched *launched = NULL;
    struct fc_launched_status status = {.state = FC_LAUNCHED_LOST, .error = FC_ERROR_INIT};
    bool final = false;

    fc_arena_reset(jobs->scratch);
    if (fc_job_launch(jobs, job, &launched, &final, &status.error) == FC_OK) {
        fc_job_begin(jobs, job, launched);
        return;
    }
    job->attempts++;
    if (final)
        status.state = FC_LAUNCHED_FAILED;
    fc_job_end(jobs, job, &status);
}

/* By whether they are streams. */
struct counts {
    unsigned running[2], pending[2];
};

static struct counts count(const struct fc_jobs *jobs)
{
    struct counts counts = {0};

    for (const struct fc_job *job = jobs->jobs; job; job = job->next) {
        counts.running[fc_job_is_stream(job)] += job->state == FC_JOB_RUNNING;
        counts.pending[fc_job_is_stream(job)] += job->state == FC_JOB_PENDING;
    }
    return counts;
}

/* Returns the moment up to which jobs were due. */
static int64_t start_due(struct fc_jobs *jobs)
{
    const unsigned limits[2] = {jobs->parallel, jobs->stream_parallel};
    struct counts counts = count(jobs);
    unsigned pending = counts.pending[0] + counts.pending[1];
    int64_t now = fc_monotonic_ns(jobs->sys);

    for (struct fc_job *job = jobs->jobs; job && pending > 0; job = job->next) {
        unsigned *running = &counts.running[fc_job_is_stream(job)];
        if (job->state == FC_JOB_PENDING && job->due_ns <= now &&
            *running < limits[fc_job_is_stream(job)] && !has_to_wait(jobs, job)) {
            start(jobs, job);
            *running += job->state == FC_JOB_RUNNING;
        }
    }
    counts = count(jobs);
    atomic_store(&jobs->running, counts.running[0] + counts.running[1]);
    atomic_store(&jobs->pending, counts.pending[0] + counts.pending[1]);
    atomic_store(&jobs->streams_running, counts.running[1]);
    atomic_store(&jobs->streams_pending, counts.pending[1]);
    return now;
}

static void forget(struct fc_jobs *jobs, struct fc_job *job)
{
    fc_stream_gauge_remove(jobs, job);
    fc_job_free(job);
}

static void forget_ended(struct fc_jobs *jobs)
{
    struct fc_job **link = &jobs->jobs;

    while (*link) {
        struct fc_job *job = *link;
        if (fc_job_has_ended(job) && !job->dirty && !job->saving) {
            *link = job->next;
            forget(jobs, job);
        } else {
            link = &job->next;
        }
    }
    jobs->jobs_end = link;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/*
 * Milliseconds until something is due, -1 for never. Jobs that were due by `looked_ns` and did not start wait for mail or
 * news; those that became due since wait for nothing.
 */
static int timeout_ms(const struct fc_jobs *jobs, int64_t looked_ns)
{
    int64_t now = fc_monotonic_ns(jobs->sys), due = INT64_MAX;

    for (const struct fc_job *job = jobs->jobs; job; job = job->next) {
        if (job->state == FC_JOB_RUNNING)
            due = sooner(due, job->ask_due_ns);
        else if (job->state == FC_JOB_PENDING && job->due_ns > looked_ns)
            due = sooner(due, job->due_ns);
        if (job->dirty && !job->saving)
            due = sooner(due, job->save_due_ns);
    }
    if (due == INT64_MAX)
        return -1;
    int64_t left = due > now ? (due - now + FC_NS_PER_MS - 1) / FC_NS_PER_MS : 0;
    return left > 60000 ? 60000 : (int)left;
}

/* The workers end with us. Their rows stay RUNNING, so that the next server goes on with them. */
static void stop_workers(struct fc_jobs *jobs)
{
    int64_t until = fc_monotonic_ns(jobs->sys) + STOP_NS;
    bool waiting = true;

    for (struct fc_job *job = jobs->jobs; job; job = job->next)
        if (job->state == FC_JOB_RUNNING)
            jobs->launcher->cancel(jobs->launcher->ctx, job->launched);
    while (waiting && fc_monotonic_ns(jobs->sys) < until) {
        waiting = false;
        for (struct fc_job *job = jobs->jobs; job; job = job->next) {
            struct fc_launched_status status = {.error = FC_ERROR_INIT};
            struct fc_error err = FC_ERROR_INIT;
            fc_arena_reset(jobs->scratch);
            if (!job->launched || jobs->launcher->poll(jobs->launcher->ctx, job->launched,
                                                       jobs->scratch, &status, &err) != FC_OK)
                continue;
            if (status.progress)
                fc_job_progress(jobs, job, status.progress); /* the last word, to begin with next */
            waiting |= status.state == FC_LAUNCHED_RUNNING;
        }
        if (waiting)
            (void)poll(NULL, 0, STOP_MS);
    }
    for (struct fc_job *job = jobs->jobs; job; job = job->next)
        if (job->launched)
            let_go(jobs, job);
}

static void leave(struct fc_jobs *jobs)
{
    struct fc_error err = FC_ERROR_INIT;

    (void)fc_fail(&err, FC_REASON_SHUTTING_DOWN, "the server is stopping");
    stop_workers(jobs);
    fc_watch_end_all(jobs); /* the saves may take a while */
    fc_jobs_save_last(jobs);
    while (jobs->jobs) {
        struct fc_job *job = jobs->jobs;
        jobs->jobs = job->next;
        fc_job_answer_cancellers(job, &err);
        forget(jobs, job);
    }
    jobs->jobs_end = &jobs->jobs;
}

void *fc_jobs_supervise(void *arg)
{
    struct fc_jobs *jobs = arg;

    while (fc_jobs_read_mail(jobs)) {
        ask_workers(jobs);
        int64_t looked_ns = start_due(jobs);
        fc_jobs_save_due(jobs);
        fc_watch_serve(jobs);
        forget_ended(jobs);
        fc_news_wait(jobs, timeout_ms(jobs, looked_ns));
    }
    leave(jobs);
    return NULL;
}

static fc_rc recover_row(struct fc_jobs *jobs, const struct fc_job_row *row, struct fc_error *err)
{
    struct fc_job *job = NULL;
    fc_rc rc = fc_job_new(row, &job, err);

    if (rc != FC_OK)
        return rc;
    int64_t now = fc_monotonic_ns(jobs->sys);
    int64_t pause = row->next_try_ns > 0 ? row->next_try_ns - fc_now_ns(jobs->sys) : 0;
    /* A clock that was set back must not hold a job for ever. */
    pause = pause > 0 ? sooner(pause, 300 * FC_NS_PER_S) : 0;
    job->due_ns = now + (row->state == FC_JOB_PENDING ? pause : 0);
    if (row->state == FC_JOB_RUNNING) {
        job->state = FC_JOB_PENDING;
        job->dirty = true;
        job->save_due_ns = now;
        fc_log(FC_LOG_INFO, "job_recovered", FC_LOG_STR("job", job->id),
               FC_LOG_STR("project", job->project), FC_LOG_STR("table", job->table),
               FC_LOG_INT("attempts", job->attempts));
    }
    fc_jobs_append(jobs, job);
    return FC_OK;
}

fc_rc fc_jobs_recover(struct fc_jobs *jobs, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(RECOVER_BYTES);
    const struct fc_job_filter active = {.with_terminated = false};
    struct fc_reader *reader = NULL;
    struct fc_job_row *rows = NULL;
    size_t number = 0;

    if (!arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the jobs of the last server");
    fc_rc rc = fc_store_reader(jobs->store, &reader, err);
    if (rc == FC_OK)
        rc = fc_job_list(reader, &active, arena, &rows, &number, err);
    /* Listed newest first. */
    while (rc == FC_OK && number > 0)
        rc = recover_row(jobs, &rows[--number], err);
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's thread. It sleeps until there is mail, news of a worker, or a moment has come, and then:
 *
 *     reads its mail, asks the workers, starts jobs that are due, saves what changed, tells those who watch
 *
 * Of the jobs that are due the oldest starts first, unless another one writes to the same table.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "server/jobs/internal.h"

#define MAX_PARALLEL 256
/* Workers are asked at least so often: for their grace periods, and launchers without a descriptor. */
#define ASK_MS 500
/* On the way out, workers get this long to end by themselves. */
#define STOP_NS (5 * FC_NS_PER_S)
#define STOP_MS 20
/* Rows of all jobs that have not ended. */
#define RECOVER_BYTES ((size_t)1024 * 1024 * 1024)

static void append(struct fc_jobs *jobs, struct fc_job *job)
{
    job->next = NULL;
    *jobs->jobs_end = job;
    jobs->jobs_end = &job->next;
}

struct fc_job *fc_jobs_find(struct fc_jobs *jobs, const char *id)
{
    for (struct fc_job *job = jobs->jobs; job != NULL; job = job->next) {
        if (strcmp(job->id, id) == 0) {
            return job;
        }
    }
    return NULL;
}

static void cancel_pending(struct fc_jobs *jobs, struct fc_job *job)
{
    if (job->state == FC_JOB_PENDING) {
        fc_job_cancelled(jobs, job);
    } else if (job->state == FC_JOB_RUNNING && !job->cancelling) {
        job->cancelling = true;
        jobs->launcher->cancel(jobs->launcher->ctx, job->launched);
    }
}

/* A job that is not here has ended, or never was. */
static void answer_from_store(struct fc_jobs *jobs, const char *id, struct fc_canceller *who)
{
    struct fc_reader *reader = NULL;
    struct fc_job_row row = {.type = 0};
    struct fc_error err = FC_ERROR_INIT;

    fc_rc rc = fc_store_reader(jobs->store, &reader, &err);
    if (rc == FC_OK) {
        fc_arena_reset(jobs->scratch);
        rc = fc_job_find(reader, fc_str_from(id), jobs->scratch, &row, &err);
    }
    if (rc == FC_OK && row.id.len == 0) {
        rc = fc_fail_field(&err, FC_REASON_JOB_NOT_FOUND, "job_id", "there is no job \"%s\"", id);
    }
    who->done(who->ctx, rc == FC_OK ? NULL : &err);
    free(who);
}

static void take_cancel(struct fc_jobs *jobs, struct fc_cancel *cancel)
{
    struct fc_job *job = fc_jobs_find(jobs, cancel->id);

    if (job == NULL) {
        answer_from_store(jobs, cancel->id, cancel->who);
    } else {
        cancel->who->next = job->cancellers;
        job->cancellers = cancel->who;
        cancel_pending(jobs, job);
    }
    free(cancel);
}

static bool read_mail(struct fc_jobs *jobs)
{
    pthread_mutex_lock(&jobs->mutex);
    struct fc_mail *mail = jobs->first;
    jobs->first = NULL;
    jobs->last = &jobs->first;
    bool stopping = jobs->stopping;
    pthread_mutex_unlock(&jobs->mutex);

    while (mail != NULL) {
        struct fc_mail *next = mail->next;
        switch (mail->kind) {
        case FC_MAIL_STARTED:
            append(jobs, ((struct fc_started *)mail)->job);
            free(mail);
            break;
        case FC_MAIL_CANCEL:
            take_cancel(jobs, (struct fc_cancel *)mail);
            break;
        case FC_MAIL_SAVED:
            fc_jobs_saved(jobs, (const struct fc_saved *)mail);
            free(mail);
            break;
        }
        mail = next;
    }
    return !stopping;
}

static void let_go(struct fc_jobs *jobs, struct fc_job *job)
{
    struct fc_job_paths paths;

    jobs->launcher->release(jobs->launcher->ctx, fc_steal(job->launched));
    if (fc_job_paths(jobs->data_dir, job->id, jobs->scratch, &paths)) {
        fc_remove_tree(paths.scratch);
    }
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
    if (status.progress != NULL) {
        fc_job_progress(jobs, job, status.progress);
    }
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

static void ask_workers(struct fc_jobs *jobs)
{
    for (struct fc_job *job = jobs->jobs; job != NULL; job = job->next) {
        if (job->state == FC_JOB_RUNNING) {
            ask(jobs, job);
        }
    }
}

static bool sink_is_busy(const struct fc_jobs *jobs, const struct fc_job *job)
{
    for (const struct fc_job *other = jobs->jobs; other != NULL; other = other->next) {
        if (other->state == FC_JOB_RUNNING && strcmp(other->table, job->table) == 0 &&
            strcmp(other->project, job->project) == 0) {
            return true;
        }
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
    if (final) {
        status.state = FC_LAUNCHED_FAILED;
    }
    fc_job_end(jobs, job, &status);
}

static unsigned count(const struct fc_jobs *jobs, enum fc_job_state state)
{
    unsigned number = 0;

    for (const struct fc_job *job = jobs->jobs; job != NULL; job = job->next) {
        number += job->state == state;
    }
    return number;
}

static void start_due(struct fc_jobs *jobs)
{
    unsigned running = count(jobs, FC_JOB_RUNNING);
    int64_t now = fc_monotonic_ns(jobs->sys);

    for (struct fc_job *job = jobs->jobs; job != NULL && running < jobs->parallel;
         job = job->next) {
        if (job->state == FC_JOB_PENDING && job->due_ns <= now && !sink_is_busy(jobs, job)) {
            start(jobs, job);
            running += job->state == FC_JOB_RUNNING;
        }
    }
    atomic_store(&jobs->running, running);
    atomic_store(&jobs->pending, count(jobs, FC_JOB_PENDING));
}

static void forget_ended(struct fc_jobs *jobs)
{
    struct fc_job **link = &jobs->jobs;

    while (*link != NULL) {
        struct fc_job *job = *link;
        if (fc_job_has_ended(job) && !job->dirty && !job->saving) {
            *link = job->next;
            fc_job_free(job);
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

/* Milliseconds until something is due, -1 for never. */
static int timeout_ms(const struct fc_jobs *jobs)
{
    int64_t now = fc_monotonic_ns(jobs->sys), due = INT64_MAX;

    for (const struct fc_job *job = jobs->jobs; job != NULL; job = job->next) {
        if (job->state == FC_JOB_RUNNING) {
            due = sooner(due, now + ASK_MS * FC_NS_PER_MS);
        } else if (job->state == FC_JOB_PENDING && job->due_ns > now) {
            due = sooner(due, job->due_ns);
        }
        if (job->dirty && !job->saving) {
            due = sooner(due, job->save_due_ns);
        }
    }
    if (due == INT64_MAX) {
        return -1;
    }
    int64_t left = due > now ? (due - now + FC_NS_PER_MS - 1) / FC_NS_PER_MS : 0;
    return left > 60000 ? 60000 : (int)left;
}

static void sleep_until_needed(struct fc_jobs *jobs, int timeout)
{
    struct pollfd fds[MAX_PARALLEL + 1] = {{.fd = jobs->wake_fd, .events = POLLIN}};
    nfds_t used = 1;
    uint64_t wakes;

    for (const struct fc_job *job = jobs->jobs; job != NULL && used < FC_ARRAY_LEN(fds);
         job = job->next) {
        int fd = job->state == FC_JOB_RUNNING
                     ? jobs->launcher->poll_fd(jobs->launcher->ctx, job->launched)
                     : -1;
        if (fd >= 0) {
            fds[used++] = (struct pollfd){.fd = fd, .events = POLLIN};
        }
    }
    if (poll(fds, used, timeout) > 0 && fds[0].revents != 0) {
        ssize_t got = read(jobs->wake_fd, &wakes, sizeof wakes);
        (void)got; /* it only wakes; the mail says why */
    }
}

/* The workers end with us. Their rows stay RUNNING, so that the next server starts them anew. */
static void stop_workers(struct fc_jobs *jobs)
{
    int64_t until = fc_monotonic_ns(jobs->sys) + STOP_NS;
    bool waiting = true;

    for (struct fc_job *job = jobs->jobs; job != NULL; job = job->next) {
        if (job->state == FC_JOB_RUNNING) {
            jobs->launcher->cancel(jobs->launcher->ctx, job->launched);
        }
    }
    while (waiting && fc_monotonic_ns(jobs->sys) < until) {
        waiting = false;
        for (struct fc_job *job = jobs->jobs; job != NULL; job = job->next) {
            struct fc_launched_status status = {.error = FC_ERROR_INIT};
            struct fc_error err = FC_ERROR_INIT;
            fc_arena_reset(jobs->scratch);
            waiting |= job->launched != NULL &&
                       jobs->launcher->poll(jobs->launcher->ctx, job->launched, jobs->scratch,
                                            &status, &err) == FC_OK &&
                       status.state == FC_LAUNCHED_RUNNING;
        }
        if (waiting) {
            (void)poll(NULL, 0, STOP_MS);
        }
    }
    for (struct fc_job *job = jobs->jobs; job != NULL; job = job->next) {
        if (job->launched != NULL) {
            let_go(jobs, job);
        }
    }
}

static void leave(struct fc_jobs *jobs)
{
    struct fc_error err = FC_ERROR_INIT;

    (void)fc_fail(&err, FC_REASON_SHUTTING_DOWN, "the server is stopping");
    stop_workers(jobs);
    fc_jobs_save_due(jobs);
    fc_watch_end_all(jobs);
    while (jobs->jobs != NULL) {
        struct fc_job *job = jobs->jobs;
        jobs->jobs = job->next;
        while (job->cancellers != NULL) {
            struct fc_canceller *who = job->cancellers;
            job->cancellers = who->next;
            who->done(who->ctx, &err);
            free(who);
        }
        fc_job_free(job);
    }
    jobs->jobs_end = &jobs->jobs;
}

void *fc_jobs_supervise(void *arg)
{
    struct fc_jobs *jobs = arg;

    while (read_mail(jobs)) {
        ask_workers(jobs);
        start_due(jobs);
        fc_jobs_save_due(jobs);
        fc_watch_serve(jobs);
        forget_ended(jobs);
        sleep_until_needed(jobs, timeout_ms(jobs));
    }
    leave(jobs);
    return NULL;
}

static fc_rc recover_row(struct fc_jobs *jobs, const struct fc_job_row *row, struct fc_error *err)
{
    struct fc_job *job = NULL;
    fc_rc rc = fc_job_new(row, &job, err);

    if (rc != FC_OK) {
        return rc;
    }
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
    append(jobs, job);
    return FC_OK;
}

fc_rc fc_jobs_recover(struct fc_jobs *jobs, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(RECOVER_BYTES);
    const struct fc_job_filter active = {.with_terminated = false};
    struct fc_reader *reader = NULL;
    struct fc_job_row *rows = NULL;
    size_t number = 0;

    if (arena == NULL) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the jobs of the last server");
    }
    fc_rc rc = fc_store_reader(jobs->store, &reader, err);
    if (rc == FC_OK) {
        rc = fc_job_list(reader, &active, arena, &rows, &number, err);
    }
    /* Listed newest first. */
    while (rc == FC_OK && number > 0) {
        rc = recover_row(jobs, &rows[--number], err);
    }
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to one job, as the table in storage/jobs.h allows it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "server/jobs/internal.h"

#define LONGEST_BACKOFF_NS (300 * FC_NS_PER_S)
/* Progress is for people: saved so often and, since it may be lost with the server, no more often. */
#define PROGRESS_EVERY_NS FC_NS_PER_S

/* To be saved at once. */
static void changed(const struct fc_jobs *jobs, struct fc_job *job)
{
    job->dirty = true;
    job->save_due_ns = fc_monotonic_ns(jobs->sys);
}

static void set_error(struct fc_job *job, enum fc_reason reason, const char *message)
{
    char *text = strdup(message);

    job->reason = reason == FC_REASON_NONE ? "" : fc_reason_info(reason)->word;
    if (text) {
        free(job->error_message);
        job->error_message = text;
    }
}

static void pack(struct fc_buf *buf, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);

    fc_buf_clear(buf);
    if (fc_buf_reserve(buf, size))
        buf->len = protobuf_c_message_pack(message, (uint8_t *)buf->ptr);
}

/* Somebody may set the clock back; nothing is told to be before what led to it. */
static int64_t now_after(const struct fc_jobs *jobs, int64_t earlier_ns)
{
    int64_t now_ns = fc_now_ns(jobs->sys);

    return now_ns > earlier_ns ? now_ns : earlier_ns;
}

void fc_job_begin(struct fc_jobs *jobs, struct fc_job *job, struct fc_launched *launched)
{
    job->launched = launched;
    job->state = FC_JOB_RUNNING;
    job->attempts++;
    job->started_ns = now_after(jobs, job->created_ns);
    job->next_try_ns = 0;
    job->heard_ns = fc_monotonic_ns(jobs->sys);
    job->log_due_ns = 0;
    job->ask_due_ns = 0;
    job->ready = false;
    /* What an earlier attempt ended with would hide what this one tells. */
    fc_buf_clear(&job->receipt);
    fc_news_watch(jobs, job);
    fc_stream_gauge_set(jobs, job, NULL);
    changed(jobs, job);
    atomic_fetch_add(job->attempts == 1 ? &jobs->count_started : &jobs->count_restarted, 1);
    fc_log(FC_LOG_INFO, "job_started", FC_LOG_STR("job", job->id),
           FC_LOG_STR("project", job->project), FC_LOG_STR("table", job->table),
           FC_LOG_INT("attempt", job->attempts));
    fc_watch_tell(jobs, job);
}

/* A stream without messages says the same again and again: that it lives is no news worth a write. */
static bool is_repeated(const struct fc_job *job, const Feast__Worker__V1__Progress *progress)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf now = FC_BUF_INIT;
    Feast__Worker__V1__Progress same = *progress;
    Feast__Worker__V1__Receipt receipt;

    if (!fc_job_is_stream(job))
        return false;
    if (progress->receipt) {
        receipt = *progress->receipt;
        receipt.seconds = job->told_seconds; /* they pass in any case */
        same.receipt = &receipt;
    }
    pack(&now, &same.base);
    return !now.failed && now.len > 0 && now.len == job->progress.len &&
           memcmp(now.ptr, job->progress.ptr, now.len) == 0;
}

static void keep_positions(struct fc_job *job, const Feast__Worker__V1__Progress *progress)
{
    Feast__Worker__V1__Progress places = FEAST__WORKER__V1__PROGRESS__INIT;

    places.n_positions = progress->n_positions;
    places.positions = progress->positions;
    if (places.n_positions > 0)
        pack(&job->positions, &places.base);
}

static void add_growth(atomic_uint_fast64_t *total, uint64_t *known, uint64_t now)
{
    if (now > *known)
        atomic_fetch_add(total, now - *known);
    *known = now;
}

/* An attempt that moves rows is none that came to nothing. */
static void take_stream_progress(struct fc_jobs *jobs, struct fc_job *job,
                                 const Feast__Worker__V1__Progress *progress)
{
    add_growth(&jobs->rows_read, &job->rows_read, progress->rows_read);
    add_growth(&jobs->rows_written, &job->rows_written, progress->rows_written);
    add_growth(&jobs->rows_rejected, &job->rows_rejected, progress->rows_rejected);
    if (progress->rows_read > job->rows_at_start)
        job->failures = 0;
    if (progress->receipt) {
        job->told_seconds = progress->receipt->seconds;
        fc_jobs_count_rejections(jobs, job, progress->receipt, false);
    }
    keep_positions(job, progress);
    fc_stream_gauge_set(jobs, job, progress);
}

void fc_job_progress(struct fc_jobs *jobs, struct fc_job *job,
                     const Feast__Worker__V1__Progress *progress)
{
    int64_t now = fc_monotonic_ns(jobs->sys);
    bool first = job->progress.len == 0;

    job->heard_ns = now;
    if (is_repeated(job, progress))
        return;
    if (fc_job_is_stream(job))
        take_stream_progress(jobs, job, progress);
    pack(&job->progress, &progress->base);
    if (!job->dirty) {
        job->dirty = true;
        /* The first one shows at once that there is progress. */
        job->save_due_ns = first ? now : job->saved_ns + PROGRESS_EVERY_NS;
    }
    fc_watch_tell(jobs, job);
}

/* Of a stream they are counted as they come. */
static void count_rows(struct fc_jobs *jobs, struct fc_job *job,
                       const Feast__Worker__V1__Receipt *receipt)
{
    fc_jobs_count_rejections(jobs, job, receipt, false);
    if (!fc_job_is_stream(job)) {
        atomic_fetch_add(&jobs->rows_read, receipt->rows_read);
        atomic_fetch_add(&jobs->rows_written, receipt->rows_written);
        atomic_fetch_add(&jobs->rows_rejected, receipt->rows_rejected);
    }
}

static void finish(struct fc_jobs *jobs, struct fc_job *job, enum fc_job_state state)
{
    job->state = state;
    job->ended_ns = now_after(jobs, job->started_ns > 0 ? job->started_ns : job->created_ns);
    job->next_try_ns = 0;
    changed(jobs, job);
    atomic_fetch_add(state == FC_JOB_DONE ? &jobs->count_done : &jobs->count_failed, 1);
    fc_log(state == FC_JOB_ERROR ? FC_LOG_WARN : FC_LOG_INFO, "job_ended",
           FC_LOG_STR("job", job->id), FC_LOG_STR("project", job->project),
           FC_LOG_STR("table", job->table),
           FC_LOG_STR("state", state == FC_JOB_DONE    ? "done"
                               : state == FC_JOB_ERROR ? "error"
                                                       : "cancelled"),
           FC_LOG_INT("attempts", job->attempts), FC_LOG_STR("reason", job->reason),
           FC_LOG_STR("error", job->error_message));
}

/* 1, 2, 4 … times the first pause. */
static int64_t backoff(const struct fc_jobs *jobs, int32_t attempts)
{
    int64_t pause = jobs->backoff_ns;

    for (int32_t i = 1; i < attempts && pause < LONGEST_BACKOFF_NS; i++)
        pause *= 2;
    return pause < LONGEST_BACKOFF_NS ? pause : LONGEST_BACKOFF_NS;
}

/* Back to PENDING, for the next attempt. */
static void rest(struct fc_jobs *jobs, struct fc_job *job, int64_t pause, enum fc_reason reason,
                 const char *text)
{
    set_error(job, reason, text);
    job->state = FC_JOB_PENDING;
    job->due_ns = fc_monotonic_ns(jobs->sys) + pause;
    job->next_try_ns = fc_now_ns(jobs->sys) + pause;
    changed(jobs, job);
    fc_stream_gauge_set(jobs, job, NULL);
    fc_log(FC_LOG_WARN, "job_lost", FC_LOG_STR("job", job->id), FC_LOG_STR("project", job->project),
           FC_LOG_STR("table", job->table), FC_LOG_INT("attempt", job->attempts),
           FC_LOG_STR("error", job->error_message));
    fc_watch_tell(jobs, job);
}

static void lose(struct fc_jobs *jobs, struct fc_job *job, const struct fc_error *why)
{
    char text[sizeof why->message + 200];

    if (job->attempts >= jobs->max_attempts) {
        (void)snprintf(text, sizeof text, "given up after %" PRId32 " attempts: %s", job->attempts,
                       why->message);
        set_error(job, why->reason, text);
        finish(jobs, job, FC_JOB_ERROR);
        return;
    }
    int64_t pause = backoff(jobs, job->attempts);
    (void)snprintf(text, sizeof text,
                   "attempt %" PRId32 " of %" PRId32 " was lost: %s; the next begins after %.1f s",
                   job->attempts, jobs->max_attempts, why->message,
                   (double)pause / (double)FC_NS_PER_S);
    rest(jobs, job, pause, why->reason, text);
}

/* A stream is never given up for what may pass. */
static void lose_stream(struct fc_jobs *jobs, struct fc_job *job, const struct fc_error *why)
{
    char text[sizeof why->message + 200];

    job->failures += job->failures < INT32_MAX ? 1 : 0;
    int64_t pause = backoff(jobs, job->failures);
    (void)snprintf(text, sizeof text,
                   "attempt %" PRId32 " was lost: %s; the next begins after %.1f s", job->attempts,
                   why->message, (double)pause / (double)FC_NS_PER_S);
    rest(jobs, job, pause, why->reason, text);
}

/* Another holds the sink, which passes by itself: the worker of a server that was killed may take a moment to die. */
static bool is_passing(const struct fc_error *err)
{
    return err->reason == FC_REASON_STORE_LOCKED ||
           err->reason == FC_REASON_ONLINE_STORE_UNAVAILABLE;
}

/* A stream has no end of its own. */
static void end_stream(struct fc_jobs *jobs, struct fc_job *job,
                       const struct fc_launched_status *status)
{
    struct fc_error alone = FC_ERROR_INIT;

    if (job->cancelling) {
        fc_job_cancelled(jobs, job);
    } else if (status->state == FC_LAUNCHED_DONE) {
        (void)fc_fail(&alone, FC_REASON_WORKER_FAILED,
                      "the worker ended though nobody asked it to");
        lose_stream(jobs, job, &alone);
    } else if (status->state == FC_LAUNCHED_FAILED && !status->error.retryable &&
               !is_passing(&status->error)) {
        set_error(job, status->error.reason, status->error.message);
        finish(jobs, job, FC_JOB_ERROR);
    } else {
        lose_stream(jobs, job, &status->error);
    }
}

void fc_job_end(struct fc_jobs *jobs, struct fc_job *job, const struct fc_launched_status *status)
{
    if (status->receipt) {
        pack(&job->receipt, &status->receipt->base);
        count_rows(jobs, job, status->receipt);
    }
    if (fc_job_is_stream(job)) {
        end_stream(jobs, job, status);
    } else if (status->state == FC_LAUNCHED_DONE) {
        set_error(job, FC_REASON_NONE, "");
        finish(jobs, job, FC_JOB_DONE);
    } else if (job->cancelling) {
        fc_job_cancelled(jobs, job);
    } else if (status->state == FC_LAUNCHED_FAILED && !is_passing(&status->error)) {
        set_error(job, status->error.reason, status->error.message);
        finish(jobs, job, FC_JOB_ERROR);
    } else {
        lose(jobs, job, &status->error);
    }
}

void fc_job_cancelled(struct fc_jobs *jobs, struct fc_job *job)
{
    if (job->withdrawn && !job->halt)
        set_error(job, FC_REASON_JOB_WITHDRAWN, job->withdrawn);
    else
        set_error(job, FC_REASON_JOB_CANCELLED, "the job was cancelled");
    finish(jobs, job, FC_JOB_CANCELLED);
}

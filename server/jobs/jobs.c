/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor as others see it: made, asked, ended. */
#include "server/jobs/jobs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/jobs/internal.h"

#define DEFAULT_ATTEMPTS   5
#define DEFAULT_BACKOFF_NS FC_NS_PER_S
#define DEFAULT_MEMORY     ((int64_t)1024 * 1024 * 1024)
#define DEFAULT_SILENCE_NS (600 * FC_NS_PER_S)
#define MAX_PARALLEL       256
#define STREAM_PARALLEL    256
#define MAX_STREAMS        10000
#define DEFAULT_LOG        ((int64_t)8 * 1024 * 1024)
#define SCRATCH_BYTES      ((size_t)256 * 1024 * 1024)

/* `texts` is NULL-terminated; NULL for none. */
static bool copy_list(const char *const *texts, char ***ret)
{
    size_t count = 0;

    while (texts && texts[count])
        count++;
    char **list = *ret = calloc(count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++) {
        list[i] = strdup(texts[i]);
        if (!list[i])
            return false;
    }
    return list != NULL;
}

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

static unsigned cores(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    return online > 0 ? (unsigned)online : 1;
}

static fc_rc set_options(struct fc_jobs *jobs, const struct fc_jobs_options *options,
                         struct fc_error *err)
{
    jobs->sys = options->sys ? options->sys : fc_sys_real();
    jobs->store = options->store;
    jobs->parallel = options->parallel > 0 ? options->parallel : cores();
    jobs->parallel = jobs->parallel < MAX_PARALLEL ? jobs->parallel : MAX_PARALLEL;
    jobs->stream_parallel =
        options->stream_parallel > 0 ? options->stream_parallel : STREAM_PARALLEL;
    jobs->stream_parallel =
        jobs->stream_parallel < MAX_STREAMS ? jobs->stream_parallel : MAX_STREAMS;
    jobs->log_limit = options->log_limit > 0 ? options->log_limit : DEFAULT_LOG;
    jobs->max_attempts = options->max_attempts > 0 ? options->max_attempts : DEFAULT_ATTEMPTS;
    jobs->backoff_ns = options->backoff_ns > 0 ? options->backoff_ns : DEFAULT_BACKOFF_NS;
    jobs->memory_limit = options->memory_limit > 0 ? options->memory_limit : DEFAULT_MEMORY;
    jobs->silence_ns = options->silence_ns > 0 ? options->silence_ns : DEFAULT_SILENCE_NS;
    jobs->stores = options->stores;
    jobs->scratch = fc_arena_new(SCRATCH_BYTES);
    if (!jobs->scratch || !copy_list(options->local_roots, &jobs->roots) ||
        !copy_list(options->streams.projects, &jobs->stream_projects))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the job supervisor");
    jobs->streams = options->streams;
    jobs->streams.projects = (const char *const *)jobs->stream_projects;
    jobs->location = (struct fc_location_policy){.access = options->access,
                                                 .local_any = options->local_any,
                                                 .local_roots = (const char *const *)jobs->roots};
    /* Workers and log_uri need it to be absolute. */
    int failed = fc_mkdirs(options->data_dir, 0700);
    jobs->data_dir = failed == 0 ? realpath(options->data_dir, NULL) : NULL;
    if (!jobs->data_dir) {
        return fc_fail(err, FC_REASON_IO_FAILED, "the data directory \"%s\" cannot be used: %s",
                       options->data_dir, strerror(failed != 0 ? -failed : errno));
    }
    return FC_OK;
}

static fc_rc start_thread(struct fc_jobs *jobs, struct fc_error *err)
{
    jobs->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (jobs->wake_fd < 0) {
        return fc_fail(err, FC_REASON_IO_FAILED, "no event descriptor for the job supervisor: %s",
                       strerror(errno));
    }
    fc_rc rc = fc_news_open(jobs, err);
    if (rc != FC_OK)
        return rc;
    int failed = pthread_create(&jobs->thread, NULL, fc_jobs_supervise, jobs);
    if (failed != 0) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start the job supervisor: %s",
                       strerror(failed));
    }
    jobs->started = true;
    return FC_OK;
}

fc_rc fc_jobs_new(const struct fc_jobs_options *options, struct fc_jobs **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_jobs_freep) struct fc_jobs *jobs = calloc(1, sizeof *jobs);

    if (!jobs)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the job supervisor");
    jobs->wake_fd = jobs->epoll_fd = -1;
    jobs->last = &jobs->first;
    jobs->jobs_end = &jobs->jobs;
    (void)pthread_mutex_init(&jobs->mutex, NULL);
    (void)pthread_cond_init(&jobs->saves_done, NULL);
    fc_rc rc = set_options(jobs, options, err);
    if (rc == FC_OK) {
        rc = fc_launcher_local_new(options->worker_path,
                                   options->stores ? options->stores->password_env : NULL,
                                   &jobs->launcher, err);
    }
    if (rc == FC_OK) {
        fc_clean_scratch(jobs->data_dir);
        rc = fc_jobs_recover(jobs, err);
    }
    if (rc == FC_OK)
        rc = start_thread(jobs, err);
    if (rc == FC_OK)
        *ret = fc_steal(jobs);
    return rc;
}

/* Letters that came after the supervisor's last look, or that it could not answer. */
static void return_mail(struct fc_mail *mail)
{
    struct fc_error err = FC_ERROR_INIT;

    (void)fc_fail(&err, FC_REASON_SHUTTING_DOWN, "the server is stopping");
    while (mail) {
        struct fc_mail *next = mail->next;
        if (mail->kind == FC_MAIL_STARTED) {
            fc_job_free(((struct fc_started *)mail)->job);
        } else if (mail->kind == FC_MAIL_CANCEL) {
            struct fc_canceller *who = ((struct fc_cancel *)mail)->who;
            who->done(who->ctx, &err);
            free(who);
        }
        free(mail);
        mail = next;
    }
}

void fc_jobs_free(struct fc_jobs *jobs)
{
    if (!jobs)
        return;
    if (jobs->started) {
        pthread_mutex_lock(&jobs->mutex);
        jobs->stopping = true;
        pthread_mutex_unlock(&jobs->mutex);
        fc_jobs_wake(jobs);
        (void)pthread_join(jobs->thread, NULL);
        pthread_mutex_lock(&jobs->mutex);
        while (jobs->saves > 0)
            (void)pthread_cond_wait(&jobs->saves_done, &jobs->mutex);
        pthread_mutex_unlock(&jobs->mutex);
    }
    return_mail(jobs->first);
    return_mail(jobs->early);
    while (jobs->jobs) {
        struct fc_job *job = jobs->jobs;
        jobs->jobs = job->next;
        fc_stream_gauge_remove(jobs, job);
        fc_job_free(job);
    }
    if (jobs->epoll_fd >= 0)
        (void)close(jobs->epoll_fd);
    if (jobs->wake_fd >= 0)
        (void)close(jobs->wake_fd);
    fc_launcher_local_free(jobs->launcher);
    free_list(jobs->roots);
    free_list(jobs->stream_projects);
    fc_submissions_free(jobs);
    free(jobs->data_dir);
    fc_arena_free(jobs->scratch);
    pthread_cond_destroy(&jobs->saves_done);
    pthread_mutex_destroy(&jobs->mutex);
    free(jobs);
}

static fc_rc post_cancel(struct fc_jobs *jobs, fc_str id, fc_job_cancelled_fn done, void *ctx,
                         struct fc_error *err)
{
    if (id.len != FC_JOB_ID_SIZE - 1) {
        return fc_fail_field(err, FC_REASON_JOB_NOT_FOUND, "job_id", "there is no job \"%.*s\"",
                             (int)(id.len < 100 ? id.len : 100), id.len > 0 ? id.ptr : "");
    }
    struct fc_cancel *cancel = calloc(1, sizeof *cancel);
    struct fc_canceller *who = calloc(1, sizeof *who);
    fc_rc rc = FC_OK;
    if (!cancel || !who) {
        rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to cancel a job");
    } else {
        cancel->mail.kind = FC_MAIL_CANCEL;
        memcpy(cancel->id, id.ptr, id.len);
        cancel->who = who;
        *who = (struct fc_canceller){.done = done, .ctx = ctx};
        if (!fc_jobs_post(jobs, &cancel->mail))
            rc = fc_fail(err, FC_REASON_SHUTTING_DOWN, "the server is stopping");
    }
    if (rc != FC_OK) {
        free(cancel);
        free(who);
    }
    return rc;
}

void fc_jobs_cancel(struct fc_jobs *jobs, fc_str id,
                    void (*done)(void *ctx, const struct fc_error *err), void *ctx)
{
    struct fc_error err = FC_ERROR_INIT;

    if (post_cancel(jobs, id, done, ctx, &err) != FC_OK)
        done(ctx, &err);
}

bool fc_jobs_stream_allowed(const struct fc_jobs *jobs, const char *project)
{
    return fc_stream_project_allowed(&jobs->streams, project);
}

void fc_jobs_stats(struct fc_jobs *jobs, struct fc_jobs_stats *ret)
{
    *ret = (struct fc_jobs_stats){
        .started = atomic_load(&jobs->count_started),
        .done = atomic_load(&jobs->count_done),
        .failed = atomic_load(&jobs->count_failed),
        .restarted = atomic_load(&jobs->count_restarted),
        .rows_read = atomic_load(&jobs->rows_read),
        .rows_written = atomic_load(&jobs->rows_written),
        .rows_rejected = atomic_load(&jobs->rows_rejected),
        .running = atomic_load(&jobs->running),
        .pending = atomic_load(&jobs->pending),
        .streams_running = atomic_load(&jobs->streams_running),
        .streams_pending = atomic_load(&jobs->streams_pending),
    };
}

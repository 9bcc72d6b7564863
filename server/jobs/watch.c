/* SPDX-License-Identifier: Apache-2.0 */
/* Those who watch jobs. Their functions are called by the supervisor alone, and never under the mutex. */
#include <stdlib.h>
#include <string.h>

#include "server/jobs/internal.h"

void fc_jobs_watch(struct fc_jobs *jobs, fc_str id, fc_job_watch_fn fn, void *ctx)
{
    bool is_id = id.len == FC_JOB_ID_SIZE - 1, taken = false;
    struct fc_watch *watch = is_id ? calloc(1, sizeof *watch) : NULL;

    if (watch) {
        memcpy(watch->id, id.ptr, id.len);
        watch->fn = fn;
        watch->ctx = ctx;
        pthread_mutex_lock(&jobs->mutex);
        taken = !jobs->stopping;
        if (taken) {
            watch->next = jobs->watches;
            jobs->watches = watch;
        }
        pthread_mutex_unlock(&jobs->mutex);
    }
    if (taken) {
        fc_jobs_wake(jobs);
    } else {
        free(watch);
        (void)fn(ctx, NULL);
    }
}

void fc_jobs_unwatch(struct fc_jobs *jobs, const void *ctx)
{
    pthread_mutex_lock(&jobs->mutex);
    for (struct fc_watch *watch = jobs->watches; watch; watch = watch->next)
        if (watch->ctx == ctx)
            watch->unwanted = true;
    pthread_mutex_unlock(&jobs->mutex);
    fc_jobs_wake(jobs);
}

/* The list only grows at its head while we look, and only the supervisor takes from it. */
static struct fc_watch *first_watch(struct fc_jobs *jobs)
{
    pthread_mutex_lock(&jobs->mutex);
    struct fc_watch *watch = jobs->watches;
    pthread_mutex_unlock(&jobs->mutex);
    return watch;
}

static void end(struct fc_watch *watch)
{
    if (!watch->over) {
        watch->over = true;
        (void)watch->fn(watch->ctx, NULL);
    }
}

static void tell(struct fc_watch *watch, const struct fc_job_row *row, bool last)
{
    if (!watch->over && (!watch->fn(watch->ctx, row) || last))
        end(watch);
}

void fc_watch_tell(struct fc_jobs *jobs, const struct fc_job *job)
{
    struct fc_job_row row;

    fc_job_row_of(job, &row);
    for (struct fc_watch *watch = first_watch(jobs); watch; watch = watch->next)
        if (watch->seen && strcmp(watch->id, job->id) == 0)
            tell(watch, &row, fc_job_has_ended(job));
}

/* A job that the supervisor does not have has ended, or never was, or is on the way: its letter brings the next look. */
static void tell_stored(struct fc_jobs *jobs, struct fc_watch *watch)
{
    struct fc_reader *reader = NULL;
    struct fc_job_row row = {.type = 0};
    struct fc_error err = FC_ERROR_INIT;

    fc_arena_reset(jobs->scratch);
    if (fc_store_reader(jobs->store, &reader, &err) == FC_OK &&
        fc_job_find(reader, fc_str_from(watch->id), jobs->scratch, &row, &err) == FC_OK &&
        row.id.len > 0) {
        watch->seen = fc_job_state_has_ended(row.state);
        if (!watch->seen)
            return;
        tell(watch, &row, true);
    }
    end(watch);
}

static void greet(struct fc_jobs *jobs, struct fc_watch *watch)
{
    struct fc_job *job = fc_jobs_find(jobs, watch->id);
    struct fc_job_row row;

    watch->seen = true;
    if (!job) {
        tell_stored(jobs, watch);
    } else if (!fc_job_has_ended(job) || (!job->dirty && !job->saving)) {
        fc_job_row_of(job, &row);
        tell(watch, &row, fc_job_has_ended(job));
    }
}

void fc_watch_serve(struct fc_jobs *jobs)
{
    struct fc_watch *over = NULL;

    for (struct fc_watch *watch = first_watch(jobs); watch; watch = watch->next)
        if (!watch->seen)
            greet(jobs, watch);
    pthread_mutex_lock(&jobs->mutex);
    for (struct fc_watch **link = &jobs->watches; *link;) {
        struct fc_watch *watch = *link;
        if (watch->over || watch->unwanted) {
            *link = watch->next;
            watch->next = over;
            over = watch;
        } else {
            link = &watch->next;
        }
    }
    pthread_mutex_unlock(&jobs->mutex);
    while (over) {
        struct fc_watch *watch = over;
        over = watch->next;
        end(watch);
        free(watch);
    }
}

void fc_watch_end_all(struct fc_jobs *jobs)
{
    pthread_mutex_lock(&jobs->mutex);
    struct fc_watch *watch = jobs->watches;
    jobs->watches = NULL;
    pthread_mutex_unlock(&jobs->mutex);
    while (watch) {
        struct fc_watch *next = watch->next;
        end(watch);
        free(watch);
        watch = next;
    }
}

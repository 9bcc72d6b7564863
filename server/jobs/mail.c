/* SPDX-License-Identifier: Apache-2.0 */
/* What others want of the supervisor: jobs that begin, jobs that shall end, rows that were saved. */
#include <stdlib.h>
#include <string.h>

#include "server/jobs/internal.h"

/* It is asked to end, and is CANCELLED when it has. */
static void end_job(struct fc_jobs *jobs, struct fc_job *job)
{
    if (job->state == FC_JOB_PENDING) {
        fc_job_cancelled(jobs, job);
    } else if (job->state == FC_JOB_RUNNING && !job->cancelling) {
        job->cancelling = true;
        jobs->launcher->cancel(jobs->launcher->ctx, job->launched);
    }
}

static void withdraw(struct fc_jobs *jobs, struct fc_job *job, const char *why)
{
    if (fc_job_has_ended(job) || job->withdrawn)
        return;
    job->withdrawn = strdup(why);
    end_job(jobs, job);
}

/* A table has one stream: the last one. It begins when those before it have ended. */
void fc_jobs_append(struct fc_jobs *jobs, struct fc_job *job)
{
    for (struct fc_job *other = jobs->jobs; fc_job_is_stream(job) && other; other = other->next) {
        if (fc_job_is_stream(other) && fc_job_same_table(other, job)) {
            withdraw(jobs, other,
                     "its feature table has changed: another job goes on in its place");
        }
    }
    fc_stream_gauge_add(jobs, job);
    job->next = NULL;
    *jobs->jobs_end = job;
    jobs->jobs_end = &job->next;
}

/* A job that is not here has ended, or never was, or its letter is on the way: then false. */
static bool answer_from_store(struct fc_jobs *jobs, const char *id, struct fc_canceller *who)
{
    struct fc_reader *reader = NULL;
    struct fc_job_row row = {.type = 0};
    struct fc_error err = FC_ERROR_INIT;

    fc_rc rc = fc_store_reader(jobs->store, &reader, &err);
    if (rc == FC_OK) {
        fc_arena_reset(jobs->scratch);
        rc = fc_job_find(reader, fc_str_from(id), jobs->scratch, &row, &err);
    }
    if (rc == FC_OK && row.id.len == 0)
        rc = fc_fail_field(&err, FC_REASON_JOB_NOT_FOUND, "job_id", "there is no job \"%s\"", id);
    if (rc == FC_OK && !fc_job_state_has_ended(row.state))
        return false;
    if (rc == FC_OK && row.type == FC_JOB_STREAM_INGESTION && row.state == FC_JOB_ERROR) {
        fc_stream_cancel_failed(jobs, &row, who);
        return true;
    }
    who->done(who->ctx, rc == FC_OK ? NULL : &err);
    free(who);
    return true;
}

/* Its end is kept before the answer; that of a stream that failed with the wish that none follows it. */
static void wait_for_end(struct fc_jobs *jobs, struct fc_job *job, struct fc_canceller *who)
{
    who->next = job->cancellers;
    job->cancellers = who;
    if (!fc_job_has_ended(job)) {
        job->halt = fc_job_is_stream(job);
        end_job(jobs, job);
    } else if (fc_job_is_stream(job) && job->state == FC_JOB_ERROR) {
        job->halt = true;
        job->dirty = true;
        job->save_due_ns = fc_monotonic_ns(jobs->sys);
    }
}

static void take_cancel(struct fc_jobs *jobs, struct fc_cancel *cancel)
{
    struct fc_job *job = fc_jobs_find(jobs, cancel->id);

    if (job && !(fc_job_has_ended(job) && !job->dirty && !job->saving)) {
        wait_for_end(jobs, job, cancel->who);
    } else if (!answer_from_store(jobs, cancel->id, cancel->who)) {
        cancel->mail.next = jobs->early;
        jobs->early = &cancel->mail;
        return;
    }
    free(cancel);
}

/* Their jobs may be here by now. */
static void take_early_cancels(struct fc_jobs *jobs)
{
    struct fc_mail *mail = fc_steal(jobs->early);

    while (mail) {
        struct fc_mail *next = mail->next;
        take_cancel(jobs, (struct fc_cancel *)mail);
        mail = next;
    }
}

static void take_withdraw(struct fc_jobs *jobs, const struct fc_withdraw *letter)
{
    struct fc_job *job = fc_jobs_find(jobs, letter->id);

    if (job)
        withdraw(jobs, job, letter->why);
}

bool fc_jobs_read_mail(struct fc_jobs *jobs)
{
    pthread_mutex_lock(&jobs->mutex);
    struct fc_mail *mail = jobs->first;
    jobs->first = NULL;
    jobs->last = &jobs->first;
    bool stopping = jobs->stopping;
    pthread_mutex_unlock(&jobs->mutex);

    while (mail) {
        struct fc_mail *next = mail->next;
        switch (mail->kind) {
        case FC_MAIL_STARTED:
            fc_jobs_append(jobs, ((struct fc_started *)mail)->job);
            free(mail);
            take_early_cancels(jobs);
            break;
        case FC_MAIL_WITHDRAW:
            take_withdraw(jobs, (const struct fc_withdraw *)mail);
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job's row follows the job: one save at a time, each with all that changed until it begins. A save that fails is
 * tried again, for as long as it takes; what waits for it is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/jobs/internal.h"
#include "storage/streams.h"

#define RETRY_NS FC_NS_PER_S
/* A row with its order, and what has to be read of it to be written again. */
#define ROW_BYTES ((size_t)256 * 1024 * 1024)

struct save {
    struct fc_saved saved; /* first: it becomes the letter */
    struct fc_jobs *jobs;
    struct fc_arena *arena;
    struct fc_job_row row;
    fc_str hash;
    struct fc_stream_position position; /* of a stream, with what is known by `row` */
    bool halt;                          /* and it is not to start by itself */
};

static void save_free(struct save *save)
{
    if (save) {
        fc_arena_free(save->arena);
        free(save);
    }
}
FC_DEFINE_FREEP(struct save, save_free)

/* What changes in the life of a job; the rest is as it was inserted. */
static void overlay(struct fc_job_row *stored, const struct fc_job_row *now)
{
    stored->started_ns = now->started_ns;
    stored->ended_ns = now->ended_ns;
    stored->next_try_ns = now->next_try_ns;
    stored->attempts = now->attempts;
    stored->progress = now->progress;
    stored->receipt = now->receipt;
    stored->reason = now->reason;
    stored->error_message = now->error_message;
}

/* Places never tell more, nor less, than the progress that they are saved with. */
static fc_rc write_stream(struct fc_txn *txn, const struct save *save, struct fc_error *err)
{
    const struct fc_stream_position *position = &save->position;
    const struct fc_stream_halt halt = {
        .project = position->project, .table_name = position->table_name, .hash = save->hash};
    fc_rc rc = FC_OK;

    if (position->source.len > 0 && position->positions.len > 0)
        rc = fc_stream_position_put(txn, position, err);
    bool over = save->row.state == FC_JOB_CANCELLED || save->row.state == FC_JOB_ERROR;
    if (rc == FC_OK && save->halt && over)
        rc = fc_stream_halt_put(txn, &halt, err);
    return rc;
}

static fc_rc write_row(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct save *save = ctx;
    struct fc_job_row stored = {.type = 0};

    fc_rc rc = fc_job_find(fc_txn_reader(txn), save->row.id, save->arena, &stored, err);
    if (rc != FC_OK)
        return rc;
    if (stored.id.len == 0) {
        return fc_fail(err, FC_REASON_JOB_NOT_FOUND, "job %.*s is not in the store any more",
                       (int)save->row.id.len, save->row.id.ptr);
    }
    overlay(&stored, &save->row);
    /* States that passed while an earlier save was under way: a job that ended was running. */
    if (stored.state == FC_JOB_PENDING && save->row.state != FC_JOB_PENDING &&
        !fc_job_transition_allowed(stored.state, save->row.state)) {
        stored.state = FC_JOB_RUNNING;
        rc = fc_job_update(txn, &stored, err);
    }
    stored.state = save->row.state;
    if (rc == FC_OK)
        rc = fc_job_update(txn, &stored, err);
    return rc == FC_OK ? write_stream(txn, save, err) : rc;
}

static void row_written(void *ctx, const struct fc_error *err)
{
    struct save *save = ctx;
    struct fc_jobs *jobs = save->jobs;

    if (err)
        save->saved.err = *err;
    fc_arena_free(fc_steal(save->arena));
    if (!fc_jobs_post(jobs, &save->saved.mail))
        save_free(save);
    pthread_mutex_lock(&jobs->mutex);
    jobs->saves--;
    pthread_cond_signal(&jobs->saves_done);
    pthread_mutex_unlock(&jobs->mutex);
}

static bool keep(struct fc_arena *arena, fc_str *text)
{
    void *copy = text->len > 0 ? fc_arena_memdup(arena, text->ptr, text->len) : NULL;
    bool kept = text->len == 0 || copy;

    text->ptr = copy;
    return kept;
}

static void add_stream(struct save *save, const struct fc_job *job)
{
    save->hash = fc_str_from(job->hash);
    save->halt = job->halt;
    save->position.project = fc_str_from(job->project);
    save->position.table_name = fc_str_from(job->table);
    if (job->source && job->store) {
        save->position.source = fc_str_from(job->source);
        save->position.store = fc_str_from(job->store);
        save->position.positions = (fc_str){.ptr = job->positions.ptr, .len = job->positions.len};
    }
}

static struct save *save_new(struct fc_jobs *jobs, const struct fc_job *job)
{
    FC_CLEANUP(save_freep) struct save *save = calloc(1, sizeof *save);

    if (!save || !(save->arena = fc_arena_new(ROW_BYTES)))
        return NULL;
    save->jobs = jobs;
    save->saved.mail.kind = FC_MAIL_SAVED;
    (void)snprintf(save->saved.id, sizeof save->saved.id, "%s", job->id);
    save->saved.state = job->state;
    fc_job_row_of(job, &save->row);
    if (job->type == FC_JOB_STREAM_INGESTION)
        add_stream(save, job);
    struct fc_stream_position *position = &save->position;
    fc_str *texts[] = {&save->row.id,      &save->row.progress,      &save->row.receipt,
                       &save->row.reason,  &save->row.error_message, &save->hash,
                       &position->project, &position->table_name,    &position->source,
                       &position->store,   &position->positions};
    for (size_t i = 0; i < FC_ARRAY_LEN(texts); i++)
        if (!keep(save->arena, texts[i]))
            return NULL;
    return fc_steal(save);
}

void fc_jobs_save_due(struct fc_jobs *jobs)
{
    int64_t now = fc_monotonic_ns(jobs->sys);

    for (struct fc_job *job = jobs->jobs; job; job = job->next) {
        if (!job->dirty || job->saving || job->save_due_ns > now)
            continue;
        struct save *save = save_new(jobs, job);
        if (!save) {
            job->save_due_ns = now + RETRY_NS;
            continue;
        }
        job->dirty = false;
        job->saving = true;
        job->saved_ns = now;
        pthread_mutex_lock(&jobs->mutex);
        jobs->saves++;
        pthread_mutex_unlock(&jobs->mutex);
        fc_store_submit(jobs->store, write_row, row_written, save);
    }
}

void fc_jobs_save_last(struct fc_jobs *jobs)
{
    /* Nobody tells us any more that they ended. */
    pthread_mutex_lock(&jobs->mutex);
    while (jobs->saves > 0)
        (void)pthread_cond_wait(&jobs->saves_done, &jobs->mutex);
    pthread_mutex_unlock(&jobs->mutex);
    for (struct fc_job *job = jobs->jobs; job; job = job->next) {
        job->saving = false;
        job->save_due_ns = 0;
    }
    fc_jobs_save_due(jobs);
}

void fc_job_answer_cancellers(struct fc_job *job, const struct fc_error *err)
{
    while (job->cancellers) {
        struct fc_canceller *who = job->cancellers;
        job->cancellers = who->next;
        who->done(who->ctx, err);
        free(who);
    }
}

void fc_jobs_saved(struct fc_jobs *jobs, const struct fc_saved *saved)
{
    struct fc_job *job = fc_jobs_find(jobs, saved->id);

    if (!job)
        return;
    job->saving = false;
    if (saved->err.rc != FC_OK) {
        fc_log(FC_LOG_ERROR, "job_not_saved", FC_LOG_STR("job", job->id), FC_LOG_ERR(&saved->err));
        job->dirty = true;
        job->save_due_ns = fc_monotonic_ns(jobs->sys) + RETRY_NS;
        if (fc_job_has_ended(job))
            fc_job_answer_cancellers(job, &saved->err);
        return;
    }
    if (saved->state == job->state && fc_job_has_ended(job) && !job->dirty) {
        fc_watch_tell(jobs, job);
        fc_job_answer_cancellers(job, NULL);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A job as the supervisor has it in memory: made of its row, shown as one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/jobs/internal.h"

static char *copy(fc_str text)
{
    return text.len > 0 ? strndup(text.ptr, text.len) : strdup("");
}

static bool copy_texts(struct fc_job *job, const struct fc_job_row *row)
{
    (void)snprintf(job->id, sizeof job->id, "%.*s", (int)row->id.len, row->id.ptr);
    job->project = copy(row->project);
    job->table = copy(row->table_name);
    job->hash = copy(row->hash);
    job->log_uri = copy(row->log_uri);
    job->error_message = copy(row->error_message);
    return job->project && job->table && job->hash && job->log_uri && job->error_message;
}

fc_rc fc_job_new(const struct fc_job_row *row, struct fc_job **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_job_freep) struct fc_job *job = calloc(1, sizeof *job);

    if (!job || !copy_texts(job, row))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a job");
    job->type = row->type;
    job->state = row->state;
    job->created_ns = row->created_ns;
    job->started_ns = row->started_ns;
    job->next_try_ns = row->next_try_ns;
    job->attempts = row->attempts;
    job->reason = "";
    fc_buf_append(&job->progress, row->progress.ptr, row->progress.len);
    *ret = fc_steal(job);
    return FC_OK;
}

void fc_job_free(struct fc_job *job)
{
    if (!job)
        return;
    free(job->project);
    free(job->table);
    free(job->hash);
    free(job->log_uri);
    free(job->error_message);
    free(job->source);
    free(job->store);
    free(job->withdrawn);
    fc_buf_done(&job->positions);
    fc_buf_done(&job->progress);
    fc_buf_done(&job->receipt);
    free(job);
}

static fc_str view(const char *text)
{
    return fc_str_from(text ? text : "");
}

void fc_job_row_of(const struct fc_job *job, struct fc_job_row *ret)
{
    *ret = (struct fc_job_row){
        .id = fc_str_from(job->id),
        .type = job->type,
        .state = job->state,
        .project = fc_str_from(job->project),
        .table_name = fc_str_from(job->table),
        .hash = fc_str_from(job->hash),
        .created_ns = job->created_ns,
        .started_ns = job->started_ns,
        .ended_ns = job->ended_ns,
        .next_try_ns = job->next_try_ns,
        .attempts = job->attempts,
        .progress = {.ptr = job->progress.ptr, .len = job->progress.len},
        .receipt = {.ptr = job->receipt.ptr, .len = job->receipt.len},
        .reason = fc_str_from(job->reason),
        .error_message = view(job->error_message),
        .log_uri = fc_str_from(job->log_uri),
    };
}

struct fc_job *fc_jobs_find(struct fc_jobs *jobs, const char *id)
{
    for (struct fc_job *job = jobs->jobs; job; job = job->next)
        if (strcmp(job->id, id) == 0)
            return job;
    return NULL;
}

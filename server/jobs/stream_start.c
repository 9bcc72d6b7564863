/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of a stream. Whether there is one already is looked up in the transaction that would add the row, so that
 * a table never gets two of one identity, whoever asks at once. A running one of another identity is stopped by the
 * supervisor, and the new one waits for its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/jobs/internal.h"
#include "storage/streams.h"

/* More never are there of a table: one that runs, and those that are about to end. */
#define LOOK_BACK 8

static fc_rc check_allowed(const struct fc_start *start, struct fc_error *err)
{
    return fc_stream_project_allowed(&start->jobs->streams, start->project)
               ? FC_OK
               : fc_fail_field(err, FC_REASON_STREAM_NOT_ALLOWED, "project",
                               "streams of project \"%s\" are not allowed: it is not among "
                               "stream.projects",
                               start->project);
}

/* One that has not ended takes the place of the new one, which is let go. */
static fc_rc find_live(struct fc_start *start, struct fc_reader *reader, struct fc_error *err)
{
    struct fc_job_row *rows = NULL;
    size_t count = 0;
    fc_rc rc = fc_stream_job_last(reader, start->row.project, start->row.table_name, LOOK_BACK,
                                  start->arena, &rows, &count, err);

    for (size_t i = 0; rc == FC_OK && i < count; i++) {
        bool live = rows[i].state == FC_JOB_PENDING || rows[i].state == FC_JOB_RUNNING;
        if (live && fc_str_eq(rows[i].hash, start->row.hash)) {
            start->row = rows[i];
            fc_job_free(fc_steal(start->letter->job));
            break;
        }
    }
    return rc;
}

static fc_rc check_halt(const struct fc_start *start, struct fc_reader *reader,
                        struct fc_error *err)
{
    struct fc_stream_halt halt;
    fc_rc rc = fc_stream_halt_find(reader, start->row.project, start->row.table_name, start->arena,
                                   &halt, err);

    if (rc == FC_OK && start->by_loop && fc_str_eq(halt.hash, start->row.hash)) {
        return fc_fail(err, FC_REASON_JOB_CANCELLED,
                       "the stream of feature table \"%s\" was cancelled", start->table_name);
    }
    return rc;
}

static fc_rc insert_stream(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct fc_start *start = ctx;
    struct fc_reader *reader = fc_txn_reader(txn);

    fc_rc rc = check_halt(start, reader, err);
    if (rc == FC_OK)
        rc = fc_stream_halt_remove(txn, start->row.project, start->row.table_name, err);
    if (rc == FC_OK)
        rc = find_live(start, reader, err);
    if (rc != FC_OK || !start->letter->job)
        return rc;
    return fc_start_insert(txn, start, err);
}

void fc_jobs_start_stream(struct fc_jobs *jobs, const struct fc_stream_request *request,
                          fc_job_started_fn started, void *ctx)
{
    const struct fc_batch_request names = {.project = request->project,
                                           .table_name = request->table_name};
    struct fc_error err = FC_ERROR_INIT;
    FC_CLEANUP(fc_start_freep) struct fc_start *start = NULL;

    fc_rc rc = fc_start_new(jobs, FC_JOB_STREAM_INGESTION, &names, &start, &err);
    if (rc == FC_OK) {
        start->by_loop = request->by_loop;
        rc = check_allowed(start, &err);
    }
    if (rc == FC_OK)
        fc_start_submit(fc_steal(start), insert_stream, started, ctx);
    else
        started(ctx, NULL, &err);
}

void fc_jobs_withdraw(struct fc_jobs *jobs, const char *id, const char *why)
{
    struct fc_withdraw *letter = calloc(1, sizeof *letter);

    if (!letter)
        return;
    letter->mail.kind = FC_MAIL_WITHDRAW;
    (void)snprintf(letter->id, sizeof letter->id, "%s", id);
    (void)snprintf(letter->why, sizeof letter->why, "%s", why);
    if (!fc_jobs_post(jobs, &letter->mail))
        free(letter);
}

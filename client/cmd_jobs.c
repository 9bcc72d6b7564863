/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl jobs, feastctl get jobs */
#include <string.h>

#include "base/pbjson.h"
#include "client/cli.h"
#include "client/get.h"
#include "client/job.h"
#include "client/output.h"
#include "client/table.h"
#include "client/values.h"

static const struct fc_table_column columns[] = {{.title = "ID"},
                                                 {.title = "TYPE"},
                                                 {.title = "TABLE"},
                                                 {.title = "STATUS"},
                                                 {.title = "STARTED"},
                                                 {.title = "HASH", .wide = true},
                                                 {.title = "MESSAGE", .wide = true},
                                                 {0}};

static void job_row(struct fc_cli *cli, struct fc_table *table, const FeastSpark__Api__Job *job)
{
    fc_table_row(table);
    fc_table_cell(table, job->id);
    fc_table_cell(table, fc_job_type_name(job->type));
    fc_table_cell(table, fc_job_table(job));
    fc_table_cell(table, fc_job_status_name(job->status));
    fc_table_cell(table, fc_time_text(cli->arena, job->start_time));
    fc_table_cell(table, job->hash);
    fc_table_cell(table, job->error_message);
}

static enum fc_exit print_jobs(struct fc_cli *cli, FeastSpark__Api__Job **jobs, size_t count)
{
    struct fc_output output;
    struct fc_table *table;

    if (fc_output_wanted(cli)) {
        fc_output_begin(&output, cli, "Job", "job", false);
        for (size_t i = 0; i < count; i++)
            fc_output_add(&output, jobs[i]->id, fc_pbjson_encode(&jobs[i]->base, 0));
        return fc_output_end(&output);
    }
    if (count == 0) {
        fc_get_nothing(cli, "jobs");
        return FC_EXIT_OK;
    }
    table = fc_table_new(cli->arena, columns);
    for (size_t i = 0; table && i < count; i++)
        job_row(cli, table, jobs[i]);
    return table && fc_table_print(table, cli->format == FC_FORMAT_WIDE, cli->out)
               ? FC_EXIT_OK
               : fc_cli_no_memory(cli);
}

enum fc_exit fc_get_jobs(struct fc_cli *cli, const struct fc_selection *selection)
{
    FeastSpark__Api__ListJobsRequest request = FEAST_SPARK__API__LIST_JOBS_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_jobs_list, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    if (selection->name)
        return fc_job_print(cli, selection->name);
    request.include_terminated = !selection->active;
    request.table_name = (char *)(selection->table ? selection->table : "");
    request.project = (char *)(selection->all_projects ? "" : cli->project);
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    FeastSpark__Api__ListJobsResponse *reply = (void *)call.reply.message;
    return print_jobs(cli, reply->jobs, reply->n_jobs);
}

enum fc_exit fc_cmd_jobs_list(struct fc_cli *cli)
{
    return fc_get_jobs(cli,
                       &(struct fc_selection){.active = fc_options_given(&cli->options, "active"),
                                              .table = fc_options_get(&cli->options, "table")});
}

const char *fc_job_named(const struct fc_cli *cli)
{
    const char *word = cli->args[0];

    return strncmp(word, "job/", 4) == 0 ? word + 4 : word;
}

enum fc_exit fc_cmd_jobs_get(struct fc_cli *cli)
{
    return fc_job_print(cli, fc_job_named(cli));
}

/* What a job ended as that there is nothing left to cancel of, else NULL. A failed stream would be tried again. */
static const char *ended(struct fc_cli *cli, const char *id)
{
    FeastSpark__Api__GetJobRequest request = FEAST_SPARK__API__GET_JOB_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_jobs_get, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    const FeastSpark__Api__Job *job;

    request.job_id = (char *)id;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return NULL; /* as cancelling it will tell */
    job = ((FeastSpark__Api__GetJobResponse *)call.reply.message)->job;
    if (!job || (job->status != FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_DONE &&
                 (job->status != FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_ERROR ||
                  job->type == FEAST_SPARK__API__JOB_TYPE__STREAM_INGESTION_JOB)))
        return NULL;
    return fc_job_status_name(job->status);
}

enum fc_exit fc_cmd_jobs_cancel(struct fc_cli *cli)
{
    FeastSpark__Api__CancelJobRequest request = FEAST_SPARK__API__CANCEL_JOB_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_jobs_cancel, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    const char *id = fc_job_named(cli), *before = ended(cli, id);

    request.job_id = (char *)id;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    if (before)
        fprintf(cli->out, "job/%s had ended already: %s\n", id, before);
    else
        fprintf(cli->out, "job/%s cancelled\n", id);
    return FC_EXIT_OK;
}

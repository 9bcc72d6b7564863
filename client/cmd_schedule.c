/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl stream, schedule, unschedule */
#include <errno.h>
#include <stdlib.h>

#include "client/cli.h"
#include "client/get.h"
#include "client/job.h"
#include "client/output.h"
#include "client/values.h"
#include "client/wait.h"

enum fc_exit fc_cmd_stream(struct fc_cli *cli)
{
    FeastSpark__Api__StartStreamToOnlineIngestionJobRequest request =
        FEAST_SPARK__API__START_STREAM_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_jobs_start_stream, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code;

    request.project = (char *)cli->project;
    request.table_name = (char *)cli->args[0];
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    const FeastSpark__Api__StartStreamToOnlineIngestionJobResponse *reply =
        (const void *)call.reply.message;
    if (fc_output_wanted(cli) && cli->format != FC_FORMAT_NAME)
        return fc_output_value(cli, "Job",
                               json_pack("{s:s, s:s}", "id", reply->id, "table", cli->args[0]));
    fprintf(cli->out, "job/%s%s\n", reply->id, cli->format == FC_FORMAT_NAME ? "" : " started");
    fflush(cli->out);
    if (!fc_options_given(&cli->options, "follow"))
        return FC_EXIT_OK;
    code = fc_job_follow(cli, reply->id);
    return code == FC_EXIT_OK ? fc_job_print(cli, reply->id) : code;
}

/* When it runs first; a server without the admin service does not tell. */
static void tell_next(struct fc_cli *cli)
{
    Feast__Admin__V1__ListSchedulesRequest request = FEAST__ADMIN__V1__LIST_SCHEDULES_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_admin_list_schedules, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    request.project = (char *)cli->project;
    request.table = (char *)cli->args[0];
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return;
    const Feast__Admin__V1__ListSchedulesResponse *reply = (const void *)call.reply.message;
    if (reply->n_schedules == 1 && reply->schedules[0]->next_at)
        fc_cli_note(cli, "It runs next at %s (expressions are in %s).",
                    fc_time_text(cli->arena, reply->schedules[0]->next_at), reply->time_zone);
}

enum fc_exit fc_cmd_schedule(struct fc_cli *cli)
{
    FeastSpark__Api__ScheduleOfflineToOnlineIngestionJobRequest request =
        FEAST_SPARK__API__SCHEDULE_OFFLINE_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_jobs_schedule, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    const char *days = fc_options_get(&cli->options, "days");
    const char *cron = fc_options_get(&cli->options, "cron");
    char *end = NULL;
    long span = strtol(days, &end, 10);

    if (!cron)
        return fc_cli_usage(cli, "--cron says when: five fields such as \"0 3 * * *\"");
    if (*end || end == days || span < 1 || span > 36500)
        return fc_cli_usage(cli, "--days is \"%.20s\", expected a number from 1 on", days);
    request.project = (char *)cli->project;
    request.table_name = (char *)cli->args[0];
    request.ingestion_timespan = (int32_t)span;
    request.cron_schedule = (char *)cron;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    if (fc_output_wanted(cli))
        return fc_get_schedules(cli, &(struct fc_selection){.name = cli->args[0]});
    fprintf(cli->out, "table/%s scheduled: %s\n", cli->args[0], cron);
    tell_next(cli);
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_unschedule(struct fc_cli *cli)
{
    FeastSpark__Api__UnscheduleOfflineToOnlineIngestionJobRequest request =
        FEAST_SPARK__API__UNSCHEDULE_OFFLINE_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_jobs_unschedule, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    request.project = (char *)cli->project;
    request.table_name = (char *)cli->args[0];
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    fprintf(cli->out, "table/%s unscheduled\n", cli->args[0]);
    return FC_EXIT_OK;
}

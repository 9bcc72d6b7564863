/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl ingest */
#include "base/time.h"
#include "client/cli.h"
#include "client/job.h"
#include "client/output.h"

static enum fc_exit read_time(struct fc_cli *cli, const char *flag,
                              Google__Protobuf__Timestamp *time, Google__Protobuf__Timestamp **ret)
{
    const char *text = fc_options_get(&cli->options, flag);

    google__protobuf__timestamp__init(time);
    if (!text)
        return FC_EXIT_OK;
    if (!fc_time_parse(text, &time->seconds, &time->nanos))
        return fc_cli_usage(
            cli,
            "--%s is \"%.60s\", expected a date such as 2021-01-31 or a time such as "
            "2021-01-31T12:00:00Z",
            flag, text);
    *ret = time;
    return FC_EXIT_OK;
}

static enum fc_exit print_started(struct fc_cli *cli, const char *id)
{
    if (cli->format == FC_FORMAT_JSON || cli->format == FC_FORMAT_YAML)
        return fc_output_value(cli, "Job",
                               json_pack("{s:s, s:s}", "id", id, "table", cli->args[0]));
    fprintf(cli->out, "job/%s%s\n", id, cli->format == FC_FORMAT_NAME ? "" : " started");
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_ingest(struct fc_cli *cli)
{
    FeastSpark__Api__StartOfflineToOnlineIngestionJobRequest request =
        FEAST_SPARK__API__START_OFFLINE_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;
    Google__Protobuf__Timestamp from, to;
    struct fc_call call = {.method = &fc_method_jobs_start_batch, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code = read_time(cli, "from", &from, &request.start_date);

    if (code == FC_EXIT_OK)
        code = read_time(cli, "to", &to, &request.end_date);
    if (code != FC_EXIT_OK)
        return code;
    request.project = (char *)cli->project;
    request.table_name = (char *)cli->args[0];
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    const FeastSpark__Api__StartOfflineToOnlineIngestionJobResponse *reply =
        (const void *)call.reply.message;
    if (fc_options_given(&cli->options, "no-wait"))
        return print_started(cli, reply->id);
    fc_cli_note(cli, "job/%s started", reply->id);
    code = fc_job_follow(cli, reply->id);
    return code == FC_EXIT_OK ? fc_job_print(cli, reply->id) : code;
}

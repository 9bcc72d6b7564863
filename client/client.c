/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/version.h"
#include "feast/admin/v1/admin.pb-c.h"
#include "feast/core/CoreService.pb-c.h"
#include "feast/serving/ServingService.pb-c.h"
#include "feast_spark/api/JobService.pb-c.h"

struct fc_client {
    struct fc_channel *channel;
};

#define CORE(Method)  "/feast.core.CoreService/" Method
#define ADMIN(Method) "/feast.admin.v1.AdminService/" Method
#define JOBS(Method)  "/feast_spark.api.JobService/" Method

const struct fc_method fc_method_core_version = {
    CORE("GetFeastCoreVersion"), &feast__core__get_feast_core_version_response__descriptor};
const struct fc_method fc_method_core_list_projects = {
    CORE("ListProjects"), &feast__core__list_projects_response__descriptor};
const struct fc_method fc_method_core_create_project = {
    CORE("CreateProject"), &feast__core__create_project_response__descriptor};
const struct fc_method fc_method_core_get_entity = {CORE("GetEntity"),
                                                    &feast__core__get_entity_response__descriptor};
const struct fc_method fc_method_core_list_entities = {
    CORE("ListEntities"), &feast__core__list_entities_response__descriptor};
const struct fc_method fc_method_core_apply_entity = {
    CORE("ApplyEntity"), &feast__core__apply_entity_response__descriptor};
const struct fc_method fc_method_core_get_table = {
    CORE("GetFeatureTable"), &feast__core__get_feature_table_response__descriptor};
const struct fc_method fc_method_core_list_tables = {
    CORE("ListFeatureTables"), &feast__core__list_feature_tables_response__descriptor};
const struct fc_method fc_method_core_apply_table = {
    CORE("ApplyFeatureTable"), &feast__core__apply_feature_table_response__descriptor};
const struct fc_method fc_method_core_list_features = {
    CORE("ListFeatures"), &feast__core__list_features_response__descriptor};
const struct fc_method fc_method_admin_report = {
    ADMIN("GetValidationReport"), &feast__admin__v1__get_validation_report_response__descriptor};
const struct fc_method fc_method_admin_watch_job = {ADMIN("WatchJob"),
                                                    &feast__admin__v1__job_progress__descriptor};
const struct fc_method fc_method_admin_job_detail = {
    ADMIN("GetJobDetail"), &feast__admin__v1__get_job_detail_response__descriptor};
const struct fc_method fc_method_jobs_start_batch = {
    JOBS("StartOfflineToOnlineIngestionJob"),
    &feast_spark__api__start_offline_to_online_ingestion_job_response__descriptor};
const struct fc_method fc_method_jobs_list = {JOBS("ListJobs"),
                                              &feast_spark__api__list_jobs_response__descriptor};
const struct fc_method fc_method_jobs_get = {JOBS("GetJob"),
                                             &feast_spark__api__get_job_response__descriptor};
const struct fc_method fc_method_jobs_cancel = {JOBS("CancelJob"),
                                                &feast_spark__api__cancel_job_response__descriptor};
const struct fc_method fc_method_serving_get = {
    "/feast.serving.ServingService/GetOnlineFeaturesV2",
    &feast__serving__get_online_features_response__descriptor};

const char *fc_client_version(void)
{
    return FC_VERSION;
}

void fc_client_free(struct fc_client *client)
{
    if (!client)
        return;
    fc_channel_close(client->channel);
    free(client);
}

static struct fc_channel_options channel_options(const struct fc_cli *cli)
{
    struct fc_channel_options options = {
        .tls = fc_options_given(&cli->options, "tls"),
        .ca_file = fc_options_get(&cli->options, "tls-ca"),
        .certificate_file = fc_options_get(&cli->options, "tls-cert"),
        .key_file = fc_options_get(&cli->options, "tls-key"),
    };

    options.tls = options.tls || options.ca_file || options.certificate_file || options.key_file;
    return options;
}

static fc_rc connect_once(struct fc_cli *cli, struct fc_error *err)
{
    struct fc_channel_options options;

    if (!cli->client) {
        cli->client = calloc(1, sizeof(*cli->client));
        if (!cli->client)
            return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory");
    }
    if (cli->client->channel)
        return FC_OK;
    options = channel_options(cli);
    return fc_channel_open(cli->server, &options, &cli->client->channel, err);
}

static struct fc_channel_request request_of(const struct fc_cli *cli, const struct fc_call *call)
{
    return (struct fc_channel_request){.path = call->method->path,
                                       .message = call->request,
                                       .response = call->method->response,
                                       .timeout_ns = cli->timeout_ns,
                                       .metadata = call->metadata,
                                       .metadata_count = call->metadata_count,
                                       .arena = call->arena ? call->arena : cli->arena};
}

static void tell(struct fc_cli *cli, const struct fc_call *call, fc_rc rc, int64_t began)
{
    if (cli->verbose)
        fc_cli_note(cli, "%s %s: %s, %.1f ms", cli->server, call->method->path, fc_rc_name(rc),
                    (double)(fc_monotonic_ns(fc_sys_real()) - began) / 1e6);
}

fc_rc fc_client_call(struct fc_cli *cli, struct fc_call *call, struct fc_error *err)
{
    struct fc_channel_request request = request_of(cli, call);
    int64_t began = fc_monotonic_ns(fc_sys_real());
    fc_rc rc = connect_once(cli, err);

    if (rc == FC_OK)
        rc = fc_channel_call(cli->client->channel, &request, &call->reply, err);
    tell(cli, call, rc, began);
    return rc;
}

fc_rc fc_client_stream(struct fc_cli *cli, struct fc_call *call, fc_channel_message_fn fn,
                       void *ctx, struct fc_error *err)
{
    struct fc_channel_request request = request_of(cli, call);
    int64_t began = fc_monotonic_ns(fc_sys_real());
    fc_rc rc = connect_once(cli, err);

    request.timeout_ns = 0;
    if (rc == FC_OK)
        rc = fc_channel_stream(cli->client->channel, &request, fn, ctx, &call->reply, err);
    tell(cli, call, rc, began);
    return rc;
}

enum fc_exit fc_client_fail(struct fc_cli *cli, const struct fc_call *call,
                            const struct fc_error *err)
{
    const struct fc_violations *violations = &call->reply.violations;
    const char *remedy = fc_reason_info(err->reason)->remedy;
    enum fc_exit code = fc_cli_fail(cli, err);

    for (size_t i = 0; violations->count > 1 && i < violations->count; i++)
        fprintf(cli->err, "  %s: %s\n", violations->items[i].field, violations->items[i].message);
    if (err->rc == FC_UNAVAILABLE && err->reason == FC_REASON_UNREACHABLE)
        fprintf(cli->err, "hint: --server or FEAST_CORE_URL names the server, now %s\n",
                cli->server);
    else if (err->rc == FC_INTERNAL || err->rc == FC_DATA_LOSS || err->rc == FC_UNAVAILABLE)
        fprintf(cli->err, "hint: %s\n", remedy);
    if (call->reply.request_id && (cli->verbose || code == FC_EXIT_INTERNAL))
        fprintf(cli->err, "request id: %s\n", call->reply.request_id);
    return code;
}

const char *fc_client_trailer(const struct fc_call *call, const char *key)
{
    for (size_t i = 0; i < call->reply.trailer_count; i++) {
        if (strcmp(call->reply.trailers[i].key, key) == 0)
            return call->reply.trailers[i].value;
    }
    return NULL;
}

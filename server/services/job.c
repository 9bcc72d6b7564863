/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job services of both generations. What they have in common is equal on the wire, so each method is served under
 * both names by one row of code, in the messages of the later one.
 */
#include <string.h>

#include "feast/core/JobService.pb-c.h"
#include "server/services/job_health.h"
#include "server/services/job_schedule.h"
#include "server/services/job_start.h"
#include "server/services/job_view.h"
#include "server/services/request.h"

static void get_job(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const FeastSpark__Api__GetJobRequest *request = (const void *)message;
    FeastSpark__Api__GetJobResponse response = FEAST_SPARK__API__GET_JOB_RESPONSE__INIT;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct fc_job_row row = {.type = 0};
    struct fc_error err = FC_ERROR_INIT;

    if (fc_view_find_job(ctx, request->job_id, arena, &row, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    response.job = fc_view_job(arena, &row);
    if (!response.job)
        fc_request_fail_too_large(call);
    else
        fc_rpc_reply(call, &response.base);
}

static fc_rc find_jobs(const struct fc_services *services,
                       const FeastSpark__Api__ListJobsRequest *request, struct fc_arena *arena,
                       struct fc_job_row **ret_rows, size_t *ret_count, struct fc_error *err)
{
    const struct fc_job_filter filter = {
        .project = fc_str_from(request->project),
        .table_name = fc_str_from(request->table_name),
        .with_terminated = request->include_terminated != 0,
        .brief = true,
    };
    struct fc_reader *reader = NULL;
    fc_rc rc = fc_store_reader(services->store, &reader, err);

    return rc == FC_OK ? fc_job_list(reader, &filter, arena, ret_rows, ret_count, err) : rc;
}

static void list_jobs(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    FeastSpark__Api__ListJobsResponse response = FEAST_SPARK__API__LIST_JOBS_RESPONSE__INIT;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct fc_job_row *rows = NULL;
    struct fc_error err = FC_ERROR_INIT;
    size_t count = 0;

    if (find_jobs(ctx, (const void *)message, arena, &rows, &count, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    response.jobs = fc_arena_calloc(arena, count, sizeof(FeastSpark__Api__Job *));
    for (size_t i = 0; response.jobs && i < count; i++)
        response.jobs[i] = fc_view_job(arena, &rows[i]);
    response.n_jobs = count;
    if (fc_arena_exhausted(arena))
        fc_request_fail_too_large(call);
    else
        fc_rpc_reply(call, &response.base);
}

static void cancel_job(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const FeastSpark__Api__CancelJobRequest *request = (const void *)message;
    const struct fc_services *services = ctx;
    struct fc_job_row row = {.type = 0};
    struct fc_error err = FC_ERROR_INIT;

    if (fc_view_find_job(services, request->job_id, fc_rpc_arena(call), &row, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    fc_jobs_cancel(services->jobs, row.id, fc_request_end, call);
}

#define METHOD(name_, request_, function)                                                          \
    {                                                                                              \
        .path = (name_), .kind = FC_RPC_UNARY,                                                     \
        .request = &feast_spark__api__##request_##_request__descriptor,                            \
        .response = &feast_spark__api__##request_##_response__descriptor, .handler = (function),   \
    }
#define LATER(name_, request_, text)                                                               \
    {                                                                                              \
        .path = (name_), .kind = FC_RPC_UNARY,                                                     \
        .request = &feast_spark__api__##request_##_request__descriptor,                            \
        .response = &feast_spark__api__##request_##_response__descriptor, .unimplemented = (text), \
    }

#define NO_RETRIEVAL                                                                               \
    "GetHistoricalFeatures is not served by this version: join historical features with the "      \
    "Feast "                                                                                       \
    "SDK's own Spark launcher, and use this server for registration, ingestion and online reads"

/* Methods of both services, without the service's name; the legacy one lacks the last ones. */
static const struct fc_rpc_method methods[] = {
    METHOD("StartOfflineToOnlineIngestionJob", start_offline_to_online_ingestion_job,
           job_start_batch),
    METHOD("GetJob", get_job, get_job),
    METHOD("ListJobs", list_jobs, list_jobs),
    METHOD("CancelJob", cancel_job, cancel_job),
    LATER("GetHistoricalFeatures", get_historical_features, NO_RETRIEVAL),
    METHOD("StartStreamToOnlineIngestionJob", start_stream_to_online_ingestion_job,
           job_start_stream),
    METHOD("ScheduleOfflineToOnlineIngestionJob", schedule_offline_to_online_ingestion_job,
           job_schedule),
    METHOD("UnscheduleOfflineToOnlineIngestionJob", unschedule_offline_to_online_ingestion_job,
           job_unschedule),
    METHOD("ListScheduledJobs", list_scheduled_jobs, job_list_scheduled),
    METHOD("UnscheduleJob", unschedule_job, job_unschedule_id),
    METHOD("GetHealthMetrics", get_health_metrics, job_health),
};

static bool has_method(const ProtobufCServiceDescriptor *service, const char *name)
{
    return protobuf_c_service_descriptor_get_method_by_name(service, name) != NULL;
}

static fc_rc add_service(struct fc_services *services, struct fc_rpc_server *server,
                         const ProtobufCServiceDescriptor *service, struct fc_error *err)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(methods); i++) {
        struct fc_rpc_method row = methods[i];
        char path[200];

        if (!has_method(service, row.path))
            continue;
        (void)snprintf(path, sizeof path, "/%s/%s", service->name, row.path);
        row.path = path;
        row.ctx = services;
        fc_rc rc = fc_rpc_server_add(server, &row, 1, err);
        if (rc != FC_OK)
            return rc;
    }
    return fc_rpc_server_require(server, service, err);
}

fc_rc fc_job_service_register(struct fc_services *services, struct fc_rpc_server *server,
                              struct fc_error *err)
{
    fc_rc rc = add_service(services, server, &feast_spark__api__job_service__descriptor, err);

    return rc == FC_OK ? add_service(services, server, &feast__core__job_service__descriptor, err)
                       : rc;
}

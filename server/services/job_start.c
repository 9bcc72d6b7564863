/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs by hand: one ingestion of a batch source, or the stream of a table. */
#include "server/services/job_start.h"

#include "server/services/job_view.h"
#include "server/services/request.h"

/* One call under way; in its arena. */
struct start {
    struct fc_rpc_call *call;
    char *table_name;
};

/* The answers of both calls are one message on the wire, so that of the batch serves for the stream too. */
static void started(void *ctx, const struct fc_job_row *row, const struct fc_error *err)
{
    const struct start *start = ctx;
    FeastSpark__Api__StartOfflineToOnlineIngestionJobResponse response =
        FEAST_SPARK__API__START_OFFLINE_TO_ONLINE_INGESTION_JOB_RESPONSE__INIT;

    if (err) {
        fc_rpc_fail(start->call, err, NULL);
        return;
    }
    struct fc_arena *arena = fc_rpc_arena(start->call);
    response.id = fc_view_text(arena, row->id);
    response.job_start_time = fc_view_time(arena, row->created_ns);
    response.table_name = start->table_name;
    response.log_uri = fc_view_text(arena, row->log_uri);
    if (fc_arena_exhausted(arena))
        fc_request_fail_too_large(start->call);
    else
        fc_rpc_reply(start->call, &response.base);
}

static bool nanos_in_range(const Google__Protobuf__Timestamp *time)
{
    return !time || (time->nanos >= 0 && time->nanos < FC_NS_PER_S);
}

void job_start_batch(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const FeastSpark__Api__StartOfflineToOnlineIngestionJobRequest *request = (const void *)message;
    const struct fc_services *services = ctx;
    struct start *start = fc_arena_alloc(fc_rpc_arena(call), sizeof *start);
    const Google__Protobuf__Timestamp *from = request->start_date, *to = request->end_date;

    if (!start) {
        fc_request_fail_too_large(call);
        return;
    }
    if (!nanos_in_range(from) || !nanos_in_range(to)) {
        struct fc_error err = FC_ERROR_INIT;
        (void)fc_fail_field(&err, FC_REASON_FIELD_INVALID,
                            nanos_in_range(from) ? "end_date" : "start_date",
                            "nanos of a time must be between 0 and 999999999");
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    fc_jobs_count_submission(services->jobs, FC_JOB_BATCH_INGESTION,
                             fc_request_project(request->project), request->table_name);
    *start = (struct start){.call = call, .table_name = request->table_name};
    const struct fc_batch_request batch = {
        .project = fc_str_from(request->project),
        .table_name = fc_str_from(request->table_name),
        .has_start = from != NULL,
        .has_end = to != NULL,
        .start_s = from ? from->seconds : 0,
        .start_ns = from ? from->nanos : 0,
        .end_s = to ? to->seconds : 0,
        .end_ns = to ? to->nanos : 0,
    };
    fc_jobs_start_batch(services->jobs, &batch, started, start);
}

void job_start_stream(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const FeastSpark__Api__StartStreamToOnlineIngestionJobRequest *request = (const void *)message;
    const struct fc_services *services = ctx;
    struct start *start = fc_arena_alloc(fc_rpc_arena(call), sizeof *start);

    if (!start) {
        fc_request_fail_too_large(call);
        return;
    }
    fc_jobs_count_submission(services->jobs, FC_JOB_STREAM_INGESTION,
                             fc_request_project(request->project), request->table_name);
    *start = (struct start){.call = call, .table_name = request->table_name};
    const struct fc_stream_request stream = {.project = fc_str_from(request->project),
                                             .table_name = fc_str_from(request->table_name)};
    fc_jobs_start_stream(services->jobs, &stream, started, start);
}

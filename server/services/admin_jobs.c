/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs in detail, and a stream of how one goes on. */
#include "feast/worker/v1/worker.pb-c.h"
#include "server/services/admin.h"
#include "server/services/job_view.h"

/* Of one message of a stream. */
#define MESSAGE_BYTES ((size_t)1024 * 1024)

/*
 * A stream of one job; in the arena of its call. It ends when the supervisor makes its last call, and by nothing else:
 * a client that leaves only hastens that.
 */
struct watch {
    struct fc_rpc_call *call;
    const struct fc_services *services;
    struct fc_arena *message;
};

static bool tell(void *ctx, const struct fc_job_row *row)
{
    struct watch *watch = ctx;

    if (!row) {
        struct fc_rpc_call *call = watch->call;
        fc_arena_free(watch->message);
        fc_rpc_stream_end(call, NULL);
        return false;
    }
    fc_arena_reset(watch->message);
    const Feast__Admin__V1__JobProgress *progress =
        fc_view_progress(watch->message, row, fc_now_ns(watch->services->sys));
    return progress && fc_rpc_stream_send(watch->call, &progress->base);
}

static void client_left(void *ctx)
{
    const struct watch *watch = ctx;

    fc_jobs_unwatch(watch->services->jobs, watch);
}

void admin_watch_job(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Admin__V1__WatchJobRequest *request = (const void *)message;
    const struct fc_services *services = ctx;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct watch *watch = fc_arena_alloc(arena, sizeof *watch);
    struct fc_job_row row = {.type = 0};
    struct fc_error err = FC_ERROR_INIT;

    fc_rc rc = fc_view_find_job(services, request->job_id, arena, &row, &err);
    if (rc == FC_OK && watch) {
        *watch = (struct watch){
            .call = call, .services = services, .message = fc_arena_new(MESSAGE_BYTES)};
    }
    if (rc == FC_OK && (!watch || !watch->message))
        rc = fc_fail(&err, FC_REASON_OUT_OF_MEMORY, "no memory to watch a job");
    if (rc != FC_OK) {
        fc_rpc_stream_end(call, &err);
        return;
    }
    /* In this order: from the last call of the watch on, the call may be gone. */
    fc_rpc_stream_on_cancel(call, client_left, watch);
    fc_jobs_watch(services->jobs, row.id, tell, watch);
}

static Google__Protobuf__Timestamp *copy_time(struct fc_arena *arena,
                                              const Google__Protobuf__Timestamp *time)
{
    Google__Protobuf__Timestamp *copy = time ? fc_arena_alloc(arena, sizeof *copy) : NULL;

    if (copy) {
        google__protobuf__timestamp__init(copy);
        copy->seconds = time->seconds;
        copy->nanos = time->nanos;
    }
    return copy;
}

static void add_range(struct fc_arena *arena, const struct fc_job_row *row,
                      Feast__Admin__V1__JobDetail *detail)
{
    const Feast__Worker__V1__WorkOrder *order = feast__worker__v1__work_order__unpack(
        fc_arena_allocator(arena), row->order.len, (const uint8_t *)row->order.ptr);

    if (order && order->task_case == FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_BATCH) {
        detail->range_start = copy_time(arena, order->ingest_batch->start);
        detail->range_end = copy_time(arena, order->ingest_batch->end);
    }
}

/* Of a stream there is one while it runs, too: the account up to its places. */
static Feast__Worker__V1__Receipt *receipt_of(struct fc_arena *arena, const struct fc_job_row *row)
{
    if (row->receipt.len > 0) {
        return feast__worker__v1__receipt__unpack(fc_arena_allocator(arena), row->receipt.len,
                                                  (const uint8_t *)row->receipt.ptr);
    }
    const Feast__Worker__V1__Progress *latest =
        row->type == FC_JOB_STREAM_INGESTION && row->progress.len > 0
            ? feast__worker__v1__progress__unpack(fc_arena_allocator(arena), row->progress.len,
                                                  (const uint8_t *)row->progress.ptr)
            : NULL;
    return latest ? latest->receipt : NULL;
}

static Feast__Admin__V1__JobDetail *make_detail(const struct fc_services *services,
                                                const struct fc_job_row *row,
                                                struct fc_arena *arena)
{
    Feast__Admin__V1__JobDetail *detail = fc_arena_alloc(arena, sizeof *detail);

    if (!detail)
        return NULL;
    feast__admin__v1__job_detail__init(detail);
    detail->progress = fc_view_progress(arena, row, fc_now_ns(services->sys));
    detail->type = (FeastSpark__Api__JobType)row->type;
    detail->project = fc_view_text(arena, row->project);
    detail->table = fc_view_text(arena, row->table_name);
    detail->hash = fc_view_text(arena, row->hash);
    detail->created_at = fc_view_time(arena, row->created_ns);
    detail->started_at = fc_view_time(arena, row->started_ns);
    detail->finished_at = fc_view_time(arena, row->ended_ns);
    add_range(arena, row, detail);
    const char *letters = fc_jobs_dead_letters(services->jobs, row->id, arena);
    if (letters)
        detail->dead_letter_path = (char *)letters;
    detail->log_uri = fc_view_text(arena, row->log_uri);
    detail->receipt = receipt_of(arena, row);
    return fc_arena_exhausted(arena) ? NULL : detail;
}

void admin_get_job(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Admin__V1__GetJobDetailRequest *request = (const void *)message;
    Feast__Admin__V1__GetJobDetailResponse response =
        FEAST__ADMIN__V1__GET_JOB_DETAIL_RESPONSE__INIT;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct fc_job_row row = {.type = 0};
    struct fc_error err = FC_ERROR_INIT;

    if (fc_view_find_job(ctx, request->job_id, arena, &row, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    response.job = make_detail(ctx, &row, arena);
    if (!response.job)
        fc_request_fail_too_large(call);
    else
        fc_rpc_reply(call, &response.base);
}

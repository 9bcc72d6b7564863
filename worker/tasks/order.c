/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/order.h"

#include "protos/work_order.h"
#include "worker/tasks/copy.h"
#include "worker/tasks/ingest_batch.h"
#include "worker/tasks/ingest_stream.h"
#include "worker/tasks/probe.h"
#include "worker/text.h"

/* A probe reads footers and a few row groups. */
#define PROBE_MEMORY   (UINT64_C(256) << 20)
#define INGEST_THREADS 2

struct running {
    const struct fc_order_env *env;
    const Feast__Worker__V1__WorkOrder *order;
    struct fc_arena *arena;
    Feast__Worker__V1__Result result;
};

struct fc_duck_options fc_order_duck_options(const Feast__Worker__V1__WorkOrder *order)
{
    const Feast__Worker__V1__Ingest *ingest = order ? fc_work_order_ingest(order) : NULL;

    if (!ingest)
        return (struct fc_duck_options){.memory_limit = PROBE_MEMORY, .threads = 1, .brief = true};
    return (struct fc_duck_options){
        .memory_limit = ingest->memory_limit_bytes,
        .threads = ingest->threads ? ingest->threads : INGEST_THREADS,
        .temp_dir = ingest->scratch_dir[0] ? ingest->scratch_dir : NULL,
    };
}

static fc_rc send_progress(void *ctx, const Feast__Worker__V1__Progress *progress,
                           struct fc_error *err)
{
    struct running *running = ctx;
    Feast__Worker__V1__WorkerMessage message = FEAST__WORKER__V1__WORKER_MESSAGE__INIT;

    message.id = running->order->id;
    message.body_case = FEAST__WORKER__V1__WORKER_MESSAGE__BODY_PROGRESS;
    message.progress = (Feast__Worker__V1__Progress *)(uintptr_t)progress;
    return running->env->send(running->env->send_ctx, &message, err);
}

static fc_rc run_probe(struct running *running, struct fc_duck *duck, struct fc_error *err)
{
    Feast__Worker__V1__ProbeResult *probe = fc_arena_calloc(running->arena, 1, sizeof *probe);

    if (!probe)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the result");
    feast__worker__v1__probe_result__init(probe);
    /* Half of its time may go by in waiting; then it is worse to wait than to be in the way. */
    if (running->order->probe->limits)
        fc_turns_patience(running->env->turns,
                          (int64_t)running->order->probe->limits->deadline_ms * FC_NS_PER_MS / 2);
    fc_rc rc = fc_probe_run(running->order->probe, duck, running->env->sys, running->arena,
                            &probe->report, err);
    if (rc != FC_OK)
        return rc;
    running->result.outcome_case = FEAST__WORKER__V1__RESULT__OUTCOME_PROBE;
    running->result.probe = probe;
    return FC_OK;
}

static fc_rc run_ingest(struct running *running, struct fc_duck *duck, struct fc_error *err)
{
    const struct fc_ingest ingest = {.order = running->order->ingest_batch,
                                     .duck = duck,
                                     .sys = running->env->sys,
                                     .progress = send_progress,
                                     .progress_ctx = running};
    Feast__Worker__V1__Receipt *receipt = NULL;

    fc_rc rc = fc_ingest_run(&ingest, running->arena, &receipt, err);
    if (receipt) {
        running->result.outcome_case = FEAST__WORKER__V1__RESULT__OUTCOME_RECEIPT;
        running->result.receipt = receipt;
    }
    return rc;
}

static fc_rc run_stream(struct running *running, struct fc_error *err)
{
    const struct fc_ingest_stream ingest = {.order = running->order->ingest_stream,
                                            .sys = running->env->sys,
                                            .progress = send_progress,
                                            .progress_ctx = running};
    Feast__Worker__V1__Receipt *receipt = NULL;

    fc_rc rc = fc_ingest_stream_run(&ingest, running->arena, &receipt, err);
    if (receipt) {
        running->result.outcome_case = FEAST__WORKER__V1__RESULT__OUTCOME_RECEIPT;
        running->result.receipt = receipt;
    }
    return rc;
}

static fc_rc run_copy(struct running *running, struct fc_error *err)
{
    const Feast__Worker__V1__WorkOrder *order = running->order;
    Feast__Worker__V1__Copied *copied = NULL;

    fc_rc rc =
        order->task_case == FEAST__WORKER__V1__WORK_ORDER__TASK_UPLOAD
            ? fc_upload_run(order->upload, running->env->sys, running->arena, &copied, err)
            : fc_download_run(order->download, running->env->sys, running->arena, &copied, err);
    if (rc != FC_OK)
        return rc;
    running->result.outcome_case = FEAST__WORKER__V1__RESULT__OUTCOME_COPIED;
    running->result.copied = copied;
    return FC_OK;
}

static fc_rc run_task(struct running *running, struct fc_error *err)
{
    FC_CLEANUP(fc_duck_closep) struct fc_duck *own = NULL;
    struct fc_duck *duck = running->env->duck;
    int task = (int)running->order->task_case;

    if (task == FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_STREAM)
        return run_stream(running, err);
    if (task == FEAST__WORKER__V1__WORK_ORDER__TASK_UPLOAD ||
        task == FEAST__WORKER__V1__WORK_ORDER__TASK_DOWNLOAD)
        return run_copy(running, err);
    if (task != FEAST__WORKER__V1__WORK_ORDER__TASK_PROBE &&
        task != FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_BATCH)
        return fc_fail(err, FC_REASON_REQUEST_INVALID,
                       "the order has no task that this worker knows");
    if (!duck) {
        struct fc_duck_options options = fc_order_duck_options(running->order);
        fc_rc rc = fc_duck_open(&options, &own, err);
        if (rc != FC_OK)
            return rc;
        duck = own;
    }
    return task == FEAST__WORKER__V1__WORK_ORDER__TASK_PROBE ? run_probe(running, duck, err)
                                                             : run_ingest(running, duck, err);
}

static void fill_error(Feast__Worker__V1__WorkError *error, const struct fc_error *from,
                       struct fc_arena *arena)
{
    feast__worker__v1__work_error__init(error);
    error->code = (int32_t)from->rc;
    error->reason = fc_text_clean(arena, fc_reason_info(from->reason)->word);
    error->message = fc_text_clean(arena, from->message);
    error->field = fc_text_clean(arena, from->field);
    error->retryable = from->retryable;
}

static fc_rc send_result(const struct fc_order_env *env, const char *id,
                         Feast__Worker__V1__Result *result, struct fc_error *err)
{
    Feast__Worker__V1__WorkerMessage message = FEAST__WORKER__V1__WORKER_MESSAGE__INIT;

    message.id = (char *)(uintptr_t)id;
    message.body_case = FEAST__WORKER__V1__WORKER_MESSAGE__BODY_RESULT;
    message.result = result;
    return env->send(env->send_ctx, &message, err);
}

fc_rc fc_order_refuse(const struct fc_order_env *env, const char *id, const struct fc_error *why,
                      struct fc_arena *arena, struct fc_error *err)
{
    Feast__Worker__V1__Result result = FEAST__WORKER__V1__RESULT__INIT;
    Feast__Worker__V1__WorkError error;

    fill_error(&error, why, arena);
    result.error = &error;
    return send_result(env, id, &result, err);
}

fc_rc fc_order_run(const struct fc_order_env *env, const Feast__Worker__V1__WorkOrder *order,
                   struct fc_arena *arena, struct fc_error *ret, struct fc_error *err)
{
    struct running running = {
        .env = env, .order = order, .arena = arena, .result = FEAST__WORKER__V1__RESULT__INIT};
    Feast__Worker__V1__WorkError error;

    *ret = (struct fc_error)FC_ERROR_INIT;
    fc_rc rc = run_task(&running, ret);
    if (rc != FC_OK) {
        fill_error(&error, ret, arena);
        running.result.error = &error;
    }
    return send_result(env, order->id, &running.result, err);
}

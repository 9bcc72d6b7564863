/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "server/rpc/cork.h"
#include "server/rpc/internal.h"

/* The next event; nothing is held back while this thread sleeps. */
static grpc_event await(grpc_completion_queue *queue)
{
    if (fc_cork_held()) {
        grpc_event event =
            grpc_completion_queue_next(queue, gpr_inf_past(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type != GRPC_QUEUE_TIMEOUT)
            return event;
        fc_cork_sleeps();
    }
    return grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
}

/* False when the queue is shut down and empty. */
static bool run_one(struct poller *poller)
{
    grpc_event event = await(poller->queue);
    struct op *op = event.tag;

    if (event.type == GRPC_QUEUE_SHUTDOWN) {
        fc_cork_sleeps();
        return false;
    }
    TAG_ACQUIRE(op);
    op->done(poller, op->call, event.success != 0);
    return true;
}

void fc_poller_run(struct poller *poller)
{
    while (run_one(poller))
        ;
}

void fc_poller_run_until(struct poller *poller, const bool *done)
{
    while (!*done && run_one(poller))
        ;
}

static void *run(void *arg)
{
    fc_poller_run(arg);
    return NULL;
}

fc_rc fc_poller_start(struct poller *poller, unsigned number, struct fc_error *err)
{
    char name[16];
    int error = pthread_create(&poller->thread, NULL, run, poller);

    if (error)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start thread %u of the RPC server: %s",
                       number, strerror(error));
    snprintf(name, sizeof(name), "rpc-%u", number);
    pthread_setname_np(poller->thread, name);
    poller->running = true;
    return FC_OK;
}

void fc_poller_arm(struct poller *poller, const struct method *method)
{
    struct fc_rpc_call *call = fc_call_new(poller, method);
    grpc_server *server = poller->server->handle;
    grpc_call_error error;

    /* Without memory this poller serves the method no more; the slots of the others still do. */
    if (!call)
        return;
    TAG_RELEASE(&call->on_arrival);
    if (!method->handle)
        error = grpc_server_request_call(server, &call->handle, &call->details, &call->metadata,
                                         poller->queue, poller->queue, &call->on_arrival);
    else
        error = grpc_server_request_registered_call(
            server, method->handle, &call->handle, &call->deadline, &call->metadata,
            method->row.kind == FC_RPC_BIDI_STREAM ? NULL : &call->payload, poller->queue,
            poller->queue, &call->on_arrival);
    if (error != GRPC_CALL_OK)
        fc_call_free(call);
}

void fc_poller_batch(struct fc_rpc_call *call, const grpc_op *ops, size_t count, struct op *tag)
{
    grpc_call *handle = call->handle; /* from the release on, the call may be gone at any moment */

    TAG_RELEASE(tag);
    if (grpc_call_start_batch(handle, ops, count, tag, NULL) == GRPC_CALL_OK)
        return;
    /* The batch was refused as a whole and its tag will not come. An empty one always does: the rest goes on as if the
     * operations had failed on the wire. */
    (void)grpc_call_cancel(handle, NULL);
    (void)grpc_call_start_batch(handle, NULL, 0, tag, NULL);
}

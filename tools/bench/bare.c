/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fc-bare: the least that a server on gRPC C core can do. It answers one unary method with the same few bytes, in one
 * thread, without limits, checks, counters or a clean stop. What it takes for a call is what no server on this library
 * can go below on this machine.
 *
 *     fc-bare METHOD
 *
 * Listens on a free port of 127.0.0.1, prints that as one line and serves until it is killed.
 */
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <stdio.h>
#include <stdlib.h>

struct server {
    grpc_server *handle;
    grpc_completion_queue *queue;
    void *method;
    grpc_slice answer;
};

struct call {
    grpc_call *handle;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_byte_buffer *request, *reply;
    int cancelled;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "fc-bare: %s\n", what);
    exit(2);
}

static void await_call(struct server *server)
{
    struct call *call = calloc(1, sizeof *call);
    if (!call)
        die("no memory");
    grpc_metadata_array_init(&call->metadata);
    if (grpc_server_request_registered_call(server->handle, server->method, &call->handle,
                                            &call->deadline, &call->metadata, &call->request,
                                            server->queue, server->queue, call) != GRPC_CALL_OK)
        die("no call can be awaited");
}

static void answer(struct server *server, struct call *call)
{
    grpc_op ops[4] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},
                      {.op = GRPC_OP_SEND_MESSAGE},
                      {.op = GRPC_OP_SEND_STATUS_FROM_SERVER},
                      {.op = GRPC_OP_RECV_CLOSE_ON_SERVER}};

    call->reply = grpc_raw_byte_buffer_create(&server->answer, 1);
    ops[1].data.send_message.send_message = call->reply;
    ops[3].data.recv_close_on_server.cancelled = &call->cancelled;
    if (grpc_call_start_batch(call->handle, ops, 4, call, NULL) != GRPC_CALL_OK)
        die("a call cannot be answered");
}

static void forget(struct call *call)
{
    grpc_call_unref(call->handle);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_byte_buffer_destroy(call->request);
    grpc_byte_buffer_destroy(call->reply);
    free(call);
}

/* A call comes out of the queue twice: when it arrived, and when it was answered. */
static void serve(struct server *server)
{
    for (;;) {
        grpc_event event =
            grpc_completion_queue_next(server->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        struct call *call = event.tag;
        if (!call->reply) {
            await_call(server);
            answer(server, call);
        } else {
            forget(call);
        }
    }
}

int main(int argc, char **argv)
{
    struct server server;

    if (argc != 2)
        die("takes the name of the method to answer: /package.Service/Method");
    grpc_init();
    server.handle = grpc_server_create(NULL, NULL);
    server.queue = grpc_completion_queue_create_for_next(NULL);
    server.answer = grpc_slice_from_static_string("\n\x06"
                                                  "0.11.0");
    grpc_server_register_completion_queue(server.handle, server.queue, NULL);
    server.method = grpc_server_register_method(server.handle, argv[1], NULL,
                                                GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    int port = grpc_server_add_http2_port(server.handle, "127.0.0.1:0", credentials);
    grpc_server_credentials_release(credentials);
    if (!server.method || port == 0)
        die("no port");
    grpc_server_start(server.handle);
    await_call(&server);
    printf("127.0.0.1:%d\n", port);
    (void)fflush(stdout);
    serve(&server);
}

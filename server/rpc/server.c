/* SPDX-License-Identifier: Apache-2.0 */
#include <grpc/support/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cond.h"
#include "base/log.h"
#include "server/rpc/internal.h"
#include "server/rpc/tls.h"

/*
 * Metadata that is too large is refused with words as long as it is not absurd: a block of this many times the limit ends
 * the connection.
 */
#define BLOCK_FACTOR 8

static const struct fc_rpc_method unknown_row = {.path = "/unknown/unknown", .kind = FC_RPC_UNARY};

/* gRPC's own lines in our format. */
static void log_grpc(gpr_log_func_args *line)
{
    enum fc_log_level level = fc_bind_under_way()                        ? FC_LOG_DEBUG
                              : line->severity == GPR_LOG_SEVERITY_ERROR ? FC_LOG_WARN
                              : line->severity == GPR_LOG_SEVERITY_INFO  ? FC_LOG_INFO
                                                                         : FC_LOG_DEBUG;

    fc_log(level, "grpc", FC_LOG_STR("message", line->message));
}

static void set_defaults(struct fc_rpc_options *options)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (!options->sys)
        options->sys = fc_sys_real();
    /* More threads than that take each other's wake-ups: see docs/internals/performance.md. */
    if (options->threads == 0)
        options->threads = cores > 3 ? (unsigned)cores / 2 : 1;
    if (options->max_message_bytes == 0)
        options->max_message_bytes = (size_t)4 << 20;
    if (options->max_call_bytes == 0)
        options->max_call_bytes = (size_t)64 << 20;
    if (options->max_memory_bytes == 0)
        options->max_memory_bytes = (size_t)512 << 20;
    if (options->max_connections == 0)
        options->max_connections = 10000;
    if (options->max_streams == 0)
        options->max_streams = 1000;
    if (options->max_metadata_bytes == 0)
        options->max_metadata_bytes = 16 << 10;
    if (options->max_stream_queue == 0)
        options->max_stream_queue = 1024;
    if (options->handshake_timeout_ns == 0)
        options->handshake_timeout_ns = 10 * FC_NS_PER_S;
    if (options->drain_ns == 0)
        options->drain_ns = 10 * FC_NS_PER_S;
}

fc_rc fc_rpc_server_new(const struct fc_rpc_options *options, struct fc_rpc_server **ret,
                        struct fc_error *err)
{
    struct fc_rpc_server *server = calloc(1, sizeof *server);
    int error;

    if (!server)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the RPC server");
    server->options = *options;
    set_defaults(&server->options);
    error = fc_random_hex(server->options.sys, server->id_prefix);
    if (error) {
        free(server);
        return fc_fail(err, FC_REASON_IO_FAILED, "no random numbers: %s", strerror(-error));
    }
    server->unknown = (struct method){.row = unknown_row};
    pthread_mutex_init(&server->mutex, NULL);
    fc_cond_init(&server->changed);
    gpr_set_log_function(log_grpc);
    grpc_init();
    *ret = server;
    return FC_OK;
}

void fc_rpc_server_free(struct fc_rpc_server *server)
{
    if (!server)
        return;
    fc_rpc_server_stop(server);
    for (unsigned i = 0; i < server->poller_count; i++)
        free(server->pollers[i].counters);
    free(server->pollers);
    for (size_t i = 0; i < server->identity_count; i++)
        fc_tls_free(server->identities[i]);
    free(server->identities);
    for (size_t i = 0; i < server->method_count; i++)
        free((char *)server->methods[i].row.path);
    free(server->methods);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->mutex);
    free(server);
    grpc_shutdown();
}

static const struct method *find(const struct fc_rpc_server *server, const char *path)
{
    for (size_t i = 0; i < server->method_count; i++)
        if (strcmp(server->methods[i].row.path, path) == 0)
            return &server->methods[i];
    return NULL;
}

static fc_rc add_one(struct fc_rpc_server *server, const struct fc_rpc_method *row,
                     struct fc_error *err)
{
    struct method *method = &server->methods[server->method_count];

    if (find(server, row->path))
        return fc_fail(err, FC_REASON_INTERNAL, "the method %s is registered twice", row->path);
    *method = (struct method){.row = *row, .index = (unsigned)server->method_count};
    method->row.path = strdup(row->path);
    if (!method->row.path)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the methods of the server");
    server->method_count++;
    return FC_OK;
}

fc_rc fc_rpc_server_add(struct fc_rpc_server *server, const struct fc_rpc_method *methods,
                        size_t count, struct fc_error *err)
{
    struct method *grown;

    if (server->state != SERVER_NEW)
        return fc_fail(err, FC_REASON_INTERNAL, "methods are added before the server starts");
    grown = realloc(server->methods, (server->method_count + count) * sizeof *grown);
    if (!grown)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the methods of the server");
    server->methods = grown;
    for (size_t i = 0; i < count; i++) {
        fc_rc rc = add_one(server, &methods[i], err);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

fc_rc fc_rpc_server_require(struct fc_rpc_server *server, const ProtobufCServiceDescriptor *service,
                            struct fc_error *err)
{
    char path[256];

    for (unsigned i = 0; i < service->n_methods; i++) {
        snprintf(path, sizeof(path), "/%s/%s", service->name, service->methods[i].name);
        if (!find(server, path))
            return fc_fail(err, FC_REASON_INTERNAL, "the method %s has no handler", path);
    }
    return FC_OK;
}

static int milliseconds(int64_t nanoseconds)
{
    return (int)(nanoseconds / FC_NS_PER_MS);
}

static grpc_arg integer(const char *key, int value)
{
    return (grpc_arg){.type = GRPC_ARG_INTEGER, .key = (char *)key, .value.integer = value};
}

static grpc_server *make_server(struct fc_rpc_server *server)
{
    const struct fc_rpc_options *options = &server->options;
    grpc_arg list[] = {
        integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int)options->max_message_bytes),
        integer(GRPC_ARG_MAX_CONCURRENT_STREAMS, options->max_streams),
        integer(GRPC_ARG_MAX_METADATA_SIZE, options->max_metadata_bytes),
        integer(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, milliseconds(options->handshake_timeout_ns)),
        /* A peer that is gone without a word is noticed within 80 s. */
        integer(GRPC_ARG_KEEPALIVE_TIME_MS, 60000),
        integer(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000),
        integer(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        integer(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10000),
        integer(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 15 * 60 * 1000),
        /* See inflate.h. */
        integer(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0),
        /* What one read brings is parsed before any of it is answered; see abuse.c. */
        integer(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, 64 << 10),
        /* Else a second server on the port would share it silently instead of failing. */
        integer(GRPC_ARG_ALLOW_REUSEPORT, 0),
        {.type = GRPC_ARG_POINTER,
         .key = (char *)GRPC_ARG_RESOURCE_QUOTA,
         .value.pointer = {.p = server->quota, .vtable = grpc_resource_quota_arg_vtable()}},
    };
    grpc_channel_args args = {.num_args = FC_ARRAY_LEN(list), .args = list};

    return grpc_server_create(&args, NULL);
}

static fc_rc make_pollers(struct fc_rpc_server *server, struct fc_error *err)
{
    unsigned count = server->options.threads;

    server->pollers = calloc(count, sizeof *server->pollers);
    if (!server->pollers)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %u threads", count);
    for (unsigned i = 0; i < count; i++) {
        struct poller *poller = &server->pollers[i];
        poller->counters = calloc(server->method_count + 1, sizeof *poller->counters);
        if (!poller->counters)
            return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                           "no memory for the counters of the server");
        poller->server = server;
        poller->queue = grpc_completion_queue_create_for_next(NULL);
        server->poller_count++;
        grpc_server_register_completion_queue(server->handle, poller->queue, NULL);
    }
    return FC_OK;
}

static fc_rc register_methods(struct fc_rpc_server *server, struct fc_error *err)
{
    server->unknown.index = (unsigned)server->method_count;
    for (size_t i = 0; i < server->method_count; i++) {
        struct method *method = &server->methods[i];
        method->handle = grpc_server_register_method(
            server->handle, method->row.path, NULL,
            method->row.kind == FC_RPC_BIDI_STREAM ? GRPC_SRM_PAYLOAD_NONE
                                                   : GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
            0);
        if (!method->handle)
            return fc_fail(err, FC_REASON_INTERNAL, "the method %s cannot be registered",
                           method->row.path);
    }
    return FC_OK;
}

static fc_rc bind_all(struct fc_rpc_server *server, struct fc_rpc_listen *listens, size_t count,
                      struct fc_error *err)
{
    fc_rc rc = FC_OK;

    server->identities = calloc(count ? count : 1, sizeof(struct fc_tls *));
    if (!server->identities)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %zu addresses", count);
    server->identity_count = count;
    for (size_t i = 0; i < count && rc == FC_OK; i++) {
        if (listens[i].tls)
            rc = fc_tls_new(listens[i].tls, &server->identities[i], err);
        if (rc == FC_OK)
            rc = fc_bind_listen(server->handle, &listens[i], server->identities[i], err);
    }
    return rc;
}

fc_rc fc_rpc_server_reload(struct fc_rpc_server *server, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t i = 0; i < server->identity_count && rc == FC_OK; i++)
        if (server->identities[i])
            rc = fc_tls_reload(server->identities[i], err);
    return rc;
}

/* All that can fail before anything runs. */
static fc_rc prepare(struct fc_rpc_server *server, struct fc_rpc_listen *listens, size_t count,
                     struct fc_error *err)
{
    fc_rc rc;

    server->quota = grpc_resource_quota_create("feast-core");
    grpc_resource_quota_resize(server->quota, server->options.max_memory_bytes);
    server->handle = make_server(server);
    rc = make_pollers(server, err);
    if (rc == FC_OK)
        rc = register_methods(server, err);
    return rc == FC_OK ? bind_all(server, listens, count, err) : rc;
}

static fc_rc run(struct fc_rpc_server *server, struct fc_error *err)
{
    grpc_server_start(server->handle);
    for (unsigned i = 0; i < server->poller_count; i++) {
        for (size_t k = 0; k < server->method_count; k++)
            fc_poller_arm(&server->pollers[i], &server->methods[k]);
        fc_poller_arm(&server->pollers[i], &server->unknown);
    }
    for (unsigned i = 0; i < server->poller_count; i++) {
        fc_rc rc = fc_poller_start(&server->pollers[i], i, err);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

fc_rc fc_rpc_server_start(struct fc_rpc_server *server, struct fc_rpc_listen *listens, size_t count,
                          struct fc_error *err)
{
    fc_rc rc;

    if (server->state != SERVER_NEW)
        return fc_fail(err, FC_REASON_INTERNAL, "a server is started once");
    fc_accept_guard_start(server->options.max_connections);
    if (!fc_receive_guard_start((size_t)server->options.max_metadata_bytes * BLOCK_FACTOR))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to watch over connections");
    server->state = SERVER_STOPPED;
    rc = prepare(server, listens, count, err);
    if (rc == FC_OK)
        rc = run(server, err);
    if (rc != FC_OK) {
        if (server->poller_count > 0)
            fc_drain_shut_down(server, 0);
        fc_server_tear_down(server);
        return rc;
    }
    server->state = SERVER_RUNNING;
    return FC_OK;
}

static void free_calls(struct poller *poller)
{
    while (poller->free_calls) {
        struct fc_rpc_call *call = poller->free_calls;
        poller->free_calls = call->next;
        grpc_metadata_array_destroy(&call->metadata);
        fc_arena_free(call->arena);
        free(call);
    }
}

void fc_server_tear_down(struct fc_rpc_server *server)
{
    for (unsigned i = 0; i < server->poller_count; i++)
        grpc_completion_queue_shutdown(server->pollers[i].queue);
    for (unsigned i = 0; i < server->poller_count; i++) {
        struct poller *poller = &server->pollers[i];
        if (poller->running)
            pthread_join(poller->thread, NULL);
        else
            fc_poller_run(poller);
        poller->running = false;
        grpc_completion_queue_destroy(poller->queue);
        poller->queue = NULL;
        free_calls(poller);
    }
    if (server->handle)
        grpc_server_destroy(server->handle);
    server->handle = NULL;
    if (server->quota)
        grpc_resource_quota_unref(server->quota);
    server->quota = NULL;
}

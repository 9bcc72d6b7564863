/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rpc_fixture.h"

#include <stdlib.h>

void rpc_echo(struct fc_rpc_call *call, void *ctx FC_UNUSED, const ProtobufCMessage *request)
{
    Message answer = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;

    answer.name = ((const Message *)request)->name;
    fc_rpc_reply(call, &answer.base);
}

struct fc_channel *rpc_connect(const char *target)
{
    struct fc_channel *channel = NULL;
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(fc_channel_open(target, NULL, &channel, &err), FC_OK);
    return channel;
}

static void must(fc_rc rc, const struct fc_error *err)
{
    if (rc != FC_OK)
        fail_msg("%s", err->message);
}

void rpc_fixture_start(struct rpc_fixture *fixture, const struct fc_rpc_options *options,
                       const struct fc_rpc_method *methods, size_t count)
{
    const struct fc_rpc_options defaults = {.threads = 2};
    struct fc_rpc_listen listen = {.address = "127.0.0.1:0"};

    must(fc_rpc_server_new(options ? options : &defaults, &fixture->server, &fixture->err),
         &fixture->err);
    for (size_t i = 0; i < count; i++) {
        struct fc_rpc_method row = methods[i];
        row.ctx = fixture;
        must(fc_rpc_server_add(fixture->server, &row, 1, &fixture->err), &fixture->err);
    }
    must(fc_rpc_server_start(fixture->server, &listen, 1, &fixture->err), &fixture->err);
    fixture->port = listen.bound_port;
    snprintf(fixture->target, sizeof(fixture->target), "127.0.0.1:%d", listen.bound_port);
    fixture->channel = rpc_connect(fixture->target);
    fixture->arena = fc_arena_new((size_t)64 << 20);
    assert_non_null(fixture->arena);
}

void rpc_fixture_done(struct rpc_fixture *fixture)
{
    fc_channel_close(fixture->channel);
    fc_rpc_server_free(fixture->server);
    fc_arena_free(fixture->arena);
    *fixture = (struct rpc_fixture){0};
}

fc_rc rpc_call_name(struct rpc_fixture *fixture, const char *path, const char *name,
                    const char **ret_name)
{
    Message message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    struct fc_channel_request request = {.path = path,
                                         .message = &message.base,
                                         .response = MESSAGE_TYPE,
                                         .timeout_ns = MINUTE_NS,
                                         .arena = fixture->arena};
    fc_rc rc;

    message.name = (char *)name;
    fixture->err = (struct fc_error)FC_ERROR_INIT;
    rc = fc_channel_call(fixture->channel, &request, &fixture->reply, &fixture->err);
    if (rc == FC_OK && ret_name)
        *ret_name = ((Message *)fixture->reply.message)->name;
    return rc;
}

struct wanted {
    const char *path;
    struct fc_rpc_method_stats stats;
};

static void take(void *ctx, const struct fc_rpc_method_stats *stats)
{
    struct wanted *wanted = ctx;

    if (strcmp(stats->path, wanted->path) == 0)
        wanted->stats = *stats;
}

struct fc_rpc_method_stats rpc_stats_of(struct fc_rpc_server *server, const char *path)
{
    struct wanted wanted = {.path = path};

    fc_rpc_server_stats(server, take, &wanted);
    return wanted.stats;
}

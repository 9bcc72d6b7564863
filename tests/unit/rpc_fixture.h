/* SPDX-License-Identifier: Apache-2.0 */
/** A real server in this process with a small service, and clients of it. */
#pragma once

#include "tests/unit/harness.h"

#include "client/channel.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "server/rpc/rpc.h"

#define MINUTE_NS (60 * FC_NS_PER_S)

/** Requests and answers are DescriptorProto: it has a name, and it may nest without end. */
typedef Google__Protobuf__DescriptorProto Message;
#define MESSAGE_TYPE (&google__protobuf__descriptor_proto__descriptor)

struct rpc_fixture {
    struct fc_rpc_server *server;
    struct fc_channel *channel;
    struct fc_arena *arena;
    struct fc_error err;
    struct fc_channel_reply reply;
    char target[64];
    int port;
    void *user;
};

/** Starts a server on a free port of 127.0.0.1 with these methods; the ctx of each is the fixture. */
void rpc_fixture_start(struct rpc_fixture *fixture, const struct fc_rpc_options *options,
                       const struct fc_rpc_method *methods, size_t count);
void rpc_fixture_done(struct rpc_fixture *fixture);

struct fc_channel *rpc_connect(const char *target);

/** Calls a method with a message of that name; the answer's name is `*ret_name`. The rest is in the fixture. */
fc_rc rpc_call_name(struct rpc_fixture *fixture, const char *path, const char *name,
                    const char **ret_name);

/** An unary row. */
#define RPC_METHOD(path_, handler_)                                                                \
    {                                                                                              \
        .path = (path_), .kind = FC_RPC_UNARY, .request = MESSAGE_TYPE, .response = MESSAGE_TYPE,  \
        .handler = (handler_)                                                                      \
    }

/** Answers with the request's name. */
void rpc_echo(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);

/** The numbers of one method. */
struct fc_rpc_method_stats rpc_stats_of(struct fc_rpc_server *server, const char *path);

/** Waits until the expression is true, looking every millisecond; gives up after a minute. */
#define WAIT_FOR(expression)                                                                       \
    do {                                                                                           \
        int64_t until_ = fc_monotonic_ns(fc_sys_real()) + MINUTE_NS;                               \
        while (!(expression)) {                                                                    \
            if (fc_monotonic_ns(fc_sys_real()) > until_)                                           \
                fail_msg("still not: %s", #expression);                                            \
            usleep(1000);                                                                          \
        }                                                                                          \
    } while (0)

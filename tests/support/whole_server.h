/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Every service on a real store, real workers of the test's choice, a real RPC engine and a real connection. Failures
 * of the fixture itself abort.
 */
#pragma once

#include "client/channel.h"
#include "server/services/services.h"
#include "tests/support/registry.h"
#include "tests/support/scratch.h"
#include "tests/support/specs.h"

struct whole_server {
    struct test_scratch scratch;
    struct fc_store *store;
    struct fc_admission *admission;
    struct fc_jobs *jobs;
    struct fc_schedules *schedules;
    struct fc_services services;
    struct fc_rpc_server *rpc;
    struct fc_channel *channel;
    struct fc_arena *arena; /**< requests and answers */
    struct fc_error err;    /**< of the last call */
    struct fc_channel_reply reply;
};

/** `worker` behaves as in tests/support/bad_worker.c. The default project has an entity driver_id INT64. */
struct whole_server *whole_server_start(const char *worker);
void whole_server_stop(struct whole_server *server);

/** The answer, or NULL with `err` and `reply` filled in. */
void *whole_call(struct whole_server *server, const char *path, const ProtobufCMessage *request,
                 const ProtobufCMessageDescriptor *response);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * CoreService on a real store, a real RPC engine and a real connection, with a clock that the test sets. Calls return
 * what a client gets. Failures of the fixture itself abort.
 */
#pragma once

#include <stdatomic.h>

#include "client/channel.h"
#include "feast/core/CoreService.pb-c.h"
#include "server/services/services.h"
#include "tests/support/scratch.h"

struct core_server {
    struct test_scratch scratch;
    struct fc_sys sys;
    _Atomic int64_t now_ns; /**< the wall clock of the server */
    struct fc_store *store;
    struct fc_services services;
    struct fc_rpc_server *rpc;
    char target[64];
    struct fc_channel *channel;
    struct fc_arena *arena; /**< requests and answers */
    struct fc_error err;    /**< of the last call */
    struct fc_channel_reply reply;
    const struct fc_channel_metadata *metadata; /**< sent with each call */
    size_t metadata_count;
};

/** `admission` of the options may be NULL: validation is off. */
struct core_server *core_server_start(struct fc_admission *admission);
void core_server_stop(struct core_server *server);
/** Closes the server and its store and opens both anew on the same directory. */
void core_server_restart(struct core_server *server);

/** The answer, or NULL with `err` and `reply` filled in. Not for several threads. */
ProtobufCMessage *core_call(struct core_server *server, const char *method,
                            const ProtobufCMessage *request,
                            const ProtobufCMessageDescriptor *response);
#define CORE_CALL(server, method, request, type)                                                   \
    ((void *)core_call((server), (method), &(request)->base, &feast__core__##type##__descriptor))

/** Value of a trailer of the last answer, or NULL. */
const char *core_trailer(const struct core_server *server, const char *key);

/* The calls that most tests need; each fails the test when the call fails. */
void core_must(struct core_server *server, const void *answer, const char *what);
Feast__Core__Entity *core_apply_entity_in(struct core_server *server, const char *project,
                                          Feast__Core__EntitySpecV2 *spec);
/** NULL when the call failed; then `err` says why. */
Feast__Core__FeatureTable *core_apply_table_in(struct core_server *server, const char *project,
                                               Feast__Core__FeatureTableSpec *spec);
Feast__Core__FeatureTable *core_get_table_in(struct core_server *server, const char *project,
                                             const char *name);
bool core_delete_table_in(struct core_server *server, const char *project, const char *name);
bool core_create_project_named(struct core_server *server, const char *name);
bool core_archive_project_named(struct core_server *server, const char *name);

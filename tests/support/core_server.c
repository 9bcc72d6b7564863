/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/core_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_TIMEOUT_NS (120 * FC_NS_PER_S)

static void must(fc_rc rc, const struct fc_error *err)
{
    if (rc != FC_OK) {
        (void)fprintf(stderr, "test support: %s\n", err->message);
        abort();
    }
}

static int64_t now(void *ctx)
{
    struct core_server *server = ctx;

    return atomic_load(&server->now_ns);
}

static int64_t monotonic(void *ctx FC_UNUSED)
{
    return fc_monotonic_ns(fc_sys_real());
}

static int random_bytes(void *ctx FC_UNUSED, void *buffer, size_t size)
{
    return fc_sys_real()->random(fc_sys_real()->ctx, buffer, size);
}

static int sync_dir(void *ctx FC_UNUSED, const char *path)
{
    return fc_sys_real()->sync_dir(fc_sys_real()->ctx, path);
}

static int rename_file(void *ctx FC_UNUSED, const char *from, const char *to)
{
    return fc_sys_real()->rename(fc_sys_real()->ctx, from, to);
}

static void open_all(struct core_server *server)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_store_options store = {.data_dir = server->scratch.path, .sys = &server->sys};
    struct fc_rpc_options rpc = {.sys = &server->sys, .threads = 2};
    struct fc_rpc_listen listen = {.address = "127.0.0.1:0"};

    must(fc_store_open(&store, &server->store, &err), &err);
    server->services.sys = &server->sys;
    server->services.store = server->store;
    server->services.version = "1.2.3";
    must(fc_rpc_server_new(&rpc, &server->rpc, &err), &err);
    must(fc_core_service_register(&server->services, server->rpc, &err), &err);
    must(fc_rpc_server_start(server->rpc, &listen, 1, &err), &err);
    (void)snprintf(server->target, sizeof server->target, "127.0.0.1:%d", listen.bound_port);
    must(fc_channel_open(server->target, NULL, &server->channel, &err), &err);
}

static void close_all(struct core_server *server)
{
    fc_channel_close(server->channel);
    fc_rpc_server_free(server->rpc);
    fc_store_close(server->store);
}

struct core_server *core_server_start(struct fc_admission *admission)
{
    struct core_server *server = calloc(1, sizeof *server);

    if (!server)
        abort();
    test_scratch_init(&server->scratch);
    atomic_init(&server->now_ns, INT64_C(1600000000) * FC_NS_PER_S + 123456789);
    server->sys = (struct fc_sys){.ctx = server,
                                  .now_ns = now,
                                  .monotonic_ns = monotonic,
                                  .random = random_bytes,
                                  .sync_dir = sync_dir,
                                  .rename = rename_file};
    server->services.admission = admission;
    server->arena = fc_arena_new((size_t)512 << 20);
    if (!server->arena)
        abort();
    open_all(server);
    return server;
}

void core_server_stop(struct core_server *server)
{
    close_all(server);
    test_scratch_done(&server->scratch);
    fc_arena_free(server->arena);
    free(server);
}

void core_server_restart(struct core_server *server)
{
    close_all(server);
    open_all(server);
}

ProtobufCMessage *core_call(struct core_server *server, const char *method,
                            const ProtobufCMessage *request,
                            const ProtobufCMessageDescriptor *response)
{
    char path[96];
    struct fc_channel_request call = {
        .path = path,
        .message = request,
        .response = response,
        .timeout_ns = CALL_TIMEOUT_NS,
        .metadata = server->metadata,
        .metadata_count = server->metadata_count,
        .arena = server->arena,
    };

    (void)snprintf(path, sizeof path, "/feast.core.CoreService/%s", method);
    memset(&server->reply, 0, sizeof server->reply);
    server->err = (struct fc_error)FC_ERROR_INIT;
    fc_rc rc = fc_channel_call(server->channel, &call, &server->reply, &server->err);
    return rc == FC_OK ? server->reply.message : NULL;
}

const char *core_trailer(const struct core_server *server, const char *key)
{
    for (size_t i = 0; i < server->reply.trailer_count; i++)
        if (strcmp(server->reply.trailers[i].key, key) == 0)
            return server->reply.trailers[i].value;
    return NULL;
}

void core_must(struct core_server *server, const void *answer, const char *what)
{
    if (!answer) {
        (void)fprintf(stderr, "%s: %s: %s\n", what, fc_rc_name(server->err.rc),
                      server->err.message);
        abort();
    }
}

Feast__Core__Entity *core_apply_entity_in(struct core_server *server, const char *project,
                                          Feast__Core__EntitySpecV2 *spec)
{
    Feast__Core__ApplyEntityRequest request = FEAST__CORE__APPLY_ENTITY_REQUEST__INIT;

    request.project = (char *)project;
    request.spec = spec;
    Feast__Core__ApplyEntityResponse *answer =
        CORE_CALL(server, "ApplyEntity", &request, apply_entity_response);
    return !answer ? NULL : answer->entity;
}

Feast__Core__FeatureTable *core_apply_table_in(struct core_server *server, const char *project,
                                               Feast__Core__FeatureTableSpec *spec)
{
    Feast__Core__ApplyFeatureTableRequest request = FEAST__CORE__APPLY_FEATURE_TABLE_REQUEST__INIT;

    request.project = (char *)project;
    request.table_spec = spec;
    Feast__Core__ApplyFeatureTableResponse *answer =
        CORE_CALL(server, "ApplyFeatureTable", &request, apply_feature_table_response);
    return !answer ? NULL : answer->table;
}

Feast__Core__FeatureTable *core_get_table_in(struct core_server *server, const char *project,
                                             const char *name)
{
    Feast__Core__GetFeatureTableRequest request = FEAST__CORE__GET_FEATURE_TABLE_REQUEST__INIT;

    request.project = (char *)project;
    request.name = (char *)name;
    Feast__Core__GetFeatureTableResponse *answer =
        CORE_CALL(server, "GetFeatureTable", &request, get_feature_table_response);
    return !answer ? NULL : answer->table;
}

bool core_delete_table_in(struct core_server *server, const char *project, const char *name)
{
    Feast__Core__DeleteFeatureTableRequest request =
        FEAST__CORE__DELETE_FEATURE_TABLE_REQUEST__INIT;

    request.project = (char *)project;
    request.name = (char *)name;
    return CORE_CALL(server, "DeleteFeatureTable", &request, delete_feature_table_response) != NULL;
}

bool core_create_project_named(struct core_server *server, const char *name)
{
    Feast__Core__CreateProjectRequest request = FEAST__CORE__CREATE_PROJECT_REQUEST__INIT;

    request.name = (char *)name;
    return CORE_CALL(server, "CreateProject", &request, create_project_response) != NULL;
}

bool core_archive_project_named(struct core_server *server, const char *name)
{
    Feast__Core__ArchiveProjectRequest request = FEAST__CORE__ARCHIVE_PROJECT_REQUEST__INIT;

    request.name = (char *)name;
    return CORE_CALL(server, "ArchiveProject", &request, archive_project_response) != NULL;
}

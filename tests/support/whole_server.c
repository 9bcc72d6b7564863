/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/whole_server.h"

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

static void start_workers(struct whole_server *server, const char *worker)
{
    struct fc_error err = FC_ERROR_INIT;
    const char *program = test_bad_worker(&server->scratch, worker);
    const struct fc_admission_options admission = {
        .worker_path = program,
        .scratch_dir = test_path(&server->scratch, "scratch"),
        .deadline_ns = 60 * FC_NS_PER_S,
        .max_invalid_ratio = 0.05,
        .parallel = 1,
        .local_any = true,
        .access = test_files_only(),
    };
    const struct fc_jobs_options jobs = {
        .store = server->store,
        .worker_path = program,
        .data_dir = server->scratch.path,
        .max_attempts = 1,
        .local_any = true,
        .access = test_files_only(),
    };

    must(fc_admission_new(&admission, &server->admission, &err), &err);
    must(fc_jobs_new(&jobs, &server->jobs, &err), &err);
    const struct fc_schedules_options schedules = {.store = server->store, .jobs = server->jobs};
    must(fc_schedules_new(&schedules, &server->schedules, &err), &err);
}

static void start_rpc(struct whole_server *server)
{
    const struct fc_rpc_options options = {.threads = 2};
    struct fc_rpc_listen listen = {.address = "127.0.0.1:0"};
    struct fc_error err = FC_ERROR_INIT;
    char target[64];

    server->services = (struct fc_services){
        .sys = fc_sys_real(),
        .store = server->store,
        .admission = server->admission,
        .jobs = server->jobs,
        .schedules = server->schedules,
        .online_root = fc_arena_printf(server->arena, "%s/online", server->scratch.path),
        .backup_dir = fc_arena_printf(server->arena, "%s/backups", server->scratch.path),
        .version = "1.2.3",
    };
    must(fc_rpc_server_new(&options, &server->rpc, &err), &err);
    must(fc_core_service_register(&server->services, server->rpc, &err), &err);
    must(fc_job_service_register(&server->services, server->rpc, &err), &err);
    must(fc_serving_service_register(&server->services, server->rpc, &err), &err);
    must(fc_admin_service_register(&server->services, server->rpc, &err), &err);
    must(fc_rpc_server_start(server->rpc, &listen, 1, &err), &err);
    (void)snprintf(target, sizeof target, "127.0.0.1:%d", listen.bound_port);
    must(fc_channel_open(target, NULL, &server->channel, &err), &err);
}

struct whole_server *whole_server_start(const char *worker)
{
    struct whole_server *server = calloc(1, sizeof *server);

    if (!server || !(server->arena = fc_arena_new((size_t)256 << 20)))
        abort();
    test_scratch_init(&server->scratch);
    server->store = test_store_open(server->scratch.path);
    test_put_entity(server->store, "default", "driver_id", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    start_workers(server, worker);
    start_rpc(server);
    return server;
}

void whole_server_stop(struct whole_server *server)
{
    fc_channel_close(server->channel);
    fc_rpc_server_stop(server->rpc);
    fc_services_done(&server->services);
    fc_admission_free(server->admission);
    fc_schedules_free(server->schedules);
    fc_jobs_free(server->jobs);
    fc_rpc_server_free(server->rpc);
    fc_store_close(server->store);
    test_scratch_done(&server->scratch);
    fc_arena_free(server->arena);
    free(server);
}

void *whole_call(struct whole_server *server, const char *path, const ProtobufCMessage *request,
                 const ProtobufCMessageDescriptor *response)
{
    const struct fc_channel_request call = {
        .path = path,
        .message = request,
        .response = response,
        .timeout_ns = CALL_TIMEOUT_NS,
        .arena = server->arena,
    };

    memset(&server->reply, 0, sizeof server->reply);
    server->err = (struct fc_error)FC_ERROR_INIT;
    fc_rc rc = fc_channel_call(server->channel, &call, &server->reply, &server->err);
    return rc == FC_OK ? server->reply.message : NULL;
}

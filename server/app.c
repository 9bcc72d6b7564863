/* SPDX-License-Identifier: Apache-2.0 */
#include "server/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "base/version.h"
#include "feast/admin/v1/admin.pb-c.h"
#include "feast/core/CoreService.pb-c.h"
#include "feast/core/JobService.pb-c.h"
#include "feast/serving/ServingService.pb-c.h"
#include "feast_spark/api/JobService.pb-c.h"
#include "protos/descriptor_set.h"
#include "server/address.h"
#include "server/admission/admission.h"
#include "server/copies/copies.h"
#include "server/http/http.h"
#include "server/jobs/jobs.h"
#include "server/jobs/reconcile.h"
#include "server/listens.h"
#include "server/memory.h"
#include "server/notify.h"
#include "server/retention.h"
#include "server/rpc/health.h"
#include "server/rpc/reflection.h"
#include "server/rpc/rpc.h"
#include "server/services/services.h"
#include "server/sources.h"
#include "server/stores.h"
#include "server/stream_policy.h"
#include "server/worker_path.h"
#include "storage/store.h"

#define MAX_TEXTS_BYTES                                                                            \
    ((size_t)1024 * 1024) /* of paths and addresses made from the configuration */

struct fc_app {
    const struct fc_config *config;
    struct fc_arena *texts;
    struct fc_store *store;
    struct fc_admission *admission;
    struct fc_reverify *reverify;
    struct fc_jobs *jobs;
    struct fc_schedules *schedules;
    struct fc_zone zone; /* of schedules */
    struct fc_retention *retention;
    struct fc_services services;
    struct fc_rpc_server *rpc;
    struct fc_health *health;
    struct fc_reflection *reflection;
    struct fc_http_server *http;
    struct fc_listens listens;
    const char *worker_path;
    const char **local_roots;                /* NULL-terminated */
    const Feast__Worker__V1__Access *access; /* of sources */
    struct fc_copies *copies;
    const struct fc_online_stores *stores;
    struct fc_stream_policy streams;
    struct fc_reconcile *reconcile; /* NULL: streams do not start by themselves */
    bool local_any;
    bool writable, damaged; /* as was last logged; health is told both */
};

typedef fc_rc (*register_fn)(struct fc_services *, struct fc_rpc_server *, struct fc_error *);

static const struct {
    const ProtobufCServiceDescriptor *descriptor;
    register_fn add; /* NULL: it comes with the one before */
    const char *key; /* of the configuration, which switches it off; NULL: it is always there */
} domain_services[] = {
    {&feast__core__core_service__descriptor, fc_core_service_register, NULL},
    {&feast_spark__api__job_service__descriptor, fc_job_service_register, NULL},
    {&feast__core__job_service__descriptor, NULL, NULL},
    {&feast__serving__serving_service__descriptor, fc_serving_service_register, "serving.enabled"},
    {&feast__admin__v1__admin_service__descriptor, fc_admin_service_register, NULL},
};

static bool is_offered(const struct fc_app *app, size_t service)
{
    const char *key = domain_services[service].key;

    return !key || fc_config_bool(app->config, key);
}

/* Local files: any of them when only this machine can ask, else those below the roots. */
static fc_rc resolve_roots(struct fc_app *app, struct fc_error *err)
{
    size_t roots = fc_config_list_len(app->config, "sources.local_roots");

    app->local_any = app->listens.loopback_only && roots == 0;
    app->local_roots = fc_arena_calloc(app->texts, roots + 1, sizeof *app->local_roots);
    if (!app->local_roots)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %zu local roots", roots);
    for (size_t i = 0; i < roots; i++)
        app->local_roots[i] = fc_config_list_at(app->config, "sources.local_roots", i);
    return FC_OK;
}

static fc_rc start_reconcile(struct fc_app *app, struct fc_error *err)
{
    const struct fc_reconcile_options options = {
        .sys = fc_sys_real(), .store = app->store, .jobs = app->jobs};

    return fc_config_bool(app->config, "stream.enabled")
               ? fc_reconcile_new(&options, &app->reconcile, err)
               : FC_OK;
}

static fc_rc start_admission(struct fc_app *app, const char *data_dir, struct fc_error *err)
{
    const char *scratch = fc_arena_printf(app->texts, "%s/scratch", data_dir);
    struct fc_admission_options options = {
        .worker_path = app->worker_path,
        .scratch_dir = scratch,
        .deadline_ns = fc_config_duration_ns(app->config, "probe.deadline"),
        .max_invalid_ratio = fc_config_double(app->config, "probe.max_invalid_ratio"),
        .parallel = (unsigned)fc_config_int(app->config, "probe.parallel"),
        .background_parallel = (unsigned)fc_config_int(app->config, "reverify.parallel"),
        .local_any = app->local_any,
        .local_roots = app->local_roots,
        .access = app->access,
        .sys = fc_sys_real(),
    };
    if (!scratch) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                       "no memory for the configuration of admission");
    }
    if (!fc_validation_mode_parse(fc_config_str(app->config, "validation"), &options.mode)) {
        return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "validation",
                             "'%s' is no validation mode",
                             fc_config_str(app->config, "validation"));
    }
    return fc_admission_new(&options, &app->admission, err);
}

static fc_rc start_reverify(struct fc_app *app, struct fc_error *err)
{
    const struct fc_reverify_options options = {
        .sys = fc_sys_real(),
        .store = app->store,
        .admission = app->admission,
        .plan = {.interval_ns = fc_config_duration_ns(app->config, "reverify.interval"),
                 .retry_min_ns = fc_config_duration_ns(app->config, "reverify.retry_min"),
                 .retry_max_ns = fc_config_duration_ns(app->config, "reverify.retry_max")},
        .parallel = (unsigned)fc_config_int(app->config, "reverify.parallel"),
    };
    return fc_reverify_new(&options, &app->reverify, err);
}

static fc_rc start_schedules(struct fc_app *app, struct fc_error *err)
{
    bool skip = strcmp(fc_config_str(app->config, "jobs.missed_runs"), "skip") == 0;
    const struct fc_schedules_options options = {
        .sys = fc_sys_real(),
        .store = app->store,
        .jobs = app->jobs,
        .zone = app->zone,
        .missed = skip ? FC_MISSED_SKIP : FC_MISSED_CATCH_UP,
    };
    return fc_schedules_new(&options, &app->schedules, err);
}

static fc_rc start_jobs(struct fc_app *app, const char *data_dir, struct fc_error *err)
{
    const struct fc_jobs_options options = {
        .sys = fc_sys_real(),
        .store = app->store,
        .worker_path = app->worker_path,
        .data_dir = data_dir,
        .parallel = (unsigned)fc_config_int(app->config, "jobs.parallel"),
        .max_attempts = (int32_t)fc_config_int(app->config, "jobs.max_attempts"),
        .memory_limit = fc_config_bytes(app->config, "jobs.memory_limit"),
        .stream_parallel = (unsigned)fc_config_int(app->config, "stream.parallel"),
        .streams = app->streams,
        .local_any = app->local_any,
        .local_roots = app->local_roots,
        .access = app->access,
        .stores = app->stores,
    };
    fc_rc rc = fc_jobs_new(&options, &app->jobs, err);
    return rc == FC_OK ? start_schedules(app, err) : rc;
}

static fc_rc start_retention(struct fc_app *app, const char *data_dir, struct fc_error *err)
{
    const struct fc_retention_options options = {
        .store = app->store,
        .data_dir = data_dir,
        .jobs_keep_ns = fc_config_duration_ns(app->config, "jobs.keep"),
        .outbox_keep_ns = fc_config_duration_ns(app->config, "storage.outbox_keep"),
    };
    return fc_retention_new(&options, &app->retention, err);
}

static fc_rc add_reflection(struct fc_app *app, struct fc_error *err)
{
    static const char *const infrastructure[] = {
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    };
    const char *names[FC_ARRAY_LEN(domain_services) + FC_ARRAY_LEN(infrastructure)];
    size_t count = 0;

    for (size_t i = 0; i < FC_ARRAY_LEN(domain_services); i++)
        if (is_offered(app, i))
            names[count++] = domain_services[i].descriptor->name;
    for (size_t i = 0; i < FC_ARRAY_LEN(infrastructure); i++)
        names[count++] = infrastructure[i];
    const fc_str set = {.ptr = (const char *)fc_descriptor_set, .len = fc_descriptor_set_size};
    return fc_reflection_new(app->rpc, set, names, count, &app->reflection, err);
}

static fc_rc add_services(struct fc_app *app, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t i = 0; rc == FC_OK && i < FC_ARRAY_LEN(domain_services); i++)
        if (is_offered(app, i) && domain_services[i].add)
            rc = domain_services[i].add(&app->services, app->rpc, err);
    for (size_t i = 0; rc == FC_OK && i < FC_ARRAY_LEN(domain_services); i++)
        if (is_offered(app, i))
            rc = fc_rpc_server_require(app->rpc, domain_services[i].descriptor, err);
    return rc;
}

/* Besides the services there is "liveness", which a disk that is full does not change: a restart would not help. */
static void set_serving(struct fc_app *app, bool serving)
{
    fc_health_set(app->health, "liveness", true);
    fc_health_set(app->health, "", serving);
    for (size_t i = 0; i < FC_ARRAY_LEN(domain_services); i++)
        if (is_offered(app, i))
            fc_health_set(app->health, domain_services[i].descriptor->name, serving);
}

static bool is_serving(const struct fc_app *app)
{
    return app->writable && !app->damaged;
}

static void look_at_store(struct fc_app *app)
{
    struct fc_store_checks checks;

    fc_store_checks(app->store, &checks);
    app->writable = fc_store_writable(app->store);
    if (checks.damaged && !app->damaged) {
        fc_log(FC_LOG_ERROR, "store_damaged", FC_LOG_STR("finding", checks.finding),
               FC_LOG_STR("advice",
                          "stop the server, keep a copy of the data directory, restore a backup"));
    }
    app->damaged = checks.damaged;
}

static fc_rc start_rpc(struct fc_app *app, struct fc_error *err)
{
    const struct fc_rpc_options options = {
        .sys = fc_sys_real(),
        .threads = (unsigned)fc_config_int(app->config, "grpc.threads"),
        .max_message_bytes = (size_t)fc_config_bytes(app->config, "grpc.max_message"),
        .max_call_bytes = (size_t)fc_config_bytes(app->config, "grpc.max_call_memory"),
        .max_streams = (int)fc_config_int(app->config, "grpc.max_streams"),
        .max_stream_queue = (unsigned)fc_config_int(app->config, "grpc.max_stream_queue"),
        .max_metadata_bytes = (int)fc_config_bytes(app->config, "grpc.max_metadata"),
        .max_connections = (unsigned)fc_config_int(app->config, "grpc.max_connections"),
        .max_memory_bytes = (size_t)fc_config_bytes(app->config, "grpc.max_memory"),
        .handshake_timeout_ns = fc_config_duration_ns(app->config, "grpc.handshake_timeout"),
        .lame_duck_ns = fc_config_duration_ns(app->config, "shutdown.lame_duck"),
        .drain_ns = fc_config_duration_ns(app->config, "shutdown.drain"),
        .access_log = fc_config_bool(app->config, "grpc.access_log"),
    };
    fc_rc rc = fc_rpc_server_new(&options, &app->rpc, err);
    if (rc == FC_OK)
        rc = add_services(app, err);
    if (rc == FC_OK)
        rc = fc_health_new(app->rpc, &app->health, err);
    if (rc == FC_OK)
        rc = add_reflection(app, err);
    if (rc == FC_OK) {
        look_at_store(app);
        set_serving(app, is_serving(app));
        rc = fc_rpc_server_start(app->rpc, app->listens.items, app->listens.count, err);
    }
    return rc;
}

static fc_rc start_http(struct fc_app *app, struct fc_error *err)
{
    const struct fc_http_server_options options = {
        .address = fc_config_str(app->config, "http.listen"),
        .rpc = app->rpc,
        .store = app->store,
        .admission = app->admission,
        .reverify = app->reverify,
        .reconcile = app->reconcile,
        .jobs = app->jobs,
        .schedules = app->schedules,
    };
    return options.address[0] == '\0' ? FC_OK : fc_http_server_new(&options, &app->http, err);
}

/* Scripts wait for this line and read the ports from it; docs/operations.md promises its form. */
static void print_ready(const struct fc_app *app, const char *data_dir)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf line = FC_BUF_INIT;
    char address[300];

    fc_buf_puts(&line, "feast-core ready: grpc=");
    for (size_t i = 0; i < app->listens.count; i++) {
        const struct fc_rpc_listen *listen = &app->listens.items[i];
        fc_address_with_port(listen->address, listen->bound_port, address, sizeof address);
        fc_buf_printf(&line, "%s%s", i == 0 ? "" : ",", address);
    }
    if (app->http) {
        fc_address_with_port(fc_config_str(app->config, "http.listen"),
                             fc_http_server_port(app->http), address, sizeof address);
        fc_buf_printf(&line, " http=%s", address);
    }
    fc_buf_printf(&line, " data_dir=%s version=%s\n", data_dir, FC_VERSION);
    (void)fputs(fc_buf_text(&line), stderr);
    fc_notify("READY=1");
}

/* Said once, for those who would look at the file with another program. */
static void log_risky_sqlite(void)
{
    const char *version = fc_store_risky_sqlite();

    if (version) {
        fc_log(FC_LOG_INFO, "sqlite_before_3.51.3", FC_LOG_STR("version", version),
               FC_LOG_STR("rule", "two writers at once can damage the file, so this server is the "
                                  "only one: let no other program open registry.db, copy it by "
                                  "Backup"));
    }
}

static const char *backup_dir(const struct fc_app *app, const char *data_dir)
{
    const char *configured = fc_config_str(app->config, "backup.dir");

    return configured[0] != '\0' ? configured : fc_arena_printf(app->texts, "%s/backups", data_dir);
}

/* What can be said of the configuration without touching the data directory. No other thread is there yet. */
static fc_rc check_places(const struct fc_config *config, struct fc_error *err)
{
    const char *http = fc_config_str(config, "http.listen");

    if (fc_config_str(config, "data_dir")[0] == '\0') {
        return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "data_dir",
                             "data_dir is empty, expected a directory");
    }
    if (http[0] != '\0' &&
        (strncmp(http, "unix:", 5) == 0 || fc_address_check(http, err) != FC_OK)) {
        return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "http.listen",
                             "http.listen is \"%s\", expected HOST:PORT or nothing", http);
    }
    return FC_OK;
}

static fc_rc resolve(struct fc_app *app, struct fc_error *err)
{
    fc_rc rc = check_places(app->config, err);
    if (rc == FC_OK)
        rc = fc_listens_config(app->config, app->texts, &app->listens, err);
    if (rc == FC_OK)
        rc = fc_zone_set(fc_config_str(app->config, "jobs.time_zone"), &app->zone, err);
    if (rc == FC_OK)
        rc = fc_worker_path(app->config, app->texts, &app->worker_path, err);
    if (rc == FC_OK)
        rc = resolve_roots(app, err);
    if (rc == FC_OK) {
        const struct fc_sources_local local = {.any = app->local_any, .roots = app->local_roots};
        rc = fc_sources_access(app->config, &local, app->texts, &app->access, err);
    }
    if (rc == FC_OK)
        rc = fc_stores_config(app->config, app->texts, &app->stores, err);
    if (rc == FC_OK)
        rc = fc_stream_policy_config(app->config, app->texts, &app->streams, err);
    if (rc == FC_OK)
        rc = fc_copies_new(app->config, app->worker_path, app->texts, &app->copies, err);
    return rc;
}

static fc_rc start_rooms(struct fc_app *app, struct fc_error *err)
{
    const char *data_dir = fc_config_str(app->config, "data_dir");
    const struct fc_store_options store_options = {
        .data_dir = data_dir,
        .sys = fc_sys_real(),
        .check_interval_ns = fc_config_duration_ns(app->config, "storage.check_interval"),
    };

    log_risky_sqlite();
    fc_rc rc = resolve(app, err);
    if (rc == FC_OK)
        rc = fc_store_open(&store_options, &app->store, err);
    if (rc == FC_OK)
        rc = start_admission(app, data_dir, err);
    if (rc == FC_OK)
        rc = start_reverify(app, err);
    if (rc == FC_OK)
        rc = start_jobs(app, data_dir, err);
    if (rc == FC_OK)
        rc = start_reconcile(app, err);
    if (rc == FC_OK)
        rc = start_retention(app, data_dir, err);
    if (rc == FC_OK) {
        app->services = (struct fc_services){
            .sys = fc_sys_real(),
            .store = app->store,
            .admission = app->admission,
            .jobs = app->jobs,
            .schedules = app->schedules,
            .reverify = app->reverify,
            .stores = app->stores,
            .online_root = fc_arena_printf(app->texts, "%s/online", data_dir),
            .backup_dir = backup_dir(app, data_dir),
            .copies = app->copies,
            .backup_url = fc_config_str(app->config, "backup.url"),
            .version = FC_VERSION,
        };
        rc = start_rpc(app, err);
    }
    if (rc == FC_OK)
        rc = start_http(app, err);
    if (rc == FC_OK)
        print_ready(app, data_dir);
    return rc;
}

fc_rc fc_app_start(const struct fc_config *config, struct fc_app **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_app_stopp) struct fc_app *app = calloc(1, sizeof *app);
    if (!app || !(app->texts = fc_arena_new(MAX_TEXTS_BYTES)))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to start");
    app->config = config;
    fc_rc rc = start_rooms(app, err);
    if (rc == FC_OK)
        *ret = fc_steal(app);
    return rc;
}

fc_rc fc_app_check(const struct fc_config *config, struct fc_error *err)
{
    FC_CLEANUP(fc_app_stopp) struct fc_app *app = calloc(1, sizeof *app);
    if (!app || !(app->texts = fc_arena_new(MAX_TEXTS_BYTES)))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to check the configuration");
    app->config = config;
    fc_rc rc = resolve(app, err);
    return rc == FC_OK ? fc_listens_check(&app->listens, err) : rc;
}

void fc_app_tick(struct fc_app *app)
{
    bool was_writable = app->writable, was_serving = is_serving(app);

    look_at_store(app);
    if (app->writable != was_writable) {
        fc_log(app->writable ? FC_LOG_INFO : FC_LOG_ERROR,
               app->writable ? "store_writable_again" : "store_not_writable");
    }
    if (is_serving(app) != was_serving)
        set_serving(app, is_serving(app));
    fc_memory_tick(fc_monotonic_ns(fc_sys_real()));
}

void fc_app_reload(struct fc_app *app)
{
    struct fc_error err = FC_ERROR_INIT;

    if (fc_rpc_server_reload(app->rpc, &err) == FC_OK)
        fc_log(FC_LOG_INFO, "reloaded");
    else
        fc_log(FC_LOG_ERROR, "reload_refused", FC_LOG_ERR(&err));
}

void fc_app_stop(struct fc_app *app)
{
    if (!app)
        return;
    fc_notify("STOPPING=1");
    if (app->health)
        fc_health_shutdown(app->health); /* a Watch is a call in flight: it would hold the drain */
    /* Whoever waits for a backup that is on its way is told, and asks again: a store may take longer than the drain. */
    fc_copies_stop(app->copies);
    fc_services_drain(&app->services);
    if (app->rpc)
        fc_rpc_server_stop(app->rpc);
    fc_services_done(&app->services);
    fc_copies_free(app->copies);
    fc_http_server_free(app->http);
    fc_retention_free(app->retention);
    /* Before its looks are ended: what they find then is no finding. */
    fc_reverify_stop(app->reverify);
    fc_admission_free(app->admission);
    fc_reverify_free(app->reverify);
    fc_schedules_free(app->schedules);
    fc_reconcile_free(app->reconcile);
    fc_jobs_free(app->jobs);
    fc_rpc_server_free(app->rpc);
    fc_reflection_free(app->reflection);
    fc_health_free(app->health);
    fc_store_close(app->store);
    fc_arena_free(app->texts);
    free(app);
}

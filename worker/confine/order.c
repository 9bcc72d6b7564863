/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protos/work_order.h"
#include "worker/confine/confine.h"

/* Of a list of paths; more roots than that are an error. */
#define MOST_PATHS 256

struct paths {
    struct fc_arena *arena;
    const char **list; /* NULL-terminated */
    size_t count;
    bool failed;
};

/* NULL and "" are no path. */
static void add(struct paths *paths, const char *path)
{
    if (!path || path[0] == '\0')
        return;
    if (paths->count + 1 >= MOST_PATHS) {
        paths->failed = true;
        return;
    }
    paths->list[paths->count++] = path;
}

/* Secrets are replaced by new files in the same directory. */
static void add_directory_of(struct paths *paths, const char *file)
{
    const char *slash = file ? strrchr(file, '/') : NULL;

    if (slash) {
        const char *directory = fc_arena_strndup(paths->arena, file, (size_t)(slash - file) + 1);
        paths->failed = paths->failed || !directory;
        add(paths, directory);
    }
}

static void add_below_home(struct paths *paths, const char *name)
{
    const char *home = getenv("HOME");

    if (home && home[0] != '\0') {
        const char *path = fc_arena_printf(paths->arena, "%s/%s", home, name);
        paths->failed = paths->failed || !path;
        add(paths, path);
    }
}

/* What libraries read: names of hosts, authorities, time zones, modules for names, limits of the machine. */
static void add_system(struct paths *paths)
{
    static const char *const places[] = {"/etc",   "/usr",  "/lib",
                                         "/lib64", "/proc", "/sys",
                                         "/dev",   "/run",  "/var/lib/ca-certificates"};

    for (size_t i = 0; i < FC_ARRAY_LEN(places); i++)
        add(paths, places[i]);
}

static void add_credentials(struct paths *paths)
{
    static const char *const files[] = {
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CONFIG_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_CA_BUNDLE",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "SSL_CERT_FILE",
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(files); i++)
        add_directory_of(paths, getenv(files[i]));
    add(paths, getenv("SSL_CERT_DIR"));
    add(paths, getenv("CLOUDSDK_CONFIG"));
    add_below_home(paths, ".aws");
    add_below_home(paths, ".config/gcloud");
}

static const Feast__Worker__V1__Access *access_of(const Feast__Worker__V1__WorkOrder *order)
{
    const Feast__Worker__V1__Ingest *ingest = fc_work_order_ingest(order);

    if (ingest)
        return ingest->access;
    switch (order->task_case) {
    case FEAST__WORKER__V1__WORK_ORDER__TASK_PROBE:
        return order->probe->access;
    case FEAST__WORKER__V1__WORK_ORDER__TASK_UPLOAD:
        return order->upload->access;
    case FEAST__WORKER__V1__WORK_ORDER__TASK_DOWNLOAD:
        return order->download->access;
    default:
        return NULL;
    }
}

/* TLS of a Redis: authorities, certificate, key. */
static void add_sink_reads(struct paths *paths, const Feast__Worker__V1__WorkOrder *order)
{
    const Feast__Worker__V1__Ingest *ingest = fc_work_order_ingest(order);

    if (ingest && ingest->sink_case == FEAST__WORKER__V1__INGEST__SINK_REDIS) {
        add_directory_of(paths, ingest->redis->ca_file);
        add_directory_of(paths, ingest->redis->cert_file);
        add_directory_of(paths, ingest->redis->key_file);
    }
}

static void add_reads(struct paths *paths, const Feast__Worker__V1__Access *access)
{
    add_system(paths);
    add_credentials(paths);
    for (size_t i = 0; i < access->n_local_roots; i++)
        add(paths, access->local_roots[i]);
    add_directory_of(paths, access->ca_file);
    /* What it names (keys, authorities) lies beside it. */
    add_directory_of(paths, access->kafka_config);
    add(paths, access->descriptors);
}

/* The nearest directory that is there: those between will be made. */
static void add_place_of(struct paths *paths, const char *file)
{
    char *path = file[0] == '/' ? fc_arena_strdup(paths->arena, file) : NULL;

    if (!path) {
        paths->failed = paths->failed || file[0] == '/';
        return;
    }
    do {
        char *slash = strrchr(path, '/');
        slash[slash == path ? 1 : 0] = '\0';
    } while (access(path, F_OK) != 0 && strcmp(path, "/") != 0);
    if (strcmp(path, "/") != 0)
        add(paths, path);
}

static void add_writes(struct paths *paths, const Feast__Worker__V1__WorkOrder *order)
{
    const Feast__Worker__V1__Ingest *ingest = fc_work_order_ingest(order);

    add(paths, getenv("TMPDIR"));
    if (ingest) {
        add(paths, ingest->scratch_dir);
        add_place_of(paths, ingest->dead_letter_path);
        if (ingest->sink_case == FEAST__WORKER__V1__INGEST__SINK_SQLITE)
            add_place_of(paths, ingest->sqlite->path);
    } else if (order->task_case == FEAST__WORKER__V1__WORK_ORDER__TASK_DOWNLOAD) {
        add_place_of(paths, order->download->path);
    }
}

static bool begin(struct paths *paths, struct fc_arena *arena)
{
    *paths =
        (struct paths){.arena = arena, .list = fc_arena_calloc(arena, MOST_PATHS, sizeof(char *))};
    return paths->list != NULL;
}

fc_rc fc_confine_order(const Feast__Worker__V1__WorkOrder *order, struct fc_arena *arena,
                       struct fc_confine_files *ret, struct fc_error *err)
{
    const Feast__Worker__V1__Access *access = access_of(order);
    struct paths reads, writes;

    if (!begin(&reads, arena) || !begin(&writes, arena))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the files of an order");
    bool read_any = !access || !access->confine_reads;
    if (!read_any) {
        add_reads(&reads, access);
        add_sink_reads(&reads, order);
        if (order->task_case == FEAST__WORKER__V1__WORK_ORDER__TASK_UPLOAD)
            add(&reads, order->upload->path);
    }
    add_writes(&writes, order);
    if (reads.failed || writes.failed) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "files cannot be confined: more than %d places", MOST_PATHS - 2);
    }
    *ret =
        (struct fc_confine_files){.read_any = read_any, .read = reads.list, .write = writes.list};
    return FC_OK;
}

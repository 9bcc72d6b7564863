/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the registry's store costs without any network: reads by name and lists at several sizes, durable writes with
 * one and with many callers against what the disk alone can sync. The numbers of docs/adr/0002 come from here.
 *
 *   fc-store-bench <directory>      an empty directory on the disk to be measured; about 100 MB are written
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "storage/registry.h"
#include "storage/store.h"

enum { TABLES = 10000, SPEC_BYTES = 1800, CALLERS_MAX = 64, SECONDS = 3 };

static const struct fc_sys *sys;

static void check(fc_rc rc, const struct fc_error *err)
{
    if (rc != FC_OK) {
        (void)fprintf(stderr, "fc-store-bench: %s: %s\n", fc_rc_name(rc), err->message);
        exit(1);
    }
}

static void report(const char *what, double value, const char *unit)
{
    (void)printf("%-58s %12.1f %s\n", what, value, unit);
    (void)fflush(stdout);
}

static double seconds_since(int64_t start_ns)
{
    return (double)(fc_monotonic_ns(sys) - start_ns) / (double)FC_NS_PER_S;
}

static double rss_mib(void)
{
    char text[256] = "";
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fgets(text, sizeof text, file)) {
        char *end = NULL;
        total = strtol(text, &end, 10);
        resident = strtol(end, NULL, 10);
    }
    if (file)
        (void)fclose(file);
    return total > 0 ? (double)resident * (double)sysconf(_SC_PAGESIZE) / 1048576.0 : 0;
}

/* Of this thread alone: on a busy machine the wall says little about a read that never waits. */
static double thread_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- The disk alone ---- */

/* Writes over blocks that are there, as a WAL that has gone round once does. */
static void bench_disk(const char *dir)
{
    static char page[4096 * 8];
    char path[512];
    int64_t start;
    int count = 0;

    (void)snprintf(path, sizeof path, "%s/raw", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (int i = 0; i < 128 && fd >= 0; i++) {
        if (pwrite(fd, page, sizeof page, (off_t)sizeof page * i) != sizeof page) {
            perror(path);
            exit(1);
        }
    }
    if (fd < 0 || fsync(fd) != 0) {
        perror(path);
        exit(1);
    }
    for (start = fc_monotonic_ns(sys); seconds_since(start) < SECONDS; count++) {
        page[0]++;
        if (pwrite(fd, page, sizeof page, (off_t)sizeof page * (count % 128)) != sizeof page ||
            fdatasync(fd) != 0) {
            perror(path);
            exit(1);
        }
    }
    report("disk: 32 KiB written over and synced", count / seconds_since(start), "per s");
    (void)close(fd);
    (void)unlink(path);
}

/* ---- Writing ---- */

struct put {
    char name[32];
    bool table;
    int64_t project_id;
    fc_str spec;
};

static fc_rc run_put(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct put *put = ctx;
    if (put->table) {
        struct fc_table_row row = {.name = fc_str_from(put->name),
                                   .hash = FC_STR("0123456789abcdef"),
                                   .mode = FC_STR("off"),
                                   .spec = put->spec,
                                   .reply = put->spec};
        return fc_table_put(txn, put->project_id, &row, err);
    }
    struct fc_entity_row row = {
        .name = fc_str_from(put->name), .value_type = 4, .spec = put->spec, .reply = put->spec};
    return fc_entity_put(txn, put->project_id, &row, err);
}

static char spec_bytes[SPEC_BYTES];

struct caller {
    struct fc_store *store;
    bool table;
    int number, round;
    int64_t project_id;
    atomic_bool *stop;
    int count;
};

static void *call_on(void *ctx)
{
    struct caller *caller = ctx;
    struct fc_error err = FC_ERROR_INIT;

    while (!atomic_load(caller->stop)) {
        struct put put = {.table = caller->table,
                          .project_id = caller->project_id,
                          .spec = {spec_bytes, caller->table ? SPEC_BYTES : 120}};
        (void)snprintf(put.name, sizeof put.name, "r%d_c%d_%d", caller->round, caller->number,
                       caller->count);
        check(fc_store_run(caller->store, run_put, &put, &err), &err);
        caller->count++;
    }
    return NULL;
}

static void bench_puts(struct fc_store *store, int64_t project_id, bool table, int callers)
{
    static int round;
    static struct caller all[CALLERS_MAX];
    pthread_t threads[CALLERS_MAX];
    atomic_bool stop = false;
    struct fc_store_stats before, after;
    char what[80];
    int count = 0;

    round++;
    fc_store_stats(store, &before);
    double cpu = cpu_seconds();
    int64_t start = fc_monotonic_ns(sys);
    for (int i = 0; i < callers; i++) {
        all[i] = (struct caller){.store = store,
                                 .table = table,
                                 .number = i,
                                 .round = round,
                                 .project_id = project_id,
                                 .stop = &stop};
        if (pthread_create(&threads[i], NULL, call_on, &all[i]) != 0)
            exit(1);
    }
    (void)sleep(SECONDS);
    atomic_store(&stop, true);
    for (int i = 0; i < callers; i++) {
        (void)pthread_join(threads[i], NULL);
        count += all[i].count;
    }
    double elapsed = seconds_since(start);
    fc_store_stats(store, &after);
    (void)snprintf(what, sizeof what, "put %s, %d caller%s", table ? "feature table" : "entity",
                   callers, callers == 1 ? "" : "s");
    report(what, count / elapsed, "per s");
    report("    commits", (double)(after.commits - before.commits) / elapsed, "per s");
    report("    CPU a put", (cpu_seconds() - cpu) / count * 1e6, "us");
}

static fc_rc run_fill(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct put *put = ctx;
    int first = (int)strtol(put->name, NULL, 10);
    fc_rc rc = FC_OK;
    for (int i = first; i < first + 100 && rc == FC_OK; i++) {
        /* Not in the order of their names: neither come real ones. */
        (void)snprintf(put->name, sizeof put->name, "table_%05d",
                       (int)((int64_t)i * 7919 % TABLES));
        rc = run_put(txn, put, err);
    }
    return rc;
}

/* The tables that are read later, in the project `default`, which is the first. */
static void fill(struct fc_store *store)
{
    struct fc_error err = FC_ERROR_INIT;

    for (int i = 0; i < TABLES; i += 100) {
        struct put put = {.table = true, .project_id = 1, .spec = {spec_bytes, SPEC_BYTES}};
        (void)snprintf(put.name, sizeof put.name, "%d", i);
        check(fc_store_run(store, run_fill, &put, &err), &err);
    }
}

static fc_rc run_project(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_project_insert(txn, FC_STR("written"), ctx, err);
}

/* ---- Reading ---- */

static void bench_find(struct fc_store *store, const char *what, int count)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)1024 * 1024);
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    struct fc_table_row row;
    char name[32];

    check(fc_store_reader(store, &reader, &err), &err);
    double start = thread_seconds();
    for (int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "table_%05d", (int)((int64_t)i * 6133 % TABLES));
        check(fc_table_find(reader, FC_STR("default"), fc_str_from(name), arena, &row, &err), &err);
        if (row.id == 0)
            exit(1);
        fc_arena_reset(arena);
    }
    report(what, (thread_seconds() - start) / count * 1e6, "us");
}

struct walk {
    size_t rows, limit, bytes;
};

/* What a List does with a row: it appends the reply. */
static fc_rc copy_reply(void *ctx, const struct fc_table_row *row, struct fc_error *err)
{
    static char buffer[65536];
    struct walk *walk = ctx;
    memcpy(buffer, row->reply.ptr, row->reply.len);
    walk->bytes += row->reply.len;
    return ++walk->rows == walk->limit ? fc_fail(err, FC_REASON_CANCELLED, "enough") : FC_OK;
}

static void bench_list(struct fc_store *store, size_t rows, int count)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    char what[80];

    check(fc_store_reader(store, &reader, &err), &err);
    double start = thread_seconds();
    for (int i = 0; i < count; i++) {
        struct walk walk = {.limit = rows};
        fc_rc rc = fc_table_each(reader, FC_STR("default"), false, copy_reply, &walk, &err);
        if (rc != FC_OK && rc != FC_CANCELLED)
            check(rc, &err);
    }
    double each = (thread_seconds() - start) / count;
    (void)snprintf(what, sizeof what, "list %zu tables", rows);
    report(what, each * 1e3, "ms");
}

static void bench_find_while_writing(struct fc_store *store, int64_t project_id)
{
    atomic_bool stop = false;
    struct caller caller = {
        .store = store, .table = true, .round = 999, .project_id = project_id, .stop = &stop};
    pthread_t thread;

    if (pthread_create(&thread, NULL, call_on, &caller) != 0)
        exit(1);
    bench_find(store, "find a table by name while another caller writes", 50000);
    atomic_store(&stop, true);
    (void)pthread_join(thread, NULL);
}

/* The road not taken: every reply in memory, as a server would have to read them before its first answer. */
static fc_rc keep_reply(void *ctx, const struct fc_table_row *row, struct fc_error *err)
{
    struct fc_arena *arena = ctx;
    return fc_arena_memdup(arena, row->name.ptr, row->name.len) &&
                   fc_arena_memdup(arena, row->reply.ptr, row->reply.len)
               ? FC_OK
               : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory");
}

static void bench_snapshot(struct fc_store *store)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)1024 * 1024 * 1024);
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    double before = rss_mib(), start = thread_seconds();

    check(fc_store_reader(store, &reader, &err), &err);
    check(fc_table_each(reader, FC_STR("default"), false, keep_reply, arena, &err), &err);
    report("10000 replies copied to memory instead: time", (thread_seconds() - start) * 1e3, "ms");
    report("    RSS added, without any index", rss_mib() - before, "MiB");
}

static struct fc_store *open_store(const char *dir, const char *what)
{
    const struct fc_store_options options = {.data_dir = dir};
    struct fc_store *store = NULL;
    struct fc_error err = FC_ERROR_INIT;
    int64_t start = fc_monotonic_ns(sys);
    check(fc_store_open(&options, &store, &err), &err);
    report(what, seconds_since(start) * 1e3, "ms");
    return store;
}

static void bench_counts(struct fc_store *store)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    struct fc_registry_counts counts;

    check(fc_store_reader(store, &reader, &err), &err);
    double start = thread_seconds();
    for (int i = 0; i < 200; i++)
        check(fc_registry_count(reader, &counts, &err), &err);
    report("counts for the metrics", (thread_seconds() - start) / 200 * 1e6, "us");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: fc-store-bench <empty directory>\n");
        return 2;
    }
    struct fc_error err = FC_ERROR_INIT;
    int64_t written = 0;

    sys = fc_sys_real();
    memset(spec_bytes, 's', sizeof spec_bytes);
    bench_disk(argv[1]);
    struct fc_store *store = open_store(argv[1], "open, new directory");
    check(fc_store_run(store, run_project, &written, &err), &err);
    static const int callers[] = {1, 16, 64};
    for (size_t i = 0; i < FC_ARRAY_LEN(callers); i++)
        bench_puts(store, written, false, callers[i]);
    for (size_t i = 0; i < FC_ARRAY_LEN(callers); i++)
        bench_puts(store, written, true, callers[i]);
    fill(store);
    fc_store_close(store);

    double before = rss_mib();
    store = open_store(argv[1], "open, all these rows and 10000 tables more");
    bench_find(store, "find a table by name", 200000);
    report("RSS added by opening and reading every table once", rss_mib() - before, "MiB");
    bench_list(store, 100, 2000);
    bench_list(store, 1000, 300);
    bench_list(store, TABLES, 30);
    bench_snapshot(store);
    bench_counts(store);
    bench_find_while_writing(store, written);
    bench_puts(store, written, true, 16);
    fc_store_close(store);
    return 0;
}

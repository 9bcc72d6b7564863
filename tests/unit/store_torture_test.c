/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Torture: a scenario that uses all of the store is run again and again, and each time the next allocation, or the next
 * thing done to a file, fails once. Nothing may crash, leak or be called damage; what was acknowledged stays; the
 * store that met the fault goes on working.
 *
 * FC_TORTURE_STRIDE=1 fails every one; a larger number is quicker.
 */
#include "tests/unit/store_fixture.h"

#include <ftw.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/shim_vfs.h"

/* ---- The fault ---- */

/* Counts down; the one that reaches zero fails, later ones do not. Negative: nothing fails. */
static atomic_long countdown = -1;
static atomic_bool fired;

static bool fails_now(void)
{
    if (atomic_load(&countdown) < 0 || atomic_fetch_sub(&countdown, 1) != 0)
        return false;
    atomic_store(&fired, true);
    return true;
}

static void arm(long at)
{
    atomic_store(&fired, false);
    atomic_store(&countdown, at);
}

static void disarm(void)
{
    atomic_store(&countdown, -1);
}

/* Our own allocations come here by the linker's --wrap, SQLite's by its configuration. */
static atomic_bool memory_is_tortured;

static bool memory_fails(void)
{
    return atomic_load(&memory_is_tortured) && fails_now();
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return memory_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return memory_fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return memory_fails() ? NULL : __real_strdup(text);
}

static sqlite3_mem_methods plain;

static void *sqlite_malloc(int size)
{
    return memory_fails() ? NULL : plain.xMalloc(size);
}

static void *sqlite_realloc(void *memory, int size)
{
    return memory_fails() ? NULL : plain.xRealloc(memory, size);
}

static int io_fails(int code)
{
    return !atomic_load(&memory_is_tortured) && fails_now() ? code : SQLITE_OK;
}

static int on_open(void *ctx FC_UNUSED, const char *path FC_UNUSED, int flags FC_UNUSED)
{
    return io_fails(SQLITE_CANTOPEN);
}

static int on_read(void *ctx FC_UNUSED, const char *path FC_UNUSED, int size FC_UNUSED,
                   int64_t offset FC_UNUSED)
{
    return io_fails(SQLITE_IOERR_READ);
}

static int on_write(void *ctx FC_UNUSED, const char *path FC_UNUSED, const void *data FC_UNUSED,
                    int size, int64_t offset FC_UNUSED)
{
    return io_fails(size % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE);
}

static int on_truncate(void *ctx FC_UNUSED, const char *path FC_UNUSED, int64_t size FC_UNUSED)
{
    return io_fails(SQLITE_IOERR_TRUNCATE);
}

static int on_sync(void *ctx FC_UNUSED, const char *path FC_UNUSED)
{
    return io_fails(SQLITE_IOERR_FSYNC);
}

static int on_remove(void *ctx FC_UNUSED, const char *path FC_UNUSED)
{
    return io_fails(SQLITE_IOERR_DELETE);
}

static int group_setup(void **state FC_UNUSED)
{
    static const struct test_vfs_hooks hooks = {.open = on_open,
                                                .read = on_read,
                                                .write = on_write,
                                                .truncate = on_truncate,
                                                .sync = on_sync,
                                                .remove = on_remove};
    static sqlite3_mem_methods tortured;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK)
        return -1;
    tortured = plain;
    tortured.xMalloc = sqlite_malloc;
    tortured.xRealloc = sqlite_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &tortured) != SQLITE_OK)
        return -1;
    test_vfs_install(&hooks);
    return 0;
}

/* ---- The scenario ---- */

enum { STEPS = 8 };

struct progress {
    bool acknowledged[STEPS];
    bool opened;
};

/* A fault is an answer of its own kind: neither a mistake of ours nor damage of the files. */
static void note(const struct fc_error *err)
{
    switch (err->reason) {
    case FC_REASON_OUT_OF_MEMORY:
    case FC_REASON_REQUEST_TOO_LARGE: /* an arena that could not grow */
    case FC_REASON_STORE_UNAVAILABLE:
    case FC_REASON_IO_FAILED:
        break;
    default:
        fail_msg("a fault was reported as %s: %s", fc_reason_info(err->reason)->word, err->message);
    }
}

static fc_rc run_step(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    static char large[20000];
    int step = *(int *)ctx;
    char name[16];
    struct fc_entity_row entity;
    struct fc_table_row table = {.id = 0};
    int64_t id;

    (void)snprintf(name, sizeof name, "step%d", step);
    memset(large, 'l', sizeof large);
    entity = store_entity_row(name, "");
    entity.spec = (fc_str){large, sizeof large};
    fc_rc rc = fc_entity_put(txn, 1, &entity, err);
    if (rc == FC_OK && step % 2 == 0) {
        table = store_table_row(name, "");
        rc = fc_table_put(txn, 1, &table, err);
    }
    if (rc == FC_OK && step % 4 == 0) {
        rc = fc_report_insert(txn, table.id, 1, FC_STR("body"), &id, err);
        if (rc == FC_OK)
            rc = fc_table_set_verdict(txn, table.id, 1, FC_STR("warn"), id, err);
    }
    return rc;
}

static fc_rc nothing(void *ctx FC_UNUSED, const struct fc_entity_row *row FC_UNUSED,
                     struct fc_error *err FC_UNUSED)
{
    return FC_OK;
}

static void read_some(struct fc_store *store, struct fc_arena *arena)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    struct fc_entity_row row;
    struct fc_project_row *projects = NULL;
    struct fc_job_row *jobs = NULL;
    struct fc_job_filter filter = {.with_terminated = true};
    size_t count;

    if (fc_store_reader(store, &reader, &err) != FC_OK) {
        note(&err);
        return;
    }
    if (fc_entity_find(reader, FC_STR("default"), FC_STR("step0"), arena, &row, &err) != FC_OK ||
        fc_project_list(reader, true, arena, &projects, &count, &err) != FC_OK ||
        fc_entity_each(reader, FC_STR("default"), nothing, NULL, &err) != FC_OK ||
        fc_job_list(reader, &filter, arena, &jobs, &count, &err) != FC_OK)
        note(&err);
}

static void scenario(struct store_fixture *fixture, struct fc_arena *arena,
                     struct progress *progress)
{
    struct fc_error err = FC_ERROR_INIT;
    FC_CLEANUP(fc_store_closep) struct fc_store *store = NULL;
    int64_t bytes;

    if (fc_store_open(&fixture->options, &store, &err) != FC_OK) {
        note(&err);
        return;
    }
    progress->opened = true;
    for (int step = 0; step < STEPS; step++) {
        int number = step;
        if (fc_store_run(store, run_step, &number, &err) == FC_OK)
            progress->acknowledged[step] = true;
        else
            note(&err);
        read_some(store, arena);
    }
    if (fc_store_backup(store, store_path(fixture, "copy.db"), &bytes, &err) != FC_OK) {
        note(&err);
        assert_int_not_equal(access(store_path(fixture, "copy.db"), F_OK), 0);
    }
}

/* ---- What must be left ---- */

static bool has(struct store_fixture *fixture, struct fc_store *store, int step)
{
    struct fc_reader *reader = NULL;
    struct fc_entity_row row;
    char name[16];

    (void)snprintf(name, sizeof name, "step%d", step);
    assert_ok(fixture, fc_store_reader(store, &reader, &fixture->err));
    assert_ok(fixture, fc_entity_find(reader, FC_STR("default"), fc_str_from(name), fixture->arena,
                                      &row, &fixture->err));
    return row.id != 0;
}

/* Opens without faults: all that was acknowledged, and the rest can be done now. */
static void assert_mended(struct store_fixture *fixture, const struct progress *progress)
{
    FC_CLEANUP(fc_store_closep) struct fc_store *store = NULL;
    int64_t bytes;

    assert_ok(fixture, fc_store_open(&fixture->options, &store, &fixture->err));
    for (int step = 0; step < STEPS; step++) {
        if (has(fixture, store, step))
            continue;
        assert_false(progress->acknowledged[step]);
        assert_ok(fixture, fc_store_run(store, run_step, &step, &fixture->err));
    }
    (void)unlink(store_path(fixture, "copy.db"));
    assert_ok(fixture,
              fc_store_backup(store, store_path(fixture, "copy.db"), &bytes, &fixture->err));
    fc_arena_reset(fixture->arena);
}

static int remove_files(const char *path, const struct stat *info FC_UNUSED, int kind,
                        struct FTW *walk FC_UNUSED)
{
    return kind == FTW_F ? remove(path) : 0;
}

static void torture(struct store_fixture *fixture, bool memory)
{
    const char *text = getenv("FC_TORTURE_STRIDE");
    long stride = text ? strtol(text, NULL, 10) : 7, count = 0;
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)4 * 1024 * 1024);

    atomic_store(&memory_is_tortured, memory);
    for (long at = 0;; at += stride) {
        struct progress progress = {.opened = false};
        arm(at);
        scenario(fixture, arena, &progress);
        bool met = atomic_load(&fired);
        disarm();
        fc_arena_reset(arena);
        assert_mended(fixture, &progress);
        (void)nftw(fixture->dir, remove_files, 16, FTW_PHYS);
        count++;
        if (!met)
            break;
    }
    print_message("%ld faults of %s, one in %ld\n", count - 1, memory ? "memory" : "files", stride);
    assert_true(count > 20);
}

static void an_allocation_that_fails_costs_one_answer(void **state)
{
    torture(*state, true);
}

static void a_file_operation_that_fails_costs_one_answer(void **state)
{
    torture(*state, false);
}

static int setup(void **state)
{
    return store_prefer_memory() == 0 ? store_setup_closed(state) : -1;
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(an_allocation_that_fails_costs_one_answer, setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_file_operation_that_fails_costs_one_answer, setup,
                                    store_teardown),
};

FC_TEST_MAIN_GROUP(cases, group_setup, NULL)

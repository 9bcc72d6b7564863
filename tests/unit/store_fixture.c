/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_fixture.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ARENA_LIMIT ((size_t)64 * 1024 * 1024)

void store_assert_ok(struct store_fixture *fixture, fc_rc rc, const char *file, int line)
{
    if (rc != FC_OK)
        fail_msg("%s:%d: %s: %s", file, line, fc_rc_name(rc), fixture->err.message);
}

int store_prefer_memory(void)
{
    return !getenv("TMPDIR") && access("/dev/shm", W_OK) == 0 ? setenv("TMPDIR", "/dev/shm", 1) : 0;
}

int store_setup_closed(void **state)
{
    const char *base = getenv("TMPDIR");
    struct store_fixture *fixture = calloc(1, sizeof *fixture);

    if (!fixture)
        return -1;
    *state = fixture;
    (void)snprintf(fixture->dir, sizeof fixture->dir, "%s/fc-store-XXXXXX", base ? base : "/tmp");
    fixture->arena = fc_arena_new(ARENA_LIMIT);
    if (!mkdtemp(fixture->dir) || !fixture->arena)
        return -1;
    fixture->options.data_dir = fixture->dir;
    return 0;
}

int store_setup(void **state)
{
    if (store_setup_closed(state) != 0)
        return -1;
    store_fixture_open(*state);
    return 0;
}

static int remove_one(const char *path, const struct stat *info FC_UNUSED, int kind FC_UNUSED,
                      struct FTW *walk FC_UNUSED)
{
    return remove(path);
}

int store_teardown(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_close(fixture);
    (void)nftw(fixture->dir, remove_one, 32, FTW_DEPTH | FTW_PHYS);
    fc_arena_free(fixture->arena);
    free(fixture);
    return 0;
}

void store_fixture_open(struct store_fixture *fixture)
{
    assert_ok(fixture, fc_store_open(&fixture->options, &fixture->store, &fixture->err));
}

void store_fixture_close(struct store_fixture *fixture)
{
    fc_store_close(fixture->store);
    fixture->store = NULL;
}

void store_fixture_reopen(struct store_fixture *fixture)
{
    store_fixture_close(fixture);
    store_fixture_open(fixture);
}

fc_rc store_fixture_open_fails(struct store_fixture *fixture)
{
    struct fc_store *store = NULL;
    fc_rc rc = fc_store_open(&fixture->options, &store, &fixture->err);
    assert_int_not_equal(rc, FC_OK);
    assert_null(store);
    assert_int_equal(rc, fixture->err.rc);
    return rc;
}

const char *store_path(const struct store_fixture *fixture, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", fixture->dir, name);
    return path;
}

fc_rc store_run(struct store_fixture *fixture, fc_txn_fn run, void *ctx)
{
    return fc_store_run(fixture->store, run, ctx, &fixture->err);
}

struct fc_reader *store_reader(struct store_fixture *fixture)
{
    struct fc_reader *reader = NULL;
    assert_ok(fixture, fc_store_reader(fixture->store, &reader, &fixture->err));
    return reader;
}

/* A ring: a text lives until some thousand later ones were made. */
static fc_str text(const char *a, const char *b, const char *c)
{
    static char buffers[4096][96];
    static unsigned next;
    char *buffer = buffers[next++ % 4096];
    (void)snprintf(buffer, sizeof buffers[0], "%s %s %s", a, b, c);
    return fc_str_from(buffer);
}

struct fc_entity_row store_entity_row(const char *name, const char *tag)
{
    return (struct fc_entity_row){
        .name = fc_str_from(name),
        .value_type = 4,
        .created_s = 1600000000,
        .updated_s = 1600000000,
        .spec = text("entity", name, tag),
        .reply = text("entity reply", name, tag),
    };
}

struct fc_table_row store_table_row(const char *name, const char *tag)
{
    return (struct fc_table_row){
        .name = fc_str_from(name),
        .created_s = 1600000000,
        .updated_s = 1600000000,
        .hash = text("hash", name, tag),
        .mode = FC_STR("off"),
        .spec = text("table", name, tag),
        .reply = text("table reply", name, tag),
    };
}

fc_rc run_put_entity(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct put_entity *put = ctx;
    return fc_entity_put(txn, put->project_id, &put->row, err);
}

fc_rc run_put_table(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct put_table *put = ctx;
    return fc_table_put(txn, put->project_id, &put->row, err);
}

fc_rc run_put_project(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct put_project *put = ctx;
    return fc_project_insert(txn, fc_str_from(put->name), &put->id, err);
}

int64_t store_default_project(struct store_fixture *fixture)
{
    struct fc_project_row row;
    assert_ok(fixture, fc_project_find(store_reader(fixture), FC_STR("default"), fixture->arena,
                                       &row, &fixture->err));
    assert_int_not_equal(row.id, 0);
    return row.id;
}

int64_t store_add_entity(struct store_fixture *fixture, const char *name)
{
    struct put_entity put = {.project_id = store_default_project(fixture),
                             .row = store_entity_row(name, "first")};
    assert_ok(fixture, store_run(fixture, run_put_entity, &put));
    return put.row.id;
}

int64_t store_add_table(struct store_fixture *fixture, const char *name)
{
    struct put_table put = {.project_id = store_default_project(fixture),
                            .row = store_table_row(name, "first")};
    assert_ok(fixture, store_run(fixture, run_put_table, &put));
    return put.row.id;
}

static sqlite3 *raw_open(struct store_fixture *fixture)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(store_path(fixture, "registry.db"), &db), SQLITE_OK);
    return db;
}

void store_raw_sql(struct store_fixture *fixture, const char *sql)
{
    sqlite3 *db = raw_open(fixture);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t store_raw_number(struct store_fixture *fixture, const char *sql)
{
    sqlite3 *db = raw_open(fixture);
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int64_t number = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

void store_wait(bool (*condition)(void *ctx), void *ctx)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    for (int i = 0; i < 30000; i++) {
        if (condition(ctx))
            return;
        (void)nanosleep(&pause, NULL);
    }
    fail_msg("what was waited for did not come in a minute");
}

/* SPDX-License-Identifier: Apache-2.0 */
/** A registry in a directory of its own, and short ways to write to it and to read it. Failures abort the test. */
#pragma once

#include "storage/jobs.h"
#include "storage/registry.h"
#include "storage/store.h"
#include "tests/unit/harness.h"

struct store_fixture {
    char dir[128];
    /** data_dir points at `dir`; change before store_fixture_open */
    struct fc_store_options options;
    struct fc_store *store;
    struct fc_arena *arena;
    struct fc_error err; /**< of the last call made here */
};

/** cmocka setup and teardown: `*state` is the fixture, its store open. */
int store_setup(void **state);
int store_teardown(void **state);
/** The same with a directory but no store. */
int store_setup_closed(void **state);

/** For tests of thousands of syncs that need no disk: directories are made in memory where that is possible. */
int store_prefer_memory(void);

/** Opens the store or fails the test with the message. */
void store_fixture_open(struct store_fixture *fixture);
void store_fixture_close(struct store_fixture *fixture);
/** Closes if need be and opens again. */
void store_fixture_reopen(struct store_fixture *fixture);
/** An opening that must fail; the error is in `fixture->err`. */
fc_rc store_fixture_open_fails(struct store_fixture *fixture);

/** `<dir>/<name>`; valid until the fourth next call. */
const char *store_path(const struct store_fixture *fixture, const char *name);

/** Fails the test with the message unless FC_OK. */
#define assert_ok(fixture, rc) store_assert_ok((fixture), (rc), __FILE__, __LINE__)
void store_assert_ok(struct store_fixture *fixture, fc_rc rc, const char *file, int line);

/** Runs a request and waits; `fixture->err` on failure. */
fc_rc store_run(struct store_fixture *fixture, fc_txn_fn run, void *ctx);

struct fc_reader *store_reader(struct store_fixture *fixture);

/** Rows with texts made of their names; spec and reply differ with `tag`. */
struct fc_entity_row store_entity_row(const char *name, const char *tag);
struct fc_table_row store_table_row(const char *name, const char *tag);

/** Requests for store_run: `ctx` is one of these. */
struct put_entity {
    int64_t project_id;
    struct fc_entity_row row;
};
fc_rc run_put_entity(struct fc_txn *txn, void *ctx, struct fc_error *err);
struct put_table {
    int64_t project_id;
    struct fc_table_row row;
};
fc_rc run_put_table(struct fc_txn *txn, void *ctx, struct fc_error *err);
struct put_project {
    const char *name;
    int64_t id;
};
fc_rc run_put_project(struct fc_txn *txn, void *ctx, struct fc_error *err);

/** The id of the project `default`. */
int64_t store_default_project(struct store_fixture *fixture);

/** Puts a new entity or table into the project `default`; returns its row id. */
int64_t store_add_entity(struct store_fixture *fixture, const char *name);
int64_t store_add_table(struct store_fixture *fixture, const char *name);

/** Runs SQL on the closed database by a connection of SQLite's own, without any of our settings. */
void store_raw_sql(struct store_fixture *fixture, const char *sql);
/** The same for one number. */
int64_t store_raw_number(struct store_fixture *fixture, const char *sql);

/** Asks again and again until the answer is true; aborts after a minute. */
void store_wait(bool (*condition)(void *ctx), void *ctx);

#define assert_str(actual, expected)                                                               \
    do {                                                                                           \
        fc_str actual_ = (actual), expected_ = (expected);                                         \
        assert_int_equal(actual_.len, expected_.len);                                              \
        assert_memory_equal(actual_.ptr, expected_.ptr, expected_.len);                            \
    } while (0)

#define assert_message_has(fixture, text)                                                          \
    do {                                                                                           \
        if (strstr((fixture)->err.message, (text)) == NULL)                                        \
            fail_msg("'%s' is not in: %s", (text), (fixture)->err.message);                        \
    } while (0)

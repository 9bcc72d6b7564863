/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One SQLite connection with its prepared statements. Private to this room. One thread at a time.
 *
 *     FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
 *     rc = fc_query_begin(db, FC_SQL_PROJECT_FIND, &query, err);
 *     fc_bind_str(&query, 1, name);
 *     rc = fc_query_step(&query, &found, err);
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "storage/sqlite.h"

enum fc_sql {
#define FC_STATEMENT(name, text) FC_SQL_##name,
#include "storage/statements.def"
#undef FC_STATEMENT
    FC_SQL_COUNT
};

struct fc_db {
    sqlite3 *handle;
    char *name; /**< of the file without its directory, for messages that clients may see; owned */
    sqlite3_stmt *statements[FC_SQL_COUNT];
    bool lent[FC_SQL_COUNT]; /**< in use by a query that has not ended */
};

/** Opens with the pragmas of the role (docs/internals/storage.md). `*db` is closed again on failure. */
FC_MUST fc_rc fc_db_open(const char *path, enum fc_sqlite_role role, struct fc_db *db,
                         struct fc_error *err);
/** NULL handle and half-open ones too. */
void fc_db_close(struct fc_db *db);

/** Runs text without results, more than one statement if need be. */
FC_MUST fc_rc fc_db_exec(struct fc_db *db, const char *sql, struct fc_error *err);
/** The first column of the first row as a number. */
FC_MUST fc_rc fc_db_number(struct fc_db *db, const char *sql, int64_t *ret, struct fc_error *err);
/** Runs `quick_check` or `integrity_check`; STORE_CORRUPT with the first findings if they are found twice. */
FC_MUST fc_rc fc_db_check(struct fc_db *db, const char *pragma, struct fc_error *err);

/** The error of SQLite's extended code `code` with what was being done; never FC_OK. */
FC_MUST fc_rc fc_db_fail(const struct fc_db *db, int code, const char *doing, struct fc_error *err);

/** A statement between its first binding and its end. */
struct fc_query {
    struct fc_db *db;
    sqlite3_stmt *stmt;
    enum fc_sql sql;
    int bind_code; /**< the first binding that failed; reported by the step */
    /** prepared for this query alone, since the kept one was in use further up the stack */
    bool own;
};

#define FC_QUERY_INIT                                                                              \
    {                                                                                              \
        .stmt = NULL                                                                               \
    }

FC_MUST fc_rc fc_query_begin(struct fc_db *db, enum fc_sql sql, struct fc_query *ret,
                             struct fc_error *err);
/** For FC_CLEANUP: also after a failed begin. */
void fc_query_end(struct fc_query *query);

/** Parameters are numbered from 1. Bytes must live until the query ends. */
void fc_bind_int(struct fc_query *query, int index, int64_t value);
void fc_bind_text(struct fc_query *query, int index, fc_str value);
void fc_bind_blob(struct fc_query *query, int index, fc_str value);

/** `*ret_row` is false at the end. */
FC_MUST fc_rc fc_query_step(struct fc_query *query, bool *ret_row, struct fc_error *err);
/** For statements without rows: runs and ends; begin binds nothing else. */
FC_MUST fc_rc fc_query_run(struct fc_query *query, struct fc_error *err);

/** Columns are numbered from 0. Bytes live until the next step. */
int64_t fc_column_int(const struct fc_query *query, int column);
fc_str fc_column_str(const struct fc_query *query, int column);

/** Runs a statement that has neither parameters nor rows. */
FC_MUST fc_rc fc_db_run(struct fc_db *db, enum fc_sql sql, struct fc_error *err);

/** Copies to the arena in place; REQUEST_TOO_LARGE when its limit is reached. */
FC_MUST fc_rc fc_str_keep(struct fc_arena *arena, fc_str *str, struct fc_error *err);

/** A list that grows in an arena, which owns the items; only `size`, that of one item, is set at the start. */
struct fc_array {
    size_t size;
    void *items;
    size_t count;
    size_t capacity;
};

/** Copies `*item`, which has the array's size, to the end; REQUEST_TOO_LARGE when the arena's limit is reached. */
FC_MUST fc_rc fc_array_add(struct fc_arena *arena, struct fc_array *array, const void *item,
                           struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/db.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Page cache of one connection in KiB. The writer's holds the upper levels of all trees; a reader's a list page. */
#define WRITER_CACHE_KIB "8192"
#define READER_CACHE_KIB "2048"

static const char *const statement_texts[] = {
#define FC_STATEMENT(name, text) [FC_SQL_##name] = text,
#include "storage/statements.def"
#undef FC_STATEMENT
};

static const char *const statement_names[] = {
#define FC_STATEMENT(name, text) [FC_SQL_##name] = #name,
#include "storage/statements.def"
#undef FC_STATEMENT
};

fc_rc fc_db_fail(const struct fc_db *db, int code, const char *doing, struct fc_error *err)
{
    return fc_sqlite_fail(db->handle, db->name, code, doing, FC_REASON_STORE_UNAVAILABLE, err);
}

/* The size limit lets the WAL keep what it grew to: writing over blocks that are there costs no metadata sync. */
#define WRITER_PRAGMAS                                                                             \
    "PRAGMA journal_size_limit = 16777216;"                                                        \
    "PRAGMA cache_size = -" WRITER_CACHE_KIB ";"

#define READER_PRAGMAS "PRAGMA cache_size = -" READER_CACHE_KIB ";"

fc_rc fc_db_open(const char *path, enum fc_sqlite_role role, struct fc_db *db, struct fc_error *err)
{
    const char *slash = strrchr(path, '/');

    *db = (struct fc_db){.name = strdup(slash != NULL ? slash + 1 : path)};
    if (!db->name)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: no memory to open the database", path);
    int code = fc_sqlite_open(path, role, &db->handle);
    fc_rc rc = code == SQLITE_OK ? FC_OK : fc_db_fail(db, code, "open", err);
    if (rc == FC_OK)
        rc = fc_db_exec(db, role == FC_SQLITE_WRITER ? WRITER_PRAGMAS : READER_PRAGMAS, err);
    if (rc != FC_OK)
        fc_db_close(db);
    return rc;
}

void fc_db_close(struct fc_db *db)
{
    for (size_t i = 0; i < FC_SQL_COUNT; i++) {
        (void)sqlite3_finalize(db->statements[i]);
        db->statements[i] = NULL;
    }
    /* Cannot be busy: all statements are finalized. NULL is a no-op. */
    int code FC_UNUSED = sqlite3_close(db->handle);
    assert(code == SQLITE_OK);
    db->handle = NULL;
    free(db->name);
    db->name = NULL;
}

fc_rc fc_db_exec(struct fc_db *db, const char *sql, struct fc_error *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? FC_OK : fc_db_fail(db, code, sql, err);
}

static void finalize(sqlite3_stmt **stmt)
{
    (void)sqlite3_finalize(*stmt);
}

fc_rc fc_db_number(struct fc_db *db, const char *sql, int64_t *ret, struct fc_error *err)
{
    FC_CLEANUP(finalize) sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code != SQLITE_ROW)
        return fc_db_fail(db, code, sql, err);
    *ret = sqlite3_column_int64(stmt, 0);
    return FC_OK;
}

/* `findings` stays empty when all is well. */
static fc_rc check_once(struct fc_db *db, const char *sql, char *findings, size_t size,
                        struct fc_error *err)
{
    FC_CLEANUP(finalize) sqlite3_stmt *stmt = NULL;
    size_t len = 0;

    findings[0] = '\0';
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    if (code != SQLITE_OK)
        return fc_db_fail(db, code, sql, err);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *finding = (const char *)sqlite3_column_text(stmt, 0);
        if (finding && strcmp(finding, "ok") != 0 && len < size) {
            int added = snprintf(findings + len, size - len, "%s%s", len > 0 ? "; " : "", finding);
            len += added > 0 ? (size_t)added : 0;
        }
    }
    return code == SQLITE_DONE ? FC_OK : fc_db_fail(db, code, sql, err);
}

fc_rc fc_db_check(struct fc_db *db, const char *pragma, struct fc_error *err)
{
    static const char by_code[] = "error code=";
    char sql[64], findings[512];

    (void)snprintf(sql, sizeof sql, "PRAGMA %s(10)", pragma);
    fc_rc rc = check_once(db, sql, findings, sizeof findings, err);
    if (rc == FC_OK && findings[0] != '\0') {
        /* A page that could not be read, for want of memory or by a passing I/O error, counts as damage for SQLite;
         * calling it so would make somebody restore a backup over good data. */
        rc = check_once(db, sql, findings, sizeof findings, err);
    }
    if (rc != FC_OK || findings[0] == '\0')
        return rc;
    const char *code = strstr(findings, by_code);
    long number = code ? strtol(code + sizeof by_code - 1, NULL, 10) : SQLITE_CORRUPT;
    if (number != SQLITE_OK && (number & 0xff) != SQLITE_CORRUPT) {
        (void)!fc_db_fail(db, (int)number, sql, err);
        return fc_error_prefix(err, "%s", findings);
    }
    return fc_fail(err, FC_REASON_STORE_CORRUPT, "%s: %s found: %s", db->name, pragma, findings);
}

fc_rc fc_query_begin(struct fc_db *db, enum fc_sql sql, struct fc_query *ret, struct fc_error *err)
{
    const char *text = statement_texts[sql];
    int code = SQLITE_OK;

    *ret = (struct fc_query){.db = db, .sql = sql, .own = db->lent[sql]};
    if (ret->own) {
        code = sqlite3_prepare_v3(db->handle, text, -1, 0, &ret->stmt, NULL);
    } else {
        if (!db->statements[sql]) {
            code = sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT,
                                      &db->statements[sql], NULL);
        }
        ret->stmt = db->statements[sql];
        db->lent[sql] = ret->stmt != NULL;
    }
    return code == SQLITE_OK ? FC_OK : fc_db_fail(db, code, statement_names[sql], err);
}

void fc_query_end(struct fc_query *query)
{
    if (!query->stmt)
        return;
    if (query->own) {
        (void)sqlite3_finalize(query->stmt);
    } else {
        /* The result repeats the failure of the last step, which was reported there. */
        (void)sqlite3_reset(query->stmt);
        (void)sqlite3_clear_bindings(query->stmt);
        query->db->lent[query->sql] = false;
    }
    query->stmt = NULL;
}

static void bound(struct fc_query *query, int code)
{
    if (query->bind_code == SQLITE_OK)
        query->bind_code = code;
}

void fc_bind_int(struct fc_query *query, int index, int64_t value)
{
    bound(query, sqlite3_bind_int64(query->stmt, index, value));
}

/* An empty string without a pointer must be '' and not NULL. */
static const char *bytes_of(fc_str value)
{
    return value.len > 0 ? value.ptr : "";
}

void fc_bind_text(struct fc_query *query, int index, fc_str value)
{
    bound(query, sqlite3_bind_text64(query->stmt, index, bytes_of(value), value.len, SQLITE_STATIC,
                                     SQLITE_UTF8));
}

void fc_bind_blob(struct fc_query *query, int index, fc_str value)
{
    bound(query,
          sqlite3_bind_blob64(query->stmt, index, bytes_of(value), value.len, SQLITE_STATIC));
}

fc_rc fc_query_step(struct fc_query *query, bool *ret_row, struct fc_error *err)
{
    int code = query->bind_code != SQLITE_OK ? query->bind_code : sqlite3_step(query->stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return fc_db_fail(query->db, code, statement_names[query->sql], err);
    *ret_row = code == SQLITE_ROW;
    return FC_OK;
}

fc_rc fc_query_run(struct fc_query *query, struct fc_error *err)
{
    bool row = false;
    fc_rc rc = fc_query_step(query, &row, err);
    fc_query_end(query);
    return rc;
}

int64_t fc_column_int(const struct fc_query *query, int column)
{
    return sqlite3_column_int64(query->stmt, column);
}

fc_str fc_column_str(const struct fc_query *query, int column)
{
    /* The order matters: column_blob may convert, column_bytes then tells the length of the result. */
    const char *bytes = sqlite3_column_blob(query->stmt, column);
    int len = sqlite3_column_bytes(query->stmt, column);
    return bytes ? (fc_str){.ptr = bytes, .len = (size_t)len} : FC_STR("");
}

fc_rc fc_db_run(struct fc_db *db, enum fc_sql sql, struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    fc_rc rc = fc_query_begin(db, sql, &query, err);
    return rc == FC_OK ? fc_query_run(&query, err) : rc;
}

fc_rc fc_str_keep(struct fc_arena *arena, fc_str *str, struct fc_error *err)
{
    if (str->len == 0) {
        *str = FC_STR("");
        return FC_OK;
    }
    const char *copy = fc_arena_strndup(arena, str->ptr, str->len);
    if (!copy) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "what was found in the registry does not fit the memory that the request "
                       "may use (%zu bytes "
                       "used, %zu more needed)",
                       fc_arena_used(arena), str->len);
    }
    str->ptr = copy;
    return FC_OK;
}

static fc_rc array_room(struct fc_arena *arena, struct fc_array *array, struct fc_error *err)
{
    if (array->count < array->capacity)
        return FC_OK;
    size_t larger = array->capacity > 0 ? array->capacity * 2 : 16;
    void *grown = fc_arena_calloc(arena, larger, array->size);
    if (!grown) {
        return fc_fail(
            err, FC_REASON_REQUEST_TOO_LARGE,
            "the list does not fit the memory that the request may use (more than %zu items)",
            array->count);
    }
    if (array->count > 0)
        memcpy(grown, array->items, array->count * array->size);
    array->items = grown;
    array->capacity = larger;
    return FC_OK;
}

fc_rc fc_array_add(struct fc_arena *arena, struct fc_array *array, const void *item,
                   struct fc_error *err)
{
    fc_rc rc = array_room(arena, array, err);

    if (rc == FC_OK) {
        memcpy((char *)array->items + array->count * array->size, item, array->size);
        array->count++;
    }
    return rc;
}

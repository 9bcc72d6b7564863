/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/online/sqlite_file.h"

#include <stdio.h>
#include <string.h>

#include "storage/checksum.h"

/* A file name has at most 255 bytes, and SQLite and the lock add up to five to that of the database. */
#define NAME_MAX_PLAIN 240
#define NAME_PREFIX    200

static bool is_plain(const char *name)
{
    return name && name[0] != '\0' && name[0] != '.' && !strchr(name, '/');
}

fc_rc fc_online_sqlite_path(const char *root, const char *project, const char *table,
                            struct fc_arena *arena, const char **ret_path, struct fc_error *err)
{
    const char *path;

    if (!is_plain(project) || !is_plain(table)) {
        return fc_fail(err, FC_REASON_NAME_INVALID,
                       "project '%s' and feature table '%s' do not make a file name",
                       project ? project : "", table ? table : "");
    }
    if (strlen(table) <= NAME_MAX_PLAIN) {
        path = fc_arena_printf(arena, "%s/%s/%s.db", root, project, table);
    } else {
        /* The tilde is in no name of a table, so a shortened name is nobody's own. */
        path = fc_arena_printf(arena, "%s/%s/%.*s~%016llx.db", root, project, NAME_PREFIX, table,
                               (unsigned long long)fc_sum_bytes(0, fc_str_from(table)));
    }
    if (!path) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "a path does not fit the memory of its request");
    }
    *ret_path = path;
    return FC_OK;
}

fc_rc fc_online_fail(sqlite3 *handle, const char *path, int code, const char *doing,
                     struct fc_error *err)
{
    const char *slash = strrchr(path, '/');
    (void)!fc_sqlite_fail(handle, slash ? slash + 1 : path, code, doing, FC_REASON_IO_FAILED, err);
    return fc_error_prefix(err, "online store");
}

static int read_number(sqlite3 *handle, const char *sql, int64_t *ret)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        *ret = sqlite3_column_int64(stmt, 0);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(stmt);
    return code;
}

struct versions {
    int64_t application, schema, objects;
};

/* In one transaction: a writer may make the tables between two. */
static int read_versions(sqlite3 *handle, struct versions *ret)
{
    int code = sqlite3_exec(handle, "BEGIN", NULL, NULL, NULL);

    if (code != SQLITE_OK)
        return code;
    code = read_number(handle, "PRAGMA application_id", &ret->application);
    if (code == SQLITE_OK)
        code = read_number(handle, "PRAGMA user_version", &ret->schema);
    if (code == SQLITE_OK)
        code = read_number(handle, "SELECT count(*) FROM sqlite_schema", &ret->objects);
    int ended = sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL);
    return code == SQLITE_OK ? ended : code;
}

fc_rc fc_online_check_schema(sqlite3 *handle, const char *path, int64_t *ret_version,
                             struct fc_error *err)
{
    struct versions found = {.application = 0};
    int code = read_versions(handle, &found);

    if (code != SQLITE_OK)
        return fc_online_fail(handle, path, code, "read its version", err);
    bool empty = found.application == 0 && found.schema == 0 && found.objects == 0;
    if (!empty && found.application != FC_ONLINE_APPLICATION_ID) {
        return fc_fail(err, FC_REASON_STORE_CORRUPT,
                       "%s is no online store: its application_id is 0x%08llx, expected 0x%08x",
                       path, (unsigned long long)found.application, FC_ONLINE_APPLICATION_ID);
    }
    if (found.schema > FC_ONLINE_SCHEMA_VERSION) {
        return fc_fail(err, FC_REASON_STORE_TOO_NEW,
                       "%s has schema version %lld, this program knows versions up to %d", path,
                       (long long)found.schema, FC_ONLINE_SCHEMA_VERSION);
    }
    *ret_version = found.schema;
    return FC_OK;
}

uint64_t fc_online_row_sum(const struct fc_online_row *row)
{
    const int64_t numbers[] = {
        row->event.seconds,
        row->event.nanos,
        row->created.set,
        row->created.set ? row->created.seconds : 0,
        row->created.set ? row->created.nanos : 0,
        row->expires.set,
        row->expires.set ? row->expires.seconds : 0,
    };
    uint64_t sum = fc_sum_numbers(FC_SUM_ONLINE, numbers, FC_ARRAY_LEN(numbers));
    return fc_sum_bytes(fc_sum_bytes(sum, row->key), row->features);
}

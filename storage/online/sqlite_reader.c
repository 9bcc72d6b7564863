/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/online/sqlite_file.h"

static const char get_sql[] =
    "SELECT event_s, event_ns, created_s, created_ns, expires_s, checksum, features "
    "FROM feature_row WHERE key = ?1";

struct fc_online_reader {
    char *path;
    sqlite3 *handle;
    sqlite3_stmt *get;
};

static fc_rc nothing_written(const char *path, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_TABLE_NOT_FOUND, "nothing was written to the online store %s yet",
                   path);
}

static fc_rc open_database(struct fc_online_reader *reader, struct fc_error *err)
{
    int64_t version = 0;

    if (access(reader->path, F_OK) != 0 && errno == ENOENT)
        return nothing_written(reader->path, err);
    int code = fc_sqlite_open(reader->path, FC_SQLITE_READER, &reader->handle);
    if (code == SQLITE_OK)
        code = sqlite3_exec(reader->handle, "PRAGMA cache_size = -1024", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return fc_online_fail(reader->handle, reader->path, code, "open", err);
    fc_rc rc = fc_online_check_schema(reader->handle, reader->path, &version, err);
    if (rc == FC_OK && version == 0) {
        /* A writer that died between making the file and its first commit. */
        return nothing_written(reader->path, err);
    }
    if (rc != FC_OK)
        return rc;
    code = sqlite3_prepare_v3(reader->handle, get_sql, -1, SQLITE_PREPARE_PERSISTENT, &reader->get,
                              NULL);
    return code == SQLITE_OK ? FC_OK
                             : fc_online_fail(reader->handle, reader->path, code, "prepare", err);
}

fc_rc fc_online_reader_open(const char *path, struct fc_online_reader **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_online_reader_closep) struct fc_online_reader *reader = calloc(1, sizeof *reader);

    if (!reader || !(reader->path = strdup(path)))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to open %s", path);
    fc_rc rc = open_database(reader, err);
    if (rc == FC_OK)
        *ret = fc_steal(reader);
    return rc;
}

void fc_online_reader_close(struct fc_online_reader *reader)
{
    if (reader) {
        (void)sqlite3_finalize(reader->get);
        (void)sqlite3_close(reader->handle);
        free(reader->path);
        free(reader);
    }
}

static struct fc_online_time column_time(sqlite3_stmt *stmt, int seconds, int nanos)
{
    return (struct fc_online_time){
        .seconds = sqlite3_column_int64(stmt, seconds),
        .nanos = nanos >= 0 ? sqlite3_column_int(stmt, nanos) : 0,
        .set = sqlite3_column_type(stmt, seconds) != SQLITE_NULL,
    };
}

static fc_rc read_row(struct fc_online_reader *reader, fc_str key, struct fc_arena *arena,
                      struct fc_online_row *ret, struct fc_error *err)
{
    sqlite3_stmt *stmt = reader->get;
    const char *features = sqlite3_column_blob(stmt, 6);
    struct fc_online_row row = {
        .key = key,
        .event = column_time(stmt, 0, 1),
        .created = column_time(stmt, 2, 3),
        .expires = column_time(stmt, 4, -1),
        .features = {.ptr = features, .len = (size_t)sqlite3_column_bytes(stmt, 6)},
    };
    if ((uint64_t)sqlite3_column_int64(stmt, 5) != fc_online_row_sum(&row)) {
        return fc_fail(err, FC_REASON_STORE_CORRUPT,
                       "a row of the online store %s does not match its checksum; ingest the "
                       "feature table again",
                       reader->path);
    }
    row.key.ptr = fc_arena_strndup(arena, key.ptr, key.len);
    row.features.ptr = fc_arena_strndup(arena, features, row.features.len);
    if (!row.key.ptr || !row.features.ptr) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "a row of %zu bytes of the online store does not fit the memory that the "
                       "request may use",
                       row.features.len);
    }
    *ret = row;
    return FC_OK;
}

fc_rc fc_online_reader_get(struct fc_online_reader *reader, fc_str key, struct fc_arena *arena,
                           struct fc_online_row *ret, bool *ret_found, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    int code =
        sqlite3_bind_blob64(reader->get, 1, key.len > 0 ? key.ptr : "", key.len, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(reader->get);
    if (code == SQLITE_ROW)
        rc = read_row(reader, key, arena, ret, err);
    else if (code != SQLITE_DONE)
        rc = fc_online_fail(reader->handle, reader->path, code, "read a row", err);
    if (rc == FC_OK)
        *ret_found = code == SQLITE_ROW;
    (void)sqlite3_reset(reader->get);
    (void)sqlite3_clear_bindings(reader->get);
    return rc;
}

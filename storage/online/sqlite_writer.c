/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of a file, one transaction at a time among all of them. synchronous = FULL: a commit syncs the WAL, so what
 * it wrote survives a power cut; a job commits thousands of rows at once, which makes that one sync cheap. The WAL is
 * moved into the file at the end of a transaction, while no other writer has its turn.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "storage/online/sqlite_file.h"
#include "storage/online/writer_lock.h"

/* For a turn: the transactions of others are short, unless their disk or process stands still. */
#define PATIENCE_NS (60 * FC_NS_PER_S)
/* To end: what is not moved into the file then, the next writer moves. */
#define END_PATIENCE_NS (2 * FC_NS_PER_S)

/* Pages in the WAL before it is moved into the file: 32 MiB, some batches. */
#define CHECKPOINT_PAGES "8192"

#define SETTINGS                                                                                   \
    "PRAGMA wal_autocheckpoint = " CHECKPOINT_PAGES ";"                                            \
    "PRAGMA journal_size_limit = 67108864;"                                                        \
    "PRAGMA cache_size = -32768;"

/* One tree, ordered by the key: a row is found and replaced in one descent. The layout is described in sqlite.h. */
static const char schema[] = "BEGIN IMMEDIATE;"
                             "CREATE TABLE feature_row ("
                             " key BLOB NOT NULL PRIMARY KEY,"
                             " event_s INTEGER NOT NULL,"
                             " event_ns INTEGER NOT NULL,"
                             " created_s INTEGER,"
                             " created_ns INTEGER,"
                             " expires_s INTEGER,"
                             " checksum INTEGER NOT NULL,"
                             " features BLOB NOT NULL"
                             ") STRICT, WITHOUT ROWID;"
                             "PRAGMA application_id = 1178816334;"
                             "PRAGMA user_version = 1;"
                             "COMMIT;";
_Static_assert(FC_ONLINE_APPLICATION_ID == 1178816334 && FC_ONLINE_SCHEMA_VERSION == 1,
               "as in the schema");

/* The smallest integer stands for a creation time that is not there: it sorts below every other. */
#define LEAST "-9223372036854775808"
static const char put_sql[] =
    "INSERT INTO feature_row (key, event_s, event_ns, created_s, created_ns, expires_s, checksum, "
    "features) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
    "ON CONFLICT (key) DO UPDATE SET event_s = ?2, event_ns = ?3, created_s = ?4, created_ns = ?5, "
    "expires_s = ?6, checksum = ?7, features = ?8 "
    "WHERE (event_s, event_ns, ifnull(created_s, " LEAST "), ifnull(created_ns, 0)) "
    "<= (?2, ?3, ifnull(?4, " LEAST "), ifnull(?5, 0))";

struct fc_online_writer {
    char *path;
    struct fc_writer_lock lock;
    int64_t patience_ns;
    sqlite3 *handle;
    sqlite3_stmt *put;
};

/* ---- Directories ---- */

static fc_rc make_parent(const char *path, struct fc_error *err)
{
    char dir[PATH_MAX];
    struct stat info;
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path || (size_t)(slash - path) >= sizeof dir)
        return fc_fail(err, FC_REASON_INTERNAL, "%s is no path of an online store", path);
    (void)snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
    if (stat(dir, &info) == 0)
        return FC_OK;
    int code = fc_mkdirs(dir, 0750);
    if (code == 0) {
        /* The project's directory, and the root that may have been made with it. */
        for (int level = 0; level < 2 && code == 0; level++) {
            char *end = strrchr(dir, '/');
            if (!end || end == dir)
                break;
            *end = '\0';
            code = fc_sys_real()->sync_dir(fc_sys_real()->ctx, dir);
        }
    }
    return code == 0 ? FC_OK
                     : fc_fail(err, FC_REASON_IO_FAILED, "cannot make the directory of %s: %s",
                               path, strerror(-code));
}

/* ---- The database ---- */

static int set_up(struct fc_online_writer *writer)
{
    int code = sqlite3_exec(writer->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(writer->handle, SETTINGS, NULL, NULL, NULL);
    return code;
}

static fc_rc open_database(struct fc_online_writer *writer, struct fc_error *err)
{
    int64_t version = 0;

    int code = fc_sqlite_open(writer->path, FC_SQLITE_WRITER, &writer->handle);
    if (code != SQLITE_OK)
        return fc_online_fail(writer->handle, writer->path, code, "open", err);
    /* Before the first change: a file that is not ours is left as it is. */
    fc_rc rc = fc_online_check_schema(writer->handle, writer->path, &version, err);
    if (rc != FC_OK)
        return rc;
    code = set_up(writer);
    if (code == SQLITE_OK && version == 0)
        code = sqlite3_exec(writer->handle, schema, NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v3(writer->handle, put_sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &writer->put, NULL);
    }
    return code == SQLITE_OK ? FC_OK
                             : fc_online_fail(writer->handle, writer->path, code, "set up", err);
}

/* The names of the database, its WAL and its lock. */
static fc_rc sync_parent(const char *path, struct fc_error *err)
{
    char dir[PATH_MAX];
    (void)snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(path, '/') - path), path);
    int code = fc_sys_real()->sync_dir(fc_sys_real()->ctx, dir);
    return code == 0 ? FC_OK
                     : fc_fail(err, FC_REASON_IO_FAILED, "cannot sync the directory %s: %s", dir,
                               strerror(-code));
}

fc_rc fc_online_writer_open(const char *path, struct fc_online_writer **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_online_writer_closep) struct fc_online_writer *writer = calloc(1, sizeof *writer);

    if (writer) {
        writer->lock = (struct fc_writer_lock)FC_WRITER_LOCK_INIT;
        writer->patience_ns = PATIENCE_NS;
        writer->path = strdup(path);
    }
    if (!writer || !writer->path)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to open %s", path);
    fc_rc rc = make_parent(path, err);
    if (rc == FC_OK)
        rc = fc_writer_lock_open(&writer->lock, path, err);
    if (rc == FC_OK)
        rc = fc_writer_lock_take(&writer->lock, path, writer->patience_ns, err);
    if (rc == FC_OK) {
        rc = open_database(writer, err);
        fc_writer_lock_give(&writer->lock);
    }
    if (rc == FC_OK)
        rc = sync_parent(path, err);
    if (rc == FC_OK)
        *ret = fc_steal(writer);
    return rc;
}

void fc_online_writer_patience(struct fc_online_writer *writer, int64_t patience_ns)
{
    writer->patience_ns = patience_ns;
}

/* The last connection moves the WAL into the file, unless a reader or writer of another process is in the way. */
static void close_database(struct fc_online_writer *writer)
{
    struct fc_error ignored = FC_ERROR_INIT;

    if (sqlite3_get_autocommit(writer->handle) == 0)
        (void)sqlite3_exec(writer->handle, "ROLLBACK", NULL, NULL, NULL);
    if (!writer->lock.held &&
        fc_writer_lock_take(&writer->lock, writer->path, END_PATIENCE_NS, &ignored) != FC_OK)
        (void)sqlite3_db_config(writer->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_close(writer->handle);
}

void fc_online_writer_close(struct fc_online_writer *writer)
{
    if (!writer)
        return;
    (void)sqlite3_finalize(writer->put);
    if (writer->handle)
        close_database(writer);
    fc_writer_lock_close(&writer->lock);
    free(writer->path);
    free(writer);
}

static fc_rc execute(struct fc_online_writer *writer, const char *sql, struct fc_error *err)
{
    int code = sqlite3_exec(writer->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? FC_OK : fc_online_fail(writer->handle, writer->path, code, sql, err);
}

fc_rc fc_online_writer_begin(struct fc_online_writer *writer, struct fc_error *err)
{
    fc_rc rc = fc_writer_lock_take(&writer->lock, writer->path, writer->patience_ns, err);
    if (rc != FC_OK)
        return rc;
    rc = execute(writer, "BEGIN IMMEDIATE", err);
    if (rc != FC_OK)
        fc_writer_lock_give(&writer->lock);
    return rc;
}

fc_rc fc_online_writer_commit(struct fc_online_writer *writer, struct fc_error *err)
{
    struct fc_error ignored = FC_ERROR_INIT;
    fc_rc rc = execute(writer, "COMMIT", err);
    if (rc != FC_OK && sqlite3_get_autocommit(writer->handle) == 0)
        (void)!execute(writer, "ROLLBACK", &ignored);
    fc_writer_lock_give(&writer->lock);
    return rc;
}

static int bind_time(sqlite3_stmt *stmt, int index, const struct fc_online_time *time)
{
    if (!time->set)
        return SQLITE_OK; /* unbound is NULL */
    int code = sqlite3_bind_int64(stmt, index, time->seconds);
    return code == SQLITE_OK ? sqlite3_bind_int64(stmt, index + 1, time->nanos) : code;
}

static int bind_bytes(sqlite3_stmt *stmt, int index, fc_str bytes)
{
    return sqlite3_bind_blob64(stmt, index, bytes.len > 0 ? bytes.ptr : "", bytes.len,
                               SQLITE_STATIC);
}

static int bind_row(sqlite3_stmt *stmt, const struct fc_online_row *row)
{
    int code = bind_bytes(stmt, 1, row->key);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(stmt, 2, row->event.seconds);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(stmt, 3, row->event.nanos);
    if (code == SQLITE_OK)
        code = bind_time(stmt, 4, &row->created);
    if (code == SQLITE_OK && row->expires.set)
        code = sqlite3_bind_int64(stmt, 6, row->expires.seconds);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(stmt, 7, (int64_t)fc_online_row_sum(row));
    return code == SQLITE_OK ? bind_bytes(stmt, 8, row->features) : code;
}

fc_rc fc_online_writer_put(struct fc_online_writer *writer, const struct fc_online_row *row,
                           bool *ret_written, struct fc_error *err)
{
    if (sqlite3_get_autocommit(writer->handle) != 0) {
        return fc_fail(err, FC_REASON_INTERNAL, "%s: a row was put outside of a transaction",
                       writer->path);
    }
    if (!row->event.set) {
        return fc_fail(err, FC_REASON_INTERNAL, "%s: a row was put without an event time",
                       writer->path);
    }
    int code = bind_row(writer->put, row);
    if (code == SQLITE_OK)
        code = sqlite3_step(writer->put);
    fc_rc rc = FC_OK;
    if (code == SQLITE_DONE)
        *ret_written = sqlite3_changes(writer->handle) > 0;
    else
        rc = fc_online_fail(writer->handle, writer->path, code, "put a row", err);
    (void)sqlite3_reset(writer->put);
    (void)sqlite3_clear_bindings(writer->put);
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of the database by SQLite's online backup. The source is one read snapshot of a connection that only reads, so
 * the writer goes on meanwhile and the copy never has to begin again; the WAL cannot begin anew until it is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/internal.h"

static void remove_copy(const char *path)
{
    char journal[PATH_MAX];
    (void)unlink(path);
    if (snprintf(journal, sizeof journal, "%s-journal", path) < (int)sizeof journal)
        (void)unlink(journal);
}

static fc_rc copy_pages(struct fc_db *from, struct fc_db *to, struct fc_error *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to->handle, "main", from->handle, "main");
    if (!backup)
        return fc_db_fail(to, sqlite3_extended_errcode(to->handle), "begin to copy", err);
    int code = sqlite3_backup_step(backup, -1);
    int finished = sqlite3_backup_finish(backup);
    if (code != SQLITE_DONE)
        return fc_db_fail(to, finished != SQLITE_OK ? finished : code, "copy", err);
    return FC_OK;
}

static fc_rc fill(struct fc_db *from, struct fc_db *to, bool with_rows, struct fc_error *err)
{
    struct fc_reader reader = {.db = to};

    /* Synced once as a whole at the end. The copy says that it is a WAL database until it is told otherwise; one file
     * without companions is what can be carried about. */
    fc_rc rc = fc_db_exec(to, "PRAGMA synchronous = OFF", err);
    if (rc == FC_OK)
        rc = copy_pages(from, to, err);
    if (rc == FC_OK)
        rc = fc_db_exec(to, "PRAGMA journal_mode = DELETE", err);
    if (rc == FC_OK)
        rc = fc_db_check(to, "integrity_check", err);
    return rc == FC_OK && with_rows ? fc_verify_rows(&reader, err) : rc;
}

static fc_rc io_failed(struct fc_error *err, const char *doing, const char *path, int error)
{
    return fc_fail(err, FC_REASON_IO_FAILED, "cannot %s %s: %s", doing, path, strerror(error));
}

/* SQLite would make it readable for all. */
static fc_rc create_file(const char *path, struct fc_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return io_failed(err, "create", path, errno);
    (void)close(fd);
    return FC_OK;
}

static fc_rc make_copy(struct fc_db *from, const char *path, bool with_rows, struct fc_error *err)
{
    FC_CLEANUP(fc_db_close) struct fc_db to = {.name = strdup("the copy")};
    if (!to.name)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to copy the database");
    fc_rc rc = create_file(path, err);
    if (rc != FC_OK)
        return rc;
    int code =
        sqlite3_open_v2(path, &to.handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK)
        return fc_db_fail(&to, code, "create", err);
    return fill(from, &to, with_rows, err);
}

static fc_rc sync_file(const char *path, int64_t *ret_bytes, struct fc_error *err)
{
    struct stat info = {.st_size = 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return io_failed(err, "open", path, errno);
    int error = fsync(fd) == 0 && fstat(fd, &info) == 0 ? 0 : errno;
    (void)close(fd);
    if (error != 0)
        return io_failed(err, "sync", path, error);
    *ret_bytes = info.st_size;
    return FC_OK;
}

/* Gives the finished file its name. */
static fc_rc publish(const struct fc_sys *sys, const char *tmp, const char *path,
                     struct fc_error *err)
{
    char dir[PATH_MAX];
    int code = sys->rename(sys->ctx, tmp, path);
    if (code < 0)
        return io_failed(err, "rename the copy to", path, -code);
    const char *slash = strrchr(path, '/');
    size_t len = !slash ? 0 : (size_t)(slash - path);
    if (!slash)
        (void)snprintf(dir, sizeof dir, ".");
    else
        (void)snprintf(dir, sizeof dir, "%.*s", len > 0 ? (int)len : 1, path);
    code = sys->sync_dir(sys->ctx, dir);
    if (code < 0) {
        (void)unlink(path);
        return io_failed(err, "sync the directory of", path, -code);
    }
    return FC_OK;
}

fc_rc fc_db_copy(struct fc_db *db, const struct fc_sys *sys, const char *path, bool with_rows,
                 int64_t *ret_bytes, struct fc_error *err)
{
    char tmp[PATH_MAX];
    struct stat info;
    int64_t bytes = 0;

    if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp) {
        return fc_fail(err, FC_REASON_REQUEST_INVALID, "the path of the copy is too long: %s",
                       path);
    }
    if (lstat(path, &info) == 0) {
        return fc_fail(err, FC_REASON_REQUEST_INVALID,
                       "%s is there already; a copy needs a new name", path);
    }
    remove_copy(tmp);
    fc_rc rc = make_copy(db, tmp, with_rows, err);
    if (rc == FC_OK)
        rc = sync_file(tmp, &bytes, err);
    if (rc == FC_OK)
        rc = publish(sys, tmp, path, err);
    if (rc != FC_OK) {
        remove_copy(tmp);
        if (err->reason == FC_REASON_STORE_UNAVAILABLE) {
            /* The registry itself is well: it is the copy that could not be written. */
            err->reason = FC_REASON_IO_FAILED;
        }
        return fc_error_prefix(err, "copying the database to %s", path);
    }
    *ret_bytes = bytes;
    return FC_OK;
}

fc_rc fc_store_backup(struct fc_store *store, const char *path, int64_t *ret_bytes,
                      struct fc_error *err)
{
    FC_CLEANUP(fc_reader_closep) struct fc_reader *reader = NULL;
    fc_rc rc = fc_reader_open(store, &reader, err);
    return rc == FC_OK ? fc_db_copy(reader->db, store->sys, path, true, ret_bytes, err) : rc;
}

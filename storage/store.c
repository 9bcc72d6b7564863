/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing: the order of the steps is the safety of the data. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/internal.h"
#include "storage/migrate.h"
#include "storage/reserve.h"
#include "storage/scrub.h"

#define DEFAULT_GROUP_LIMIT 256
#define DEFAULT_QUEUE_LIMIT 65536

#define WAL_RESET_FIRST 3007000
#define WAL_RESET_FIXED 3051003

/* ---- The directory ---- */

/* Length of the longest leading part of the path that is there already. */
static size_t existing_part(const char *path)
{
    char part[PATH_MAX];
    struct stat info;
    size_t len = strlen(path);

    memcpy(part, path, len + 1);
    while (len > 0 && stat(part, &info) != 0) {
        while (len > 0 && part[len - 1] != '/')
            len--;
        while (len > 0 && part[len - 1] == '/')
            len--;
        part[len] = '\0';
    }
    return len;
}

/* A directory that was made is only there after a power cut when its parent was synced. */
static int sync_parents(const struct fc_sys *sys, const char *path, size_t existing)
{
    char part[PATH_MAX];
    size_t len = strlen(path);

    memcpy(part, path, len + 1);
    while (len > existing) {
        while (len > 0 && part[len - 1] != '/')
            len--;
        while (len > 1 && part[len - 1] == '/')
            len--;
        part[len] = '\0';
        int code = sys->sync_dir(sys->ctx, len > 0 ? part : ".");
        if (code < 0)
            return code;
        if (len <= 1)
            break;
    }
    return 0;
}

static fc_rc make_dir(const struct fc_sys *sys, const char *path, struct fc_error *err)
{
    if (!path || path[0] == '\0' || strlen(path) >= PATH_MAX)
        return fc_fail(err, FC_REASON_CONFIG_INVALID, "the data directory is empty or too long");
    size_t existing = existing_part(path);
    if (existing == strlen(path))
        return FC_OK;
    int code = fc_mkdirs(path, 0750);
    if (code == 0)
        code = sync_parents(sys, path, existing);
    if (code < 0) {
        enum fc_reason reason = code == -EACCES || code == -EPERM || code == -EROFS
                                    ? FC_REASON_STORE_READ_ONLY
                                    : FC_REASON_IO_FAILED;
        return fc_fail(err, reason, "cannot make the data directory %s: %s", path, strerror(-code));
    }
    return FC_OK;
}

static fc_rc resolve_paths(struct fc_store *store, const char *data_dir, struct fc_error *err)
{
    store->dir = realpath(data_dir, NULL);
    if (!store->dir) {
        return fc_fail(err, FC_REASON_IO_FAILED, "cannot resolve the data directory %s: %s",
                       data_dir, strerror(errno));
    }
    if (asprintf(&store->db_path, "%s/registry.db", store->dir) < 0)
        store->db_path = NULL;
    if (asprintf(&store->wal_path, "%s/registry.db-wal", store->dir) < 0)
        store->wal_path = NULL;
    if (!store->db_path || !store->wal_path)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to open %s", store->dir);
    return FC_OK;
}

/* ---- The database ---- */

/* Size of a file, 0 when it is not there. */
static int64_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

/* Looks at what is there without changing a byte of it, so that whatever is found wrong can still be examined. */
static fc_rc inspect(const struct fc_store *store, bool unclean, struct fc_error *err)
{
    FC_CLEANUP(fc_db_close) struct fc_db db = {.handle = NULL};
    int64_t wal_bytes = size_of(store->wal_path);

    if (access(store->dir, W_OK) != 0) {
        return fc_fail(err, FC_REASON_STORE_READ_ONLY, "cannot write to the directory %s: %s",
                       store->dir, strerror(errno));
    }
    if (size_of(store->db_path) == 0) {
        if (wal_bytes == 0)
            return fc_restore_check(store->dir, err);
        return fc_fail(
            err, FC_REASON_STORE_CORRUPT,
            "registry.db is missing or empty, but registry.db-wal holds changes of it (%lld bytes)",
            (long long)wal_bytes);
    }
    if (access(store->db_path, R_OK | W_OK) != 0) {
        return fc_fail(err, FC_REASON_STORE_READ_ONLY, "cannot write %s: %s", store->db_path,
                       strerror(errno));
    }
    fc_rc rc = fc_db_open(store->db_path, FC_SQLITE_READER, &db, err);
    if (rc == FC_OK)
        rc = fc_schema_check(&db, fc_migrations_built_in(), err);
    if (rc == FC_OK && (unclean || wal_bytes > 0))
        rc = fc_db_check(&db, "quick_check", err);
    return rc;
}

static fc_rc enable_wal(struct fc_db *db, struct fc_error *err)
{
    sqlite3_stmt *stmt = NULL;
    fc_rc rc = FC_OK;

    int code = sqlite3_prepare_v2(db->handle, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code != SQLITE_ROW) {
        rc = fc_db_fail(db, code, "journal_mode = WAL", err);
    } else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") != 0) {
        rc = fc_fail(err, FC_REASON_IO_FAILED,
                     "%s cannot be switched to write-ahead logging (SQLite chose '%s'); the file "
                     "system has to "
                     "support locks and shared memory",
                     db->name, (const char *)sqlite3_column_text(stmt, 0));
    }
    (void)sqlite3_finalize(stmt);
    return rc;
}

/* The project that every client takes for granted. */
static fc_rc seed(struct fc_txn *txn, void *ctx FC_UNUSED, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(4096);
    struct fc_project_row row;
    int64_t id, projects = 0;

    if (!arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to look for the default project");
    fc_rc rc = fc_project_find(fc_txn_reader(txn), FC_STR("default"), arena, &row, err);
    if (rc != FC_OK || row.id != 0)
        return rc;
    rc = fc_db_number(txn->reader.db, "SELECT count(*) FROM project", &projects, err);
    if (rc == FC_OK && projects > 0) {
        return fc_fail(err, FC_REASON_STORE_CORRUPT,
                       "registry.db: the project default, the first of every registry, is not "
                       "found by its name among %lld projects: an index is damaged",
                       (long long)projects);
    }
    return rc == FC_OK ? fc_project_insert(txn, FC_STR("default"), &id, err) : rc;
}

/*
 * SQLite would make it readable for all; its companions take the mode of the database. The name is synced before SQLite
 * writes a WAL, whose own name it syncs itself: a WAL without its database could never be opened again.
 */
static fc_rc create_file(const struct fc_store *store, struct fc_error *err)
{
    int fd = open(store->db_path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        return fc_fail(err, FC_REASON_STORE_UNAVAILABLE, "cannot create %s: %s", store->db_path,
                       strerror(errno));
    }
    (void)close(fd);
    int code = store->sys->sync_dir(store->sys->ctx, store->dir);
    if (code < 0) {
        return fc_fail(err, FC_REASON_IO_FAILED, "cannot sync the directory %s: %s", store->dir,
                       strerror(-code));
    }
    return FC_OK;
}

static fc_rc open_database(const struct fc_store *store, struct fc_db *ret, struct fc_error *err)
{
    fc_rc rc = size_of(store->db_path) == 0 ? create_file(store, err) : FC_OK;
    if (rc == FC_OK)
        rc = fc_db_open(store->db_path, FC_SQLITE_WRITER, ret, err);
    if (rc == FC_OK)
        rc = enable_wal(ret, err);
    if (rc == FC_OK)
        rc = fc_schema_migrate(ret, fc_migrations_built_in(), store->sys, store->dir, err);
    return rc == FC_OK ? fc_txn_run(ret, store->sys, seed, NULL, err) : rc;
}

static fc_rc open_all(struct fc_store *store, const struct fc_store_options *options,
                      struct fc_error *err)
{
    FC_CLEANUP(fc_db_close) struct fc_db db = {.handle = NULL};
    bool unclean = false;

    fc_rc rc = make_dir(store->sys, options->data_dir, err);
    if (rc == FC_OK)
        rc = resolve_paths(store, options->data_dir, err);
    if (rc == FC_OK)
        rc = fc_dirlock_take(store->dir, &store->lock, &unclean, err);
    if (rc != FC_OK)
        return rc;
    store->suspect = true; /* until the checks are through, the next opening has to make them too */
    rc = inspect(store, unclean, err);
    if (rc == FC_OK)
        rc = open_database(store, &db, err);
    if (rc == FC_OK) {
        fc_reserve_make(store->dir);
        rc = fc_writer_start(store, &db,
                             options->group_limit > 0 ? options->group_limit : DEFAULT_GROUP_LIMIT,
                             options->queue_limit > 0 ? options->queue_limit : DEFAULT_QUEUE_LIMIT,
                             &store->writer, err);
    }
    if (rc == FC_OK && options->check_interval_ns > 0)
        rc = fc_scrub_start(store->db_path, options->check_interval_ns, &store->scrub, err);
    store->suspect = rc != FC_OK;
    if (rc != FC_OK && err->reason == FC_REASON_STORE_CORRUPT) {
        return fc_error_prefix(
            err,
            "the registry in %s cannot be used and was left as it is; keep a copy of the "
            "directory, then restore a backup",
            store->dir);
    }
    return rc == FC_OK ? rc : fc_error_prefix(err, "opening the registry in %s", store->dir);
}

fc_rc fc_store_open(const struct fc_store_options *options, struct fc_store **ret,
                    struct fc_error *err)
{
    static atomic_uint_fast64_t last_id;
    FC_CLEANUP(fc_store_closep) struct fc_store *store = calloc(1, sizeof *store);

    if (!store)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to open the registry");
    store->lock = (struct fc_dirlock)FC_DIRLOCK_INIT;
    store->sys = options->sys ? options->sys : fc_sys_real();
    store->id = atomic_fetch_add(&last_id, 1) + 1;
    fc_rc rc = open_all(store, options, err);
    if (rc == FC_OK)
        *ret = fc_steal(store);
    return rc;
}

void fc_store_close(struct fc_store *store)
{
    if (!store)
        return;
    fc_scrub_stop(store->scrub);
    fc_writer_stop(store->writer);
    fc_readers_close_all(store);
    bool clean = fc_writer_free(store->writer) && !store->suspect;
    fc_dirlock_release(&store->lock, clean);
    free(store->dir);
    free(store->db_path);
    free(store->wal_path);
    free(store);
}

void fc_store_checks(struct fc_store *store, struct fc_store_checks *ret)
{
    fc_scrub_result(store->scrub, ret);
}

const char *fc_store_risky_sqlite(void)
{
    int version = sqlite3_libversion_number();
    return version >= WAL_RESET_FIRST && version < WAL_RESET_FIXED ? sqlite3_libversion() : NULL;
}

void fc_store_stats(struct fc_store *store, struct fc_store_stats *ret)
{
    *ret = (struct fc_store_stats){.database_bytes = size_of(store->db_path),
                                   .wal_bytes = size_of(store->wal_path)};
    fc_writer_stats(store->writer, ret);
}

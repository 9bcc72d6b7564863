/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup in the place of the registry. The steps are ordered so that a crash between any two leaves either the old
 * registry, or a directory that is refused at a start and put right by running the same restore again:
 * copy and check -> move the old files aside -> name the copy registry.db -> note it as restored.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "storage/internal.h"
#include "storage/migrate.h"

#define ASIDE     ".before-restore-"
#define RESTORING ".restoring" /* the copy, whole, until it is named registry.db */

struct restore {
    const struct fc_sys *sys;
    const char *dir, *backup;
    const char *name; /* of the backup, without its directory */
    char aside[64];   /* suffix of what was there */
};

static fc_rc path_of(const struct restore *restore, const char *file, const char *suffix,
                     char path[PATH_MAX], struct fc_error *err)
{
    int len = snprintf(path, PATH_MAX, "%s/%s%s", restore->dir, file, suffix);
    return len > 0 && len < PATH_MAX
               ? FC_OK
               : fc_fail(err, FC_REASON_CONFIG_INVALID, "the path of %s in %s is too long", file,
                         restore->dir);
}

static bool was_restored(const struct restore *restore, const char *note)
{
    char text[NAME_MAX + 2];
    FILE *file = fopen(note, "re");
    bool same = false;

    if (file) {
        size_t len = fread(text, 1, sizeof text - 1, file);
        text[len] = '\0';
        text[strcspn(text, "\n")] = '\0';
        same = strcmp(text, restore->name) == 0;
        (void)fclose(file);
    }
    return same;
}

/* The file is whole or not there; a write that fails costs a second restore of the same backup. */
static fc_rc note_restored(const struct restore *restore, const char *note, struct fc_error *err)
{
    char tmp[PATH_MAX];
    fc_rc rc = path_of(restore, "restored", ".tmp", tmp, err);
    if (rc != FC_OK)
        return rc;
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return fc_fail(err, FC_REASON_IO_FAILED, "cannot create %s: %s", tmp, strerror(errno));
    int error = dprintf(fd, "%s\n", restore->name) > 0 && fsync(fd) == 0 ? 0 : errno;
    (void)close(fd);
    int code = error != 0 ? -error : restore->sys->rename(restore->sys->ctx, tmp, note);
    return code < 0
               ? fc_fail(err, FC_REASON_IO_FAILED, "cannot write %s: %s", note, strerror(-code))
               : FC_OK;
}

static fc_rc copy_backup(const struct restore *restore, const char *copy, struct fc_error *err)
{
    FC_CLEANUP(fc_db_close) struct fc_db db = {.handle = NULL};
    struct stat info;
    const struct fc_migrations migrations = fc_migrations_built_in();
    int64_t bytes = 0, version = 0;

    if (stat(restore->backup, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) {
        return fc_fail(
            err, FC_REASON_IO_FAILED, "the backup %s cannot be read: %s", restore->backup,
            stat(restore->backup, &info) != 0 ? strerror(errno) : "no file with anything in it");
    }
    (void)unlink(copy); /* of a restore that was cut off */
    fc_rc rc = fc_db_open(restore->backup, FC_SQLITE_READER, &db, err);
    if (rc == FC_OK)
        rc = fc_schema_check(&db, migrations, err);
    if (rc == FC_OK)
        rc = fc_db_number(&db, "PRAGMA user_version", &version, err);
    if (rc == FC_OK) {
        /* Rows are read as the present schema has them; of an older one SQLite's own check has to do. */
        bool present = version == (int64_t)migrations.count;
        rc = fc_db_copy(&db, restore->sys, copy, present, &bytes, err);
    }
    return rc == FC_OK ? rc : fc_error_prefix(err, "the backup %s", restore->backup);
}

/* The database and its log keep belonging together: SQLite finds the log by the name of the database. */
static fc_rc move_aside(const struct restore *restore, struct fc_error *err)
{
    static const char *const files[] = {"", "-wal"};
    char from[PATH_MAX], to[PATH_MAX], suffix[96];
    fc_rc rc = FC_OK;

    for (size_t i = 0; rc == FC_OK && i < FC_ARRAY_LEN(files); i++) {
        (void)snprintf(suffix, sizeof suffix, "%s%s", restore->aside, files[i]);
        rc = path_of(restore, "registry.db", files[i], from, err);
        if (rc == FC_OK)
            rc = path_of(restore, "registry.db", suffix, to, err);
        if (rc == FC_OK && access(from, F_OK) == 0) {
            int code = restore->sys->rename(restore->sys->ctx, from, to);
            if (code < 0) {
                rc = fc_fail(err, FC_REASON_IO_FAILED, "cannot rename %s to %s: %s", from, to,
                             strerror(-code));
            }
        }
    }
    if (rc == FC_OK && path_of(restore, "registry.db", "-shm", from, err) == FC_OK)
        (void)unlink(from);
    return rc;
}

static fc_rc publish(const struct restore *restore, const char *copy, struct fc_error *err)
{
    char path[PATH_MAX];
    fc_rc rc = path_of(restore, "registry.db", "", path, err);
    if (rc != FC_OK)
        return rc;
    int code = restore->sys->rename(restore->sys->ctx, copy, path);
    if (code == 0)
        code = restore->sys->sync_dir(restore->sys->ctx, restore->dir);
    return code < 0 ? fc_fail(err, FC_REASON_IO_FAILED, "cannot rename %s to %s: %s", copy, path,
                              strerror(-code))
                    : FC_OK;
}

/* The log alone is here: its database was moved by a restore that was cut off behind that, and is the newest of those
 * that were kept without a log. */
static bool aside_of_cut_off(struct restore *restore)
{
    static const char prefix[] = "registry.db";
    char path[PATH_MAX], log[sizeof restore->aside + 8], newest[sizeof restore->aside] = "";
    struct fc_error ignored = FC_ERROR_INIT;
    const struct dirent *entry;

    if (path_of(restore, prefix, "-wal", path, &ignored) != FC_OK || access(path, F_OK) != 0 ||
        path_of(restore, prefix, "", path, &ignored) != FC_OK || access(path, F_OK) == 0)
        return false;
    DIR *dir = opendir(restore->dir);
    while (dir && (entry = readdir(dir))) {
        const char *suffix = entry->d_name + strlen(prefix);
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
            strncmp(suffix, ASIDE, strlen(ASIDE)) != 0 || strlen(suffix) >= sizeof newest ||
            strstr(suffix, "-wal") || strverscmp(suffix, newest) <= 0)
            continue;
        (void)snprintf(log, sizeof log, "%s-wal", suffix);
        if (path_of(restore, prefix, log, path, &ignored) == FC_OK && access(path, F_OK) != 0)
            (void)snprintf(newest, sizeof newest, "%s", suffix);
    }
    if (dir)
        (void)closedir(dir);
    if (newest[0] != '\0')
        (void)snprintf(restore->aside, sizeof restore->aside, "%s", newest);
    return newest[0] != '\0';
}

/* Named by the time; what an earlier restore kept within the same second stays. */
static fc_rc choose_aside(struct restore *restore, struct fc_error *err)
{
    time_t now = (time_t)(fc_now_ns(restore->sys) / FC_NS_PER_S);
    char path[PATH_MAX];
    struct tm utc;
    fc_rc rc;

    if (aside_of_cut_off(restore))
        return FC_OK;
    (void)gmtime_r(&now, &utc);
    size_t len = strftime(restore->aside, sizeof restore->aside, ASIDE "%Y%m%dT%H%M%SZ", &utc);
    for (int more = 2; (rc = path_of(restore, "registry.db", restore->aside, path, err)) == FC_OK &&
                       access(path, F_OK) == 0;
         more++)
        (void)snprintf(restore->aside + len, sizeof restore->aside - len, "-%d", more);
    return rc;
}

/* With the lock held. */
static fc_rc run(struct restore *restore, bool *ret_done, struct fc_error *err)
{
    char note[PATH_MAX], copy[PATH_MAX];

    *ret_done = false;
    fc_rc rc = path_of(restore, "restored", "", note, err);
    if (rc == FC_OK)
        rc = path_of(restore, "registry.db", RESTORING, copy, err);
    if (rc != FC_OK || was_restored(restore, note))
        return rc;
    rc = choose_aside(restore, err);
    if (rc == FC_OK)
        rc = copy_backup(restore, copy, err);
    if (rc == FC_OK)
        rc = move_aside(restore, err);
    if (rc == FC_OK)
        rc = publish(restore, copy, err);
    if (rc == FC_OK)
        rc = note_restored(restore, note, err);
    *ret_done = rc == FC_OK;
    return rc;
}

fc_rc fc_restore_check(const char *dir, struct fc_error *err)
{
    const struct restore restore = {.dir = dir};
    char copy[PATH_MAX];

    fc_rc rc = path_of(&restore, "registry.db", RESTORING, copy, err);
    if (rc != FC_OK || access(copy, F_OK) != 0)
        return rc;
    return fc_fail(err, FC_REASON_STORE_CORRUPT,
                   "registry.db is missing and registry.db" RESTORING
                   " is there: a restore was cut off; run the same restore again");
}

bool fc_store_was_restored(const char *data_dir, const char *name)
{
    const struct restore restore = {.dir = data_dir, .name = name};
    struct fc_error ignored = FC_ERROR_INIT;
    char note[PATH_MAX];

    return path_of(&restore, "restored", "", note, &ignored) == FC_OK &&
           was_restored(&restore, note);
}

fc_rc fc_store_restore(const char *data_dir, const char *backup, const struct fc_sys *sys,
                       bool *ret_done, struct fc_error *err)
{
    struct fc_dirlock lock = FC_DIRLOCK_INIT;
    const char *slash = strrchr(backup, '/');
    struct restore restore = {
        .sys = sys, .dir = data_dir, .backup = backup, .name = slash ? slash + 1 : backup};
    bool unclean = false;

    int code = fc_mkdirs(data_dir, 0750);
    if (code < 0) {
        return fc_fail(err, FC_REASON_IO_FAILED, "cannot make the data directory %s: %s", data_dir,
                       strerror(-code));
    }
    fc_rc rc = fc_dirlock_take(data_dir, &lock, &unclean, err);
    if (rc == FC_OK) {
        rc = run(&restore, ret_done, err);
        /* Who did not stop in an orderly way still did not, when nothing was replaced. */
        fc_dirlock_release(&lock, rc == FC_OK && (*ret_done || !unclean));
    }
    return rc;
}

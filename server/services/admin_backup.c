/* SPDX-License-Identifier: Apache-2.0 */
/* Backups of the registry's database, one at a time, on a thread of their own. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/backup_name.h"
#include "server/registry/names.h"
#include "server/services/admin.h"
#include "server/services/background.h"
#include "server/services/job_view.h"

/* In the arena of its call. */
struct backup {
    struct fc_rpc_call *call;
    const struct fc_services *services;
    const char *path;   /* where it is */
    const char *url;    /* where it is taken to; NULL: nowhere */
    int64_t started_ns; /* monotonic */
    int64_t taken_ns;
    int64_t bytes;
    uint32_t keep, removed;
    struct fc_error err; /* rc FC_OK when there is a backup */
};

static int is_named_by_time(const struct dirent *entry)
{
    return fc_backup_name_is(entry->d_name);
}

/* The oldest first, as their names sort. One that cannot be removed is left, and the next backup tries again. */
static void remove_old(struct backup *backup)
{
    char dir[PATH_MAX], path[PATH_MAX];
    struct dirent **names = NULL;

    (void)snprintf(dir, sizeof dir, "%s", backup->path);
    *strrchr(dir, '/') = '\0';
    int count = scandir(dir, &names, is_named_by_time, alphasort);
    for (int i = 0; i < count; i++) {
        if ((uint32_t)(count - i) > backup->keep &&
            snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name) < (int)sizeof path &&
            unlink(path) == 0)
            backup->removed++;
        free(names[i]);
    }
    free((void *)names);
}

/* The file was for the way only. */
static void take_away(struct backup *backup)
{
    fc_rc rc = fc_copies_upload(backup->services->copies, backup->path, backup->url, backup->keep,
                                &backup->removed, &backup->err);
    (void)unlink(backup->path);
    if (rc == FC_OK)
        backup->path = backup->url;
}

static void work(void *ctx)
{
    struct backup *backup = ctx;
    fc_rc rc = fc_store_backup(backup->services->store, backup->path, &backup->bytes, &backup->err);
    if (rc == FC_OK && backup->url)
        take_away(backup);
    else if (rc == FC_OK && backup->keep > 0)
        remove_old(backup);
}

static void answer(void *ctx)
{
    const struct backup *backup = ctx;
    Feast__Admin__V1__BackupResponse response = FEAST__ADMIN__V1__BACKUP_RESPONSE__INIT;
    const struct fc_sys *sys = backup->services->sys;

    if (backup->err.rc != FC_OK) {
        fc_rpc_fail(backup->call, &backup->err, NULL);
        return;
    }
    response.path = (char *)backup->path;
    response.bytes = (uint64_t)backup->bytes;
    response.seconds = (double)(fc_monotonic_ns(sys) - backup->started_ns) / (double)FC_NS_PER_S;
    response.removed = backup->removed;
    response.taken_at = fc_view_time(fc_rpc_arena(backup->call), backup->taken_ns);
    fc_rpc_reply(backup->call, &response.base);
}

/* A plain file name: a caller chooses where in the backup directory, and nowhere else. */
static bool is_file_name(const char *name)
{
    return name[0] != '.' && strlen(name) <= FC_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               strlen(name);
}

static fc_rc choose_path(const struct fc_services *services, const char *wanted,
                         struct backup *backup, struct fc_error *err)
{
    struct fc_arena *arena = fc_rpc_arena(backup->call);
    char name[FC_BACKUP_NAME_SIZE];

    if (!services->backup_dir)
        return fc_fail(err, FC_REASON_NOT_IMPLEMENTED, "this server has no backup directory");
    if (!is_file_name(wanted)) {
        return fc_fail_field(
            err, FC_REASON_FIELD_INVALID, "path",
            "path is \"%s\", expected a file name of letters, digits, dots, dashes "
            "and underscores: backups are made in %s",
            fc_excerpt(arena, wanted), services->backup_dir);
    }
    int failed = fc_mkdirs(services->backup_dir, 0700);
    char *dir = failed == 0 ? realpath(services->backup_dir, NULL) : NULL;
    if (!dir) {
        return fc_fail(err, FC_REASON_IO_FAILED, "the backup directory %s cannot be used: %s",
                       services->backup_dir, strerror(failed != 0 ? -failed : errno));
    }
    fc_backup_name(backup->taken_ns, name);
    const char *file = wanted[0] != '\0' ? wanted : name;
    const char *url = services->backup_url;
    backup->path = fc_arena_printf(arena, "%s/%s", dir, file);
    if (url && url[0] != '\0') {
        backup->url =
            fc_arena_printf(arena, "%s%s%s", url, url[strlen(url) - 1] == '/' ? "" : "/", file);
    }
    free(dir);
    return !fc_arena_exhausted(arena)
               ? FC_OK
               : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a path");
}

void admin_backup(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Admin__V1__BackupRequest *request = (const void *)message;
    struct fc_services *services = ctx;
    struct backup *backup = fc_arena_alloc(fc_rpc_arena(call), sizeof *backup);
    struct fc_error err = FC_ERROR_INIT;

    if (!backup) {
        fc_request_fail_too_large(call);
        return;
    }
    *backup = (struct backup){
        .call = call,
        .services = services,
        .started_ns = fc_monotonic_ns(services->sys),
        .taken_ns = fc_now_ns(services->sys),
        .keep = request->keep,
    };
    fc_rc rc = choose_path(services, request->path, backup, &err);
    if (rc == FC_OK)
        rc = fc_background_run(services, work, answer, backup, &err);
    if (rc != FC_OK)
        fc_rpc_fail(call, &err, NULL);
}

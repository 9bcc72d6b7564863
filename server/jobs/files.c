/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the files of a job are, below the data directory:
 *
 *     jobs/<id>/worker.log, jobs/<id>/dead_letter.jsonl    kept with the job's row (server/retention.h)
 *     scratch/<id>/                                        removed when the attempt is over
 */
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/jobs/internal.h"

bool fc_job_paths(const char *data_dir, const char *id, struct fc_arena *arena,
                  struct fc_job_paths *ret)
{
    ret->dir = fc_arena_printf(arena, "%s/jobs/%s", data_dir, id);
    ret->log = fc_arena_printf(arena, "%s/jobs/%s/worker.log", data_dir, id);
    ret->dead_letters = fc_arena_printf(arena, "%s/jobs/%s/dead_letter.jsonl", data_dir, id);
    ret->scratch = fc_arena_printf(arena, "%s/scratch/%s", data_dir, id);
    return ret->dir && ret->log && ret->dead_letters && ret->scratch;
}

const char *fc_jobs_dead_letters(const struct fc_jobs *jobs, fc_str id, struct fc_arena *arena)
{
    char text[FC_JOB_ID_SIZE] = "";
    struct fc_job_paths paths;

    if (id.len != sizeof text - 1)
        return NULL;
    memcpy(text, id.ptr, id.len);
    return fc_job_paths(jobs->data_dir, text, arena, &paths) &&
                   access(paths.dead_letters, F_OK) == 0
               ? paths.dead_letters
               : NULL;
}

const char *fc_jobs_log(const struct fc_jobs *jobs, fc_str id, struct fc_arena *arena)
{
    const char *text = fc_arena_strndup(arena, id.ptr, id.len);
    struct fc_job_paths paths;

    return text && fc_job_paths(jobs->data_dir, text, arena, &paths) ? paths.log : NULL;
}

static fc_rc make_dir(const char *path, struct fc_error *err)
{
    int failed = fc_mkdirs(path, 0700);

    return failed == 0 ? FC_OK
                       : fc_fail(err, FC_REASON_IO_FAILED, "cannot make the directory \"%s\": %s",
                                 path, strerror(-failed));
}

fc_rc fc_job_make_dirs(const struct fc_job_paths *paths, struct fc_error *err)
{
    fc_rc rc = make_dir(paths->dir, err);

    return rc == FC_OK ? make_dir(paths->scratch, err) : rc;
}

static int remove_entry(const char *path, const struct stat *info FC_UNUSED, int kind FC_UNUSED,
                        struct FTW *walk FC_UNUSED)
{
    (void)remove(path);
    return 0;
}

void fc_remove_tree(const char *path)
{
    /* Links are removed, not followed. What cannot be removed stays; the next start tries again. */
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static bool is_job_id(const char *name)
{
    return strlen(name) == FC_JOB_ID_SIZE - 1 &&
           strspn(name, "0123456789abcdef") == FC_JOB_ID_SIZE - 1;
}

bool fc_job_remove_files(const char *data_dir, fc_str id)
{
    char name[FC_JOB_ID_SIZE], path[4200];

    if (id.len != sizeof name - 1)
        return true;
    (void)snprintf(name, sizeof name, "%.*s", (int)id.len, id.ptr);
    if (!is_job_id(name))
        return true;
    (void)snprintf(path, sizeof path, "%s/jobs/%s", data_dir, name);
    fc_remove_tree(path);
    return access(path, F_OK) != 0;
}

void fc_clean_scratch(const char *data_dir)
{
    char path[4200];
    const struct dirent *entry;

    (void)snprintf(path, sizeof path, "%s/scratch", data_dir);
    DIR *dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        char below[4500];
        if (is_job_id(entry->d_name)) {
            (void)snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
            fc_remove_tree(below);
        }
    }
    if (dir)
        (void)closedir(dir);
}

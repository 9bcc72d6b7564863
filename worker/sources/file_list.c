/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/file_list.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "base/utf8.h"
#include "worker/sources/hive.h"

/* Bounds against trees that were never meant as a source. */
#define DEPTH_MAX 64
#define FILES_MAX 1000000

struct walk {
    struct fc_arena *arena;
    struct fc_file_list *list;
    size_t capacity;
    const char *root_real; /**< links must not lead out of it; NULL when a single file was named */
    struct fc_error *err;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                   "the list of files needs more memory than it may have");
}

static fc_rc unreachable(const char *path, int error, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s", path, strerror(error));
}

int64_t fc_file_modified(const struct stat *st)
{
    return st->st_mtim.tv_sec * FC_NS_PER_S + st->st_mtim.tv_nsec;
}

static fc_rc add_file(struct walk *walk, const char *path, const struct stat *st)
{
    struct fc_file_list *list = walk->list;

    if (list->count == FILES_MAX)
        return fc_fail(walk->err, FC_REASON_SOURCE_INVALID, "%s has more than %d files", list->root,
                       FILES_MAX);
    if (list->count == walk->capacity) {
        size_t capacity = walk->capacity ? walk->capacity * 2 : 16;
        struct fc_file *files = fc_arena_alloc(walk->arena, capacity * sizeof *files);
        if (!files)
            return no_memory(walk->err);
        if (list->count > 0)
            memcpy(files, list->files, list->count * sizeof *files);
        list->files = files;
        walk->capacity = capacity;
    }
    /* The engine takes names as texts only; what lies behind this one is neither right nor wrong. */
    if (!fc_utf8_valid(path, strlen(path)))
        return fc_fail(walk->err, FC_REASON_SOURCE_UNSUPPORTED,
                       "%s cannot be opened: its name is not UTF-8", path);
    const char *copy = fc_arena_strdup(walk->arena, path);
    if (!copy)
        return no_memory(walk->err);
    list->files[list->count++] =
        (struct fc_file){.path = copy, .bytes = st->st_size, .modified_ns = fc_file_modified(st)};
    list->bytes += st->st_size;
    return FC_OK;
}

static bool is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0' || len == 1);
}

/* Out of the source nothing must lead: whoever permitted the location did not permit that. */
static fc_rc check_inside(struct walk *walk, const char *path)
{
    char *real = realpath(path, NULL);

    if (!real)
        return unreachable(path, errno, walk->err);
    bool inside = is_below(real, walk->root_real);
    free(real);
    return inside ? FC_OK
                  : fc_fail(walk->err, FC_REASON_SOURCE_UNREACHABLE,
                            "%s is a link that leads out of %s", path, walk->list->root);
}

/* What a link within the source leads to. A directory within is met by its own path, so `*ret_skip` is set. */
static fc_rc check_link(struct walk *walk, const char *path, struct stat *st, bool *ret_skip)
{
    fc_rc rc = check_inside(walk, path);

    if (rc != FC_OK)
        return rc;
    if (stat(path, st) != 0)
        return unreachable(path, errno, walk->err);
    *ret_skip = S_ISDIR(st->st_mode);
    return FC_OK;
}

static fc_rc walk_dir(struct walk *walk, const char *dir, unsigned depth);

static fc_rc walk_entry(struct walk *walk, const char *path, unsigned depth)
{
    struct stat st;
    bool skip = false;

    if (lstat(path, &st) != 0)
        return unreachable(path, errno, walk->err);
    if (S_ISLNK(st.st_mode)) {
        fc_rc rc = check_link(walk, path, &st, &skip);
        if (rc != FC_OK || skip)
            return rc;
    }
    if (S_ISDIR(st.st_mode))
        return walk_dir(walk, path, depth + 1);
    if (!S_ISREG(st.st_mode))
        return fc_fail(walk->err, FC_REASON_SOURCE_INVALID, "%s is neither a file nor a directory",
                       path);
    return add_file(walk, path, &st);
}

static fc_rc walk_dir(struct walk *walk, const char *dir, unsigned depth)
{
    struct dirent **entries = NULL;
    fc_rc rc = FC_OK;

    if (depth > DEPTH_MAX)
        return fc_fail(walk->err, FC_REASON_SOURCE_INVALID,
                       "%s is nested more than %d directories deep", dir, DEPTH_MAX);
    int count = scandir(dir, &entries, NULL, alphasort);
    if (count < 0)
        return unreachable(dir, errno, walk->err);
    for (int i = 0; i < count; i++) {
        char lead = entries[i]->d_name[0];
        if (rc == FC_OK && lead != '.' && lead != '_') {
            const char *slash = dir[strlen(dir) - 1] == '/' ? "" : "/";
            const char *path =
                fc_arena_printf(walk->arena, "%s%s%s", dir, slash, entries[i]->d_name);
            rc = path ? walk_entry(walk, path, depth) : no_memory(walk->err);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

/* The deepest directory of a pattern that is no pattern itself. */
static const char *literal_dir(const char *pattern, struct fc_arena *arena)
{
    size_t len = strcspn(pattern, "*?[{");

    while (len > 1 && pattern[len - 1] != '/')
        len--;
    if (len > 1)
        len--;
    return fc_arena_strndup(arena, pattern, len);
}

static fc_rc walk_pattern(struct walk *walk, const char *pattern)
{
    glob_t found;
    fc_rc rc = FC_OK;

    /* GLOB_ERR: what may not be read must not look like what is not there. */
    int result = glob(pattern, GLOB_BRACE | GLOB_ERR, NULL, &found);
    if (result == GLOB_NOSPACE)
        rc = no_memory(walk->err);
    else if (result == GLOB_ABORTED)
        rc = unreachable(pattern, errno ? errno : EACCES, walk->err);
    else if (result == GLOB_NOMATCH)
        rc = fc_fail(walk->err, FC_REASON_SOURCE_UNREACHABLE, "no file matches %s", pattern);
    for (size_t i = 0; rc == FC_OK && i < found.gl_pathc; i++) {
        const char *name = strrchr(found.gl_pathv[i], '/');
        if (name && (name[1] == '.' || name[1] == '_'))
            continue;
        /* A directory on the way to it may be a link. */
        rc = check_inside(walk, found.gl_pathv[i]);
        if (rc == FC_OK)
            rc = walk_entry(walk, found.gl_pathv[i], 0);
    }
    globfree(&found);
    return rc;
}

static int cmp_path(const void *a, const void *b)
{
    return strcmp(((const struct fc_file *)a)->path, ((const struct fc_file *)b)->path);
}

/* In order, and each once: what stands in braces may match the same. */
static void put_in_order(struct fc_file_list *list)
{
    size_t kept = 0;

    qsort(list->files, list->count, sizeof *list->files, cmp_path);
    for (size_t i = 0; i < list->count; i++)
        if (kept > 0 && strcmp(list->files[kept - 1].path, list->files[i].path) == 0)
            list->bytes -= list->files[i].bytes;
        else
            list->files[kept++] = list->files[i];
    list->count = kept;
}

static fc_rc path_of(const char *url, const char **ret, struct fc_error *err)
{
    const char *path = url;

    if (strncmp(url, "file://localhost/", strlen("file://localhost/")) == 0)
        path = url + strlen("file://localhost");
    else if (strncmp(url, "file://", strlen("file://")) == 0)
        path = url + strlen("file://");
    else if (strncmp(url, "file:/", strlen("file:/")) == 0)
        path = url + strlen("file:");
    else if (strstr(url, "://"))
        return fc_fail(
            err, FC_REASON_SOURCE_UNSUPPORTED,
            "%s: files are read from file, s3, gs, http and https locations, not %.*s://", url,
            (int)strcspn(url, ":"), url);
    if (path[0] != '/')
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s is no absolute path (expected file:///path)", url[0] ? url : "\"\"");
    *ret = path;
    return FC_OK;
}

static fc_rc walk_all(struct walk *walk, const char *path)
{
    struct stat st;
    struct fc_file_list *list = walk->list;
    bool pattern = strpbrk(path, "*?[{") != NULL;

    list->root = path;
    if (stat(path, &st) != 0) {
        if (errno != ENOENT || !pattern)
            return unreachable(path, errno, walk->err);
        list->root = literal_dir(path, walk->arena);
    } else {
        pattern = false;
        if (S_ISREG(st.st_mode))
            return add_file(walk, path, &st);
        if (!S_ISDIR(st.st_mode))
            return fc_fail(walk->err, FC_REASON_SOURCE_INVALID,
                           "%s is neither a file nor a directory", path);
    }
    if (!list->root)
        return no_memory(walk->err);
    char *real = realpath(list->root, NULL);
    if (!real)
        return unreachable(list->root, errno, walk->err);
    walk->root_real = real;
    fc_rc rc = pattern ? walk_pattern(walk, path) : walk_dir(walk, path, 0);
    free(real);
    return rc;
}

fc_rc fc_file_list_find(const char *url, struct fc_arena *arena, struct fc_file_list *ret,
                        struct fc_error *err)
{
    struct walk walk = {.arena = arena, .list = ret, .err = err};
    const char *path = NULL;

    *ret = (struct fc_file_list){.root = NULL};
    fc_rc rc = path_of(url, &path, err);
    if (rc == FC_OK)
        rc = walk_all(&walk, path);
    if (rc != FC_OK)
        return rc;
    if (ret->count == 0)
        return FC_OK;
    put_in_order(ret);
    return fc_hive_read(ret, arena, err);
}

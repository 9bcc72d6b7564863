/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects a location means. */
#include <fnmatch.h>
#include <stdlib.h>

#include "worker/sources/hive.h"
#include "worker/sources/pattern.h"
#include "worker/sources/remote.h"

#define FILES_MAX 1000000
/* A probe looks at a few files only; it does not wait for a million names. */
#define PROBE_FILES_MAX 100000

struct listing {
    const struct fc_source_env *env;
    struct fc_arena *arena;
    struct fc_file_list *list;
    const struct fc_pattern *pattern; /* NULL: all below the prefix */
    size_t skip;                      /* characters of a key before what is looked at */
    size_t capacity, seen;
    int64_t stop_ns;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                   "the list of files needs more memory than it may have");
}

/* Names of markers and of unfinished writes; a directory's counts for all in it. */
static bool is_hidden(const char *path)
{
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (*at == '_' || *at == '.')
            return true;
    }
    return false;
}

static fc_rc add(struct listing *l, const struct fc_object *object, struct fc_error *err)
{
    struct fc_file_list *list = l->list;

    if (list->count == FILES_MAX)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s has more than %d files", list->root,
                       FILES_MAX);
    if (list->count == l->capacity) {
        size_t capacity = l->capacity ? l->capacity * 2 : 16;
        struct fc_file *files = fc_arena_alloc(l->arena, capacity * sizeof *files);
        if (!files)
            return no_memory(err);
        if (list->count > 0)
            memcpy(files, list->files, list->count * sizeof *files);
        list->files = files;
        l->capacity = capacity;
    }
    struct fc_file file = {
        .path = fc_arena_strdup(l->arena, object->name),
        .bytes = object->bytes,
        .version = object->version ? fc_arena_strdup(l->arena, object->version) : NULL,
    };
    if (!file.path || (object->version && !file.version))
        return no_memory(err);
    file.key = file.path + strlen(object->name) - strlen(object->key);
    list->files[list->count++] = file;
    list->bytes += object->bytes > 0 ? object->bytes : 0;
    return FC_OK;
}

static bool is_enough(const struct listing *l)
{
    if (!l->env->limits)
        return false;
    return l->list->count >= PROBE_FILES_MAX ||
           (l->stop_ns != 0 && l->list->count > 0 && fc_monotonic_ns(l->env->sys) >= l->stop_ns);
}

static fc_rc take(void *ctx, const struct fc_object *object, bool *ret_stop, struct fc_error *err)
{
    struct listing *l = ctx;
    size_t len = strlen(object->key);

    l->seen++;
    /* A key that ends in a slash stands for a directory; there is nothing in it. */
    if (len < l->skip || object->key[len - 1] == '/' || is_hidden(object->key + l->skip))
        return FC_OK;
    if (l->pattern && !fc_pattern_matches(l->pattern, object->key))
        return FC_OK;
    fc_rc rc = add(l, object, err);
    if (rc == FC_OK && is_enough(l)) {
        l->list->cut = true;
        *ret_stop = true;
    }
    return rc;
}

static int cmp_path(const void *a, const void *b)
{
    return strcmp(((const struct fc_file *)a)->path, ((const struct fc_file *)b)->path);
}

static fc_rc list_below(struct fc_remote *remote, struct listing *l, const char *prefix,
                        const char *what, struct fc_error *err)
{
    struct fc_store *store = remote->store;
    struct fc_file_list *list = l->list;

    fc_rc rc = store->ops->list(store, prefix, take, l, err);
    if (rc != FC_OK)
        return rc;
    if (l->pattern && list->count == 0)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "no object matches %s", what);
    if (l->seen == 0)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: there is no such object, and none below it", what);
    if (list->count == 0)
        return FC_OK;
    qsort(list->files, list->count, sizeof *list->files, cmp_path);
    return fc_hive_read(list, l->arena, err);
}

/* The deepest "directory" of a key or pattern; "" for the whole bucket. */
static size_t directory_of(const char *key, size_t len)
{
    while (len > 0 && key[len - 1] != '/')
        len--;
    return len;
}

static fc_rc list_pattern(struct fc_remote *remote, struct listing *l, struct fc_error *err)
{
    const char *key = remote->store->key;
    size_t literal = strcspn(key, FC_PATTERN_CHARS);
    struct fc_pattern *pattern = fc_arena_calloc(l->arena, 1, sizeof *pattern);

    if (!pattern)
        return no_memory(err);
    fc_rc rc = fc_pattern_read(key, l->arena, pattern, err);
    if (rc != FC_OK)
        return rc;
    l->pattern = pattern;
    l->skip = directory_of(key, literal);
    l->list->root = fc_arena_printf(l->arena, "%s%.*s", remote->store->root, (int)l->skip, key);
    const char *prefix = fc_arena_strndup(l->arena, key, literal);
    const char *what = fc_arena_printf(l->arena, "%s%s", remote->store->root, key);
    return l->list->root && prefix && what ? list_below(remote, l, prefix, what, err)
                                           : no_memory(err);
}

static fc_rc list_directory(struct fc_remote *remote, struct listing *l, struct fc_error *err)
{
    const char *key = remote->store->key;
    size_t len = strlen(key);
    const char *prefix =
        fc_arena_printf(l->arena, "%s%s", key, len > 0 && key[len - 1] != '/' ? "/" : "");

    if (!prefix)
        return no_memory(err);
    l->skip = strlen(prefix);
    l->list->root = fc_arena_printf(l->arena, "%s%s", remote->store->root, prefix);
    return l->list->root ? list_below(remote, l, prefix, l->list->root, err) : no_memory(err);
}

/* Reading it is how to find out whether it is there. */
static fc_rc open_single(struct fc_remote *remote, struct listing *l, struct fc_error *err)
{
    const char *local = NULL;
    struct fc_store *store = remote->store;
    struct fc_object object = {.key = store->key, .bytes = -1};

    object.name =
        store->ops->list ? fc_arena_printf(l->arena, "%s%s", store->root, store->key) : store->root;
    if (!object.name)
        return no_memory(err);
    l->list->root = object.name;
    fc_rc rc = add(l, &object, err);
    if (rc != FC_OK)
        return rc;
    /* Of a web server the key is the URL, which the name does not show. */
    l->list->files[0].key = store->key;
    rc = fc_remote_local(remote, &l->list->files[0], &local, err);
    if (rc != FC_OK)
        return rc;
    const char *version = fc_spool_version(remote->spool);
    l->list->files[0].version = version ? fc_arena_strdup(l->arena, version) : NULL;
    if (version && !l->list->files[0].version)
        return no_memory(err);
    l->list->files[0].bytes = fc_spool_bytes(remote->spool);
    l->list->bytes = l->list->files[0].bytes;
    return fc_hive_read(l->list, l->arena, err);
}

fc_rc fc_remote_list(struct fc_remote *remote, const struct fc_source_env *env,
                     struct fc_arena *arena, struct fc_file_list *list, struct fc_error *err)
{
    struct listing l = {.env = env, .arena = arena, .list = list};
    struct fc_store *store = remote->store;
    size_t len = strlen(store->key);
    bool directory = !store->literal && (len == 0 || store->key[len - 1] == '/');
    bool pattern = !store->literal && strpbrk(store->key, FC_PATTERN_CHARS);
    int64_t now = fc_monotonic_ns(env->sys);

    if (env->deadline_ns > now)
        l.stop_ns = now + (env->deadline_ns - now) / 2;
    *list = (struct fc_file_list){.root = store->root};
    if (pattern)
        return list_pattern(remote, &l, err);
    if (directory)
        return list_directory(remote, &l, err);
    fc_rc rc = open_single(remote, &l, err);
    if (rc == FC_OK || !store->ops->list || !fc_store_is_missing(err))
        return rc;
    *list = (struct fc_file_list){.root = store->root};
    l.capacity = 0;
    return list_directory(remote, &l, err);
}

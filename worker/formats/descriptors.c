/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/formats/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "worker/formats/descriptors_internal.h"

struct loading {
    const struct fc_format_env *env;
    struct fc_arena *arena;
    struct fc_proto_set *set;
    struct fc_error *err;
};

static void done_buf(struct fc_buf *buf)
{
    fc_buf_done(buf);
}

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                   "the descriptor sets need more memory than they may");
}

static fc_rc unreachable(struct fc_error *err, const char *path, const char *why)
{
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "descriptor sets at %s: %s", path, why);
}

static fc_rc add_file(struct loading *l, const char *path)
{
    FC_CLEANUP(done_buf) struct fc_buf bytes = FC_BUF_INIT;
    struct fc_error error = FC_ERROR_INIT;

    if (fc_file_read(path, "descriptor set", FC_DESCRIPTORS_BYTES_MAX, &bytes, &error) != FC_OK)
        return fc_fail(l->err, FC_REASON_SOURCE_UNREACHABLE, "%s", error.message);
    return fc_proto_set_add(l->set, (fc_str){.ptr = fc_buf_text(&bytes), .len = bytes.len}, path,
                            l->err);
}

/* A directory may hold a README as well. */
static bool is_set_name(const char *name)
{
    static const char *const endings[] = {"desc", "pb", "binpb", "protoset", "fds", "dsc", "bin"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && dot != name && i < FC_ARRAY_LEN(endings); i++)
        if (strcmp(dot + 1, endings[i]) == 0)
            return true;
    return false;
}

static int wanted(const struct dirent *entry)
{
    return is_set_name(entry->d_name);
}

static fc_rc add_entries(struct loading *l, const char *path, struct dirent **entries, int count)
{
    if (count == 0)
        return unreachable(l->err, path, "no file *.desc, *.pb, *.binpb or *.protoset is there");
    if (count > FC_DESCRIPTORS_FILES_MAX)
        return unreachable(l->err, path, "more than 1000 files");
    for (int i = 0; i < count; i++) {
        const char *file = fc_arena_printf(l->arena, "%s/%s", path, entries[i]->d_name);
        fc_rc rc = file ? add_file(l, file) : no_memory(l->err);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

/* In the order of their names: of two files of one name the first counts. */
static fc_rc add_directory(struct loading *l, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, wanted, alphasort);

    if (count < 0)
        return unreachable(l->err, path, strerror(errno));
    fc_rc rc = add_entries(l, path, entries, count);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return rc;
}

static fc_rc add_path(struct loading *l, const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return unreachable(l->err, path, strerror(errno));
    return S_ISDIR(status.st_mode) ? add_directory(l, path) : add_file(l, path);
}

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static fc_rc add_url(struct loading *l, const char *url, const char *shown)
{
    fc_str bytes;

    fc_rc rc = fc_descriptors_fetch(l->env, url, shown, l->arena, &bytes, l->err);
    return rc == FC_OK ? fc_proto_set_add(l->set, bytes, shown, l->err) : rc;
}

/* Without what may be a secret: user and password before the host, and the query. */
static const char *shown_url(struct fc_arena *arena, const char *url)
{
    const char *host = strstr(url, "://") + 3;
    const char *slash = strchr(host, '/');
    const char *at = memchr(host, '@', slash ? (size_t)(slash - host) : strlen(host));
    const char *rest = at ? at + 1 : host;

    return fc_arena_printf(arena, "%.*s%.*s", (int)(host - url), url, (int)strcspn(rest, "?#"),
                           rest);
}

fc_rc fc_descriptors_load(const struct fc_format_env *env, struct fc_arena *arena,
                          const struct fc_proto_set **ret, const char **ret_place,
                          struct fc_error *err)
{
    struct loading l = {.env = env, .arena = arena, .set = fc_proto_set_new(arena), .err = err};
    const Feast__Worker__V1__Access *order = env->access ? env->access->order : NULL;
    const char *place = order && order->descriptors[0] ? order->descriptors : getenv("STENCIL_URL");
    const char *shown = NULL;
    fc_rc rc = FC_OK;

    if (!l.set)
        return no_memory(err);
    if (!place || !*place)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "no descriptor sets are configured to find the class in "
                       "(stream.descriptors, or STENCIL_URL)");
    if (begins(place, "http://") || begins(place, "https://")) {
        shown = shown_url(arena, place);
        rc = shown ? add_url(&l, place, shown) : no_memory(err);
    } else {
        shown = begins(place, "file://") ? place + strlen("file://") : place;
        rc = add_path(&l, shown);
    }
    if (rc == FC_OK)
        rc = fc_proto_set_link(l.set, err);
    if (rc != FC_OK)
        return rc;
    *ret = l.set;
    *ret_place = shown;
    return FC_OK;
}

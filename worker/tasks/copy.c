/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/backup_name.h"
#include "base/log.h"
#include "base/url.h"
#include "worker/objects/store.h"

#define SCRATCH_BYTES ((size_t)64 << 20)
/* One request of a download; what was cut off is asked for again from its start. */
#define RANGE_BYTES ((int64_t)64 << 20)
/* Backups beside the new one that are considered for removal at a time. */
#define OLD_MAX 10000

struct copying {
    struct fc_access access;
    struct fc_http *http;
    struct fc_arena *arena, *scratch;
    struct fc_store *store;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to copy a file");
}

static void copying_done(struct copying *c)
{
    fc_http_free(c->http);
    fc_arena_free(c->scratch);
}

static fc_rc copying_open(struct copying *c, const char *url, const struct fc_sys *sys,
                          struct fc_error *err)
{
    const struct fc_http_options options = {.access = &c->access, .sys = sys};
    const struct fc_store_ops *ops = fc_store_ops_for(url);

    if (!ops || !ops->write)
        return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED,
                       "backups are not kept at %.200s (expected s3://bucket/prefix)",
                       fc_url_public(url, c->arena));
    c->scratch = fc_arena_new(SCRATCH_BYTES);
    fc_rc rc = c->scratch ? fc_http_new(&options, &c->http, err) : no_memory(err);
    const struct fc_store_env env = {.http = c->http, .access = &c->access, .scratch = c->scratch};
    return rc == FC_OK ? ops->open(&env, url, c->arena, &c->store, err) : rc;
}

static fc_rc file_failed(const char *path, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_IO_FAILED, "%s: %s", path, strerror(errno));
}

static Feast__Worker__V1__Copied *new_copied(struct fc_arena *arena)
{
    Feast__Worker__V1__Copied *copied = fc_arena_alloc(arena, sizeof *copied);

    if (copied)
        feast__worker__v1__copied__init(copied);
    return copied;
}

/* Older backups, the oldest first, as listings have them. */
struct old {
    struct fc_arena *arena;
    size_t directory; /* length of its name with the slash, which keys begin with */
    const char **keys;
    size_t count;
};

static fc_rc take_old(void *ctx, const struct fc_object *object, bool *ret_stop,
                      struct fc_error *err)
{
    struct old *old = ctx;

    if (strlen(object->key) < old->directory || !fc_backup_name_is(object->key + old->directory))
        return FC_OK;
    old->keys[old->count] = fc_arena_strdup(old->arena, object->key);
    if (!old->keys[old->count++])
        return no_memory(err);
    *ret_stop = old->count == OLD_MAX;
    return FC_OK;
}

/* Keys of the same directory, and of none below it, that of another server perhaps: what follows it is a whole name. */
static fc_rc remove_old(struct copying *c, uint32_t keep, uint32_t *ret_removed,
                        struct fc_error *err)
{
    const char *slash = strrchr(c->store->key, '/');
    size_t len = slash ? (size_t)(slash - c->store->key) + 1 : 0;
    const char *prefix = fc_arena_printf(c->arena, "%.*sregistry-", (int)len, c->store->key);
    struct old old = {.arena = c->arena,
                      .directory = len,
                      .keys = fc_arena_calloc(c->arena, OLD_MAX, sizeof(char *))};

    if (!prefix || !old.keys)
        return no_memory(err);
    fc_rc rc = c->store->ops->list(c->store, prefix, take_old, &old, err);
    for (size_t i = 0; rc == FC_OK && i + keep < old.count; i++) {
        rc = c->store->ops->remove(c->store, old.keys[i], err);
        *ret_removed += rc == FC_OK;
    }
    return rc;
}

fc_rc fc_upload_run(const Feast__Worker__V1__Upload *upload, const struct fc_sys *sys,
                    struct fc_arena *arena, Feast__Worker__V1__Copied **ret, struct fc_error *err)
{
    struct copying c = {.access = {.order = upload->access}, .arena = arena};
    struct fc_error why = FC_ERROR_INIT;
    struct stat info;
    int fd = open(upload->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &info) != 0) {
        (void)file_failed(upload->path, err);
        if (fd >= 0)
            close(fd);
        return err->rc;
    }
    *ret = new_copied(arena);
    fc_rc rc = *ret ? copying_open(&c, upload->url, sys, err) : no_memory(err);
    if (rc == FC_OK)
        rc = c.store->ops->write(c.store, c.store->key, fd, info.st_size, err);
    if (rc == FC_OK)
        (*ret)->bytes = (uint64_t)info.st_size;
    if (rc == FC_OK && upload->keep > 0 &&
        remove_old(&c, upload->keep, &(*ret)->removed, &why) != FC_OK)
        fc_log(FC_LOG_WARN, "older backups not removed", FC_LOG_ERR(&why));
    close(fd);
    copying_done(&c);
    return rc;
}

struct arriving {
    const char *path;
    int fd;
};

static fc_rc put(void *ctx, int64_t offset, fc_str data, struct fc_error *err)
{
    const struct arriving *file = ctx;
    size_t done = 0;

    while (done < data.len) {
        ssize_t n =
            pwrite(file->fd, data.ptr + done, data.len - done, (off_t)(offset + (int64_t)done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_failed(file->path, err);
        done += (size_t)n;
    }
    return FC_OK;
}

/* The first answer tells size and version; all others are held against them. */
static fc_rc fetch(struct copying *c, struct arriving *file, int64_t *ret_bytes,
                   struct fc_error *err)
{
    struct fc_object object = {.key = c->store->key, .bytes = -1};
    int64_t at = 0;

    object.name = fc_arena_printf(c->arena, "%s%s", c->store->root, c->store->key);
    fc_rc rc = object.name ? FC_OK : no_memory(err);
    while (rc == FC_OK && (object.bytes < 0 || at < object.bytes)) {
        const struct fc_object_read read = {
            .first = at, .size = RANGE_BYTES, .put = put, .ctx = file};
        rc = c->store->ops->read(c->store, &object, &read, err);
        at += RANGE_BYTES;
    }
    *ret_bytes = object.bytes;
    return rc;
}

static fc_rc receive(struct copying *c, const char *path, int64_t *ret_bytes, struct fc_error *err)
{
    const char *part = fc_arena_printf(c->arena, "%s.part", path);
    struct arriving file = {.path = part};

    if (!part)
        return no_memory(err);
    file.fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (file.fd < 0)
        return file_failed(part, err);
    fc_rc rc = fetch(c, &file, ret_bytes, err);
    if (rc == FC_OK && (fsync(file.fd) != 0 || rename(part, path) != 0))
        rc = file_failed(part, err);
    close(file.fd);
    if (rc != FC_OK)
        unlink(part);
    return rc;
}

fc_rc fc_download_run(const Feast__Worker__V1__Download *download, const struct fc_sys *sys,
                      struct fc_arena *arena, Feast__Worker__V1__Copied **ret, struct fc_error *err)
{
    struct copying c = {.access = {.order = download->access}, .arena = arena};
    int64_t bytes = 0;

    *ret = new_copied(arena);
    fc_rc rc = *ret ? copying_open(&c, download->url, sys, err) : no_memory(err);
    if (rc == FC_OK)
        rc = receive(&c, download->path, &bytes, err);
    if (rc == FC_OK)
        (*ret)->bytes = (uint64_t)bytes;
    copying_done(&c);
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/objects/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Skipping less than this costs more time than reading it. */
#define GAP ((int64_t)32 << 10)
/* What is fetched by one request, and so again when it breaks. */
#define REQUEST_MAX ((int64_t)32 << 20)

/* Bytes [first, end) of the object that are there; sorted, apart from each other. */
struct piece {
    int64_t first, end;
};

struct fc_spool {
    struct fc_store *store;
    struct fc_object object;
    int fd;
    char path[300];
    struct piece *pieces;
    size_t count, capacity;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a spooled object");
}

static bool reserve(struct fc_spool *spool)
{
    if (spool->count + 1 < spool->capacity)
        return true;
    size_t capacity = spool->capacity ? spool->capacity * 2 : 16;
    struct piece *pieces = realloc(spool->pieces, capacity * sizeof *pieces);
    if (!pieces)
        return false;
    spool->pieces = pieces;
    spool->capacity = capacity;
    return true;
}

/* Adds [first, end), joining what it touches. */
static bool add_piece(struct fc_spool *spool, int64_t first, int64_t end)
{
    size_t from = 0;

    if (first >= end)
        return true;
    while (from < spool->count && spool->pieces[from].end < first)
        from++;
    size_t to = from;
    for (; to < spool->count && spool->pieces[to].first <= end; to++) {
        first = spool->pieces[to].first < first ? spool->pieces[to].first : first;
        end = spool->pieces[to].end > end ? spool->pieces[to].end : end;
    }
    if (!reserve(spool))
        return false;
    memmove(&spool->pieces[from + 1], &spool->pieces[to],
            (spool->count - to) * sizeof *spool->pieces);
    spool->pieces[from] = (struct piece){.first = first, .end = end};
    spool->count = spool->count - (to - from) + 1;
    return true;
}

/* The piece that holds the byte, or NULL. */
static const struct piece *piece_at(const struct fc_spool *spool, int64_t at)
{
    for (size_t i = 0; i < spool->count; i++)
        if (spool->pieces[i].first <= at && at < spool->pieces[i].end)
            return &spool->pieces[i];
    return NULL;
}

bool fc_spool_has(const struct fc_spool *spool, struct fc_span span)
{
    const struct piece *piece = piece_at(spool, span.first);

    return span.size <= 0 || (piece && span.first + span.size <= piece->end);
}

static fc_rc io_failed(const struct fc_spool *spool, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_IO_FAILED, "%s cannot be kept in %s: %s", spool->object.name,
                   spool->path, strerror(errno));
}

static fc_rc put(void *ctx, int64_t offset, fc_str data, struct fc_error *err)
{
    struct fc_spool *spool = ctx;

    while (data.len > 0) {
        ssize_t n = pwrite(spool->fd, data.ptr, data.len, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return io_failed(spool, err);
        data.ptr += n;
        data.len -= (size_t)n;
        offset += n;
    }
    return FC_OK;
}

/* What came is known to be there only when all of it came. A server without ranges sends all there is. */
static fc_rc fetch(struct fc_spool *spool, int64_t first, int64_t size, struct fc_error *err)
{
    const struct fc_object_read read = {.first = first, .size = size, .put = put, .ctx = spool};
    int64_t start = first;

    fc_rc rc = spool->store->ops->read(spool->store, &spool->object, &read, err);
    if (rc != FC_OK)
        return rc;
    if (first < 0) {
        start = spool->object.bytes > size ? spool->object.bytes - size : 0;
        size = spool->object.bytes - start;
    }
    return add_piece(spool, start, start + size) ? FC_OK : no_memory(err);
}

static fc_rc create(struct fc_spool *spool, struct fc_spool_dir *dir, struct fc_error *err)
{
    snprintf(spool->path, sizeof(spool->path), "%s/%u.parquet", dir->path, dir->next++);
    spool->fd = open(spool->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return spool->fd >= 0 ? FC_OK : io_failed(spool, err);
}

fc_rc fc_spool_open(struct fc_spool_dir *dir, struct fc_store *store,
                    const struct fc_object *object, int64_t tail, struct fc_spool **ret,
                    struct fc_error *err)
{
    FC_CLEANUP(fc_spool_closep) struct fc_spool *spool = calloc(1, sizeof *spool);

    if (!spool)
        return no_memory(err);
    spool->store = store;
    spool->object = *object;
    spool->fd = -1;
    fc_rc rc = create(spool, dir, err);
    if (rc == FC_OK && object->bytes != 0) {
        int64_t size = object->bytes > 0 && object->bytes < tail ? object->bytes : tail;
        int64_t first = object->bytes > 0 ? object->bytes - size : -tail;
        rc = fetch(spool, first, size, err);
    }
    if (rc == FC_OK && ftruncate(spool->fd, spool->object.bytes) != 0)
        rc = io_failed(spool, err);
    if (rc != FC_OK)
        return rc;
    *ret = fc_steal(spool);
    return FC_OK;
}

void fc_spool_close(struct fc_spool *spool)
{
    if (!spool)
        return;
    if (spool->fd >= 0) {
        close(spool->fd);
        (void)unlink(spool->path);
    }
    free(spool->pieces);
    free(spool);
}

const char *fc_spool_path(const struct fc_spool *spool)
{
    return spool->path;
}

const char *fc_spool_name(const struct fc_spool *spool)
{
    return spool->object.name;
}

int64_t fc_spool_bytes(const struct fc_spool *spool)
{
    return spool->object.bytes;
}

const char *fc_spool_version(const struct fc_spool *spool)
{
    return spool->object.version;
}

/* The spans without what is there already; at most one piece a span and one more for each hole filled before. */
static fc_rc missing(const struct fc_spool *spool, const struct fc_span *spans, size_t count,
                     struct fc_spool *ret, struct fc_error *err)
{
    for (size_t i = 0; i < count; i++) {
        int64_t at = spans[i].first;
        int64_t end = spans[i].first + spans[i].size;
        if (spans[i].first < 0 || spans[i].size < 0 || end > spool->object.bytes)
            return fc_fail(err, FC_REASON_SOURCE_INVALID,
                           "%s: its footer points to bytes %" PRId64 " to %" PRId64
                           ", but it has %" PRId64,
                           spool->object.name, at, end, spool->object.bytes);
        while (at < end) {
            const struct piece *there = piece_at(spool, at);
            int64_t next = end;
            for (size_t k = 0; !there && k < spool->count; k++)
                if (spool->pieces[k].first > at && spool->pieces[k].first < next)
                    next = spool->pieces[k].first;
            if (!there && !add_piece(ret, at, next))
                return no_memory(err);
            at = there ? there->end : next;
        }
    }
    return FC_OK;
}

static fc_rc fetch_pieces(struct fc_spool *spool, const struct fc_spool *wanted,
                          struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t i = 0; rc == FC_OK && i < wanted->count;) {
        int64_t first = wanted->pieces[i].first;
        int64_t end = wanted->pieces[i].end;
        for (i++; i < wanted->count && wanted->pieces[i].first - end <= GAP; i++)
            end = wanted->pieces[i].end;
        while (rc == FC_OK && first < end) {
            int64_t size = end - first < REQUEST_MAX ? end - first : REQUEST_MAX;
            rc = fetch(spool, first, size, err);
            first += size;
        }
    }
    return rc;
}

fc_rc fc_spool_need(struct fc_spool *spool, const struct fc_span *spans, size_t count,
                    struct fc_error *err)
{
    struct fc_spool wanted = {.count = 0};

    fc_rc rc = missing(spool, spans, count, &wanted, err);
    if (rc == FC_OK)
        rc = fetch_pieces(spool, &wanted, err);
    free(wanted.pieces);
    return rc;
}

fc_rc fc_spool_read(const struct fc_spool *spool, struct fc_span span, void *ret,
                    struct fc_error *err)
{
    char *to = ret;

    while (span.size > 0) {
        ssize_t n = pread(spool->fd, to, (size_t)span.size, span.first);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return io_failed(spool, err);
        to += n;
        span.first += n;
        span.size -= n;
    }
    return FC_OK;
}

void fc_spool_forget(struct fc_spool *spool, int64_t first)
{
    size_t kept = 0;

    /* A file system that makes no holes keeps the bytes until the spool is closed. */
    if (first > 0)
        (void)fallocate(spool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, first);
    for (size_t i = 0; i < spool->count; i++) {
        struct piece piece = spool->pieces[i];
        if (piece.first < first)
            piece.first = first;
        if (piece.first < piece.end)
            spool->pieces[kept++] = piece;
    }
    spool->count = kept;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/remote.h"

#include <inttypes.h>
#include <stdlib.h>

/* The end of a file: its footer, most likely, and the page index before it. */
#define TAIL_BYTES ((int64_t)128 << 10)
/* No footer of a sane file is larger. */
#define FOOTER_MAX ((int64_t)256 << 20)
/* What is fetched of a chunk before its pages are known. */
#define FIRST_BYTES ((int64_t)64 << 10)
/* A chunk that is not larger comes whole. */
#define WHOLE_BYTES ((int64_t)256 << 10)
/* Of prefixes that are looked at for headers of pages. */
#define PREFIX_MAX    ((int64_t)16 << 20)
#define SCRATCH_BYTES ((size_t)64 << 20)

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a remote file");
}

bool fc_remote_is(const char *url)
{
    return fc_store_ops_for(url) != NULL;
}

static fc_rc check_scheme(const struct fc_source_env *env, const char *url, struct fc_error *err)
{
    char scheme[16];
    size_t len = strcspn(url, ":");

    if (len >= sizeof(scheme))
        return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED, "no such scheme is served");
    memcpy(scheme, url, len);
    scheme[len] = '\0';
    return fc_access_scheme(env->access, scheme, err);
}

fc_rc fc_remote_open(const struct fc_source_env *env, const char *url, struct fc_arena *arena,
                     struct fc_file_list *list, struct fc_remote **ret, struct fc_error *err)
{
    const struct fc_http_options options = {
        .access = env->access, .sys = env->sys, .deadline_ns = env->deadline_ns};
    const struct fc_store_ops *ops = fc_store_ops_for(url);
    struct fc_remote *remote = fc_arena_calloc(arena, 1, sizeof *remote);

    if (!remote)
        return no_memory(err);
    fc_rc rc = check_scheme(env, url, err);
    if (rc == FC_OK)
        rc = fc_http_new(&options, &remote->http, err);
    remote->scratch = fc_arena_new(SCRATCH_BYTES);
    if (rc == FC_OK && !remote->scratch)
        rc = no_memory(err);
    const struct fc_store_env store = {
        .http = remote->http, .access = env->access, .scratch = remote->scratch};
    if (rc == FC_OK)
        rc = fc_spool_dir_open(&remote->dir, err);
    if (rc == FC_OK)
        rc = ops->open(&store, url, arena, &remote->store, err);
    if (rc == FC_OK)
        rc = fc_remote_list(remote, env, arena, list, err);
    if (rc != FC_OK) {
        fc_remote_close(remote);
        return rc;
    }
    *ret = remote;
    return FC_OK;
}

void fc_remote_close(struct fc_remote *remote)
{
    if (!remote)
        return;
    fc_spool_close(remote->spool);
    fc_spool_dir_close(&remote->dir);
    fc_http_free(remote->http);
    fc_arena_free(remote->scratch);
    *remote = (struct fc_remote){.http = NULL};
}

int64_t fc_remote_bytes(const struct fc_remote *remote)
{
    return fc_http_stats(remote->http).bytes;
}

static fc_rc read_tail(const struct fc_spool *spool, char tail[FC_PARQUET_TAIL],
                       int64_t *ret_footer, struct fc_error *err)
{
    int64_t bytes = fc_spool_bytes(spool);

    *ret_footer = -1;
    if (bytes < FC_PARQUET_TAIL)
        return FC_OK;
    const struct fc_span span = {.first = bytes - FC_PARQUET_TAIL, .size = FC_PARQUET_TAIL};
    fc_rc rc = fc_spool_read(spool, span, tail, err);
    if (rc == FC_OK)
        *ret_footer = fc_parquet_footer_size(tail, bytes);
    return rc;
}

static struct fc_span footer_span(const struct fc_spool *spool, int64_t footer)
{
    return (struct fc_span){.first = fc_spool_bytes(spool) - FC_PARQUET_TAIL - footer,
                            .size = footer};
}

/* What does not end like a Parquet file shows its beginning as well, so that it can be told what it is. */
static fc_rc fetch_footer(struct fc_spool *spool, struct fc_error *err)
{
    char tail[FC_PARQUET_TAIL];
    int64_t footer = -1;
    int64_t bytes = fc_spool_bytes(spool);

    fc_rc rc = read_tail(spool, tail, &footer, err);
    if (rc != FC_OK)
        return rc;
    if (footer > FOOTER_MAX)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s: its footer has %" PRId64 " bytes, more than are read",
                       fc_spool_name(spool), footer);
    const struct fc_span head = {.size = bytes < FC_PARQUET_TAIL ? bytes : FC_PARQUET_TAIL};
    const struct fc_span span = footer < 0 ? head : footer_span(spool, footer);
    return fc_spool_need(spool, &span, 1, err);
}

fc_rc fc_remote_local(struct fc_remote *remote, const struct fc_file *file, const char **ret,
                      struct fc_error *err)
{
    const struct fc_object object = {
        .key = file->key, .name = file->path, .bytes = file->bytes, .version = file->version};

    if (remote->file != file) {
        fc_spool_close(remote->spool);
        remote->spool = NULL;
        remote->file = NULL;
        fc_rc rc =
            fc_spool_open(&remote->dir, remote->store, &object, TAIL_BYTES, &remote->spool, err);
        if (rc == FC_OK)
            rc = fetch_footer(remote->spool, err);
        if (rc != FC_OK)
            return rc;
        remote->file = file;
    }
    *ret = fc_spool_path(remote->spool);
    return FC_OK;
}

static fc_rc read_span(const struct fc_spool *spool, int64_t first, int64_t size,
                       struct fc_buf *out, struct fc_error *err)
{
    fc_buf_clear(out);
    if (!fc_buf_reserve(out, (size_t)size + 1))
        return no_memory(err);
    fc_rc rc = fc_spool_read(spool, (struct fc_span){.first = first, .size = size}, out->ptr, err);
    if (rc == FC_OK)
        out->len = (size_t)size;
    return rc;
}

/* How many bytes of the chunk hold the rows; fetches what it has to look at. */
static fc_rc measure(struct fc_remote *remote, const struct fc_remote_part *part,
                     const struct fc_parquet_chunk *chunk, int64_t *ret, struct fc_error *err)
{
    struct fc_buf bytes = FC_BUF_INIT;
    int64_t have = FIRST_BYTES;
    fc_rc rc = FC_OK;

    *ret = chunk->size;
    if (part->rows >= part->group->rows || chunk->size <= WHOLE_BYTES)
        return FC_OK;
    if (chunk->index_size > 0) {
        const struct fc_span span = {.first = chunk->index_first, .size = chunk->index_size};
        rc = fc_spool_need(remote->spool, &span, 1, err);
        if (rc == FC_OK)
            rc = read_span(remote->spool, span.first, span.size, &bytes, err);
        if (rc == FC_OK)
            *ret = fc_parquet_index_need((fc_str){.ptr = bytes.ptr, .len = bytes.len}, chunk,
                                         part->rows);
    } else if (chunk->values == part->group->rows) {
        /* Headers are found one after the other: each tells where the next one is. */
        for (int64_t need = have; rc == FC_OK; have = need) {
            const struct fc_span span = {.first = chunk->first, .size = have};
            rc = fc_spool_need(remote->spool, &span, 1, err);
            if (rc == FC_OK)
                rc = read_span(remote->spool, span.first, have, &bytes, err);
            if (rc == FC_OK)
                need = fc_parquet_pages_need((fc_str){.ptr = bytes.ptr, .len = bytes.len}, chunk,
                                             part->rows);
            *ret = need;
            if (need <= have || need > PREFIX_MAX)
                break;
        }
    }
    fc_buf_done(&bytes);
    return rc;
}

fc_rc fc_remote_fetch(struct fc_remote *remote, const struct fc_remote_part *part,
                      struct fc_error *err)
{
    size_t count = part->group->chunk_count;
    struct fc_span *spans = calloc(count + 1, sizeof *spans);
    int64_t bytes = 0;
    fc_rc rc = spans ? FC_OK : no_memory(err);

    for (size_t i = 0; rc == FC_OK && i < count; i++) {
        const struct fc_parquet_chunk *chunk = &part->group->chunks[i];
        spans[i].first = chunk->first;
        rc = measure(remote, part, chunk, &spans[i].size, err);
        bytes += spans[i].size;
    }
    if (rc == FC_OK && part->max_bytes > 0 && bytes > part->max_bytes)
        rc = fc_fail(err, FC_REASON_BUSY,
                     "%s: %" PRId64 " bytes of a row group are more than the %" PRId64
                     " that may be read",
                     remote->file->path, bytes, part->max_bytes);
    if (rc == FC_OK)
        rc = fc_spool_need(remote->spool, spans, count, err);
    free(spans);
    return rc;
}

void fc_remote_forget(struct fc_remote *remote, int64_t end)
{
    char tail[FC_PARQUET_TAIL];
    struct fc_error ignored = FC_ERROR_INIT;
    int64_t footer = -1;

    if (read_tail(remote->spool, tail, &footer, &ignored) != FC_OK || footer < 0)
        return;
    int64_t start = footer_span(remote->spool, footer).first;
    fc_spool_forget(remote->spool, end < start ? end : start);
}

bool fc_remote_has(const struct fc_remote *remote, const struct fc_parquet_layout_group *group)
{
    for (size_t i = 0; i < group->chunk_count; i++) {
        const struct fc_span span = {.first = group->chunks[i].first,
                                     .size = group->chunks[i].size};
        if (!fc_spool_has(remote->spool, span))
            return false;
    }
    return true;
}

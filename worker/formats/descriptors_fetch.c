/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/file.h"
#include "worker/formats/descriptors.h"
#include "worker/formats/descriptors_internal.h"
#include "worker/net/http.h"

#define TOKEN_MAX ((size_t)16 << 10)

/* The last answer: a worker has one place of descriptors. */
static struct {
    char *url, *etag;
    struct fc_buf bytes;
    int64_t fetched_ns;
} cache;

void fc_descriptors_forget(void)
{
    free(cache.url);
    free(cache.etag);
    fc_buf_done(&cache.bytes);
    cache.url = NULL;
    cache.etag = NULL;
    cache.bytes = (struct fc_buf)FC_BUF_INIT;
}

/* Failing to keep it costs a download, nothing else. */
static void keep(const char *url, const struct fc_http_response *response, int64_t now)
{
    fc_descriptors_forget();
    fc_buf_append(&cache.bytes, response->body.ptr, response->body.len);
    cache.etag = response->etag ? strdup(response->etag) : NULL;
    cache.fetched_ns = now;
    cache.url = cache.bytes.failed ? NULL : strdup(url);
    if (!cache.url)
        fc_descriptors_forget();
}

static bool has(const char *url)
{
    return cache.url && strcmp(cache.url, url) == 0;
}

static fc_rc from_cache(struct fc_arena *arena, fc_str *ret, struct fc_error *err)
{
    const char *copy = fc_arena_strndup(arena, fc_buf_text(&cache.bytes), cache.bytes.len);

    if (!copy)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                       "the descriptor sets need more memory than they may");
    *ret = (fc_str){.ptr = copy, .len = cache.bytes.len};
    return FC_OK;
}

/* NULL for none. */
static fc_rc read_token(struct fc_arena *arena, const char **ret, struct fc_error *err)
{
    const char *token = getenv("STENCIL_TOKEN");
    const char *path = getenv("STENCIL_TOKEN_FILE");
    struct fc_buf text = FC_BUF_INIT;
    struct fc_error error = FC_ERROR_INIT;
    fc_rc rc = FC_OK;

    *ret = token && *token ? token : NULL;
    if (*ret || !path || !*path)
        return FC_OK;
    if (fc_file_read(path, "token for the descriptor sets", TOKEN_MAX, &text, &error) == FC_OK)
        *ret = fc_arena_strndup(arena, fc_buf_text(&text), strcspn(fc_buf_text(&text), "\r\n"));
    else
        rc = fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s", error.message);
    fc_buf_done(&text);
    return rc;
}

static fc_rc refuse(long status, const char *shown, struct fc_error *err)
{
    const char *why = status == 401 || status == 403
                          ? "; it wants a bearer token (STENCIL_TOKEN, STENCIL_TOKEN_FILE) or does "
                            "not accept the one it got"
                      : status == 404 ? "; nothing is there"
                                      : "";

    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "descriptor sets at %s: HTTP status %ld%s",
                   shown, status, why);
}

static fc_rc get(const struct fc_format_env *env, const char *url, const char *shown,
                 struct fc_arena *arena, struct fc_http_response *ret, struct fc_error *err)
{
    const struct fc_http_options options = {
        .access = env->access, .sys = env->sys, .deadline_ns = env->deadline_ns};
    const char *condition =
        has(url) && cache.etag ? fc_arena_printf(arena, "If-None-Match: %s", cache.etag) : NULL;
    const char *const headers[] = {condition, NULL};
    FC_CLEANUP(fc_http_freep) struct fc_http *http = NULL;
    const char *token = NULL;

    fc_rc rc = read_token(arena, &token, err);
    if (rc == FC_OK)
        rc = fc_http_new(&options, &http, err);
    if (rc != FC_OK)
        return rc;
    const struct fc_http_request request = {
        .url = url,
        .headers = headers,
        .bearer = token,
        .trusted = true,
        .max_bytes = FC_DESCRIPTORS_BYTES_MAX,
        .what = fc_arena_printf(arena, "descriptor sets at %s", shown),
    };
    return fc_http_call(http, &request, arena, ret, err);
}

fc_rc fc_descriptors_fetch(const struct fc_format_env *env, const char *url, const char *shown,
                           struct fc_arena *arena, fc_str *ret, struct fc_error *err)
{
    int64_t now = fc_monotonic_ns(env->sys);
    struct fc_http_response response = {.status = 0};

    if (has(url) && now - cache.fetched_ns < FC_DESCRIPTORS_TTL_NS)
        return from_cache(arena, ret, err);
    fc_rc rc = get(env, url, shown, arena, &response, err);
    if (rc != FC_OK)
        return rc;
    if (response.status == 304 && has(url)) {
        cache.fetched_ns = now;
        return from_cache(arena, ret, err);
    }
    if (response.status != 200)
        return refuse(response.status, shown, err);
    keep(url, &response, now);
    *ret = response.body;
    return FC_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of Google Cloud Storage, by its JSON API. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <strings.h>

#include "base/url.h"
#include "worker/net/google.h"
#include "worker/objects/fetch.h"

#define GOOGLE_URL "https://storage.googleapis.com"
#define VERSION    "x-goog-generation"

struct gcs {
    struct fc_store store;
    const char *bucket;
    const char *endpoint; /* without a slash at the end */
    bool custom, anonymous;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for requests to Cloud Storage");
}

/* STORAGE_EMULATOR_HOST may lack the scheme; who answers there wants no token. */
static bool set_endpoint(struct gcs *gcs, const Feast__Worker__V1__Access *order,
                         struct fc_arena *arena)
{
    const char *asked = order && order->gcs_endpoint[0] ? order->gcs_endpoint : NULL;
    const char *emulator = getenv("STORAGE_EMULATOR_HOST");
    bool emulated = !asked && emulator && emulator[0];

    gcs->anonymous = (order && order->gcs_anonymous) || emulated;
    gcs->custom = asked || emulated;
    if (!gcs->custom)
        asked = GOOGLE_URL;
    else if (emulated)
        asked = strstr(emulator, "://") ? emulator : fc_arena_printf(arena, "http://%s", emulator);
    size_t len = asked ? strlen(asked) : 0;
    while (len > 0 && asked[len - 1] == '/')
        len--;
    gcs->endpoint = asked ? fc_arena_strndup(arena, asked, len) : NULL;
    return gcs->endpoint != NULL;
}

static fc_rc gcs_open(const struct fc_store_env *env, const char *url, struct fc_arena *arena,
                      struct fc_store **ret, struct fc_error *err)
{
    struct gcs *gcs = fc_arena_calloc(arena, 1, sizeof *gcs);
    const char *bucket = strstr(url, "://") + 3;
    size_t len = strcspn(bucket, "/");

    if (!gcs)
        return no_memory(err);
    if (len < 3 || len > 222 || strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-_.") < len)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s names no bucket (expected gs://bucket/object)",
                       fc_url_public(url, arena));
    gcs->store = (struct fc_store){.ops = &fc_store_gcs, .env = *env, .arena = arena};
    gcs->store.key = bucket[len] ? bucket + len + 1 : "";
    gcs->store.root = fc_arena_printf(arena, "gs://%.*s/", (int)len, bucket);
    gcs->bucket = fc_arena_strndup(arena, bucket, len);
    if (!gcs->store.root || !gcs->bucket ||
        !set_endpoint(gcs, env->access ? env->access->order : NULL, arena))
        return no_memory(err);
    *ret = &gcs->store;
    return FC_OK;
}

/* {"error": {"message": …}} */
static const char *message_of(const struct fc_http_response *response, struct fc_arena *arena)
{
    json_t *root = json_loadb(response->body.ptr, response->body.len, 0, NULL);
    const char *text =
        json_string_value(json_object_get(json_object_get(root, "error"), "message"));
    const char *copy = text ? fc_arena_strdup(arena, text) : NULL;

    json_decref(root);
    return copy ? copy : "";
}

static fc_rc explain(const struct gcs *gcs, const char *what, bool bucket, bool token,
                     const struct fc_http_response *response, struct fc_error *err)
{
    const char *message = message_of(response, gcs->store.env.scratch);

    switch (response->status) {
    case 401:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s (401)", what,
                       token ? "the token is not accepted"
                             : "access is denied without credentials, and none were found");
    case 403:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: access is denied to these credentials (403): %.300s", what, message);
    case 404:
        if (bucket || strstr(message, "bucket does not exist"))
            return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: there is no bucket \"%s\"", what,
                           gcs->bucket);
        (void)fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: there is no such object (404)", what);
        return fc_fetch_missing(err);
    case 429:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: too many requests; the server asks to slow down (429)", what);
    default:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: status %ld%s%.300s", what,
                       response->status, message[0] ? ": " : "", message);
    }
}

/* One request, once more with a new token when the one that was kept is not accepted any more. */
static fc_rc call(struct gcs *gcs, const char *url, struct fc_object *object,
                  const struct fc_object_read *read, const char *what, struct fc_http_response *ret,
                  bool *ret_token, struct fc_error *err)
{
    struct fc_http *http = gcs->store.env.http;
    struct fc_http_request request = {.url = url, .trusted = gcs->custom, .what = what};

    for (unsigned i = 0;; i++) {
        fc_rc rc = FC_OK;
        if (!gcs->anonymous)
            rc = fc_google_token(http, FC_GOOGLE_SCOPE_STORAGE, gcs->store.env.scratch,
                                 &request.bearer, err);
        if (rc != FC_OK)
            return fc_error_prefix(err, "%s", what);
        rc = read ? fc_fetch(&gcs->store, object, read, &request, VERSION, ret, err)
                  : fc_http_call(http, &request, gcs->store.env.scratch, ret, err);
        *ret_token = request.bearer != NULL;
        if (rc != FC_OK || ret->status != 401 || !request.bearer || i > 0)
            return rc;
        fc_google_forget(FC_GOOGLE_SCOPE_STORAGE);
    }
}

struct page {
    struct gcs *gcs;
    fc_object_fn fn;
    void *ctx;
    bool stop;
};

static fc_rc read_item(struct page *page, const json_t *item, struct fc_error *err)
{
    struct fc_arena *scratch = page->gcs->store.env.scratch;
    const char *name = json_string_value(json_object_get(item, "name"));
    const char *size = json_string_value(json_object_get(item, "size"));
    struct fc_object object = {
        .key = name,
        .bytes = size ? strtoll(size, NULL, 10) : -1,
        .version = json_string_value(json_object_get(item, "generation")),
    };

    if (!name)
        return FC_OK;
    object.name = fc_arena_printf(scratch, "%s%s", page->gcs->store.root, name);
    return object.name ? page->fn(page->ctx, &object, &page->stop, err) : no_memory(err);
}

/* `token` holds where to go on, before and after; empty at the end. */
static fc_rc read_page(struct page *page, const char *what, fc_str body, struct fc_buf *token,
                       struct fc_error *err)
{
    json_error_t error;
    json_t *root = json_loadb(body.ptr, body.len, 0, &error);
    const json_t *items = json_object_get(root, "items");
    const char *next = json_string_value(json_object_get(root, "nextPageToken"));
    fc_rc rc = FC_OK;

    if (!json_is_object(root))
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: the listing is no JSON (%s)", what,
                     root ? "no object" : error.text);
    for (size_t i = 0; rc == FC_OK && !page->stop && i < json_array_size(items); i++)
        rc = read_item(page, json_array_get(items, i), err);
    fc_buf_clear(token);
    if (next && !page->stop)
        fc_buf_puts(token, next);
    json_decref(root);
    return rc;
}

static fc_rc list_page(struct page *page, const char *prefix, struct fc_buf *token,
                       struct fc_error *err)
{
    struct gcs *gcs = page->gcs;
    struct fc_buf url = FC_BUF_INIT;
    struct fc_http_response response = {.status = 0};
    bool has_token = false;

    fc_arena_reset(gcs->store.env.scratch);
    const char *what = fc_arena_printf(gcs->store.env.scratch, "%s%s", gcs->store.root, prefix);
    fc_buf_printf(&url,
                  "%s/storage/v1/b/%s/o?maxResults=1000&fields=items(name%%2Csize%%2Cgeneration)"
                  "%%2CnextPageToken&prefix=",
                  gcs->endpoint, gcs->bucket);
    fc_url_escape(&url, prefix, "");
    if (token->len > 0) {
        fc_buf_puts(&url, "&pageToken=");
        fc_url_escape(&url, fc_buf_text(token), "");
    }
    fc_rc rc = url.failed || !what
                   ? no_memory(err)
                   : call(gcs, fc_buf_text(&url), NULL, NULL, what, &response, &has_token, err);
    fc_buf_done(&url);
    if (rc == FC_OK && response.status != 200)
        rc = explain(gcs, what, true, has_token, &response, err);
    return rc == FC_OK ? read_page(page, what, response.body, token, err) : rc;
}

static fc_rc gcs_list(struct fc_store *store, const char *prefix, fc_object_fn fn, void *ctx,
                      struct fc_error *err)
{
    struct page page = {.gcs = (struct gcs *)store, .fn = fn, .ctx = ctx};
    struct fc_buf token = FC_BUF_INIT;
    fc_rc rc = FC_OK;

    do
        rc = list_page(&page, prefix, &token, err);
    while (rc == FC_OK && token.len > 0 && !token.failed);
    if (rc == FC_OK && token.failed)
        rc = no_memory(err);
    fc_buf_done(&token);
    return rc;
}

static fc_rc gcs_read(struct fc_store *store, struct fc_object *object,
                      const struct fc_object_read *read, struct fc_error *err)
{
    struct gcs *gcs = (struct gcs *)store;
    struct fc_buf url = FC_BUF_INIT;
    struct fc_http_response response = {.status = 0};
    bool token = false;

    fc_arena_reset(store->env.scratch);
    fc_buf_printf(&url, "%s/storage/v1/b/%s/o/", gcs->endpoint, gcs->bucket);
    fc_url_escape(&url, object->key, "");
    fc_buf_puts(&url, "?alt=media");
    if (object->version)
        fc_buf_printf(&url, "&ifGenerationMatch=%s", object->version);
    fc_rc rc = url.failed ? no_memory(err)
                          : call(gcs, fc_buf_text(&url), object, read, object->name, &response,
                                 &token, err);
    fc_buf_done(&url);
    if (rc == FC_OK && !fc_fetch_done(&response))
        rc = explain(gcs, object->name, false, token, &response, err);
    return rc;
}

static const char *const SCHEMES[] = {"gs", NULL};

const struct fc_store_ops fc_store_gcs = {
    .version = FC_STORE_VERSION,
    .schemes = SCHEMES,
    .open = gcs_open,
    .list = gcs_list,
    .read = gcs_read,
};

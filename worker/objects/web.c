/* SPDX-License-Identifier: Apache-2.0 */
/* One file of a web server. There is nothing to list: a URL names one file, and no character of it is a pattern. */
#include <curl/curl.h>
#include <string.h>

#include "worker/objects/fetch.h"

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for requests to a web server");
}

/* Without user, password and query: a signed URL has its signature there. */
static const char *name_of(CURLU *url, struct fc_arena *arena)
{
    static const CURLUPart hidden[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
                                       CURLUPART_FRAGMENT};
    char *text = NULL;

    for (size_t i = 0; i < FC_ARRAY_LEN(hidden); i++)
        if (curl_url_set(url, hidden[i], NULL, 0) != CURLUE_OK)
            return NULL;
    if (curl_url_get(url, CURLUPART_URL, &text, 0) != CURLUE_OK)
        return NULL;
    const char *name = fc_arena_strdup(arena, text);
    curl_free(text);
    return name;
}

/* The library would take the first step of the path for one. */
static bool has_host(const char *url)
{
    const char *authority = strstr(url, "://");

    return authority && authority[strlen("://")] != '\0' &&
           !strchr("/?#", authority[strlen("://")]);
}

static fc_rc web_open(const struct fc_store_env *env, const char *url, struct fc_arena *arena,
                      struct fc_store **ret, struct fc_error *err)
{
    struct fc_store *store = fc_arena_calloc(arena, 1, sizeof *store);
    CURLU *parsed = curl_url();
    fc_rc rc = FC_OK;

    if (!store || !parsed) {
        rc = no_memory(err);
    } else if (!has_host(url)) {
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID,
                     "the location names no host; a web server's is http://host/path");
    } else if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_PATH_AS_IS) != CURLUE_OK) {
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID, "the location is no well-formed URL");
    } else {
        *store = (struct fc_store){
            .ops = &fc_store_web, .env = *env, .arena = arena, .key = url, .literal = true};
        store->root = name_of(parsed, arena);
        rc = store->root ? FC_OK : no_memory(err);
    }
    curl_url_cleanup(parsed);
    if (rc == FC_OK)
        *ret = store;
    return rc;
}

static fc_rc explain(const char *what, long status, struct fc_error *err)
{
    switch (status) {
    case 401:
    case 403:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: access is denied (%ld)", what,
                       status);
    case 404:
    case 410:
        (void)fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: there is no such file (%ld)", what,
                      status);
        return fc_fetch_missing(err);
    default:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: status %ld", what, status);
    }
}

static fc_rc web_read(struct fc_store *store, struct fc_object *object,
                      const struct fc_object_read *read, struct fc_error *err)
{
    const char *headers[] = {NULL, NULL};
    struct fc_http_response response = {.status = 0};

    fc_arena_reset(store->env.scratch);
    if (object->version) {
        headers[0] = fc_arena_printf(store->env.scratch, "If-Match: %s", object->version);
        if (!headers[0])
            return no_memory(err);
    }
    const struct fc_http_request request = {.url = object->key, .headers = headers};
    fc_rc rc = fc_fetch(store, object, read, &request, "ETag", &response, err);
    if (rc == FC_OK && !fc_fetch_done(&response))
        rc = explain(object->name, response.status, err);
    return rc;
}

static const char *const SCHEMES[] = {"http", "https", NULL};

const struct fc_store_ops fc_store_web = {
    .version = FC_STORE_VERSION,
    .schemes = SCHEMES,
    .open = web_open,
    .list = NULL,
    .read = web_read,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of Amazon S3 and of servers that speak like it. */
#include "worker/objects/s3.h"

#include <ctype.h>
#include <strings.h>

#include "base/url.h"

#define DEFAULT_REGION "us-east-1"
#define BUCKET_MAX     255

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for requests to S3");
}

/* It becomes part of a host's name: nothing but what S3 itself allows, or allowed once. */
static bool is_bucket(const char *name, size_t len)
{
    if (len < 3 || len > BUCKET_MAX || !isalnum((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-._", name[i]))
            return false;
    return true;
}

/* The part of an endpoint after its scheme. */
static const char *authority_of(const char *endpoint)
{
    const char *at = strstr(endpoint, "://");

    return at ? at + 3 : endpoint;
}

/* Below these no name can be put: addresses, and names that are no domain. */
static bool takes_no_subdomain(const char *endpoint)
{
    const char *host = authority_of(endpoint);
    size_t len = strcspn(host, ":/");
    bool digits = strspn(host, "0123456789.") >= len;

    return host[0] == '[' || digits || !memchr(host, '.', len);
}

/* Names in capitals, with dots or underscores have no host of their own under one certificate. */
static bool is_plain(const char *bucket)
{
    for (; *bucket; bucket++)
        if (!islower((unsigned char)*bucket) && !isdigit((unsigned char)*bucket) && *bucket != '-')
            return false;
    return true;
}

static fc_rc check_endpoint(const char *endpoint, struct fc_error *err)
{
    if (!endpoint || strncasecmp(endpoint, "http://", 7) == 0 ||
        strncasecmp(endpoint, "https://", 8) == 0)
        return FC_OK;
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                   "the endpoint of S3 is no URL of HTTP or HTTPS: \"%.100s\"", endpoint);
}

static fc_rc s3_open(const struct fc_store_env *env, const char *url, struct fc_arena *arena,
                     struct fc_store **ret, struct fc_error *err)
{
    const Feast__Worker__V1__Access *order = env->access ? env->access->order : NULL;
    struct fc_s3 *s3 = fc_arena_calloc(arena, 1, sizeof *s3);
    const char *bucket = authority_of(url);
    size_t len = strcspn(bucket, "/");

    if (!s3)
        return no_memory(err);
    if (!is_bucket(bucket, len))
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s names no S3 bucket (expected s3://bucket/key)",
                       fc_url_public(url, arena));
    s3->store = (struct fc_store){.ops = &fc_store_s3, .env = *env, .arena = arena};
    s3->store.key = bucket[len] ? bucket + len + 1 : "";
    s3->store.root =
        fc_arena_strndup(arena, url, (size_t)(bucket - url) + len + (bucket[len] == '/'));
    s3->bucket = fc_arena_strndup(arena, bucket, len);
    s3->endpoint = fc_aws_endpoint(order ? order->s3_endpoint : NULL, "S3");
    s3->region = fc_aws_region(order ? order->s3_region : NULL, arena);
    if (!s3->region)
        s3->region = DEFAULT_REGION;
    s3->anonymous = order && order->s3_anonymous;
    if (!s3->bucket || !s3->store.root)
        return no_memory(err);
    s3->path_style = (order && order->s3_path_style) || !is_plain(s3->bucket) ||
                     (s3->endpoint && takes_no_subdomain(s3->endpoint));
    *ret = &s3->store;
    return check_endpoint(s3->endpoint, err);
}

/* Amazon's own: https://bucket.s3.region.amazonaws.com; others: the endpoint as given. */
static const char *url_of(const struct fc_s3 *s3, const struct fc_s3_request *request)
{
    struct fc_buf url = FC_BUF_INIT;
    const char *text = NULL;

    if (s3->endpoint) {
        const char *host = authority_of(s3->endpoint);
        size_t len = strlen(host);
        while (len > 0 && host[len - 1] == '/')
            len--;
        fc_buf_append(&url, s3->endpoint, (size_t)(host - s3->endpoint));
        if (!s3->path_style)
            fc_buf_printf(&url, "%s.", s3->bucket);
        fc_buf_append(&url, host, len);
    } else {
        fc_buf_puts(&url, "https://");
        if (!s3->path_style)
            fc_buf_printf(&url, "%s.", s3->bucket);
        fc_buf_printf(&url, "s3.%s.%s", s3->region, fc_aws_domain(s3->region));
    }
    fc_buf_putc(&url, '/');
    if (s3->path_style)
        fc_buf_printf(&url, "%s%s", s3->bucket, request->key[0] ? "/" : "");
    fc_url_escape(&url, request->key, "/");
    fc_buf_printf(&url, "%s%s", request->query[0] ? "?" : "", request->query);
    if (!url.failed)
        text = fc_arena_strndup(s3->store.env.scratch, fc_buf_text(&url), url.len);
    fc_buf_done(&url);
    return text;
}

static fc_rc send_once(struct fc_s3 *s3, const struct fc_s3_request *request, bool *ret_signed,
                       struct fc_http_response *ret, struct fc_error *err)
{
    struct fc_aws_credentials credentials = {.key_id = NULL};
    fc_rc rc = FC_OK;

    if (!s3->anonymous)
        rc = fc_aws_credentials(s3->store.env.http, s3->store.env.scratch, &credentials, err);
    if (rc != FC_OK)
        return fc_error_prefix(err, "%s", request->what);
    const struct fc_http_aws aws = {.service = "s3",
                                    .region = s3->region,
                                    .key_id = credentials.key_id,
                                    .secret = credentials.secret,
                                    .token = credentials.token};
    const struct fc_http_request http = {.method = request->method,
                                         .url = url_of(s3, request),
                                         .headers = request->headers,
                                         .body = request->body,
                                         .aws = &aws,
                                         .trusted = s3->endpoint != NULL,
                                         .what = request->what};
    *ret_signed = credentials.key_id != NULL;
    if (!http.url)
        return no_memory(err);
    if (request->read)
        return fc_fetch(&s3->store, request->object, request->read, &http, "ETag", ret, err);
    return fc_http_call(s3->store.env.http, &http, s3->store.env.scratch, ret, err);
}

/* Where the bucket really is, when the answer says so and it is news. */
static const char *moved_to(const struct fc_s3 *s3, const struct fc_http_response *response,
                            const struct fc_s3_fault *fault)
{
    const char *region = fc_http_header(response, "x-amz-bucket-region");

    if (response->status < 300 || response->status > 400)
        return NULL;
    if (!region)
        region = fault->region;
    if (!region || strcmp(region, s3->region) == 0)
        return NULL;
    for (const char *at = region; *at; at++)
        if (!isalnum((unsigned char)*at) && *at != '-')
            return NULL;
    return region;
}

/* 204: what was to be removed is gone. */
static bool is_done(const struct fc_s3_request *request, const struct fc_http_response *response)
{
    return request->read ? fc_fetch_done(response)
                         : response->status == 200 || response->status == 204;
}

fc_rc fc_s3_call(struct fc_s3 *s3, const struct fc_s3_request *request,
                 struct fc_http_response *ret, struct fc_error *err)
{
    struct fc_s3_fault fault;
    bool is_signed = false;
    bool moved = false;

    for (;;) {
        fc_rc rc = send_once(s3, request, &is_signed, ret, err);
        if (rc != FC_OK || is_done(request, ret))
            return rc;
        fc_s3_fault(ret, s3->store.env.scratch, &fault);
        const char *region = moved ? NULL : moved_to(s3, ret, &fault);
        if (!region)
            return fc_s3_explain(s3, request->what, ret, &fault, is_signed, err);
        moved = true;
        s3->region = fc_arena_strdup(s3->store.arena, region);
        if (!s3->region)
            return no_memory(err);
    }
}

static fc_rc s3_read(struct fc_store *store, struct fc_object *object,
                     const struct fc_object_read *read, struct fc_error *err)
{
    struct fc_s3 *s3 = (struct fc_s3 *)store;
    const char *headers[] = {NULL, NULL};
    struct fc_http_response response = {.status = 0};

    fc_arena_reset(store->env.scratch);
    if (object->version) {
        headers[0] = fc_arena_printf(store->env.scratch, "If-Match: %s", object->version);
        if (!headers[0])
            return no_memory(err);
    }
    const struct fc_s3_request request = {.key = object->key,
                                          .query = "",
                                          .headers = headers,
                                          .object = object,
                                          .read = read,
                                          .what = object->name};
    return fc_s3_call(s3, &request, &response, err);
}

static const char *const SCHEMES[] = {"s3", "s3a", "s3n", NULL};

const struct fc_store_ops fc_store_s3 = {
    .version = FC_STORE_VERSION,
    .schemes = SCHEMES,
    .open = s3_open,
    .list = fc_s3_list,
    .read = s3_read,
    .write = fc_s3_write,
    .remove = fc_s3_remove,
};

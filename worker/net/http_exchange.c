/* SPDX-License-Identifier: Apache-2.0 */
/* One request over one connection, by libcurl. */
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/net/http_internal.h"
#include "worker/net/sigv4.h"

#define BODY_MAX         ((size_t)8 << 20)
#define HEADER_BYTES_MAX ((size_t)256 << 10)
#define HEADERS_MAX      100
#define CONNECT_MS       10000L
/* Less than this for so long is a stall: a source that drips must not hold a worker for ever. */
#define STALL_BYTES_PER_S 1L
#define STALL_SECONDS     20L

static fc_rc no_memory(struct fc_http_hop *hop, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: no memory for a request",
                   fc_http_what(hop->request));
}

/* curl hands over the address that it is about to connect to. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct fc_http_hop *hop = ctx;
    char *host = NULL;

    (void)purpose;
    if (!hop->request->trusted) {
        CURLU *url = curl_url();
        if (!url || curl_url_set(url, CURLUPART_URL, hop->url, 0) != CURLUE_OK ||
            curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
            host = NULL;
        fc_rc rc = fc_access_address(hop->http->options.access, host ? host : "", &address->addr,
                                     &hop->refusal);
        curl_free(host);
        curl_url_cleanup(url);
        if (rc != FC_OK) {
            hop->refused = true;
            return CURL_SOCKET_BAD;
        }
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void note_header(struct fc_http_response *response, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **field;
    } known[] = {
        {"etag", &response->etag},
        {"content-range", &response->content_range},
        {"content-type", &response->content_type},
        {"retry-after", &response->retry_after},
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(known); i++)
        if (strcasecmp(known[i].name, name) == 0)
            *known[i].field = value;
    if (strcasecmp(name, "content-length") == 0) {
        char *end = NULL;
        long long length = strtoll(value, &end, 10);
        response->content_length = end != value && *end == '\0' && length >= 0 ? length : -1;
    }
}

/* A new status line begins anew: what came before was "100 Continue" or the like. */
static bool begin_head(struct fc_http_hop *hop)
{
    struct fc_http_header *headers = fc_arena_calloc(hop->arena, HEADERS_MAX, sizeof *headers);

    hop->response = (struct fc_http_response){.content_length = -1, .headers = headers};
    hop->location = NULL;
    return headers != NULL;
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct fc_http_hop *hop = ctx;
    size_t len = size * count;
    size_t all = len;

    hop->header_bytes += len;
    if (hop->header_bytes > HEADER_BYTES_MAX)
        return 0;
    if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
        return begin_head(hop) ? all : 0;
    while (len > 0 && strchr("\r\n \t", data[len - 1]))
        len--;
    const char *colon = memchr(data, ':', len);
    if (!colon || !hop->response.headers)
        return all;
    char *name = fc_arena_strndup(hop->arena, data, (size_t)(colon - data));
    const char *from = colon + 1;
    while (from < data + len && (*from == ' ' || *from == '\t'))
        from++;
    char *value = fc_arena_strndup(hop->arena, from, (size_t)(data + len - from));
    if (!name || !value || hop->response.header_count == HEADERS_MAX)
        return 0;
    note_header(&hop->response, name, value);
    if (strcasecmp(name, "location") == 0)
        hop->location = value;
    struct fc_http_header *headers = (struct fc_http_header *)(uintptr_t)hop->response.headers;
    headers[hop->response.header_count++] = (struct fc_http_header){.name = name, .value = value};
    return all;
}

static size_t stop(struct fc_http_hop *hop)
{
    hop->failed = true;
    return 0;
}

static size_t too_large(struct fc_http_hop *hop, size_t limit)
{
    (void)fc_fail(hop->err, FC_REASON_SOURCE_INVALID,
                  "%s: the answer is larger than the %zu bytes that are read of it",
                  fc_http_what(hop->request), limit);
    return stop(hop);
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct fc_http_hop *hop = ctx;
    size_t len = size * count;
    size_t limit = hop->request->max_bytes ? hop->request->max_bytes : BODY_MAX;
    bool good = hop->response.status >= 200 && hop->response.status < 300;
    int64_t offset = hop->received;

    hop->received += (int64_t)len;
    hop->http->stats.bytes += (int64_t)len;
    if (!good || !hop->request->on_body) {
        if (!good)
            limit = BODY_MAX; /* an error's text, whatever the caller wants of the object */
        if ((size_t)hop->received > limit)
            return too_large(hop, limit);
        fc_buf_append(&hop->kept, data, len);
        if (!hop->kept.failed)
            return len;
        (void)no_memory(hop, hop->err);
        return stop(hop);
    }
    if (hop->request->max_bytes && (size_t)hop->received > limit)
        return too_large(hop, limit);
    if (hop->request->on_body(hop->request->ctx, &hop->response, offset,
                              (fc_str){.ptr = data, .len = len}, hop->err) != FC_OK)
        return stop(hop);
    return len;
}

/* The status is known when the head is whole; callbacks of the body rely on it. */
static size_t on_body_first(char *data, size_t size, size_t count, void *ctx)
{
    struct fc_http_hop *hop = ctx;

    if (hop->response.status == 0) {
        CURL *curl = hop->request->trusted ? hop->http->trusted : hop->http->checked;
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &hop->response.status);
    }
    return on_body(data, size, count, ctx);
}

static const char *range_header(struct fc_http_hop *hop)
{
    const struct fc_http_request *request = hop->request;

    if (request->range_first < 0)
        return fc_arena_printf(hop->arena, "Range: bytes=%lld", (long long)request->range_first);
    return fc_arena_printf(hop->arena, "Range: bytes=%lld-%lld", (long long)request->range_first,
                           (long long)(request->range_first + request->range_size - 1));
}

#define SENT_MAX FC_SIGV4_HEADERS_MAX

static bool is_credential(const char *header)
{
    return strncasecmp(header, "authorization:", strlen("authorization:")) == 0 ||
           strncasecmp(header, "cookie:", strlen("cookie:")) == 0;
}

/* What the caller wants sent, then the range: all that is signed. */
static fc_rc gather(struct fc_http_hop *hop, const char **sent, size_t *ret_count,
                    struct fc_error *err)
{
    const char *const *given = hop->request->headers;
    size_t count = 0;

    for (size_t i = 0; given && given[i]; i++) {
        if (count == SENT_MAX - 4)
            return fc_fail(err, FC_REASON_INTERNAL, "a request has more than %d headers",
                           SENT_MAX - 4);
        if (!hop->bare || !is_credential(given[i]))
            sent[count++] = given[i];
    }
    if (hop->request->range_size > 0) {
        sent[count] = range_header(hop);
        if (!sent[count++])
            return no_memory(hop, err);
    }
    sent[count] = NULL;
    *ret_count = count;
    return FC_OK;
}

static fc_rc sign(struct fc_http_hop *hop, const char *const *sent, const char *const **ret,
                  struct fc_error *err)
{
    CURLU *url = curl_url();
    char *host = NULL, *port = NULL, *path = NULL, *query = NULL;
    fc_rc rc = FC_OK;

    if (!url ||
        curl_url_set(url, CURLUPART_URL, hop->url, CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME) !=
            CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK) {
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: its URL is not well formed",
                     fc_http_what(hop->request));
    } else {
        (void)curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
        (void)curl_url_get(url, CURLUPART_QUERY, &query, 0);
        const char *name =
            fc_arena_printf(hop->arena, "%s%s%s", host, port ? ":" : "", port ? port : "");
        const struct fc_sigv4_request request = {
            .method = hop->method,
            .host = name,
            .path = path,
            .query = query,
            .headers = sent,
            .body = hop->body,
            .seconds = fc_now_ns(hop->http->options.sys) / FC_NS_PER_S,
        };
        rc = name ? fc_sigv4_sign(hop->request->aws, &request, hop->arena, ret, err)
                  : no_memory(hop, err);
    }
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_free(query);
    curl_url_cleanup(url);
    return rc;
}

static bool append(struct curl_slist **list, const char *header)
{
    struct curl_slist *longer = curl_slist_append(*list, header);

    if (longer)
        *list = longer;
    return longer != NULL;
}

static fc_rc put_headers(struct fc_http_hop *hop, struct curl_slist **list, struct fc_error *err)
{
    const char *sent[SENT_MAX + 1] = {NULL};
    const char *const *signature = NULL;
    size_t count = 0;
    /* Not what curl adds by itself: nobody waits for "100 Continue" here. */
    bool ok = append(list, "Expect:");

    fc_rc rc = gather(hop, sent, &count, err);
    if (rc == FC_OK && hop->request->bearer && !hop->bare) {
        const char *header =
            fc_arena_printf(hop->arena, "Authorization: Bearer %s", hop->request->bearer);
        ok = ok && header && append(list, header);
    }
    if (rc == FC_OK && hop->request->aws && hop->request->aws->key_id && !hop->bare)
        rc = sign(hop, sent, &signature, err);
    for (size_t i = 0; ok && i < count; i++)
        ok = append(list, sent[i]);
    for (size_t i = 0; ok && signature && signature[i]; i++)
        ok = append(list, signature[i]);
    return rc == FC_OK && !ok ? no_memory(hop, err) : rc;
}

static void put_method(CURL *curl, const struct fc_http_hop *hop)
{
    if (strcmp(hop->method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (strcmp(hop->method, "GET") != 0) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, hop->method);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, hop->body.len ? hop->body.ptr : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)hop->body.len);
    }
}

static void put_limits(CURL *curl, const struct fc_http_hop *hop)
{
    if (hop->until_ns != 0) {
        int64_t left = (hop->until_ns - hop->started_ns) / FC_NS_PER_MS;
        long most = left < 1 ? 1 : left > INT32_MAX ? INT32_MAX : (long)left;
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, most);
    }
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
}

static void put_options(CURL *curl, struct fc_http_hop *hop, struct curl_slist *headers)
{
    const struct fc_access *access = hop->http->options.access;
    const char *ca_file = access && access->order ? access->order->ca_file : "";

    curl_easy_reset(curl); /* keeps connections */
    curl_easy_setopt(curl, CURLOPT_URL, hop->url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "feast-core");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, hop->curl_text);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 128L << 10);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    if (ca_file && ca_file[0])
        curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, hop);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, hop);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body_first);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, hop);
    put_method(curl, hop);
    put_limits(curl, hop);
}

static fc_rc finish(struct fc_http_hop *hop, CURL *curl, CURLcode code, struct fc_error *err)
{
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &hop->response.status);
    if (hop->failed)
        return err->rc;
    if (hop->header_bytes > HEADER_BYTES_MAX || (code == CURLE_WRITE_ERROR && !hop->failed))
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: the head of the answer is too large",
                       fc_http_what(hop->request));
    return code == CURLE_OK ? FC_OK : fc_http_failure(hop, code, err);
}

fc_rc fc_http_exchange(struct fc_http_hop *hop, struct fc_error *err)
{
    CURL *curl = hop->request->trusted ? hop->http->trusted : hop->http->checked;
    struct curl_slist *headers = NULL;

    hop->err = err;
    hop->response.content_length = -1;
    hop->started_ns = fc_monotonic_ns(hop->http->options.sys);
    fc_rc rc = FC_OK;
    if (hop->until_ns != 0 && hop->started_ns >= hop->until_ns)
        rc = fc_fail(err, FC_REASON_DEADLINE_EXCEEDED, "%s: no time was left to ask for it",
                     fc_http_what(hop->request));
    if (rc == FC_OK)
        rc = put_headers(hop, &headers, err);
    if (rc == FC_OK) {
        put_options(curl, hop, headers);
        hop->http->stats.requests++;
        rc = finish(hop, curl, curl_easy_perform(curl), err);
    }
    curl_slist_free_all(headers);
    return rc;
}

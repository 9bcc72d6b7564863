/* SPDX-License-Identifier: Apache-2.0 */
/* Tries and redirects; one hop is worker/net/http_exchange.c. */
#include "worker/net/http.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "worker/net/http_internal.h"

#define REDIRECTS_MAX 5
#define TRIES_MAX     4
#define BACKOFF_NS    (100 * FC_NS_PER_MS)
#define WAIT_MAX_NS   (20 * FC_NS_PER_S)

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

fc_rc fc_http_new(const struct fc_http_options *options, struct fc_http **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_http_freep) struct fc_http *http = calloc(1, sizeof *http);

    (void)pthread_once(&curl_once, start_curl);
    if (http) {
        http->options = *options;
        http->checked = curl_easy_init();
        http->trusted = curl_easy_init();
    }
    if (!http || !http->checked || !http->trusted)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for an HTTP client");
    *ret = fc_steal(http);
    return FC_OK;
}

void fc_http_free(struct fc_http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->checked);
    curl_easy_cleanup(http->trusted);
    free(http);
}

struct fc_http_stats fc_http_stats(const struct fc_http *http)
{
    return http->stats;
}

const char *fc_http_header(const struct fc_http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcasecmp(response->headers[i].name, name) == 0)
            return response->headers[i].value;
    return NULL;
}

int64_t fc_http_date_ms(const struct fc_http_response *response)
{
    const char *text = fc_http_header(response, "Date");
    time_t date = text ? curl_getdate(text, NULL) : -1;

    return date < 0 ? -1 : (int64_t)date * 1000;
}

static fc_rc bad_url(const struct fc_http_hop *hop, bool redirected, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s%s", fc_http_what(hop->request),
                   redirected ? " redirects to what is no URL of HTTP or HTTPS"
                              : ": its URL is not well formed");
}

/* Scheme and host of where the hop goes. The scheme of the first is the caller's affair: s3 is spoken over https. */
static fc_rc check_target(const struct fc_http_hop *hop, bool redirected, struct fc_error *err)
{
    const struct fc_access *access = hop->http->options.access;
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL;
    fc_rc rc = FC_OK;

    if (!url || curl_url_set(url, CURLUPART_URL, hop->url, CURLU_PATH_AS_IS) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0)) {
        rc = bad_url(hop, redirected, err);
    } else {
        if (redirected)
            rc = fc_access_scheme(access, scheme, err);
        if (rc == FC_OK)
            rc = fc_access_host(access, host, err);
        if (rc != FC_OK)
            rc = fc_error_prefix(err, "%s%s", fc_http_what(hop->request),
                                 redirected ? " redirects" : "");
    }
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(url);
    return rc;
}

/* `location` against the URL that answered it. From https to http is no way to go. */
static fc_rc resolve(const struct fc_http_hop *hop, const char **ret, struct fc_error *err)
{
    CURLU *url = curl_url();
    char *whole = NULL;
    fc_rc rc = FC_OK;

    if (!url || curl_url_set(url, CURLUPART_URL, hop->url, CURLU_PATH_AS_IS) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_URL, hop->location, CURLU_PATH_AS_IS) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_URL, &whole, 0) != CURLUE_OK) {
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID,
                     "%s redirects to what is no URL of HTTP or HTTPS", fc_http_what(hop->request));
    } else if (strncasecmp(hop->url, "https:", strlen("https:")) == 0 &&
               strncasecmp(whole, "https:", strlen("https:")) != 0) {
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID, "%s redirects from https to http",
                     fc_http_what(hop->request));
    } else {
        *ret = fc_arena_strdup(hop->arena, whole);
        if (!*ret)
            rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a redirect");
    }
    curl_free(whole);
    curl_url_cleanup(url);
    return rc;
}

static bool redirects(const struct fc_http_hop *hop)
{
    long status = hop->response.status;

    return hop->location && !hop->request->aws && !hop->request->trusted &&
           (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

/* The next hop in place of the one that was answered by a redirect. */
static fc_rc follow(struct fc_http_hop *hop, struct fc_error *err)
{
    const char *url = NULL;
    long status = hop->response.status;

    fc_rc rc = resolve(hop, &url, err);
    if (rc != FC_OK)
        return rc;
    struct fc_http_hop next = {.http = hop->http,
                               .request = hop->request,
                               .method = hop->method,
                               .url = url,
                               .body = hop->body,
                               .bare = true,
                               .arena = hop->arena,
                               .until_ns = hop->until_ns};
    if ((status == 301 || status == 302 || status == 303) && strcmp(hop->method, "HEAD") != 0) {
        next.method = "GET";
        next.body = (fc_str){.len = 0};
    }
    fc_buf_done(&hop->kept);
    *hop = next;
    return check_target(hop, true, err);
}

static fc_rc try_once(struct fc_http_hop *hop, struct fc_error *err)
{
    fc_rc rc = hop->request->trusted ? FC_OK : check_target(hop, false, err);

    for (unsigned i = 0; rc == FC_OK; i++) {
        rc = fc_http_exchange(hop, err);
        if (rc != FC_OK || !redirects(hop))
            return rc;
        if (i == REDIRECTS_MAX)
            return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s redirects more than %d times",
                           fc_http_what(hop->request), REDIRECTS_MAX);
        rc = follow(hop, err);
    }
    return rc;
}

static bool is_transient(long status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

static bool again(const struct fc_http_hop *hop, fc_rc rc, const struct fc_error *err)
{
    const char *method = hop->request->method;
    /* Doing these twice is doing them once. */
    bool safe = !method || strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
                strcmp(method, "PUT") == 0 || strcmp(method, "DELETE") == 0;

    if (hop->request->once)
        return false;
    if (rc == FC_OK)
        return is_transient(hop->response.status);
    return safe && err->reason == FC_REASON_SOURCE_UNREACHABLE && err->retryable && !hop->failed;
}

/* Doubled each time and spread, so that many workers do not come back at once; or what the server asked for. */
static int64_t backoff(const struct fc_http *http, const struct fc_http_hop *hop, unsigned attempt)
{
    int64_t wait = BACKOFF_NS << attempt;
    uint16_t spread = 0;

    if (http->options.sys->random(http->options.sys->ctx, &spread, sizeof(spread)) == 0)
        wait = wait / 2 + wait * spread / (2 * UINT16_MAX);
    if (hop->response.retry_after) {
        long asked = strtol(hop->response.retry_after, NULL, 10);
        if (asked > 0 && asked <= WAIT_MAX_NS / FC_NS_PER_S)
            wait = asked * FC_NS_PER_S;
    }
    return wait;
}

static void sleep_ns(int64_t ns)
{
    struct timespec left = {.tv_sec = ns / FC_NS_PER_S, .tv_nsec = ns % FC_NS_PER_S};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static fc_rc answer(struct fc_http_hop *hop, struct fc_arena *arena, struct fc_http_response *ret,
                    struct fc_error *err)
{
    *ret = hop->response;
    ret->body = (fc_str){.ptr = fc_arena_strndup(arena, fc_buf_text(&hop->kept), hop->kept.len),
                         .len = hop->kept.len};
    if (!ret->body.ptr)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                       "%s: the answer needs more memory than it may have",
                       fc_http_what(hop->request));
    return FC_OK;
}

static int64_t until_of(const struct fc_http *http, const struct fc_http_request *request)
{
    int64_t deadline = http->options.deadline_ns;

    if (request->timeout_ns == 0)
        return deadline;
    int64_t until = fc_monotonic_ns(http->options.sys) + request->timeout_ns;
    return deadline != 0 && deadline < until ? deadline : until;
}

fc_rc fc_http_call(struct fc_http *http, const struct fc_http_request *request,
                   struct fc_arena *arena, struct fc_http_response *ret, struct fc_error *err)
{
    int64_t until = until_of(http, request);

    for (unsigned attempt = 0;; attempt++) {
        struct fc_http_hop hop = {.http = http,
                                  .request = request,
                                  .method = request->method ? request->method : "GET",
                                  .url = request->url,
                                  .body = request->body,
                                  .arena = arena,
                                  .until_ns = until};
        fc_rc rc = try_once(&hop, err);
        int64_t wait = backoff(http, &hop, attempt);
        bool late = until != 0 && fc_monotonic_ns(http->options.sys) + wait >= until;
        bool last = attempt + 1 == TRIES_MAX || late || !again(&hop, rc, err);
        if (last && rc == FC_OK)
            rc = answer(&hop, arena, ret, err);
        fc_buf_done(&hop.kept);
        if (last)
            return rc;
        sleep_ns(wait);
    }
}

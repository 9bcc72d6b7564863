/* SPDX-License-Identifier: Apache-2.0 */
/* What curl's codes mean for the person who named the source. */
#include "worker/net/http_internal.h"

const char *fc_http_what(const struct fc_http_request *request)
{
    return request->what ? request->what : "a request";
}

static fc_rc timed_out(const struct fc_http_hop *hop, struct fc_error *err)
{
    const char *what = fc_http_what(hop->request);
    int64_t now = fc_monotonic_ns(hop->http->options.sys);
    double seconds = (double)(now - hop->started_ns) / (double)FC_NS_PER_S;

    if (hop->until_ns != 0 && now >= hop->until_ns - FC_NS_PER_MS)
        return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED,
                       "%s: no whole answer within the time that was left (%.1f s)", what, seconds);
    if (hop->response.status == 0)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: no connection or no answer within %.1f s", what, seconds);
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: the answer stalled after %lld bytes",
                   what, (long long)hop->received);
}

/* The host of a URL; curl's own texts name it too, but not always. */
static const char *host_of(const struct fc_http_hop *hop)
{
    const char *start = strstr(hop->url, "://");

    if (!start)
        return "";
    start += strlen("://");
    size_t authority = strcspn(start, "/?#");
    const char *at = memrchr(start, '@', authority);
    if (at) {
        authority -= (size_t)(at + 1 - start);
        start = at + 1;
    }
    const char *host = fc_arena_strndup(hop->arena, start, authority);
    return host ? host : "";
}

static const char *tls_text(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return "its certificate is not to be trusted";
    case CURLE_SSL_CACERT_BADFILE:
        return "the file of authorities cannot be read";
    default:
        return "TLS cannot be set up";
    }
}

static fc_rc no_tls(const struct fc_http_hop *hop, CURLcode code, struct fc_error *err)
{
    fc_rc rc = fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s: %s (%s)",
                       fc_http_what(hop->request), host_of(hop), tls_text(code),
                       hop->curl_text[0] ? hop->curl_text : curl_easy_strerror(code));
    err->retryable = code == CURLE_SSL_CONNECT_ERROR;
    return rc;
}

fc_rc fc_http_failure(const struct fc_http_hop *hop, CURLcode code, struct fc_error *err)
{
    const char *what = fc_http_what(hop->request);
    const char *text = hop->curl_text[0] ? hop->curl_text : curl_easy_strerror(code);

    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: no memory for a request", what);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: its URL is not well formed", what);
    case CURLE_COULDNT_RESOLVE_HOST:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: the name %s does not resolve", what,
                       host_of(hop));
    case CURLE_COULDNT_CONNECT:
        if (hop->refused) {
            *err = hop->refusal;
            return fc_error_prefix(err, "%s", what);
        }
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s refuses the connection (%s)",
                       what, host_of(hop), text);
    case CURLE_OPERATION_TIMEDOUT:
        return timed_out(hop, err);
    case CURLE_PARTIAL_FILE:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: the answer ended after %lld of %lld bytes", what,
                       (long long)hop->received, (long long)hop->response.content_length);
    case CURLE_GOT_NOTHING:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: %s closed the connection without an answer", what, host_of(hop));
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: the connection to %s broke after %lld bytes (%s)", what, host_of(hop),
                       (long long)hop->received, text);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        return no_tls(hop, code, err);
    default:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: no answer of %s: %s", what,
                       host_of(hop), text);
    }
}

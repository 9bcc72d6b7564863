/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files of the HTTP client: http.c (tries and redirects), http_exchange.c (one hop), http_error.c. */
#pragma once

#include <curl/curl.h>

#include "worker/net/http.h"

struct fc_http {
    struct fc_http_options options;
    /* Kept connections are the handle's: what was let through for the operator is not lent to sources. */
    CURL *checked, *trusted;
    struct fc_http_stats stats;
};

/* One hop: a request to one URL, and what came of it. */
struct fc_http_hop {
    struct fc_http *http;
    const struct fc_http_request *request;
    const char *method, *url;
    fc_str body;
    bool bare; /* after a redirect: no credentials */
    struct fc_arena *arena;
    struct fc_http_response response;
    const char *location;
    struct fc_buf kept;
    size_t header_bytes;
    int64_t received;
    struct fc_error *err; /* of a callback that ended the transfer */
    bool failed;          /* a callback did, and err says why */
    bool refused;         /* a connection was; another address may still do */
    struct fc_error refusal;
    int64_t started_ns, until_ns; /* monotonic; until 0 for none */
    char curl_text[CURL_ERROR_SIZE];
};

/**
 * Sends, and fills response and location. What failed and can be tried again is SOURCE_UNREACHABLE (`retryable`), other
 * reasons are final.
 */
FC_MUST fc_rc fc_http_exchange(struct fc_http_hop *hop, struct fc_error *err);

/** The end of a transfer that curl gave up. */
FC_MUST fc_rc fc_http_failure(const struct fc_http_hop *hop, CURLcode code, struct fc_error *err);

/** What the request is called in error texts. */
const char *fc_http_what(const struct fc_http_request *request);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * HTTP(S) for sources: one door to libcurl, with the guards that a URL from a stranger needs. Every connection is held
 * against the access policy (worker/net/access.h) by the address it really goes to, each redirect anew.
 *
 * Not thread-safe: one client a task. Connections are kept and reused within a client.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/sys.h"
#include "worker/net/access.h"

struct fc_http;

struct fc_http_options {
    const struct fc_access *access; /**< must outlive the client */
    const struct fc_sys *sys;
    int64_t deadline_ns; /**< monotonic, 0 for none; of all requests together */
};

FC_MUST fc_rc fc_http_new(const struct fc_http_options *options, struct fc_http **ret,
                          struct fc_error *err);
void fc_http_free(struct fc_http *http);
FC_DEFINE_FREEP(struct fc_http, fc_http_free)

/** AWS signature version 4; NULL members are left out. Never logged. */
struct fc_http_aws {
    const char *service; /**< "s3", "kinesis" */
    const char *region;
    const char *key_id, *secret, *token;
};

struct fc_http_request {
    const char *method; /**< NULL for GET */
    const char *url;
    const char *const *headers; /**< "Name: value", NULL-terminated; NULL for none */
    const char
        *bearer; /**< token of an Authorization header that no redirect carries on; NULL for none */
    const struct fc_http_aws *aws; /**< NULL for none; a signed request follows no redirect */
    fc_str body;
    int64_t range_first, range_last; /**< both inclusive; last < 0 for no range */
    size_t max_bytes; /**< of the answer's body; more is SOURCE_INVALID. 0 means 8 MiB */
    const char *what; /**< for error texts: "object s3://b/k" ; without credentials */
};

/** In the arena. Header values are NULL when absent. */
struct fc_http_response {
    long status; /**< of the last hop; any status is an answer, not an error */
    fc_str body;
    const char *etag, *content_range, *content_type, *retry_after;
    int64_t content_length; /**< -1 when it was not told */
};

/**
 * One request with its answer in memory. SOURCE_UNREACHABLE when there is no answer (name, connection, TLS, reset, cut
 * short), DEADLINE_EXCEEDED, SOURCE_DENIED when the policy forbids the target, SOURCE_INVALID when the answer is too
 * large or lies about its length.
 */
FC_MUST fc_rc fc_http_call(struct fc_http *http, const struct fc_http_request *request,
                           struct fc_arena *arena, struct fc_http_response *ret,
                           struct fc_error *err);

/** Bytes of bodies received so far, and requests sent: what a probe cost. */
struct fc_http_stats {
    int64_t bytes;
    unsigned requests;
};
struct fc_http_stats fc_http_stats(const struct fc_http *http);

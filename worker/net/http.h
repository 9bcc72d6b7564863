/* SPDX-License-Identifier: Apache-2.0 */
/**
 * HTTP(S) for sources: one door to libcurl, with the guards that a URL from a stranger needs. Every connection is held
 * against the access policy (worker/net/access.h) by the address it really goes to, each redirect anew. Proxies of the
 * environment are not used: behind one, nobody could tell where a request goes. Nothing is decompressed.
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
    const struct fc_access *access; /**< must outlive the client; NULL forbids nothing */
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

struct fc_http_header {
    const char *name, *value;
};

/** In the arena. Header values are NULL when absent. */
struct fc_http_response {
    long status; /**< of the last hop; any status is an answer, not an error */
    fc_str body;
    const char *etag, *content_range, *content_type, *retry_after;
    int64_t content_length; /**< -1 when it was not told */
    const struct fc_http_header *headers;
    size_t header_count;
};

/**
 * Takes the body of a 2xx answer piece by piece instead of its being kept: `data` lies at `offset` of the body. A
 * request that is tried again starts at 0 again. Of `head`, all but the body is known.
 */
typedef fc_rc (*fc_http_body_fn)(void *ctx, const struct fc_http_response *head, int64_t offset,
                                 fc_str data, struct fc_error *err);

struct fc_http_request {
    const char *method; /**< NULL for GET */
    const char *url;
    const char *const *headers; /**< "Name: value", NULL-terminated; NULL for none */
    /** token of an Authorization header that no redirect carries on; NULL for none */
    const char *bearer;
    const struct fc_http_aws *aws; /**< NULL for none; a signed request follows no redirect */
    /**
     * The operator named this host (an endpoint of the configuration, the metadata service of the machine), no source
     * did: the policy is not asked. Follows no redirect.
     */
    bool trusted;
    fc_str body;
    /** `range_size` bytes from `range_first`; size 0 for no range. A negative first counts from the end. */
    int64_t range_first, range_size;
    size_t max_bytes; /**< of the answer's body; more is SOURCE_INVALID. 0 means 8 MiB */
    /** NULL to keep the body; what it fails with is what the call fails with */
    fc_http_body_fn on_body;
    void *ctx;
    const char *what;   /**< for error texts: "object s3://b/k" ; without credentials */
    int64_t timeout_ns; /**< of this request with its tries; 0: only the client's deadline */
    bool once; /**< no second try: the caller has another way, or knows that nobody may be there */
};

/**
 * One request with its answer. SOURCE_UNREACHABLE when there is no answer (name, connection, TLS, reset, cut
 * short), DEADLINE_EXCEEDED, SOURCE_DENIED when the policy forbids the target, SOURCE_INVALID when the answer is too
 * large or lies about its length. 429, 500, 502, 503 and 504 are tried again within the deadline, as are GET, HEAD, PUT
 * and DELETE that found no answer; the last answer is the one returned.
 */
FC_MUST fc_rc fc_http_call(struct fc_http *http, const struct fc_http_request *request,
                           struct fc_arena *arena, struct fc_http_response *ret,
                           struct fc_error *err);

/** The value of a header (name in any case), or NULL. */
const char *fc_http_header(const struct fc_http_response *response, const char *name);

/** The server's clock when it answered, milliseconds since 1970, known to the second below; -1 when it did not tell. */
int64_t fc_http_date_ms(const struct fc_http_response *response);

/** Bytes of bodies received so far, and requests sent: what a probe cost. */
struct fc_http_stats {
    int64_t bytes;
    unsigned requests;
};
struct fc_http_stats fc_http_stats(const struct fc_http *http);

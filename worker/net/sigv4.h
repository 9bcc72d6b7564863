/* SPDX-License-Identifier: Apache-2.0 */
/**
 * AWS signature version 4, by Amazon's published rules and test vectors. Done here and not by libcurl, so that what is
 * signed is what is sent, byte for byte: session tokens, ranges, and object keys with any character.
 */
#pragma once

#include "worker/net/http.h"

struct fc_sigv4_request {
    const char *method;
    const char *host;  /**< as in the Host header, with the port when it is not the scheme's own */
    const char *path;  /**< percent-encoded, as it is sent */
    const char *query; /**< percent-encoded, without the question mark; NULL or "" for none */
    const char *const *headers; /**< "Name: value", all of which are signed; NULL-terminated */
    fc_str body;
    int64_t seconds; /**< of the clock, since 1970 */
};

/** Upper bound of headers that are signed. */
#define FC_SIGV4_HEADERS_MAX 32

/**
 * The headers to add to the request ("X-Amz-Date: …", "Authorization: …", …), NULL-terminated, in the arena. Adds
 * Host to what is signed, but not to what is returned.
 */
FC_MUST fc_rc fc_sigv4_sign(const struct fc_http_aws *aws, const struct fc_sigv4_request *request,
                            struct fc_arena *arena, const char *const **ret, struct fc_error *err);

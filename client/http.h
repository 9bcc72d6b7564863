/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One HTTP(S) request by libcurl, which is loaded when the first is made: most commands make none, and loading it takes
 * as long as all the rest of a command.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"

struct fc_web_request {
    const char *url;     /**< http:// or https:// */
    const char *form;    /**< body of a POST, as a form sends it; NULL for a GET */
    const char *ca_file; /**< PEM; NULL for the system's authorities */
    size_t max_bytes;    /**< of the answer */
    int64_t timeout_ns;
};

/** The body of a 2xx answer; redirects are followed for a GET. Any other answer is a failure that names the status. */
FC_MUST fc_rc fc_web_fetch(const struct fc_web_request *request, struct fc_buf *ret,
                           struct fc_error *err);

/** Whether the text begins with http:// or https://. */
bool fc_web_is_url(const char *text);

/* SPDX-License-Identifier: Apache-2.0 */
/** A range of an object over HTTP: what all stores have in common, and where servers are held to their word. */
#pragma once

#include "worker/objects/store.h"

/** How large an object may be that a server without ranges hands over whole. */
#define FC_FETCH_WHOLE_MAX ((int64_t)64 << 20)

/**
 * Asks by `request`, whose range, body handler and `what` are set here. Bytes are checked against Content-Range, the
 * size and the version that the object had before. 412 is "changed while it was read". Another status than 200, 206,
 * 412 and 416 is left to the caller, in `ret`; then nothing was put. `version` names the header that pins.
 */
FC_MUST fc_rc fc_fetch(struct fc_store *store, struct fc_object *object,
                       const struct fc_object_read *read, const struct fc_http_request *request,
                       const char *version, struct fc_http_response *ret, struct fc_error *err);

/** Status 200, 206 or 416: done, as far as fc_fetch is concerned. */
static inline bool fc_fetch_done(const struct fc_http_response *response)
{
    return response->status == 200 || response->status == 206 || response->status == 416;
}

/** After fc_fail with SOURCE_UNREACHABLE: what fc_store_is_missing looks for. */
static inline fc_rc fc_fetch_missing(struct fc_error *err)
{
    return err->rc = FC_NOT_FOUND;
}

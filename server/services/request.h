/* SPDX-License-Identifier: Apache-2.0 */
/** What every service does alike with a request. Private to the services. */
#pragma once

#include "server/services/services.h"

/** The project that a request means: the default one for an empty name. */
const char *fc_request_project(const char *requested);

/** REQUEST_TOO_LARGE: the request needs more memory than a call may take. Returns the code, so that rules can end with
 * it. */
fc_rc fc_request_too_large(struct fc_error *err);
/** Fails the call with it. */
void fc_request_fail_too_large(struct fc_rpc_call *call);

/** Ends the call `ctx` with an empty response, or with the error when there is one; the form that jobs call back in. */
void fc_request_end(void *ctx, const struct fc_error *err);

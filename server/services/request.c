/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/request.h"

#include "server/registry/names.h"

const char *fc_request_project(const char *requested)
{
    return *requested == '\0' ? FC_DEFAULT_PROJECT : requested;
}

fc_rc fc_request_too_large(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                   "the request needs more memory than one call may take");
}

void fc_request_fail_too_large(struct fc_rpc_call *call)
{
    struct fc_error err = FC_ERROR_INIT;

    (void)fc_request_too_large(&err);
    fc_rpc_fail(call, &err, NULL);
}

void fc_request_end(void *ctx, const struct fc_error *err)
{
    struct fc_rpc_call *call = ctx;

    if (err)
        fc_rpc_fail(call, err, NULL);
    else
        fc_rpc_reply_bytes(call, (fc_str){0});
}

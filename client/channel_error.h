/* SPDX-License-Identifier: Apache-2.0 */
/** A failed call as struct fc_error and violations. Belongs to channel.c. */
#pragma once

#include "client/channel.h"

struct fc_channel_status {
    int code; /**< of gRPC */
    fc_str message;
    fc_str details; /**< grpc-status-details-bin, empty when there is none */
};

/** Fills `err`, and the violations and request id of `ret`; returns the code. */
FC_MUST fc_rc fc_channel_error(const char *target, const struct fc_channel_request *request,
                               const struct fc_channel_status *status, struct fc_channel_reply *ret,
                               struct fc_error *err);

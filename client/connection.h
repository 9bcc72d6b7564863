/* SPDX-License-Identifier: Apache-2.0 */
/** The gRPC channel below a client's channel: what it is opened with, and that it gets through. Private to the channel. */
#pragma once

#include <grpc/grpc.h>

#include "client/channel.h"

struct fc_connection;

/** Reads the files of the options; does not connect. */
FC_MUST fc_rc fc_connection_new(const char *target, const struct fc_channel_options *options,
                                struct fc_connection **ret, struct fc_error *err);
/** No call is under way any more. NULL is fine. */
void fc_connection_free(struct fc_connection *connection);
FC_DEFINE_FREEP(struct fc_connection, fc_connection_free)

/**
 * To make a call on; belongs to the connection. Whoever is first has it connect and waits, until the deadline at most;
 * that it failed shows in the call. Any thread.
 */
grpc_channel *fc_connection_use(struct fc_connection *connection, gpr_timespec deadline);

/* SPDX-License-Identifier: Apache-2.0 */
/** Calls of the job services about streams; rows of the table in job.c. */
#pragma once

#include "server/services/services.h"

void job_start_stream(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message);
void job_health(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The calls of the job services that start a job; rows of the table in job.c. They answer once the job is durable, on
 * the writer thread, or at once what is refused.
 */
#pragma once

#include "server/services/services.h"

void job_start_batch(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message);
void job_start_stream(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message);

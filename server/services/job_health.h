/* SPDX-License-Identifier: Apache-2.0 */
/** GetHealthMetrics of the job services; a row of the table in job.c. Answers on the calling thread. */
#pragma once

#include "server/services/services.h"

void job_health(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message);

/* SPDX-License-Identifier: Apache-2.0 */
/** Schedules in the job services: those of feast-spark, which name a table, and those of caraml-store, which name an id. */
#pragma once

#include "server/services/services.h"

void job_schedule(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void job_unschedule(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void job_list_scheduled(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void job_unschedule_id(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Streams of jobs' logs: one thread looks a few times a second at the logs that somebody follows, and sends what was
 * added. Private to the services.
 */
#pragma once

#include "feast/admin/v1/admin.pb-c.h"
#include "server/services/services.h"

struct fc_log_follow;

/** Made once, at registration; its thread begins with the first stream. */
FC_MUST fc_rc fc_log_follow_new(struct fc_services *services, struct fc_log_follow **ret,
                                struct fc_error *err);
/** Ends all streams, those to come too. NULL is fine. */
void fc_log_follow_stop(struct fc_log_follow *follow);
/** After the RPC server has stopped. NULL is fine. */
void fc_log_follow_free(struct fc_log_follow *follow);

/** Answers the call until the job has ended and all was sent, or the client leaves. */
void fc_log_follow_add(struct fc_log_follow *follow, struct fc_rpc_call *call,
                       const Feast__Admin__V1__ReadJobLogRequest *request);

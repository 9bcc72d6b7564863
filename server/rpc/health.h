/* SPDX-License-Identifier: Apache-2.0 */
/** grpc.health.v1.Health (Check and Watch) on the engine. Thread-safe. */
#pragma once

#include "server/rpc/rpc.h"

struct fc_health;

/** Registers the service; the object belongs to the caller and must outlive the server. */
FC_MUST fc_rc fc_health_new(struct fc_rpc_server *server, struct fc_health **ret,
                            struct fc_error *err);
void fc_health_free(struct fc_health *health);
FC_DEFINE_FREEP(struct fc_health, fc_health_free)

/** Sets one service's state ("" is the server as a whole) and tells the watchers. Unknown services are added. */
void fc_health_set(struct fc_health *health, const char *service, bool serving);

/** NOT_SERVING for good and the end of every Watch; the first step of a drain. */
void fc_health_shutdown(struct fc_health *health);

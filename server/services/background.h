/* SPDX-License-Identifier: Apache-2.0 */
/** Work of the services that blocks for long, on threads of its own. Private to the services. */
#pragma once

#include "server/services/services.h"

/** Made once, at registration. */
FC_MUST fc_rc fc_background_init(struct fc_services *services, struct fc_error *err);

/**
 * Runs `work(ctx)` on a thread; at most one at a time, else BUSY. `finish(ctx)` follows when the next one may already
 * begin, and answers: who was answered and asks again is not told that the server is busy with what he has.
 */
FC_MUST fc_rc fc_background_run(struct fc_services *services, void (*work)(void *ctx),
                                void (*finish)(void *ctx), void *ctx, struct fc_error *err);

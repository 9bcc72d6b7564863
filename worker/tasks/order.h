/* SPDX-License-Identifier: Apache-2.0 */
/** One order, from its message to its result. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/sys.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "worker/duck/duck.h"

/** Takes messages about an order to whoever gave it. */
typedef fc_rc (*fc_order_send_fn)(void *ctx, const Feast__Worker__V1__WorkerMessage *message,
                                  struct fc_error *err);

struct fc_order_env {
    const struct fc_sys *sys;
    fc_order_send_fn send;
    void *send_ctx;
    struct fc_duck *duck;   /**< opened beforehand for a probe; NULL to open one */
    struct fc_turns *turns; /**< that it was opened with */
};

/** What the engine gets for an order that it was not opened for yet. */
struct fc_duck_options fc_order_duck_options(const Feast__Worker__V1__WorkOrder *order);

/**
 * Does what the order says, sends progress and exactly one result. `*ret` tells how the order ended; the return
 * value is that of sending: FC_OK when the result is out, however it reads.
 */
FC_MUST fc_rc fc_order_run(const struct fc_order_env *env,
                           const Feast__Worker__V1__WorkOrder *order, struct fc_arena *arena,
                           struct fc_error *ret, struct fc_error *err);

/** Sends a result that is nothing but this error. */
FC_MUST fc_rc fc_order_refuse(const struct fc_order_env *env, const char *id,
                              const struct fc_error *why, struct fc_arena *arena,
                              struct fc_error *err);

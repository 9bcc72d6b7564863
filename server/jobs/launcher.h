/* SPDX-License-Identifier: Apache-2.0 */
/** Where a job runs: a table of functions for each place. `local` runs feast-worker on this machine. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "feast/worker/v1/worker.pb-c.h"

#define FC_LAUNCHER_VERSION 1

struct fc_launched; /**< one running job; belongs to the launcher */

enum fc_launched_state {
    FC_LAUNCHED_RUNNING,
    FC_LAUNCHED_DONE,
    FC_LAUNCHED_FAILED,
    FC_LAUNCHED_LOST
};

struct fc_launched_status {
    enum fc_launched_state state; /**< LOST: ended without an answer; worth another try */
    const Feast__Worker__V1__Progress
        *progress; /**< the latest, or NULL; in the arena given to poll */
    const Feast__Worker__V1__Receipt *receipt; /**< DONE, and FAILED when the worker sent one */
    struct fc_error error;                     /**< FAILED or LOST */
};

struct fc_launcher {
    unsigned version; /**< FC_LAUNCHER_VERSION */
    const char *name;
    void *ctx;
    /** Starts it; `log_path` receives the worker's stderr. */
    fc_rc (*submit)(void *ctx, const Feast__Worker__V1__WorkOrder *order, const char *log_path,
                    struct fc_launched **ret, struct fc_error *err);
    /** Descriptor that turns readable when a poll has news; -1 when the launcher can only be asked now and then. */
    int (*poll_fd)(void *ctx, const struct fc_launched *job);
    /** Reads what is there without blocking. */
    fc_rc (*poll)(void *ctx, struct fc_launched *job, struct fc_arena *arena,
                  struct fc_launched_status *ret, struct fc_error *err);
    void (*cancel)(void *ctx, struct fc_launched *job);
    /** After the end, or to abandon it. */
    void (*release)(void *ctx, struct fc_launched *job);
};

/**
 * Runs `worker_path`; its children die with this process. `store_secret` ("NAME=value", borrowed, NULL for none) goes
 * into the environment of those workers alone whose order has a store with a password.
 */
FC_MUST fc_rc fc_launcher_local_new(const char *worker_path, const char *store_secret,
                                    struct fc_launcher **ret, struct fc_error *err);
void fc_launcher_local_free(struct fc_launcher *launcher);

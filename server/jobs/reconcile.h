/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The loop that gives every feature table with a stream source one running job, and no other stream a job.
 *
 * A thread looks when the registry has changed, when a failed stream is due again, and now and then for what it may
 * have missed. What it does in a pass is decided by reconcile_plan.h; all it knows between passes is a cache.
 */
#pragma once

#include "base/error.h"
#include "base/sys.h"
#include "server/jobs/jobs.h"
#include "storage/store.h"

struct fc_reconcile;

struct fc_reconcile_options {
    const struct fc_sys *sys; /**< NULL for the real one */
    struct fc_store *store;
    struct fc_jobs *jobs;
    int64_t tick_ns;  /**< between two passes at most; 0 means 30 s */
    int64_t retry_ns; /**< first rest of a failed stream, doubled up to 1 h; 0 means 1 min */
};

FC_MUST fc_rc fc_reconcile_new(const struct fc_reconcile_options *options,
                               struct fc_reconcile **ret, struct fc_error *err);
/** Before the jobs and the store go. */
void fc_reconcile_free(struct fc_reconcile *reconcile);
FC_DEFINE_FREEP(struct fc_reconcile, fc_reconcile_free)

struct fc_reconcile_stats {
    uint64_t passes, failures; /**< failures: passes, and tables of a pass, that came to nothing */
    uint64_t starts, stops;    /**< that the loop asked for */
    double last_seconds;       /**< of the last pass, until its starts were durable */
    double seconds;            /**< of all */
    unsigned wanted;           /**< tables that should have a stream, as of the last pass */
};
/** All zero when `reconcile` is NULL. Any thread. */
void fc_reconcile_stats(struct fc_reconcile *reconcile, struct fc_reconcile_stats *ret);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The background of validation: sources of stored feature tables are looked at again, those that could not be judged
 * with a growing pause, the others at an interval. A table whose source no longer fits becomes DRIFTED, and OK again
 * when it fits again.
 *
 *     recheck row due -> look by admission's background workers -> transaction: report, verdict, next recheck row
 *
 * When the next look is due stands in the database: a restart loses nothing. Looks of the background have workers of
 * their own, so that no apply waits for one. A table that is applied meanwhile has the last word.
 */
#pragma once

#include "server/admission/admission.h"
#include "server/reverify/plan.h"
#include "storage/store.h"

struct fc_reverify;

struct fc_reverify_options {
    const struct fc_sys *sys; /**< NULL for the real one */
    struct fc_store *store;
    struct fc_admission *admission;
    struct fc_reverify_plan plan;
    unsigned parallel; /**< looks at once; 0 means 1 */
};

/** Starts its thread. Tables that should have a next look and have none get one. */
FC_MUST fc_rc fc_reverify_new(const struct fc_reverify_options *options, struct fc_reverify **ret,
                              struct fc_error *err);
/** From its return on no look begins; what those under way find is dropped. By its owner; NULL is a no-op. */
void fc_reverify_stop(struct fc_reverify *reverify);
/** Waits for looks under way: the admission must still be there, or have ended them. Before the store is closed. */
void fc_reverify_free(struct fc_reverify *reverify);
FC_DEFINE_FREEP(struct fc_reverify, fc_reverify_free)

/**
 * Within the transaction that gave a table this verdict: sets the time of its next look, or takes it away. NULL
 * `reverify` does nothing. `failures`: looks in a row, this one included, that did not end in OK.
 */
FC_MUST fc_rc fc_reverify_schedule(struct fc_reverify *reverify, struct fc_txn *txn,
                                   int64_t table_id, int32_t verdict, int64_t failures,
                                   struct fc_error *err);

/** Rows may be due: look now. Any thread; NULL is a no-op. */
void fc_reverify_wake(struct fc_reverify *reverify);

struct fc_reverify_stats {
    uint64_t looks;     /**< that were judged and stored */
    uint64_t unjudged;  /**< of these, whose source was out of reach */
    uint64_t drifted;   /**< tables that became DRIFTED */
    uint64_t recovered; /**< tables that became OK and were not before */
    uint64_t failures;  /**< looks whose outcome could not be made or stored */
};
void fc_reverify_stats(const struct fc_reverify *reverify, struct fc_reverify_stats *ret);

/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of this room share. Private to it. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "server/reverify/reverify.h"
#include "storage/recheck.h"

struct fc_reverify {
    const struct fc_sys *sys;
    struct fc_store *store;
    struct fc_admission *admission;
    struct fc_reverify_plan plan;
    unsigned parallel;
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool woken;            /**< guarded by the mutex, as is all up to `looking` */
    struct fc_look *looks; /**< under way */
    unsigned looking;      /**< their number */
    atomic_bool stopping;
    atomic_int_fast64_t pause_until_ns; /**< monotonic: what was found could not be stored */
    atomic_uint_fast64_t judged, unjudged, drifted, recovered, failures;
};

/** One look under way; it frees itself. */
struct fc_look {
    struct fc_look *next;
    struct fc_reverify *reverify;
    int64_t table_id;
};

/** Begins a look at the table of the row, which it copies. The caller has counted it in; fc_look_ended counts it out. */
FC_MUST fc_rc fc_look_begin(struct fc_reverify *reverify, const struct fc_recheck_row *row,
                            struct fc_error *err);

/** The store refused what a look found: there is no use in looking for a while. */
void fc_reverify_pause(struct fc_reverify *reverify);

/** Links a look in, before it begins, and out, when it ended: its memory may go then. */
void fc_look_begun(struct fc_look *look);
void fc_look_ended(struct fc_look *look);

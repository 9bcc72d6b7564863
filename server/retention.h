/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the registry does not keep for ever: ended jobs with their files, and the list of changes (outbox).
 *
 *     own reader: what is old enough? --> files of jobs removed --> writer: rows removed, a slice at a time
 *
 * Slices are small and there is a pause between two, so that no apply waits for more than one of them. Files go before
 * the row that names them: what a crash interrupts is found again. Reports have a rule of their own (fc_report_insert).
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/sys.h"
#include "storage/store.h"

struct fc_retention;

struct fc_retention_options {
    const struct fc_sys *sys; /**< NULL for the real one */
    struct fc_store *store;
    const char *data_dir;   /**< jobs/<id>/ are below it; copied */
    int64_t jobs_keep_ns;   /**< after the end of a job; 0: for ever */
    int64_t outbox_keep_ns; /**< after the change; 0: for ever */
    int64_t interval_ns; /**< between two looks; 0 means 1 h, the first a minute after the start */
};

/** Starts its thread, unless all is kept for ever: then `*ret` has none. */
FC_MUST fc_rc fc_retention_new(const struct fc_retention_options *options,
                               struct fc_retention **ret, struct fc_error *err);
/** Ends after the slice under way. Before the store is closed. */
void fc_retention_free(struct fc_retention *retention);
FC_DEFINE_FREEP(struct fc_retention, fc_retention_free)

struct fc_retention_removed {
    size_t jobs, outbox; /**< rows */
};
/** One look, as the thread makes them: removes all that is old enough. Also without a thread, then on any thread. */
FC_MUST fc_rc fc_retention_run(struct fc_retention *retention, struct fc_retention_removed *ret,
                               struct fc_error *err);

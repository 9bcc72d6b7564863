/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Pages are asked for and parsed on a thread of their own while those before them are worked on: each of the two takes
 * about half of the time. At most two pages wait.
 */
#pragma once

#include "worker/sources/bigquery_query.h"

struct fc_bq_ahead {
    const struct fc_bq_service *service; /**< used by the producer alone until the call returns */
    /** Calls `emit` with each page, on the thread; what that fails with ends it. */
    fc_rc (*produce)(void *ctx, fc_bq_page_fn emit, void *emit_ctx, struct fc_error *err);
    void *produce_ctx;
    /** Takes the pages in their order, on the caller's thread; `bytes` are those of all answers until then. */
    fc_rc (*take)(void *ctx, const json_t *page, int64_t total, int64_t bytes,
                  struct fc_error *err);
    void *take_ctx;
};

/** Returns when both have ended; the error of `take` goes before that of `produce`. */
FC_MUST fc_rc fc_bq_read_ahead(const struct fc_bq_ahead *ahead, struct fc_error *err);

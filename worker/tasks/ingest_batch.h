/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Moves the rows of a span of event time from a batch source to an online store.
 *
 *     scan (files by path, rows in order) -> convert -> newest of each key, in memory -> sink, in slices
 *
 * Rows that do not convert are counted and kept as dead letters; they hide nothing. The newest row of a key by
 * (event, created, input order) wins, whatever came before, so doing the same again changes nothing.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/sys.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "worker/duck/duck.h"

/** Called a few times a second; another code than FC_OK ends the work. */
typedef fc_rc (*fc_progress_fn)(void *ctx, const Feast__Worker__V1__Progress *progress,
                                struct fc_error *err);

struct fc_ingest {
    const Feast__Worker__V1__Ingest *order;
    struct fc_duck *duck; /**< fresh; spent afterwards */
    const struct fc_sys *sys;
    fc_progress_fn progress;
    void *progress_ctx;
};

/**
 * `*ret` is the account of what was done, also when that ended in an error; NULL when it never began. In the arena.
 * Errors: REQUEST_INVALID, SOURCE_UNREACHABLE, SOURCE_INVALID, SOURCE_MISMATCH, ROWS_ALL_INVALID, and those of sink
 * and dead letters.
 */
FC_MUST fc_rc fc_ingest_run(const struct fc_ingest *ingest, struct fc_arena *arena,
                            Feast__Worker__V1__Receipt **ret, struct fc_error *err);

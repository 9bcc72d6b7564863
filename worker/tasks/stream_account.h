/* SPDX-License-Identifier: Apache-2.0 */
/** What a stream's worker tells of itself: places, counts and how it goes; goes on from what an earlier one told. */
#pragma once

#include "worker/sources/broker.h"
#include "worker/tasks/dead_letter.h"
#include "worker/tasks/ingest_batch.h"
#include "worker/tasks/places.h"

/** Rows read by then. */
struct fc_stream_mark {
    int64_t at_ns; /**< monotonic */
    uint64_t rows;
};

struct fc_stream_account {
    const struct fc_sys *sys;
    Feast__Worker__V1__Receipt receipt; /**< counts alone; add to them */
    struct fc_places *places;
    struct fc_moment newest_event; /**< of rows given to the store */
    struct fc_dead_letters *letters;

    /* Of this reading. */
    int64_t started_ns, told_ns;
    double seconds_before;
    uint64_t lost_before;
    int64_t behind, behind_ms;
    size_t partitions;
    struct fc_stream_mark marks[2]; /**< of the last seconds, the older first */
    char trouble[512];
    bool changed;                        /**< since it was told */
    struct fc_arena *told;               /**< of `message` */
    Feast__Worker__V1__Progress message; /**< told last; without a receipt none was */
    Google__Protobuf__Timestamp newest;  /**< its newest event */
};

/** `from` may be NULL. The letters must outlive it, and be resumed by now. */
FC_MUST fc_rc fc_stream_account_begin(struct fc_stream_account *account, const struct fc_sys *sys,
                                      const Feast__Worker__V1__Ingest *order,
                                      struct fc_dead_letters *letters, struct fc_error *err);
void fc_stream_account_done(struct fc_stream_account *account);

/** All that the broker gave up to here is with the store. */
FC_MUST fc_rc fc_stream_account_reached(struct fc_stream_account *account,
                                        const struct fc_consume_batch *batch, struct fc_error *err);

/** Whether it is time: soon after a change, else every few seconds. */
FC_MUST bool fc_stream_account_due(const struct fc_stream_account *account);
FC_MUST fc_rc fc_stream_account_tell(struct fc_stream_account *account, const char *phase,
                                     fc_progress_fn progress, void *ctx, struct fc_error *err);

/**
 * Messages are read that the store does not take yet: tells the places and the account once more that were told last,
 * with this trouble. At once when it is news, else every few seconds. The next message that is reached ends it.
 */
FC_MUST fc_rc fc_stream_account_waits(struct fc_stream_account *account, const char *trouble,
                                      fc_progress_fn progress, void *ctx, struct fc_error *err);

/** The receipt that was told last, in the arena. */
FC_MUST fc_rc fc_stream_account_receipt(const struct fc_stream_account *account,
                                        struct fc_arena *arena, Feast__Worker__V1__Receipt **ret,
                                        struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Moves the messages of a stream source to an online store until it is told to stop.
 *
 *     consume -> decode -> convert -> newest of each key, in memory -> sink -> commit -> positions
 *
 * Positions are told only when all before them is with the store or the dead letters, and the account told with them
 * is that of these messages: whoever begins again there loses nothing and counts nothing twice. A message may be
 * written twice, which changes nothing.
 */
#pragma once

#include "worker/tasks/ingest_batch.h"

struct fc_ingest_stream {
    const Feast__Worker__V1__IngestStream *order;
    const struct fc_sys *sys;
    /** Also called every few seconds when nothing comes. */
    fc_progress_fn progress;
    void *progress_ctx;
};

/**
 * FC_OK when SIGTERM ended it; what was put is committed and the last progress has the places. `*ret` as fc_ingest_run
 * has it: the account that was told last. Errors: REQUEST_INVALID, SOURCE_MISMATCH, SOURCE_UNREACHABLE (also when the
 * topic is deleted or access is withdrawn), and those of sink and dead letters.
 */
FC_MUST fc_rc fc_ingest_stream_run(const struct fc_ingest_stream *ingest, struct fc_arena *arena,
                                   Feast__Worker__V1__Receipt **ret, struct fc_error *err);

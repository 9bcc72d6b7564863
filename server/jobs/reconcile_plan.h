/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What has to be done so that the stream jobs that are there become those that should be. Pure.
 *
 *     wanted, and none runs with its hash   start        unless somebody cancelled it, or the last one failed just now
 *     runs, but is not wanted               stop         its table wants another hash, or none
 *     the table cannot be judged            leave alone
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "storage/jobs.h"

/** A table that should have a stream job. At most one for each project and table. */
struct fc_stream_want {
    const char *project, *table;
    const char *hash; /**< identity of the job (server/registry/hash.h); NULL: it cannot be told */
    bool halted;      /**< somebody cancelled a job of this hash, and nobody started one since */
};

/** A stream job: one that has not ended, or the last one of a table that did. */
struct fc_stream_have {
    const char *project, *table, *hash;
    enum fc_job_state state;
    int64_t ended_ns;  /**< since 1970, when it has ended */
    unsigned failures; /**< ERROR: jobs of this table and hash that ended so, one after the other */
};

struct fc_reconcile_times {
    int64_t now_ns;         /**< since 1970 */
    int64_t retry_first_ns; /**< pause after the first failure, doubled with each */
    int64_t retry_max_ns;   /**< longest pause */
};

struct fc_reconcile_plan {
    size_t *starts, start_count; /**< of the wants */
    size_t *stops, stop_count;   /**< of the haves */
    int64_t next_ns;             /**< when a failed one is due; INT64_MAX for never */
};

/** In any order; the result is in the order of the arguments, in the arena. */
FC_MUST fc_rc fc_reconcile_plan(const struct fc_stream_want *wants, size_t want_count,
                                const struct fc_stream_have *haves, size_t have_count,
                                const struct fc_reconcile_times *times, struct fc_arena *arena,
                                struct fc_reconcile_plan *ret, struct fc_error *err);

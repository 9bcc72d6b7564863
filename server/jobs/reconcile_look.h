/* SPDX-License-Identifier: Apache-2.0 */
/** What the registry wants of streams, and what there is. Private to the reconcile loop. */
#pragma once

#include "server/jobs/jobs.h"
#include "server/jobs/reconcile_plan.h"
#include "server/registry/hash.h"
#include "storage/store.h"

/** What a revision of a table came to; the types of entities never change, so it holds for good. */
struct fc_known_table {
    int64_t id, revision;
    bool streams;
    char hash[FC_JOB_HASH_SIZE]; /**< "" when it cannot be told */
};

/** Kept from pass to pass; by id. Zero at first; free `tables`. */
struct fc_known_tables {
    struct fc_known_table *tables;
    size_t count;
};

struct fc_reconcile_look {
    struct fc_stream_want *wants;
    size_t want_count;
    struct fc_stream_have *haves;
    const char **ids; /**< of the haves */
    size_t have_count;
    size_t broken; /**< tables that cannot be judged */
};

/** Tables that should have a stream, and streams that have not ended. In the arena. */
FC_MUST fc_rc fc_reconcile_look(struct fc_reader *reader, const struct fc_jobs *jobs,
                                struct fc_known_tables *known, struct fc_arena *arena,
                                struct fc_reconcile_look *ret, struct fc_error *err);
/** Adds the last stream of each of these wants, which has ended. */
FC_MUST fc_rc fc_reconcile_look_back(struct fc_reader *reader, const size_t *wants, size_t count,
                                     struct fc_arena *arena, struct fc_reconcile_look *look,
                                     struct fc_error *err);
/** Why this stream has no reason to run. A text that lives as long as the arena. */
const char *fc_reconcile_why(struct fc_reader *reader, const struct fc_jobs *jobs,
                             const struct fc_stream_have *have, struct fc_arena *arena);

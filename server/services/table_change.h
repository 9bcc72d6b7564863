/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A feature table on its way into the registry: what ApplyFeatureTable and ApplyBatch do alike. Private to the services.
 *
 * It is applied twice: once to see what it would be (before its sources are looked at), once to store it, with the
 * report of that look. Everything is in the arena of the call.
 */
#pragma once

#include "feast/admin/v1/report.pb-c.h"
#include "server/registry/hash.h"
#include "server/reverify/reverify.h"
#include "server/services/table_state.h"

struct fc_table_change {
    struct fc_arena *arena;
    const char *project;
    const Feast__Core__FeatureTableSpec *spec; /* normalised; NULL when the request had none */
    fc_str bytes;                              /* the same, encoded */
    char hash[FC_TABLE_HASH_SIZE];
    enum fc_validation_mode mode;
    bool mode_open;               /* the request asked for none: that of the project goes first */
    struct fc_reverify *reverify; /* plans the next look; NULL: there is none */
    struct fc_table_state state;
    Feast__Admin__V1__ValidationReport *report; /* of an admission that accepted; NULL without */
    struct fc_table_row row;                    /* as stored, or as it would be */
    bool existed;                               /* before, and was not deleted */
    bool unchanged;
};

/** Normalises `spec` in place and takes it over; NULL is no failure. False: arena exhausted. */
FC_MUST bool fc_table_change_prepare(struct fc_table_change *change,
                                     Feast__Core__FeatureTableSpec *spec);

/**
 * Holds it against the state that the reader shows and, when `txn` is not NULL, stores it. Mistakes are added to
 * `violations`; nothing is stored then. A table that is as it was gets its report only.
 */
FC_MUST fc_rc fc_table_change_apply(struct fc_table_change *change, struct fc_reader *reader,
                                    struct fc_txn *txn, int64_t now_s,
                                    struct fc_violations *violations, struct fc_error *err);

/** Of an unchanged table: what is known of its sources is good enough for the mode of this request. */
bool fc_table_change_settled(const struct fc_table_change *change);

/** What admission asks for; `arena` is where it may put its report, from another thread. */
struct fc_admission_request fc_table_change_admission(const struct fc_table_change *change,
                                                      int64_t deadline_ns, struct fc_arena *arena);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An entity or an online store on its way into the registry, and a feature table on its way out: what the services that
 * change one and ApplyBatch do alike. Private to the services.
 *
 * Each function holds the change against the state that the reader shows and carries it out when `txn` is not NULL.
 * Mistakes are added to `violations`; nothing is stored then.
 */
#pragma once

#include "base/violations.h"
#include "feast/core/Entity.pb-c.h"
#include "feast/core/OnlineStore.pb-c.h"
#include "storage/registry.h"

struct fc_entity_change {
    struct fc_arena *arena;
    const char *project;
    const Feast__Core__EntitySpecV2 *spec; /* normalised */
    fc_str bytes;                          /* the same, encoded */
    fc_str reply;                          /* feast.core.Entity as stored, or as it would be */
    int64_t revision;
    bool existed, unchanged;
};

/** Normalises `spec` in place and takes it over; NULL is no failure. False: arena exhausted. */
FC_MUST bool fc_entity_change_prepare(struct fc_entity_change *change,
                                      Feast__Core__EntitySpecV2 *spec);
/** Makes the project when it is not there. */
FC_MUST fc_rc fc_entity_change_apply(struct fc_entity_change *change, struct fc_reader *reader,
                                     struct fc_txn *txn, int64_t now_s,
                                     struct fc_violations *violations, struct fc_error *err);

struct fc_online_store_change {
    struct fc_arena *arena;
    Feast__Core__OnlineStore *store;
    fc_str bytes;            /* the same, encoded */
    bool existed, unchanged; /* registered before, archived or not; as it is */
};
FC_MUST fc_rc fc_online_store_change_apply(struct fc_online_store_change *change,
                                           struct fc_reader *reader, struct fc_txn *txn,
                                           struct fc_error *err);

struct fc_table_removal {
    struct fc_arena *arena;
    const char *project, *name;
    struct fc_table_row row;
    bool unchanged; /* it was deleted before */
};
/** TABLE_NOT_FOUND, as an error, when there never was such a table. */
FC_MUST fc_rc fc_table_removal_apply(struct fc_table_removal *removal, struct fc_reader *reader,
                                     struct fc_txn *txn, int64_t now_s, struct fc_error *err);

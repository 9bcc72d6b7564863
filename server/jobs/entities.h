/* SPDX-License-Identifier: Apache-2.0 */
/** The keys of a stored feature table, for those who write or read its rows. */
#pragma once

#include "base/arena.h"
#include "feast/core/FeatureTable.pb-c.h"
#include "server/registry/entity.h"
#include "storage/store.h"

/**
 * The `spec->n_entities` entities of a stored table in its order, in the arena; names borrow from the spec.
 * ENTITY_NOT_FOUND when one is not there.
 */
FC_MUST fc_rc fc_table_entities(struct fc_reader *reader, const char *project,
                                const Feast__Core__FeatureTableSpec *spec, struct fc_arena *arena,
                                struct fc_entity_type **ret, struct fc_error *err);

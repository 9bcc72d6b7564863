/* SPDX-License-Identifier: Apache-2.0 */
/** One order for what has none: two feature tables mean the same exactly when their canonical bytes are equal. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "feast/core/FeatureTable.pb-c.h"

/**
 * A copy of a normalised spec with entities and features sorted by name, in the arena; what it points to is shared with
 * the original. False when the arena is exhausted.
 */
FC_MUST bool fc_table_canonical(struct fc_arena *arena, const Feast__Core__FeatureTableSpec *spec,
                                Feast__Core__FeatureTableSpec *ret);

/**
 * Whether an apply of `spec` over `stored` (the encoded spec of a row) changes nothing. Both are normalised. As with
 * the peers, the order of entities and features does not matter; labels and mappings compare as maps, and what this
 * generation does not know counts too. False also when the arena is exhausted or `stored` cannot be read: then the
 * table is written again.
 */
FC_MUST bool fc_table_unchanged(struct fc_arena *arena, const Feast__Core__FeatureTableSpec *spec,
                                fc_str stored);

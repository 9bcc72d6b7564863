/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rules of entities. Field paths are those of feast.core.ApplyEntityRequest. Pure functions: messages are unpacked ones,
 * nothing is kept.
 */
#pragma once

#include <stdbool.h>

#include "base/violations.h"
#include "feast/core/Entity.pb-c.h"

/** An entity of a feature table with its declared type, for those who need no more of it. */
struct fc_entity_type {
    const char *name;
    int32_t value_type; /**< feast.types.ValueType.Enum */
};

/** Brings the spec into the form in which it is stored: labels sorted, each key once. False: arena exhausted. */
FC_MUST bool fc_entity_normalise(struct fc_arena *arena, Feast__Core__EntitySpecV2 *spec);

/** Adds every violation of a normalised spec; NULL when the request has none. */
void fc_entity_check(const Feast__Core__EntitySpecV2 *spec, struct fc_violations *violations);

/** Adds a violation when an apply would change the type of a stored entity. */
void fc_entity_check_change(const char *project, int32_t stored_type,
                            const Feast__Core__EntitySpecV2 *spec,
                            struct fc_violations *violations);

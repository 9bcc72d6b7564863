/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rules of feature tables that the request alone decides. Field paths are those of
 * feast.core.ApplyFeatureTableRequest. Pure functions: messages are unpacked ones, nothing is kept.
 *
 * What the registry's state decides (does the project live, are the entities there, is the online store active) has its
 * texts here too, while the lookup is the caller's.
 */
#pragma once

#include <stdbool.h>

#include "base/violations.h"
#include "feast/core/FeatureTable.pb-c.h"

/**
 * Brings the spec into the form in which it is stored, in place: maps sorted with each key once; an empty stream_source
 * and an empty online_store are taken away; max_age is always there, in whole seconds. A max_age that
 * fc_table_check refuses is left alone. Order of entities and features is kept. False: arena exhausted.
 */
FC_MUST bool fc_table_normalise(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec);

/** Adds every violation of a normalised spec (NULL when the request has none), in the order in which the peers look. */
void fc_table_check(const Feast__Core__FeatureTableSpec *spec, const char *project,
                    struct fc_violations *violations);

/** Entity number `index` of the spec is not there. */
void fc_table_entity_unknown(const Feast__Core__FeatureTableSpec *spec, size_t index,
                             const char *project, struct fc_violations *violations);

/** The online store that the spec names is not registered, or is archived. */
void fc_table_online_store_unusable(const Feast__Core__FeatureTableSpec *spec, bool archived,
                                    struct fc_violations *violations);

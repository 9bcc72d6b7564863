/* SPDX-License-Identifier: Apache-2.0 */
/** The names of a feature table, entities and features together, for the rules that look them up. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/violations.h"
#include "feast/core/FeatureTable.pb-c.h"

struct fc_table_name {
    const char *name; /**< borrowed from the spec */
    bool feature;     /**< or an entity */
    size_t index;     /**< among its kind, as applied */
};

struct fc_table_names {
    struct fc_table_name *items; /**< by name; of equal ones entities first, then in order */
    size_t count;
};

/** Gathers the names in the arena; false when that is exhausted. */
FC_MUST bool fc_table_names_init(struct fc_table_names *names, struct fc_arena *arena,
                                 const Feast__Core__FeatureTableSpec *spec);

FC_MUST bool fc_table_names_have(const struct fc_table_names *names, const char *name);

/** Adds a violation for each reserved name and for each name that stands twice. */
void fc_table_names_check(const struct fc_table_names *names, struct fc_violations *violations);

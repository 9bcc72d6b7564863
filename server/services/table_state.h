/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the state of the registry says of a feature table that is to be stored: one check for ApplyFeatureTable and
 * Validate, so that a table which validates also applies. Private to the services.
 */
#pragma once

#include "server/admission/admission.h"
#include "storage/registry.h"

struct fc_table_state {
    int64_t project_id;              /**< 0 when there is no such project */
    struct fc_entity_type *entities; /**< those that are there; in the arena */
    size_t entity_count;
    bool has_mode; /**< the project has a validation mode of its own: */
    enum fc_validation_mode mode;
};

/**
 * Adds a violation for an archived project, each unknown entity and an unusable online store, in the order in which the
 * peers look.
 */
FC_MUST fc_rc fc_table_state_check(struct fc_reader *reader, const char *project,
                                   const Feast__Core__FeatureTableSpec *spec,
                                   struct fc_violations *violations, struct fc_table_state *ret,
                                   struct fc_error *err);

/** The validation mode that the project has of its own; false when it has none. The arena is for scratch. */
bool fc_project_mode(const struct fc_project_row *row, struct fc_arena *arena,
                     enum fc_validation_mode *ret);

/* SPDX-License-Identifier: Apache-2.0 */
/** What a feature table wants of a source: its entities, features and times, each with the column it is in. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "feast/admin/v1/report.pb-c.h"
#include "feast/core/FeatureTable.pb-c.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "worker/contract/convert.h"

typedef Feast__Admin__V1__ColumnReport__Role fc_role;
#define FC_ROLE(word) FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__##word

struct fc_bound_column {
    fc_role role;
    const char *name;                       /**< in the table; "" for time columns */
    const char *column;                     /**< in the source */
    Feast__Types__ValueType__Enum declared; /**< of entities and features */
    bool mapped;                            /**< by field_mapping: may be an expression */
};

/** Entities, features, event timestamp, then created timestamp and date partition where they are named. */
struct fc_binding {
    struct fc_bound_column *columns;
    size_t count;
    size_t entity_count, feature_count;
    size_t event; /**< index into columns */
};

/** REQUEST_INVALID when the order does not tell the type of an entity, or has no event timestamp column. */
FC_MUST fc_rc fc_bind(const Feast__Core__FeatureTableSpec *spec,
                      const Feast__Core__DataSource *source,
                      Feast__Worker__V1__EntityType *const *entities, size_t entity_count,
                      struct fc_arena *arena, struct fc_binding *ret, struct fc_error *err);

/**
 * Of a column that the schema does not have: whether field_mapping gives an expression (`x + 1`, or `m.key` where `m` is a
 * map) rather than the name of a column or of a field (`a.b`), which is missing then.
 */
FC_MUST bool fc_bound_is_expression(const struct fc_bound_column *column,
                                    const struct fc_source_schema *schema);

/** Names of all columns in the source, in the order of the binding, whose texts they borrow; in the arena. */
FC_MUST fc_rc fc_bound_columns(const struct fc_binding *binding, struct fc_arena *arena,
                               const char *const **ret, struct fc_error *err);

/** The type of a column under its role. */
struct fc_contract_verdict fc_bound_verdict(const struct fc_bound_column *column,
                                            const struct fc_column_type *type);

/** "entity \"id\"", "event timestamp" */
const char *fc_bound_subject(const struct fc_bound_column *column, struct fc_arena *arena);

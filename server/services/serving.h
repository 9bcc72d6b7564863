/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An online read, independent of the form of its answer: which tables and features are asked for, and what is there
 * for each entity row. Lives in the arena of its call. Private to the serving service.
 */
#pragma once

#include "base/violations.h"
#include "feast/core/FeatureTable.pb-c.h"
#include "feast/serving/ServingService.pb-c.h"
#include "feast/storage/OnlineRow.pb-c.h"
#include "server/registry/entity.h"
#include "server/services/online_pool.h"
#include "server/services/request.h"
#include "storage/online/sqlite.h"
#include "storage/online/stores.h"

typedef Feast__Serving__GetOnlineFeaturesRequestV2 serving_request;
typedef Feast__Serving__GetOnlineFeaturesRequestV2__EntityRow serving_row;

/** A feature table of the request. */
struct serving_table {
    const char *name;
    const Feast__Core__FeatureTableSpec *spec;
    struct fc_entity_type *entities;
    size_t entity_count;
    int64_t max_age_s;                  /**< 0: no limit */
    const struct fc_redis_store *store; /**< NULL: the embedded online store */
    const char *path;                   /**< of its file in the embedded store */
};

/** A feature of the request; each once. */
struct serving_feature {
    size_t table;    /**< index */
    const char *key; /**< "table:feature" */
    const char *name;
    const Feast__Core__FeatureSpecV2 *spec; /**< NULL when the table has no such feature */
};

struct serving_found;

struct serving_read {
    struct fc_arena *arena;
    const struct fc_services *services;
    const char *project;
    const serving_request *request;
    struct serving_table *tables;
    size_t table_count;
    struct serving_feature *features;
    size_t feature_count;
    struct serving_found *fetched; /**< of tables in Redis: row by row, each with all tables */
    struct fc_violations violations;
};

struct serving_value {
    Feast__Types__Value *value; /**< never NULL; empty unless PRESENT */
    Feast__Serving__FieldStatus status;
};

/**
 * Resolves what the request names. Mistakes are added to `read->violations`, all of them; an error is returned for what
 * is no mistake of the request, and when memory is out.
 */
FC_MUST fc_rc serving_resolve(struct serving_read *read, struct fc_error *err);

/** The values of all features for one row, in their order, into `values` (feature_count of them). */
FC_MUST fc_rc serving_read_row(struct serving_read *read, size_t row, int64_t now_s,
                               struct serving_value *values, struct fc_error *err);

/** What the online store has under the key of one row; `row` NULL when that is nothing. */
struct serving_found {
    fc_str key;        /**< empty when a part of it is null: nothing is stored under such a key */
    bool store_exists; /**< something was written for the table */
    struct fc_online_row stored;
    const Feast__Storage__OnlineRow *row; /**< the features of `stored`, decoded */
};
FC_MUST fc_rc serving_find_row(struct serving_read *read, size_t table, size_t row,
                               struct serving_found *ret, struct fc_error *err);
/** The key of a row, as layout a has it; `*ret_whole` is false when a part is null: nothing is stored under such a key. */
FC_MUST fc_rc serving_make_key(struct serving_read *read, const struct serving_table *table,
                               const serving_row *row, fc_str *ret, bool *ret_whole,
                               struct fc_error *err);
/** The value and status of one feature in what was found. */
struct serving_value serving_judge(const struct serving_found *found,
                                   const struct serving_table *table,
                                   const struct serving_feature *feature, int64_t at_s);
/** The value as it is stored, whatever its type and age; NULL when there is none. */
Feast__Types__Value *serving_stored_value(const struct serving_found *found, const char *name);
/** Seconds from the event of a row that was found to `at_s`. */
int64_t serving_age(const struct serving_found *found, int64_t at_s);
/** The time that ages of this row are measured at. */
int64_t serving_time(const serving_row *row, int64_t now_s);

/** Makes the answer, on a thread of the pool once the rows in Redis are there. `read` is in the call's arena. */
typedef void (*serving_answer_fn)(struct fc_rpc_call *call, struct serving_read *read);
void serving_answer(struct fc_rpc_call *call, struct serving_read *read, serving_answer_fn answer);

/** Resolves a request; mistakes are the error, and are in `read->violations` too. */
FC_MUST fc_rc serving_begin(struct serving_read *read, struct fc_arena *arena,
                            const struct fc_services *services, const serving_request *request,
                            struct fc_error *err);

/** The value that an entity row has under this name; NULL when it has none. */
Feast__Types__Value *serving_entity_value(const serving_row *row, const char *name);
/** True when the row names the entity, if only as null. */
bool serving_has_entity(const serving_row *row, const char *name);

/**
 * True when a set value can be the entity's: it has the declared type, or is an integer of the other width in range
 * (the Feast SDK sends every int as int64).
 */
bool serving_key_fits(const struct fc_entity_type *entity, const Feast__Types__Value *value);
/** A value that fits in the declared type: itself or a copy in the arena. NULL when that is exhausted. */
const Feast__Types__Value *serving_key_value(struct fc_arena *arena,
                                             const struct fc_entity_type *entity,
                                             const Feast__Types__Value *value);
/** The violation that a set value is which does not fit. */
void serving_key_refuse(struct fc_violations *violations, const char *field,
                        const struct fc_entity_type *entity, const Feast__Types__Value *value);

/** True when the value is there and not null. */
static inline bool serving_is_set(const Feast__Types__Value *value)
{
    return value && value->val_case != FEAST__TYPES__VALUE__VAL__NOT_SET;
}

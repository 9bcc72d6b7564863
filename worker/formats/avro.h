/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files of the Avro format: types as columns, and bytes as cells. */
#pragma once

#include "base/avro_schema.h"
#include "base/error.h"
#include "worker/formats/columns.h"

/** `["null", T]` and `[T]` are a T that may be null; anything else is itself. */
const struct fc_avro_type *fc_avro_unwrap(const struct fc_avro_type *type);

/** How values of the type are seen by the contract. `text` is NULL when the arena is exhausted. */
struct fc_column_type fc_avro_column_type(const struct fc_avro_type *type, struct fc_arena *arena);

/** One step along `*path` from a record or a map; NULL when there is no such field. `*ret_key` is set for maps. */
const struct fc_avro_type *fc_avro_step(const struct fc_avro_type *type, const char **path,
                                        size_t *ret_field, fc_str *ret_key);

/** The type that a path leads to, NULL when there is none. */
const struct fc_avro_type *fc_avro_find(const struct fc_avro_type *record, const char *path);

/** All columns of the record, bounded. */
void fc_avro_list(const struct fc_avro_type *record, struct fc_columns *columns);

/** Which values of a message are wanted, as a tree along its types. */
struct fc_avro_plan {
    size_t slot;                  /**< of the cell; FC_AVRO_NO_SLOT */
    struct fc_column_type column; /**< of that cell */
    struct fc_avro_plan **fields; /**< RECORD: one a field, NULL for those that are not wanted */
    struct fc_avro_key *keys;     /**< MAP */
    size_t key_count;
};
#define FC_AVRO_NO_SLOT SIZE_MAX

struct fc_avro_key {
    fc_str key;
    struct fc_avro_plan *plan;
};

/**
 * Makes room for the column `path` in the plan and gives its node; NULL when there is no such column or the arena is
 * exhausted.
 */
struct fc_avro_plan *fc_avro_plan_add(struct fc_arena *arena, struct fc_avro_plan *root,
                                      const struct fc_avro_type *record, const char *path);

/**
 * Reads a datum that takes all of the bytes. `cells` are those of the plan, null beforehand. SOURCE_INVALID when the
 * bytes are no such datum.
 */
FC_MUST fc_rc fc_avro_read(const struct fc_avro_type *type, const struct fc_avro_plan *plan,
                           fc_str bytes, struct fc_arena *arena, struct fc_cell *cells,
                           struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/** Parquet's schema elements into column types. */
#pragma once

#include "base/arena.h"
#include "worker/contract/column.h"

/** One row of the engine's parquet_schema(): the schema tree in depth-first order. */
struct fc_parquet_element {
    const char *name;
    const char *physical; /**< "INT64"; NULL for a group */
    const char *length;   /**< of FIXED_LEN_BYTE_ARRAY; NULL for others */
    const char *repetition;
    const char *converted; /**< older annotation; NULL when none */
    const char *logical;   /**< newer annotation; NULL when none */
    const char *engine;    /**< the type the engine reads it as; NULL for a group */
    int64_t children;
};

/**
 * The top-level columns of a schema, whose root is `elements[0]`. False when the elements are no tree or
 * the arena is exhausted.
 */
FC_MUST bool fc_parquet_columns(const struct fc_parquet_element *elements, size_t count,
                                struct fc_arena *arena, struct fc_source_column **ret_columns,
                                size_t *ret_count);

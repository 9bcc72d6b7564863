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

/** Where a column lies in the tree. */
struct fc_parquet_field {
    size_t top;    /**< the top-level column that it is, or is within */
    size_t parent; /**< the struct that it is a field of; itself at the top level */
    size_t place;  /**< among the fields of its parent, from 1 */
};

/**
 * The top-level columns in file order, then the fields of structs by their path, `a.b`. A top-level column of such a name
 * hides the field; other names may repeat. Fields within lists and maps have no name.
 */
struct fc_parquet_schema {
    struct fc_source_column *columns;
    struct fc_parquet_field *fields; /**< of each column */
    size_t count, top_count;
};

/** Of a tree whose root is `elements[0]`. False when the elements are no tree or the arena is exhausted. */
FC_MUST bool fc_parquet_columns(const struct fc_parquet_element *elements, size_t count,
                                struct fc_arena *arena, struct fc_parquet_schema *ret);

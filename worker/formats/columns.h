/* SPDX-License-Identifier: Apache-2.0 */
/** The list of columns that a format describes, and the bounds that schemas without end are cut at. */
#pragma once

#include "base/arena.h"
#include "worker/contract/column.h"

/** Nested columns are listed down to here; a table may name deeper ones. */
#define FC_COLUMNS_DEPTH 8
/** Levels that a name may have. */
#define FC_COLUMNS_DEPTH_MAX 64
/** A type that is used everywhere within itself has more columns than anyone lists. */
#define FC_COLUMNS_MAX 20000

struct fc_columns {
    struct fc_arena *arena;
    struct fc_source_column *items;
    size_t count, capacity;
    bool failed; /**< the arena is exhausted */
};

/** Appends; drops what is beyond FC_COLUMNS_MAX unless `wanted`. */
void fc_columns_add(struct fc_columns *columns, const char *name, const struct fc_column_type *type,
                    bool wanted);

bool fc_columns_has(const struct fc_columns *columns, const char *name);

/** `prefix.name`, or `name` when there is no prefix; NULL when the arena is exhausted. */
const char *fc_columns_name(struct fc_arena *arena, const char *prefix, const char *name);

/** The part of a path before its first dot; `*path` is what follows, NULL at the end. */
fc_str fc_columns_part(const char **path);

/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files of this directory. */
#pragma once

#include <duckdb.h>

#include "base/arena.h"
#include "worker/duck/duck.h"

/** How one column's vectors are read; made once a result. */
struct fc_duck_reader {
    struct fc_column_type type;
    duckdb_type physical; /**< of an enum's index or a decimal's number, else the type itself */
    duckdb_type logical;
    char **dictionary; /**< of an ENUM */
    size_t dictionary_size;
    struct fc_duck_reader *element; /**< of a LIST of scalars */
};

/** NULL when memory is out. */
struct fc_duck_reader *fc_duck_reader_new(duckdb_logical_type type);
void fc_duck_reader_free(struct fc_duck_reader *reader);

/** `count` values from `offset` of the vector into `cells`; false when the arena is exhausted. */
FC_MUST bool fc_duck_reader_read(const struct fc_duck_reader *reader, duckdb_vector vector,
                                 size_t offset, size_t count, struct fc_cell *cells,
                                 struct fc_arena *arena);

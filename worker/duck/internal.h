/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files of this directory. */
#pragma once

#include <duckdb.h>

#include "base/arena.h"
#include "worker/duck/duck.h"

struct fc_duck {
    duckdb_database database;
    duckdb_connection connection;
    duckdb_connection second; /**< for what runs beside; NULL unless the engine is brief */
    struct fc_turns *turns;
};

/** What the engine says, as fc_duck_query tells it: one line, without the type before and the query behind it. */
fc_rc fc_duck_error(duckdb_error_type type, const char *text, struct fc_error *err);
/** Appends a pattern that matches this very path: the engine would read * ? [ as others. */
void fc_duck_put_pattern(struct fc_buf *out, const char *path);

/** The second connection and, where there are turns, a second one of them: one statement at a time. */
FC_MUST bool fc_duck_second_take(struct fc_duck *duck);
void fc_duck_second_give(struct fc_duck *duck);
/** fc_duck_query on the second connection, up to its first rows and without a turn; for any thread. */
FC_MUST fc_rc fc_duck_query_second(struct fc_duck *duck, const char *sql, const char *path,
                                   struct fc_duck_result **ret, struct fc_error *err);

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

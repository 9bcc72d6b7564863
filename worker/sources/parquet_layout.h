/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where the bytes of a Parquet file's columns are, by its footer, and how many of them some rows need. The reading
 * engine has its own opinion of both, but reads only what was fetched by this one.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "worker/sources/parquet_statistics.h"

/** Magic and length at the end of a file. */
#define FC_PARQUET_TAIL 8

struct fc_parquet_chunk {
    size_t column; /**< index into the names asked for */
    bool nested;   /**< a part of a column that is a list, map or struct */
    struct fc_parquet_statistics statistics;
    int64_t first, size;             /**< bytes of the file: dictionary and pages */
    int64_t values;                  /**< as many as rows, unless the column is repeated */
    int64_t index_first, index_size; /**< its offset index; size 0 when it has none */
};

struct fc_parquet_layout_group {
    int64_t first_row, rows;
    struct fc_parquet_chunk *chunks; /**< of the columns asked for; nested ones have several */
    size_t chunk_count;
};

struct fc_parquet_layout {
    struct fc_parquet_layout_group *groups;
    size_t group_count;
    int64_t rows;
};

/** Length of the footer before the tail; -1 when the file's last 8 bytes are no tail, or it does not fit in. */
int64_t fc_parquet_footer_size(const char tail[FC_PARQUET_TAIL], int64_t file_bytes);

/** Reads a footer; `columns` are top-level names. SOURCE_INVALID when it is damaged or points out of the file. */
FC_MUST fc_rc fc_parquet_layout(fc_str footer, int64_t file_bytes, const char *const *columns,
                                size_t count, struct fc_arena *arena, struct fc_parquet_layout *ret,
                                struct fc_error *err);

/** The same of a file, which may be a spool: only its footer is read. `name` is what errors call it. */
FC_MUST fc_rc fc_parquet_layout_of(const char *path, const char *name, const char *const *columns,
                                   size_t count, struct fc_arena *arena,
                                   struct fc_parquet_layout *ret, struct fc_error *err);

/**
 * How many of the chunk's first bytes hold its first `rows` rows, seen its first bytes `prefix`. More than the prefix:
 * ask again with that many. What makes no sense needs all of the chunk. Not for repeated columns.
 */
int64_t fc_parquet_pages_need(fc_str prefix, const struct fc_parquet_chunk *chunk, int64_t rows);

/** The same by the bytes of the chunk's offset index; for any column. */
int64_t fc_parquet_index_need(fc_str index, const struct fc_parquet_chunk *chunk, int64_t rows);

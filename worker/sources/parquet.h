/* SPDX-License-Identifier: Apache-2.0 */
/** What the footer of one Parquet file says. */
#pragma once

#include "worker/duck/beside.h"
#include "worker/duck/duck.h"
#include "worker/sources/parquet_type.h"

struct fc_parquet_file {
    const char *path;                 /**< where the engine opens it */
    const char *name;                 /**< what it is called in errors */
    struct fc_source_column *columns; /**< as fc_parquet_schema has them; names may repeat */
    const struct fc_parquet_field *fields;
    size_t column_count, top_count;
    int64_t rows;
};

struct fc_parquet_place {
    const char *path; /**< absolute */
    const char *name; /**< for people; the path for a local file */
    bool sparse;      /**< only its end is there: what it begins with is not looked at */
};

/**
 * Opens the file and reads its footer. SOURCE_UNREACHABLE when it is gone or may not be read;
 * SOURCE_INVALID, naming the file, when it is empty, no Parquet, encrypted or damaged. The place's strings are kept.
 */
FC_MUST fc_rc fc_parquet_describe(struct fc_duck *duck, const struct fc_parquet_place *place,
                                  struct fc_arena *arena, struct fc_parquet_file *ret,
                                  struct fc_error *err);

/** Whether the column has nulls, or the footer does not count them. An index into `file->columns`. */
FC_MUST fc_rc fc_parquet_may_be_null(struct fc_duck *duck, const struct fc_parquet_file *file,
                                     size_t column, bool *ret, struct fc_error *err);

/** Appends the column as SQL that `where` of a scan understands. */
void fc_parquet_put_column(struct fc_buf *sql, const struct fc_parquet_file *file, size_t column);

struct fc_parquet_scan {
    const size_t *columns; /**< indices into file->columns */
    size_t count;
    const char *where;            /**< SQL over columns of fc_parquet_put_column, or NULL */
    int64_t first_row, row_count; /**< a span of the file's rows; row_count 0 means to the end */
};
/** Rows of the columns, then the row's number within the file; in file order. Data that does not decode is SOURCE_INVALID naming the file. */
FC_MUST fc_rc fc_parquet_open(struct fc_duck *duck, const struct fc_parquet_file *file,
                              const struct fc_parquet_scan *scan, struct fc_duck_result **ret,
                              struct fc_error *err);

/** The same by a thread of its own; NULL when there is none to be had (worker/duck/beside.h). */
struct fc_duck_beside *fc_parquet_open_beside(struct fc_duck *duck,
                                              const struct fc_parquet_file *file,
                                              const struct fc_parquet_scan *scan);
FC_MUST fc_rc fc_parquet_join(struct fc_duck_beside *beside, const struct fc_parquet_file *file,
                              struct fc_duck_result **ret, struct fc_error *err);

/**
 * Puts the file's name before an error of reading on; engine errors about the data become SOURCE_INVALID, about an encoding
 * or a codec that it does not know SOURCE_UNSUPPORTED.
 */
fc_rc fc_parquet_error(const struct fc_parquet_file *file, struct fc_error *err);

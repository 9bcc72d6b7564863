/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A source column and its values, in terms that no engine or format leaks into: what sources give
 * and the contract judges.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/** Physical meaning of a column, over all formats. */
enum fc_column_kind {
    FC_COLUMN_UNKNOWN,
    FC_COLUMN_NULL, /**< a type that holds nothing but nulls */
    FC_COLUMN_BOOL,
    FC_COLUMN_INT8,
    FC_COLUMN_INT16,
    FC_COLUMN_INT32,
    FC_COLUMN_INT64,
    FC_COLUMN_UINT8,
    FC_COLUMN_UINT16,
    FC_COLUMN_UINT32,
    FC_COLUMN_UINT64,
    FC_COLUMN_FLOAT16,
    FC_COLUMN_FLOAT32,
    FC_COLUMN_FLOAT64,
    FC_COLUMN_DECIMAL,
    FC_COLUMN_STRING,
    FC_COLUMN_BINARY,
    FC_COLUMN_DATE,
    FC_COLUMN_TIME,
    FC_COLUMN_TIMESTAMP_UTC,   /**< an instant */
    FC_COLUMN_TIMESTAMP_NAIVE, /**< no zone; read as UTC */
    FC_COLUMN_LIST,
    FC_COLUMN_MAP,
    FC_COLUMN_STRUCT,
    FC_COLUMN_UNION, /**< of types that no one type takes in */
};
#define FC_COLUMN_KINDS (FC_COLUMN_UNION + 1)

struct fc_column_type {
    enum fc_column_kind kind;
    enum fc_column_kind element; /**< of a LIST */
    uint8_t precision, scale;    /**< of a DECIMAL, or of a LIST of them */
    bool nanos;                  /**< a timestamp in nanoseconds */
    bool int96;       /**< naive timestamp stored as Parquet INT96: UTC by convention, no warning */
    const char *text; /**< as people write it: "int64", "list<double>", "timestamp[us]" */
};

struct fc_source_column {
    const char *name;
    struct fc_column_type type;
};

/** A file whose column is unlike the first file's. */
struct fc_source_disagreement {
    const char *path, *first_path;
    const char *column;
    struct fc_column_type type; /**< here; `text` NULL when the file lacks the column */
    const char *first_text;     /**< type in the first file; NULL when that one lacks it */
};

struct fc_source_schema {
    struct fc_source_column *columns; /**< in the order of the first file; names may repeat */
    size_t column_count;
    size_t files_total, files_seen;
    bool files_cut;     /**< there are more files than were listed */
    int64_t rows_total; /**< of the files seen when that is all of them, else -1 */
    int64_t bytes_total;
    struct fc_source_disagreement *disagreements;
    size_t disagreement_count;
    bool disagreements_cut; /**< there are more than are listed */
};

/** One value of a sampled or scanned row. Which member holds it follows from the column's kind. */
struct fc_cell {
    bool null;
    union {
        bool boolean;     /**< BOOL */
        int64_t integer;  /**< INT8 to INT64, UINT8 to UINT32; DATE: days since 1970 */
        uint64_t natural; /**< UINT64 */
        double real;      /**< FLOAT16 to FLOAT64 */
        struct {
            int64_t high;
            uint64_t low;
        } decimal; /**< unscaled 128-bit value, two's complement */
        struct {
            int64_t seconds; /**< since 1970, or since midnight; rounded down */
            int32_t nanos;   /**< 0 to 999 999 999 */
        } time;              /**< TIMESTAMP_*, TIME */
        fc_str bytes;        /**< STRING, BINARY */
        struct {
            const struct fc_cell *items;
            size_t count;
        } list; /**< LIST; without items when they are nested themselves */
    } as;       /**< nothing for NULL, MAP, STRUCT, UNION and UNKNOWN */
};

/** A batch of rows: `cells[column][row]`. Lives until the callback returns. */
struct fc_batch {
    size_t row_count, column_count;
    const struct fc_source_column *columns; /**< the columns asked for, typed as in this file */
    const struct fc_cell *const *cells;
    const char *path;         /**< the file they are from */
    const int64_t *positions; /**< of each row within the file, from 0; NULL when unknown */
    /** Of each row, why its bytes could not be decoded, and where it is; such a row has no cells. NULL: all were. */
    const char *const *faults;
};

/** Another code than FC_OK ends the reading and is handed on. */
typedef fc_rc (*fc_batch_fn)(void *ctx, const struct fc_batch *batch, struct fc_error *err);

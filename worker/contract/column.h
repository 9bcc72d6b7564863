/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A source column and its values, in terms that no engine or format leaks into: what sources give and the contract
 * judges.
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
};

struct fc_column_type {
    enum fc_column_kind kind;
    enum fc_column_kind element; /**< of a LIST */
    uint8_t precision, scale;    /**< of a DECIMAL, or of a LIST of them */
    bool int96;                  /**< naive timestamp stored as Parquet INT96: UTC by convention, no warning */
    const char *text;            /**< as people write it: "int64", "list<double>", "decimal(10,2)", "timestamp[us]" */
};

struct fc_source_column {
    const char *name;
    struct fc_column_type type;
};

struct fc_source_schema {
    struct fc_source_column *columns;
    size_t column_count;
    size_t files_total, files_seen;
    int64_t rows_total; /**< -1 unknown */
    int64_t bytes_total;
    /** Files whose schema disagrees with the first: "path: column x is string, int64 in path0". */
    const char **disagreements;
    size_t disagreement_count;
};

/** One value of a sampled or scanned row. */
struct fc_cell {
    bool null;
    union {
        bool boolean;
        int64_t integer;   /**< all signed kinds, uint8..uint32, DATE (days), TIMESTAMP (see nanos) as seconds */
        uint64_t natural;  /**< uint64 */
        double real;       /**< float16, float32, float64 */
        struct {
            int64_t high;
            uint64_t low;
        } decimal; /**< unscaled 128-bit value, two's complement */
        struct {
            int64_t seconds;
            int32_t nanos;
        } time;
        fc_str bytes; /**< string, binary */
        struct {
            const struct fc_cell *items;
            size_t count;
        } list;
    } as;
};

/** A batch of rows: `cells[column][row]`. Lives until the callback returns. */
struct fc_batch {
    size_t row_count, column_count;
    struct fc_cell *const *cells;
};
typedef fc_rc (*fc_batch_fn)(void *ctx, const struct fc_batch *batch, struct fc_error *err);

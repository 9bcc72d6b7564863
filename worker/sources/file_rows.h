/* SPDX-License-Identifier: Apache-2.0 */
/** Rows of some columns of one file, which one thread decodes or, each half of the columns, two. */
#pragma once

#include "worker/sources/file.h"

struct fc_file_rows {
    const struct fc_parquet_file *parquet;
    struct fc_duck_result *parts[2]; /**< the second is NULL when there is one thread */
    size_t counts[2];                /**< columns of each */
};

/** Zeroed before; the columns are reader->read. */
FC_MUST fc_rc fc_file_rows_open(struct fc_source *source, const struct fc_file_reader *reader,
                                const struct fc_file_run *run, struct fc_file_rows *ret,
                                struct fc_error *err);
/** May be done again. */
void fc_file_rows_done(struct fc_file_rows *rows);

/** How the engine reads one of the columns. */
struct fc_column_type fc_file_rows_type(const struct fc_file_rows *rows, size_t column);

/** As fc_duck_next: the columns, and behind them the row's number within the file. */
FC_MUST fc_rc fc_file_rows_next(struct fc_file_rows *rows, struct fc_arena *arena,
                                const struct fc_cell *const **ret_cells, size_t *ret_rows,
                                struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/** Pages of BigQuery rows, from the JSON of the REST API into batches. Pure. */
#pragma once

#include "worker/sources/bigquery_schema.h"

/** Where a column is within the rows of a page: `steps[0]` is the cell of the row, further ones lead into records. */
struct fc_bq_place {
    const struct fc_bq_field *field;
    size_t steps[FC_BQ_DEPTH_MAX];
    size_t depth;
};

/** What pages have been asked for, and how their rows are read. */
struct fc_bq_plan {
    struct fc_bq_place *places; /**< one a column */
    struct fc_source_column *columns;
    size_t count;
    size_t width;         /**< cells that each row has */
    const char *selected; /**< names of top-level fields, joined by commas, in the schema's order */
};

/**
 * For rows as they lie in the table: whole top-level fields, in the schema's order. SOURCE_MISMATCH when a name is no
 * column.
 */
FC_MUST fc_rc fc_bq_plan_table(const struct fc_bq_schema *schema, const char *const *names,
                               size_t count, const char *what, struct fc_arena *arena,
                               struct fc_bq_plan *ret, struct fc_error *err);

/** For rows of a query that selects these very columns, in this order. */
FC_MUST fc_rc fc_bq_plan_query(const struct fc_bq_schema *schema, const char *const *names,
                               size_t count, const char *what, struct fc_arena *arena,
                               struct fc_bq_plan *ret, struct fc_error *err);

struct fc_bq_page {
    const json_t *rows; /**< the array "rows" of an answer; NULL counts as empty */
    int64_t first;      /**< position of its first row, for messages and batches */
    const char *what;   /**< for error texts */
    const char *path;   /**< of the batch */
};

/** The page as one batch in the arena. SOURCE_INVALID, naming row and column, when it is not what was asked for. */
FC_MUST fc_rc fc_bq_rows_read(const struct fc_bq_plan *plan, const struct fc_bq_page *page,
                              struct fc_arena *arena, struct fc_batch *ret, struct fc_error *err);

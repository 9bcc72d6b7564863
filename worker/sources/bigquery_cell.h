/* SPDX-License-Identifier: Apache-2.0 */
/** Values of BigQuery rows, from the JSON of the REST API into the contract's cells. Pure. */
#pragma once

#include "worker/sources/bigquery_schema.h"

enum fc_bq_result {
    FC_BQ_READ,
    FC_BQ_MISFIT, /**< the value is nothing that its type may hold */
    FC_BQ_NO_MEMORY,
};

/**
 * The "v" of a row's cell. What it points to lies in the arena. A `wide` decimal, or a list of them, comes as text in
 * `as.bytes` (worker/sources/bigquery_decimal.h makes decimals of a whole column). Records are there or null. After a
 * misfit `*ret_expected` says what would have been right.
 */
FC_MUST enum fc_bq_result fc_bq_cell_read(const struct fc_bq_field *field, const json_t *value,
                                          struct fc_arena *arena, struct fc_cell *ret,
                                          const char **ret_expected);

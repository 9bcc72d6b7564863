/* SPDX-License-Identifier: Apache-2.0 */
/** Queries as jobs of BigQuery: started, waited for, and their result page by page. */
#pragma once

#include "worker/sources/bigquery_service.h"

struct fc_bq_query {
    const char *sql;      /**< GoogleSQL */
    const char *project;  /**< that is billed */
    const char *location; /**< of the data; NULL when it is not known */
    int64_t billed_max; /**< bytes; BigQuery refuses a query that would read more. 0 for no limit */
    int64_t page_rows;
};

/**
 * Takes a page over, for json_decref, also when it fails; `total` is the number of rows of the whole result, -1 when it
 * was not told.
 */
typedef fc_rc (*fc_bq_page_fn)(void *ctx, json_t *page, int64_t total, struct fc_error *err);

/**
 * Runs the query and hands on the pages of its result. What `fn` fails with ends it; `*ret_problem` is as in
 * fc_bq_call. The job is given the time that is left until the deadline and no more.
 */
FC_MUST fc_rc fc_bq_query_run(struct fc_bq_service *service, const struct fc_bq_query *query,
                              fc_bq_page_fn fn, void *ctx, struct fc_arena *arena,
                              enum fc_bq_problem *ret_problem, struct fc_error *err);

/** The schema that the query's result would have ("schema" of `*ret`, for json_decref): costs nothing. */
FC_MUST fc_rc fc_bq_query_schema(struct fc_bq_service *service, const struct fc_bq_query *query,
                                 struct fc_arena *arena, json_t **ret,
                                 enum fc_bq_problem *ret_problem, struct fc_error *err);

/** Replaces `token` by that of the page behind this one; false when there is none. */
bool fc_bq_next_token(const json_t *page, struct fc_buf *token);

/** A whole number that the REST API writes as a string; `none` when it is not there. */
int64_t fc_bq_number(const json_t *object, const char *name, int64_t none);

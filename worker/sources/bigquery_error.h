/* SPDX-License-Identifier: Apache-2.0 */
/** What BigQuery says when it refuses, in words that help. Pure. */
#pragma once

#include <jansson.h>

#include "base/error.h"

/** What a caller may act upon; the rest is for people. */
enum fc_bq_problem {
    FC_BQ_FINE,
    FC_BQ_UNAUTHENTICATED, /**< 401 */
    FC_BQ_DENIED,
    FC_BQ_NOT_FOUND,
    FC_BQ_RATE,         /**< too fast; later it may do */
    FC_BQ_QUOTA,        /**< used up for now */
    FC_BQ_EXPENSIVE,    /**< a query would read more than it may */
    FC_BQ_NEEDS_FILTER, /**< a query must say which partitions it wants */
    FC_BQ_INVALID,
    FC_BQ_DOWN, /**< 5xx */
};

struct fc_bq_refusal {
    long status;
    const json_t *body;  /**< NULL when it was no JSON */
    const char *what;    /**< subject of the message: "BigQuery table p.d.t" */
    const char *needs;   /**< permissions that the request takes, for messages */
    bool anonymous;      /**< the request carried no token */
    const char *project; /**< that the request was billed to; NULL when it costs nothing */
};

/** FC_BQ_FINE for a status of success. */
enum fc_bq_problem fc_bq_problem_of(const struct fc_bq_refusal *refusal);

/**
 * The refusal as an error: SOURCE_UNREACHABLE, or SOURCE_INVALID when the request itself cannot be served for this
 * source.
 */
FC_MUST fc_rc fc_bq_refuse(const struct fc_bq_refusal *refusal, struct fc_error *err);

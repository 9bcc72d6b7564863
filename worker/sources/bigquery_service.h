/* SPDX-License-Identifier: Apache-2.0 */
/** Calls to BigQuery's REST API: where it is, who asks, what is tried again, and refusals as errors. */
#pragma once

#include "worker/net/http.h"
#include "worker/sources/bigquery_error.h"
#include "worker/sources/source.h"

/** Of one source; everything lies in its arena but the HTTP client. */
struct fc_bq_service {
    struct fc_http *http;
    const struct fc_sys *sys;
    int64_t deadline_ns; /**< monotonic, 0 for none */
    const char *base;    /**< URL without a trailing slash */
    bool anonymous;      /**< an emulator: it is not told who asks */
    const char *what;    /**< "BigQuery table p.d.t", for messages */
};

/** Where the service is: the order, BIGQUERY_EMULATOR_HOST, Google. */
FC_MUST fc_rc fc_bq_service_open(const struct fc_source_env *env, const char *what,
                                 struct fc_arena *arena, struct fc_bq_service *ret,
                                 struct fc_error *err);
void fc_bq_service_close(struct fc_bq_service *service);

struct fc_bq_request {
    const char *path;    /**< behind "/bigquery/v2", with its query string */
    const json_t *body;  /**< posted; NULL for a GET */
    const char *needs;   /**< permissions, for messages */
    const char *project; /**< that is billed; NULL when the call costs nothing */
};

/**
 * The answer's JSON, for json_decref, or an error; `*ret_problem` says which kind when BigQuery refused and
 * FC_BQ_FINE in all other cases. Refusals for coming too fast are tried again within the deadline.
 */
FC_MUST fc_rc fc_bq_call(struct fc_bq_service *service, const struct fc_bq_request *request,
                         struct fc_arena *arena, json_t **ret, enum fc_bq_problem *ret_problem,
                         struct fc_error *err);

static inline void fc_bq_json_freep(json_t **json)
{
    json_decref(*json);
}

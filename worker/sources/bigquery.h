/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files of the BigQuery source. */
#pragma once

#include "worker/sources/bigquery_query.h"
#include "worker/sources/bigquery_rows.h"

#define FC_BQ_SCRATCH_MAX ((size_t)512 << 20)

/** A table or view that is there. All of it lies in the arena but the HTTP client. */
struct fc_source {
    const struct fc_source_env *env;
    struct fc_arena *arena;
    struct fc_bq_service service;
    const char *project, *dataset, *table; /**< the table with its decorator */
    const char *name;                      /**< "project.dataset.table" */
    const char *billed;                    /**< project that pays for queries */
    const char *location;                  /**< NULL when it is not known */
    bool listed;                           /**< rows can be listed, which costs nothing */
    bool decorated;                        /**< one partition: queries have no word for it */
    bool streaming;                        /**< has rows that only a query is sure to see */
    int64_t rows, bytes;                   /**< of a listed one; -1 when it was not told */
    int64_t modified_ms; /**< of a listed one, since 1970; -1 when it was not told */
    const struct fc_bq_field *partition; /**< column it is partitioned by; NULL for none */
    struct fc_bq_schema schema;
};

/** Bytes of answers so far. */
static inline int64_t fc_bq_bytes(const struct fc_source *source)
{
    return fc_http_stats(source->service.http).bytes;
}

/** Whether one of the columns is none of the rows, so that they cannot be listed. */
bool fc_bq_needs_query(const struct fc_source *source, const char *const *columns, size_t count);

/** Where a list of rows begins: at a row, or where the page before it ended. */
struct fc_bq_list {
    const struct fc_bq_plan *plan;
    int64_t start;     /**< row */
    int64_t rows;      /**< at most, of this page */
    const char *token; /**< NULL to begin at the row */
};

/** A page of the table's rows, for json_decref. */
FC_MUST fc_rc fc_bq_list_rows(struct fc_source *source, const struct fc_bq_list *list,
                              struct fc_arena *arena, json_t **ret, struct fc_error *err);

fc_rc fc_bq_sample(struct fc_source *source, const char *const *columns, size_t count,
                   fc_batch_fn fn, void *ctx, struct fc_sample_stats *ret, struct fc_error *err);
fc_rc fc_bq_scan(struct fc_source *source, const struct fc_scan_request *request, fc_batch_fn fn,
                 void *ctx, struct fc_scan_progress *progress, struct fc_error *err);

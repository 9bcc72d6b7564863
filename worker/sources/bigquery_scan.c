/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rows of a span. A query reads the columns and partitions that it needs and is billed for them, a list of rows
 * reads everything and is free: small tables, single partitions and spans without an end are listed.
 */
#include "worker/contract/lattice.h"
#include "worker/sources/bigquery.h"
#include "worker/sources/bigquery_sql.h"

#define PAGE_ROWS INT64_C(10000)
/* BigQuery bills no query for less. */
#define SMALL_BYTES (INT64_C(10) << 20)

struct scan {
    struct fc_source *source;
    const struct fc_bq_plan *plan;
    fc_batch_fn fn;
    void *ctx;
    struct fc_scan_progress *progress;
    struct fc_arena *scratch; /**< of one page */
    int64_t bytes_before;
    int64_t rows; /**< handed on so far */
};

/* Rows of a span count as their share of the table: that is what progress is measured in. */
static int64_t passed(const struct scan *scan, int64_t total)
{
    if (total <= 0 || scan->source->rows <= 0)
        return scan->rows;
    double share = (double)scan->rows / (double)total;
    return (int64_t)((share < 1 ? share : 1) * (double)scan->source->rows);
}

static fc_rc take_page(void *ctx, const json_t *answer, int64_t total, struct fc_error *err)
{
    struct scan *scan = ctx;
    const struct fc_bq_page page = {.rows = json_object_get(answer, "rows"),
                                    .first = scan->rows,
                                    .what = scan->source->service.what,
                                    .path = scan->source->name};
    struct fc_batch batch;

    fc_arena_reset(scan->scratch);
    fc_rc rc = fc_bq_rows_read(scan->plan, &page, scan->scratch, &batch, err);
    if (rc != FC_OK)
        return rc;
    scan->rows += (int64_t)batch.row_count;
    scan->progress->rows_passed = passed(scan, total);
    scan->progress->bytes_read = fc_bq_bytes(scan->source) - scan->bytes_before;
    return batch.row_count > 0 ? scan->fn(scan->ctx, &batch, err) : FC_OK;
}

/* The token lives as long as the answer it came in. */
static fc_rc scan_by_list(struct scan *scan, struct fc_error *err)
{
    FC_CLEANUP(fc_bq_json_freep) json_t *answer = NULL;
    FC_CLEANUP(fc_arena_freep) struct fc_arena *request = fc_arena_new(FC_BQ_SCRATCH_MAX);
    struct fc_bq_list list = {.plan = scan->plan, .rows = PAGE_ROWS};
    fc_rc rc = request ? FC_OK : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a scan");

    while (rc == FC_OK) {
        json_t *next = NULL;
        fc_arena_reset(request);
        rc = fc_bq_list_rows(scan->source, &list, request, &next, err);
        json_decref(answer);
        answer = next;
        if (rc == FC_OK)
            rc = take_page(scan, answer, fc_bq_number(answer, "totalRows", -1), err);
        list.token = json_string_value(json_object_get(answer, "pageToken"));
        if (!list.token || list.token[0] == '\0')
            break;
    }
    return rc;
}

/* The column that the table names as its date partition, when BigQuery's partitions are by that very column. */
static const struct fc_bq_field *partition_of(const struct fc_source *source, const char *name)
{
    const struct fc_bq_field *field = name ? fc_bq_schema_find(&source->schema, name) : NULL;

    return field && (field == source->partition || field->pseudo) ? field : NULL;
}

static fc_rc scan_by_query(struct scan *scan, const struct fc_scan_request *request,
                           struct fc_error *err)
{
    struct fc_source *source = scan->source;
    struct fc_buf sql = FC_BUF_INIT;
    enum fc_bq_problem problem = FC_BQ_FINE;
    fc_rc rc = FC_OK;

    fc_bq_sql_select(&sql, source->name, request->columns, request->count);
    fc_bq_sql_span(&sql, request,
                   fc_bq_schema_find(&source->schema, request->columns[request->event]),
                   partition_of(source, request->date_partition));
    const struct fc_bq_query query = {.sql = sql.ptr,
                                      .project = source->billed,
                                      .location = source->location,
                                      .page_rows = PAGE_ROWS};
    if (sql.failed)
        rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: no memory for a query",
                     source->service.what);
    else
        rc = fc_bq_query_run(&source->service, &query, take_page, scan, source->arena, &problem,
                             err);
    fc_buf_done(&sql);
    return rc;
}

static bool is_listed(const struct fc_source *source, const struct fc_scan_request *request)
{
    bool open = !request->start.set && !request->end.set;
    bool small = source->bytes > 0 && source->bytes <= SMALL_BYTES;

    if (fc_bq_needs_query(source, request->columns, request->count))
        return false;
    return source->decorated || (!source->streaming && (open || small));
}

static fc_rc check_request(const struct fc_source *source, const struct fc_scan_request *request,
                           bool listed, struct fc_error *err)
{
    const char *name = request->columns[request->event];
    const struct fc_bq_field *event = fc_bq_schema_find(&source->schema, name);

    if (event && fc_contract_timestamp(&event->type).level == FC_LEVEL_REJECT)
        return fc_fail(err, FC_REASON_SOURCE_MISMATCH, "%s: column \"%s\" is %s and no timestamp",
                       source->service.what, name, event->type.text);
    if (source->decorated && !listed)
        return fc_fail(err, FC_REASON_SOURCE_MISMATCH,
                       "%s: rows of a single partition have no _PARTITIONTIME",
                       source->service.what);
    return FC_OK;
}

fc_rc fc_bq_scan(struct fc_source *source, const struct fc_scan_request *request, fc_batch_fn fn,
                 void *ctx, struct fc_scan_progress *progress, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *scratch = fc_arena_new(FC_BQ_SCRATCH_MAX);
    bool listed = is_listed(source, request);
    struct fc_bq_plan plan;
    struct scan scan = {.source = source,
                        .plan = &plan,
                        .fn = fn,
                        .ctx = ctx,
                        .progress = progress,
                        .scratch = scratch,
                        .bytes_before = fc_bq_bytes(source)};

    *progress = (struct fc_scan_progress){.bytes_read = 0};
    if (!scratch)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a scan");
    fc_rc rc = listed ? fc_bq_plan_table(&source->schema, request->columns, request->count,
                                         source->service.what, source->arena, &plan, err)
                      : fc_bq_plan_query(&source->schema, request->columns, request->count,
                                         source->service.what, source->arena, &plan, err);
    if (rc == FC_OK)
        rc = check_request(source, request, listed, err);
    if (rc != FC_OK)
        return rc;
    return listed ? scan_by_list(&scan, err) : scan_by_query(&scan, request, err);
}

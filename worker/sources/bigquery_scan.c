/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rows of a span. A query reads the columns and partitions that it needs and is billed for them, a list of rows
 * reads everything and is free: small tables, single partitions and spans without an end are listed.
 */
#include "worker/contract/lattice.h"
#include "worker/sources/bigquery.h"
#include "worker/sources/bigquery_ahead.h"
#include "worker/sources/bigquery_sql.h"

/* Of a page: parsed, a cell takes some 400 bytes, and four pages may be in memory at once. */
#define PAGE_CELLS     INT64_C(50000)
#define PAGE_ROWS      INT64_C(10000)
#define PAGE_ROWS_LESS INT64_C(500)
/* BigQuery bills no query for less. */
#define SMALL_BYTES (INT64_C(10) << 20)

struct scan {
    struct fc_source *source;
    const struct fc_bq_plan *plan;
    fc_batch_fn fn;
    void *ctx;
    struct fc_scan_progress *progress;
    struct fc_arena *scratch;  /**< of one page */
    struct fc_arena *requests; /**< of the thread that asks for pages */
    const char *sql;           /**< NULL when rows are listed */
    int64_t bytes_before;
    int64_t rows; /**< handed on so far */
};

static int64_t page_rows(const struct fc_bq_plan *plan)
{
    int64_t rows = PAGE_CELLS / (int64_t)(plan->count > 0 ? plan->count : 1);

    return rows > PAGE_ROWS ? PAGE_ROWS : rows < PAGE_ROWS_LESS ? PAGE_ROWS_LESS : rows;
}

/* Rows of a span count as their share of the table: that is what progress is measured in. */
static int64_t passed(const struct scan *scan, int64_t total)
{
    if (total <= 0 || scan->source->rows <= 0)
        return scan->rows;
    double share = (double)scan->rows / (double)total;
    return (int64_t)((share < 1 ? share : 1) * (double)scan->source->rows);
}

static fc_rc take_page(void *ctx, const json_t *answer, int64_t total, int64_t bytes,
                       struct fc_error *err)
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
    scan->progress->bytes_read = bytes - scan->bytes_before;
    return batch.row_count > 0 ? scan->fn(scan->ctx, &batch, err) : FC_OK;
}

static fc_rc list_pages(const struct scan *scan, fc_bq_page_fn emit, void *emit_ctx,
                        struct fc_error *err)
{
    struct fc_bq_list list = {.plan = scan->plan, .rows = page_rows(scan->plan)};
    struct fc_buf token = FC_BUF_INIT;
    bool more = true;
    fc_rc rc = FC_OK;

    while (rc == FC_OK && more) {
        json_t *answer = NULL;
        fc_arena_reset(scan->requests);
        rc = fc_bq_list_rows(scan->source, &list, scan->requests, &answer, err);
        if (rc != FC_OK)
            break;
        more = fc_bq_next_token(answer, &token);
        list.token = token.ptr;
        if (token.failed) {
            json_decref(answer);
            rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a scan");
        } else {
            rc = emit(emit_ctx, answer, fc_bq_number(answer, "totalRows", -1), err);
        }
    }
    fc_buf_done(&token);
    return rc;
}

static fc_rc query_pages(const struct scan *scan, fc_bq_page_fn emit, void *emit_ctx,
                         struct fc_error *err)
{
    const struct fc_bq_query query = {.sql = scan->sql,
                                      .project = scan->source->billed,
                                      .location = scan->source->location,
                                      .page_rows = page_rows(scan->plan)};
    enum fc_bq_problem problem = FC_BQ_FINE;

    return fc_bq_query_run(&scan->source->service, &query, emit, emit_ctx, scan->requests, &problem,
                           err);
}

/* On a thread of its own: touches nothing of the scan that changes meanwhile. */
static fc_rc make_pages(void *ctx, fc_bq_page_fn emit, void *emit_ctx, struct fc_error *err)
{
    const struct scan *scan = ctx;

    return scan->sql ? query_pages(scan, emit, emit_ctx, err)
                     : list_pages(scan, emit, emit_ctx, err);
}

static fc_rc run(struct scan *scan, struct fc_error *err)
{
    const struct fc_bq_ahead ahead = {.service = &scan->source->service,
                                      .produce = make_pages,
                                      .produce_ctx = scan,
                                      .take = take_page,
                                      .take_ctx = scan};

    return fc_bq_read_ahead(&ahead, err);
}

/* The column that the table names as its date partition, when BigQuery's partitions are by that very column. */
static const struct fc_bq_field *partition_of(const struct fc_source *source, const char *name)
{
    const struct fc_bq_field *field = name ? fc_bq_schema_find(&source->schema, name) : NULL;

    return field && (field == source->partition || field->pseudo) ? field : NULL;
}

static fc_rc run_query(struct scan *scan, const struct fc_scan_request *request,
                       struct fc_error *err)
{
    const struct fc_source *source = scan->source;
    struct fc_buf sql = FC_BUF_INIT;

    fc_bq_sql_select(&sql, source->name, request->columns, request->count);
    fc_bq_sql_span(&sql, request,
                   fc_bq_schema_find(&source->schema, request->columns[request->event]),
                   partition_of(source, request->date_partition));
    scan->sql = sql.ptr;
    fc_rc rc = sql.failed ? fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: no memory for a query",
                                    source->service.what)
                          : run(scan, err);
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
    FC_CLEANUP(fc_arena_freep) struct fc_arena *requests = fc_arena_new(FC_BQ_SCRATCH_MAX);
    bool listed = is_listed(source, request);
    struct fc_bq_plan plan;
    struct scan scan = {.source = source,
                        .plan = &plan,
                        .fn = fn,
                        .ctx = ctx,
                        .progress = progress,
                        .scratch = scratch,
                        .requests = requests,
                        .bytes_before = fc_bq_bytes(source)};

    *progress = (struct fc_scan_progress){.bytes_read = 0};
    if (!scratch || !requests)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a scan");
    fc_rc rc = listed ? fc_bq_plan_table(&source->schema, request->columns, request->count,
                                         source->service.what, source->arena, &plan, err)
                      : fc_bq_plan_query(&source->schema, request->columns, request->count,
                                         source->service.what, source->arena, &plan, err);
    if (rc == FC_OK)
        rc = check_request(source, request, listed, err);
    if (rc != FC_OK)
        return rc;
    return listed ? run(&scan, err) : run_query(&scan, request, err);
}

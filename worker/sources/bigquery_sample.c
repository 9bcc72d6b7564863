/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample of a table is a few runs of rows, listed at places that are spread over it: free of charge, and partitions
 * need no filter. A view has no rows to list: the first of a query are taken, which BigQuery bills as if all were
 * read, and so refuses when that is more than a probe may cost.
 */
#include "worker/sources/bigquery.h"
#include "worker/sources/bigquery_sql.h"

/* Each is a request of some tenths of a second. */
#define SLICES_MAX INT64_C(8)
/* Where there is no limit on rows. */
#define PAGE_ROWS  INT64_C(10000)
#define BILLED_MAX (INT64_C(1) << 30)

struct sampling {
    struct fc_source *source;
    const struct fc_bq_plan *plan;
    fc_batch_fn fn;
    void *ctx;
    int64_t rows_left;
    int64_t bytes_limit; /**< 0 for none */
    int64_t bytes_before;
    struct fc_sample_stats *stats;
    struct fc_arena *scratch; /**< of one page */
};

static bool past_deadline(const struct fc_source *source)
{
    return source->env->deadline_ns != 0 &&
           fc_monotonic_ns(source->env->sys) >= source->env->deadline_ns;
}

/* True when the sample must end here although rows are left to take. */
static bool is_over(struct sampling *s)
{
    s->stats->bytes_read = fc_bq_bytes(s->source) - s->bytes_before;
    if (past_deadline(s->source) || (s->bytes_limit > 0 && s->stats->bytes_read >= s->bytes_limit))
        s->stats->cut = true;
    return s->stats->cut || s->rows_left <= 0;
}

/* `*ret_rows` is how many the page had. */
static fc_rc take_page(struct sampling *s, const json_t *answer, int64_t first, int64_t *ret_rows,
                       struct fc_error *err)
{
    const struct fc_bq_page page = {.rows = json_object_get(answer, "rows"),
                                    .first = first,
                                    .what = s->source->service.what,
                                    .path = s->source->name};
    struct fc_batch batch;

    fc_arena_reset(s->scratch);
    fc_rc rc = fc_bq_rows_read(s->plan, &page, s->scratch, &batch, err);
    if (rc != FC_OK)
        return rc;
    *ret_rows = (int64_t)batch.row_count;
    if (*ret_rows > s->rows_left)
        batch.row_count = (size_t)s->rows_left;
    s->rows_left -= (int64_t)batch.row_count;
    return batch.row_count > 0 ? s->fn(s->ctx, &batch, err) : FC_OK;
}

/* Up to `rows` from `first` on; `*ret_more` says whether the table goes on behind them. */
static fc_rc sample_run(struct sampling *s, int64_t first, int64_t rows, bool *ret_more,
                        struct fc_error *err)
{
    FC_CLEANUP(fc_bq_json_freep) json_t *answer = NULL;
    const struct fc_bq_list list = {.plan = s->plan, .start = first, .rows = rows};
    int64_t got = 0;

    fc_rc rc = fc_bq_list_rows(s->source, &list, s->scratch, &answer, err);
    if (rc == FC_OK)
        rc = take_page(s, answer, first, &got, err);
    *ret_more = got > 0 && json_object_get(answer, "pageToken") != NULL;
    return rc;
}

/* All rows, or the first so many of a table whose size is not known. */
static fc_rc sample_front(struct sampling *s, struct fc_error *err)
{
    int64_t at = 0;
    bool more = true;
    fc_rc rc = FC_OK;

    while (rc == FC_OK && more && !is_over(s)) {
        int64_t before = s->rows_left;
        rc = sample_run(s, at, before < PAGE_ROWS ? before : PAGE_ROWS, &more, err);
        at += before - s->rows_left;
    }
    return rc;
}

static fc_rc sample_spread(struct sampling *s, struct fc_error *err)
{
    int64_t slices = s->rows_left < SLICES_MAX ? s->rows_left : SLICES_MAX;
    int64_t each = s->rows_left / slices;
    int64_t last = s->source->rows - each;
    fc_rc rc = FC_OK;
    bool more = true;

    for (int64_t i = 0; rc == FC_OK && i < slices && !is_over(s); i++) {
        /* In double: the product may be beyond 64 bits, and a row more or less is no matter. */
        double at = slices > 1 ? (double)last * ((double)i / (double)(slices - 1)) : 0;
        rc = sample_run(s, (int64_t)at, each, &more, err);
    }
    return rc;
}

static fc_rc sample_by_list(struct sampling *s, struct fc_error *err)
{
    return s->source->rows > s->rows_left ? sample_spread(s, err) : sample_front(s, err);
}

/* The sample of a query that is to end early, without fault of anybody. */
static fc_rc take_result(void *ctx, json_t *page, int64_t total, struct fc_error *err)
{
    FC_CLEANUP(fc_bq_json_freep) json_t *answer = page;
    struct sampling *s = ctx;
    int64_t rows = 0;

    (void)total;
    fc_rc rc = take_page(s, answer, 0, &rows, err);
    if (rc == FC_OK && is_over(s) && s->stats->cut)
        return fc_fail(err, FC_REASON_CANCELLED, "the sample is cut");
    return rc;
}

static const char *remark_for(enum fc_bq_problem problem)
{
    switch (problem) {
    case FC_BQ_EXPENSIVE:
        return "no row was looked at: a query of the view would read more than 1 GiB";
    case FC_BQ_NEEDS_FILTER:
        return "no row was looked at: it is only read with a filter on its partitions";
    default:
        return NULL;
    }
}

static fc_rc sample_by_query(struct sampling *s, const char *const *columns, size_t count,
                             struct fc_error *err)
{
    struct fc_buf sql = FC_BUF_INIT;
    enum fc_bq_problem problem = FC_BQ_FINE;
    fc_rc rc = FC_OK;

    fc_bq_sql_select(&sql, s->source->name, columns, count);
    if (s->rows_left != INT64_MAX)
        fc_buf_printf(&sql, " LIMIT %lld", (long long)s->rows_left);
    const struct fc_bq_query query = {.sql = sql.ptr,
                                      .project = s->source->billed,
                                      .location = s->source->location,
                                      .billed_max = BILLED_MAX,
                                      .page_rows =
                                          s->rows_left < PAGE_ROWS ? s->rows_left : PAGE_ROWS};
    if (sql.failed)
        rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: no memory for a query",
                     s->source->service.what);
    else
        rc = fc_bq_query_run(&s->source->service, &query, take_result, s, s->source->arena,
                             &problem, err);
    fc_buf_done(&sql);
    s->stats->remark = remark_for(problem);
    return s->stats->remark ? FC_OK : rc;
}

fc_rc fc_bq_sample(struct fc_source *source, const char *const *columns, size_t count,
                   fc_batch_fn fn, void *ctx, struct fc_sample_stats *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *scratch = fc_arena_new(FC_BQ_SCRATCH_MAX);
    const Feast__Worker__V1__Limits *limits = source->env->limits;
    bool all = !limits || limits->rows == 0 || limits->rows > INT64_MAX;
    bool queried = fc_bq_needs_query(source, columns, count);
    struct fc_bq_plan plan;
    struct sampling s = {.source = source,
                         .plan = &plan,
                         .fn = fn,
                         .ctx = ctx,
                         .rows_left = all ? INT64_MAX : (int64_t)limits->rows,
                         .bytes_limit =
                             limits && limits->bytes < INT64_MAX ? (int64_t)limits->bytes : 0,
                         .bytes_before = fc_bq_bytes(source),
                         .stats = ret,
                         .scratch = scratch};

    *ret = (struct fc_sample_stats){.cut = false};
    if (!scratch)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a sample");
    fc_rc rc = queried ? fc_bq_plan_query(&source->schema, columns, count, source->service.what,
                                          source->arena, &plan, err)
                       : fc_bq_plan_table(&source->schema, columns, count, source->service.what,
                                          source->arena, &plan, err);
    if (rc != FC_OK)
        return rc;
    rc = queried ? sample_by_query(&s, columns, count, err) : sample_by_list(&s, err);
    (void)is_over(&s);
    /* What came in time counts. */
    return (rc == FC_CANCELLED || rc == FC_DEADLINE_EXCEEDED) && ret->cut ? FC_OK : rc;
}

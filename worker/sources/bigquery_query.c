/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/bigquery_query.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/url.h"

/* An answer is waited for so long before it is asked for again. */
#define WAIT_MS     INT64_C(10000)
#define PAUSE_NS    (100 * FC_NS_PER_MS)
#define NEEDS_JOB   "bigquery.jobs.create (roles/bigquery.jobUser) and to read the table"
#define SCRATCH_MAX ((size_t)256 << 20)

/* A query under way. */
struct running {
    struct fc_bq_service *service;
    const struct fc_bq_query *query;
    struct fc_arena *arena; /**< of the source: what outlives a page */
    enum fc_bq_problem *problem;
    struct fc_error *err;
    const char *results; /**< path of its results; NULL until it is known */
    struct fc_buf token; /**< of the next page; empty for the first */
};

static fc_rc no_memory(const struct running *r)
{
    return fc_fail(r->err, FC_REASON_OUT_OF_MEMORY, "%s: no memory for a query", r->service->what);
}

int64_t fc_bq_number(const json_t *object, const char *name, int64_t none)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    char *end = NULL;

    if (json_is_integer(value))
        return (int64_t)json_integer_value(value);
    int64_t number = text ? strtoll(text, &end, 10) : none;
    return text && (*text == '\0' || *end != '\0') ? none : number;
}

bool fc_bq_next_token(const json_t *page, struct fc_buf *token)
{
    const char *text = json_string_value(json_object_get(page, "pageToken"));

    fc_buf_clear(token);
    if (text)
        fc_buf_puts(token, text);
    return token->len > 0;
}

static int64_t left_ms(const struct fc_bq_service *service)
{
    if (service->deadline_ns == 0)
        return INT64_MAX;
    return (service->deadline_ns - fc_monotonic_ns(service->sys)) / FC_NS_PER_MS;
}

static int64_t wait_ms(const struct fc_bq_service *service)
{
    int64_t left = left_ms(service);

    return left < 0 ? 0 : left < WAIT_MS ? left : WAIT_MS;
}

static void set_number(json_t *body, const char *name, int64_t value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    (void)json_object_set_new(body, name, json_string(text));
}

/* The request id lets BigQuery tell a second try from a second query. */
static json_t *make_body(const struct running *r, bool dry)
{
    const struct fc_bq_query *query = r->query;
    char id[33] = "";
    int64_t left = left_ms(r->service);
    json_t *body = json_pack("{s:s, s:b, s:b, s:I, s:{s:b}}", "query", query->sql, "useLegacySql",
                             false, "dryRun", dry, "timeoutMs", (json_int_t)wait_ms(r->service),
                             "formatOptions", "useInt64Timestamp", true);

    if (!body || dry)
        return body;
    (void)json_object_set_new(body, "maxResults", json_integer(query->page_rows));
    if (fc_random_hex(r->service->sys, id) == 0)
        (void)json_object_set_new(body, "requestId", json_string(id));
    if (query->location)
        (void)json_object_set_new(body, "location", json_string(query->location));
    if (query->billed_max > 0)
        set_number(body, "maximumBytesBilled", query->billed_max);
    if (left != INT64_MAX)
        set_number(body, "jobTimeoutMs", left > 0 ? left : 1);
    return body;
}

static fc_rc post(const struct running *r, bool dry, json_t **ret)
{
    FC_CLEANUP(fc_bq_json_freep) json_t *body = make_body(r, dry);
    struct fc_buf path = FC_BUF_INIT;

    fc_buf_puts(&path, "/projects/");
    fc_url_escape(&path, r->query->project, "");
    fc_buf_puts(&path, "/queries");
    const struct fc_bq_request request = {
        .path = path.ptr, .body = body, .needs = NEEDS_JOB, .project = r->query->project};
    fc_rc rc = path.failed || !body
                   ? no_memory(r)
                   : fc_bq_call(r->service, &request, r->arena, ret, r->problem, r->err);
    fc_buf_done(&path);
    return rc;
}

/* Where the results of the job are: it may run in another place than it was sent to. */
static fc_rc learn(struct running *r, const json_t *answer)
{
    const json_t *job = json_object_get(answer, "jobReference");
    const char *project = json_string_value(json_object_get(job, "projectId"));
    const char *id = json_string_value(json_object_get(job, "jobId"));
    const char *location = json_string_value(json_object_get(job, "location"));
    struct fc_buf path = FC_BUF_INIT;

    if (r->results || !id)
        return FC_OK;
    fc_buf_puts(&path, "/projects/");
    fc_url_escape(&path, project ? project : r->query->project, "");
    fc_buf_puts(&path, "/queries/");
    fc_url_escape(&path, id, "");
    fc_buf_printf(&path, "?formatOptions.useInt64Timestamp=true&maxResults=%" PRId64,
                  r->query->page_rows);
    if (location) {
        fc_buf_puts(&path, "&location=");
        fc_url_escape(&path, location, "");
    }
    r->results = path.failed ? NULL : fc_arena_strdup(r->arena, path.ptr);
    fc_buf_done(&path);
    return r->results ? FC_OK : no_memory(r);
}

static fc_rc get_results(const struct running *r, struct fc_arena *scratch, json_t **ret)
{
    struct fc_buf path = FC_BUF_INIT;

    if (!r->results)
        return fc_fail(r->err, FC_REASON_SOURCE_INVALID,
                       "%s: BigQuery does not tell which job has the rest of the result",
                       r->service->what);
    fc_buf_printf(&path, "%s&timeoutMs=%" PRId64, r->results, wait_ms(r->service));
    if (r->token.len > 0) {
        fc_buf_puts(&path, "&pageToken=");
        fc_url_escape(&path, r->token.ptr, "");
    }
    const struct fc_bq_request request = {
        .path = path.ptr, .needs = NEEDS_JOB, .project = r->query->project};
    fc_rc rc = path.failed || r->token.failed
                   ? no_memory(r)
                   : fc_bq_call(r->service, &request, scratch, ret, r->problem, r->err);
    fc_buf_done(&path);
    return rc;
}

/* BigQuery holds the answer back for a while by itself; whatever else answers is not asked without a break. */
static fc_rc wait_more(const struct running *r)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};

    if (left_ms(r->service) > 0) {
        (void)nanosleep(&pause, NULL);
        return FC_OK;
    }
    return fc_fail(r->err, FC_REASON_DEADLINE_EXCEEDED, "%s: the query was not done in time",
                   r->service->what);
}

/* Hands on one answer; `*ret_more` says whether another is to be asked for. */
static fc_rc take(struct running *r, json_t *answer, fc_bq_page_fn fn, void *ctx, bool *ret_more)
{
    fc_rc rc = learn(r, answer);

    if (rc != FC_OK || !json_is_true(json_object_get(answer, "jobComplete"))) {
        json_decref(answer);
        *ret_more = true;
        return rc == FC_OK ? wait_more(r) : rc;
    }
    *ret_more = fc_bq_next_token(answer, &r->token);
    return fn(ctx, answer, fc_bq_number(answer, "totalRows", -1), r->err);
}

static fc_rc run(struct running *r, fc_bq_page_fn fn, void *ctx, struct fc_arena *scratch)
{
    json_t *answer = NULL;
    bool more = false;

    fc_rc rc = post(r, false, &answer);
    if (rc == FC_OK)
        rc = take(r, answer, fn, ctx, &more);
    while (rc == FC_OK && more) {
        fc_arena_reset(scratch);
        rc = get_results(r, scratch, &answer);
        if (rc == FC_OK)
            rc = take(r, answer, fn, ctx, &more);
    }
    fc_buf_done(&r->token);
    return rc;
}

fc_rc fc_bq_query_run(struct fc_bq_service *service, const struct fc_bq_query *query,
                      fc_bq_page_fn fn, void *ctx, struct fc_arena *arena,
                      enum fc_bq_problem *ret_problem, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *scratch = fc_arena_new(SCRATCH_MAX);
    struct running r = {
        .service = service, .query = query, .arena = arena, .problem = ret_problem, .err = err};

    *ret_problem = FC_BQ_FINE;
    return scratch ? run(&r, fn, ctx, scratch) : no_memory(&r);
}

fc_rc fc_bq_query_schema(struct fc_bq_service *service, const struct fc_bq_query *query,
                         struct fc_arena *arena, json_t **ret, enum fc_bq_problem *ret_problem,
                         struct fc_error *err)
{
    const struct running r = {
        .service = service, .query = query, .arena = arena, .problem = ret_problem, .err = err};

    *ret_problem = FC_BQ_FINE;
    return post(&r, true, ret);
}

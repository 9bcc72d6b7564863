/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the emulator cannot show of BigQuery (refusals, pages, partitions, jobs that take their time), against a stand-in
 * that answers as Google documents its REST API.
 */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "tests/support/scratch.h"
#include "tests/support/web.h"
#include "worker/sources/source.h"

#define OPS         (&fc_source_bigquery)
#define ANSWERS_MAX 40

/* In the order in which they are expected. */
struct answer {
    const char *request; /* what the request line and body must hold */
    const char *status, *body;
};

struct fixture {
    struct fc_arena *arena;
    struct test_web *web;
    struct test_scratch scratch;
    struct fc_source_env env;
    struct fc_access access;
    Feast__Worker__V1__Access order;
    Feast__Worker__V1__Limits limits;
    Feast__Core__DataSource data;
    Feast__Core__DataSource__BigQueryOptions options;
    struct fc_source *source;
    struct fc_error err;
    struct answer answers[ANSWERS_MAX];
    size_t answer_count, asked;
    char wrong[3000]; /* the first request that was not expected */
    char seen[8000];  /* the last one */
    const char *token;
    size_t rows;
    int64_t first, last; /* values of the first column */
};

static bool reply(void *ctx, const struct test_web_request *request, int fd)
{
    struct fixture *f = ctx;
    char token[200] = "";

    if (strstr(request->target, "/token")) {
        static const char body[] = "{\"access_token\":\"%s\",\"expires_in\":3600}";
        char text[200];
        (void)snprintf(text, sizeof(text), body, f->token);
        return test_web_reply(fd, "200 OK", "Metadata-Flavor: Google\r\n", text);
    }
    (void)snprintf(f->seen, sizeof(f->seen), "%s %s %s", request->method, request->target,
                   request->body ? request->body : "");
    (void)!test_web_header(request, "Authorization", token, sizeof(token));
    size_t at = f->asked++;
    if (at >= f->answer_count || !strstr(f->seen, f->answers[at].request) ||
        strcmp(token, f->token ? "Bearer secret-token" : "") != 0) {
        if (!f->wrong[0])
            (void)snprintf(f->wrong, sizeof(f->wrong), "request %zu: %.2000s (%s)", at, f->seen,
                           token);
        return test_web_reply(fd, "418 Teapot", "", "{}");
    }
    return test_web_reply(fd, f->answers[at].status, "", f->answers[at].body);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
    unsetenv("CLOUDSDK_CONFIG");
    unsetenv("GCE_METADATA_HOST");
    unsetenv("BIGQUERY_EMULATOR_HOST");
    setenv("NO_GCE_CHECK", "true", 1);
    test_scratch_init(&f->scratch);
    setenv("HOME", f->scratch.path, 1);
    f->arena = fc_arena_new((size_t)64 << 20);
    f->web = test_web_start(reply, f);
    feast__worker__v1__access__init(&f->order);
    feast__worker__v1__limits__init(&f->limits);
    feast__core__data_source__init(&f->data);
    feast__core__data_source__big_query_options__init(&f->options);
    f->order.bigquery_endpoint = fc_arena_strdup(f->arena, test_web_url(f->web, "/"));
    f->access.order = &f->order;
    f->limits.rows = 100;
    f->data.type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_BIGQUERY;
    f->data.options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS;
    f->data.bigquery_options = &f->options;
    f->options.table_ref = (char *)(uintptr_t) "p:d.t";
    f->env =
        (struct fc_source_env){.sys = fc_sys_real(), .limits = &f->limits, .access = &f->access};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->source)
        OPS->close(f->source);
    test_web_stop(f->web);
    test_scratch_done(&f->scratch);
    fc_arena_free(f->arena);
    free(f);
    return 0;
}

static void expect(struct fixture *f, const char *request, const char *status, const char *body)
{
    assert_true(f->answer_count < ANSWERS_MAX);
    f->answers[f->answer_count++] =
        (struct answer){.request = request, .status = status, .body = body};
}

static void all_asked(const struct fixture *f)
{
    if (f->wrong[0])
        fprintf(stderr, "%s\n", f->wrong);
    assert_string_equal(f->wrong, "");
    assert_int_equal(f->asked, f->answer_count);
}

static fc_rc open_source(struct fixture *f)
{
    f->err = (struct fc_error)FC_ERROR_INIT;
    return OPS->open(&f->env, &f->data, f->arena, &f->source, &f->err);
}

static void opens(struct fixture *f)
{
    if (open_source(f) != FC_OK)
        fprintf(stderr, "%s\n%s\n", f->err.message, f->wrong);
    assert_non_null(f->source);
}

static void refuses(struct fixture *f, enum fc_reason reason, const char *text)
{
    assert_int_not_equal(open_source(f), FC_OK);
    if (!strstr(f->err.message, text))
        fprintf(stderr, "found: %s\nexpected: %s\n", f->err.message, text);
    assert_non_null(strstr(f->err.message, text));
    assert_int_equal(f->err.reason, reason);
    all_asked(f);
}

static fc_rc take(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct fixture *f = ctx;

    (void)err;
    for (size_t row = 0; row < batch->row_count; row++) {
        f->last = batch->cells[0][row].as.integer;
        f->first = f->rows == 0 ? f->last : f->first;
        f->rows++;
    }
    return FC_OK;
}

static const char *const COLUMNS[] = {"id", "ts"};

static fc_rc sample(struct fixture *f, struct fc_sample_stats *ret)
{
    f->err = (struct fc_error)FC_ERROR_INIT;
    fc_rc rc = OPS->sample(f->source, COLUMNS, 2, take, f, ret, &f->err);
    if (rc != FC_OK)
        fprintf(stderr, "%s\n", f->err.message);
    return rc;
}

static fc_rc scan(struct fixture *f, const char *const *columns, size_t count,
                  const char *date_partition, bool bounded)
{
    const struct fc_scan_request request = {
        .columns = columns,
        .count = count,
        .event = 1,
        .date_partition = date_partition,
        .start = {.seconds = 1609459200, .nanos = 500, .set = bounded},
        .end = {.seconds = 1609545600, .set = bounded}};
    struct fc_scan_progress progress;

    f->err = (struct fc_error)FC_ERROR_INIT;
    fc_rc rc = OPS->scan(f->source, &request, take, f, &progress, &f->err);
    if (rc != FC_OK)
        fprintf(stderr, "%s\n", f->err.message);
    return rc;
}

#define SCHEMA                                                                                     \
    "\"schema\":{\"fields\":[{\"name\":\"id\",\"type\":\"INTEGER\"},"                              \
    "{\"name\":\"ts\",\"type\":\"TIMESTAMP\"},{\"name\":\"day\",\"type\":\"DATE\"},"               \
    "{\"name\":\"local\",\"type\":\"DATETIME\",\"mode\":\"REQUIRED\"},"                            \
    "{\"name\":\"r\",\"type\":\"RECORD\",\"fields\":[{\"name\":\"x\",\"type\":\"DATE\"}]}]}"
#define TABLE(more) "{\"type\":\"TABLE\",\"location\":\"EU\"," more SCHEMA "}"
#define ROW(id)     "{\"f\":[{\"v\":\"" id "\"},{\"v\":\"1609459200000000\"}]}"
#define ERROR(reason, message)                                                                     \
    "{\"error\":{\"code\":1,\"message\":\"" message "\",\"errors\":[{\"reason\":\"" reason         \
    "\",\"message\":\"" message "\"}]}}"
#define GET    "GET /bigquery/v2/projects/p/datasets/d/tables/t"
#define DATA   "GET /bigquery/v2/projects/p/datasets/d/tables/t/data?"
#define QUERY  "POST /bigquery/v2/projects/p/queries "
#define OK     "200 OK"
#define HUGE   "\"numRows\":\"9000000000000\",\"numBytes\":\"99999999999\","
#define UNREAD FC_REASON_SOURCE_UNREACHABLE

static void use_token(struct fixture *f)
{
    f->token = "secret-token";
    setenv("GCE_METADATA_HOST", test_web_url(f->web, "") + strlen("http://"), 1);
}

static void a_token_is_sent(void **state)
{
    struct fixture *f = *state;

    use_token(f);
    expect(f, GET, OK, TABLE(""));
    opens(f);
    all_asked(f);
}

static void refused_at_the_door(void **state)
{
    struct fixture *f = *state;

    expect(f, GET, "401 Unauthorized", ERROR("required", "Login Required."));
    refuses(f, UNREAD, "has no Google credentials; set GOOGLE_APPLICATION_CREDENTIALS");
    /* With a token, a second try has a new one. */
    use_token(f);
    expect(f, GET, "401 Unauthorized", ERROR("authError", "Invalid Credentials"));
    expect(f, GET, "401 Unauthorized", ERROR("authError", "Invalid Credentials"));
    refuses(f, UNREAD, "does not take the server's Google credentials (status 401): Invalid");
}

static void access_denied(void **state)
{
    struct fixture *f = *state;

    expect(f, GET, "403 Forbidden", ERROR("accessDenied", "Access Denied: Table p:d.t"));
    refuses(f, UNREAD,
            "BigQuery table p.d.t: access is denied (status 403): Access Denied: Table p:d.t; the "
            "account needs bigquery.tables.get");
}

static void not_there(void **state)
{
    struct fixture *f = *state;

    expect(f, GET, "404 Not Found", ERROR("notFound", "Not found: Table p:d.t"));
    expect(f, "GET /bigquery/v2/projects/p/datasets/d ", OK, "{}");
    refuses(f, UNREAD, "there is no such table (status 404): Not found: Table p:d.t");
    expect(f, GET, "404 Not Found", ERROR("notFound", "Not found: Table p:d.t"));
    expect(f, "datasets/d ", "404 Not Found", ERROR("notFound", "Not found: Dataset p:d"));
    refuses(f, UNREAD, "there is no such dataset (status 404)");
    expect(f, GET, "404 Not Found", ERROR("notFound", "Not found: Project p"));
    expect(f, "datasets/d ", "404 Not Found", ERROR("notFound", "Not found: Project p"));
    refuses(f, UNREAD, "there is no such project (status 404)");
}

static void quota(void **state)
{
    struct fixture *f = *state;

    expect(f, GET, "403 Forbidden", ERROR("quotaExceeded", "Quota exceeded: too many bytes"));
    refuses(f, UNREAD, "(status 403, quotaExceeded): Quota exceeded: too many bytes");
    /* What came too fast is tried again after a while. */
    expect(f, GET, "403 Forbidden", ERROR("rateLimitExceeded", "Exceeded rate limits"));
    expect(f, GET, "403 Forbidden", ERROR("rateLimitExceeded", "Exceeded rate limits"));
    expect(f, GET, "503 Service Unavailable", ERROR("backendError", "Try again"));
    expect(f, GET, OK, TABLE(""));
    opens(f);
    all_asked(f);
}

static void rate_with_a_deadline(void **state)
{
    struct fixture *f = *state;

    /* No time for another try: the refusal is told as it came. */
    f->env.deadline_ns = fc_monotonic_ns(f->env.sys) + 10 * FC_NS_PER_S;
    for (int i = 0; i < 5; i++)
        expect(f, GET, "403 Forbidden", ERROR("rateLimitExceeded", "Exceeded rate limits"));
    refuses(f, UNREAD, "is asked too often (status 403, rateLimitExceeded)");
}

static void no_bigquery(void **state)
{
    struct fixture *f = *state;

    expect(f, GET, OK, "<html>");
    refuses(f, FC_REASON_SOURCE_INVALID, "is not BigQuery: its body is no JSON");
    expect(f, GET, OK, "{\"type\":\"TABLE\",\"schema\":{\"fields\":7}}");
    refuses(f, FC_REASON_SOURCE_INVALID, "there are no fields");
    expect(f, GET, "400 Bad Request", ERROR("invalid", "Invalid table ID"));
    refuses(f, FC_REASON_SOURCE_INVALID, "does not accept the request (status 400, invalid)");
}

static void references(void **state)
{
    struct fixture *f = *state;

    f->options.table_ref = (char *)(uintptr_t) "example.com:proj-1.d.t$20210101";
    expect(f, "GET /bigquery/v2/projects/example.com%3Aproj-1/datasets/d/tables/t%2420210101 ", OK,
           TABLE("\"numRows\":\"1\","));
    expect(f,
           "/tables/t%2420210101/data?formatOptions.useInt64Timestamp=true&maxResults=100&"
           "selectedFields=id%2Cts&startIndex=0 ",
           OK, "{\"rows\":[" ROW("5") "]}");
    opens(f);
    struct fc_sample_stats stats;
    assert_int_equal(sample(f, &stats), FC_OK);
    assert_int_equal(f->rows, 1);
    assert_true(stats.bytes_read > 0 && !stats.cut);
    all_asked(f);
    f->options.table_ref = (char *)(uintptr_t) "nothing";
    assert_int_equal(open_source(f), FC_INVALID_ARGUMENT);
}

/* One partition is all listed: a query has no word for it. */
static void one_partition(void **state)
{
    struct fixture *f = *state;

    f->options.table_ref = (char *)(uintptr_t) "p.d.t$20210101";
    expect(f, GET, OK, TABLE(HUGE "\"timePartitioning\":{\"type\":\"DAY\"},"));
    expect(f, "/t%2420210101/data?", OK, "{\"rows\":[" ROW("5") "],\"pageToken\":\"a/b\"}");
    expect(f, "&pageToken=a%2Fb ", OK, "{\"rows\":[" ROW("6") "]}");
    opens(f);
    assert_int_equal(scan(f, COLUMNS, 2, NULL, true), FC_OK);
    assert_int_equal(f->rows, 2);
    all_asked(f);
}

static void a_partition_of_a_view(void **state)
{
    struct fixture *f = *state;

    f->options.table_ref = (char *)(uintptr_t) "p.d.t$20210101";
    expect(f, GET, OK, "{\"type\":\"VIEW\"," SCHEMA "}");
    refuses(f, FC_REASON_SOURCE_INVALID, "it is a VIEW, and only tables have partitions");
}

static void spread(void **state)
{
    static const char *const starts[] = {"maxResults=12&selectedFields=id%2Cts&startIndex=0 ",
                                         "startIndex=1285714285712 ",
                                         "startIndex=2571428571425 ",
                                         "startIndex=3857142857137 ",
                                         "startIndex=5142857142850 ",
                                         "startIndex=6428571428562 ",
                                         "startIndex=7714285714275 ",
                                         "startIndex=8999999999988 "};
    struct fixture *f = *state;
    struct fc_sample_stats stats;

    expect(f, GET, OK, TABLE(HUGE));
    for (size_t i = 0; i < FC_ARRAY_LEN(starts); i++)
        expect(f, starts[i], OK, "{\"rows\":[" ROW("1") "," ROW("2") "],\"pageToken\":\"x\"}");
    opens(f);
    assert_int_equal(sample(f, &stats), FC_OK);
    assert_int_equal(f->rows, 16);
    all_asked(f);
}

static void a_budget_of_bytes(void **state)
{
    struct fixture *f = *state;
    struct fc_sample_stats stats;

    f->limits.bytes = 20;
    expect(f, GET, OK, TABLE(HUGE));
    expect(f, "startIndex=0 ", OK, "{\"rows\":[" ROW("1") "]}");
    opens(f);
    assert_int_equal(sample(f, &stats), FC_OK);
    assert_true(stats.cut);
    assert_int_equal(f->rows, 1);
    all_asked(f);
}

#define VIEW "{\"type\":\"VIEW\",\"location\":\"EU\"}"
#define DRY  "{\"jobComplete\":true,\"totalBytesProcessed\":\"7\"," SCHEMA "}"
#define JOB  "\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"j 1\",\"location\":\"EU\"}"

static void a_view_is_queried(void **state)
{
    struct fixture *f = *state;
    struct fc_sample_stats stats;

    f->order.bigquery_project = (char *)(uintptr_t) "payer";
    expect(f, GET, OK, VIEW);
    expect(f, "POST /bigquery/v2/projects/payer/queries {\"query\":\"SELECT * FROM `p.d.t`\"", OK,
           DRY);
    expect(f, "\"maximumBytesBilled\":\"1073741824\"", OK, "{\"jobComplete\":false," JOB "}");
    expect(f,
           "GET /bigquery/v2/projects/p/queries/j%201?formatOptions.useInt64Timestamp=true&"
           "maxResults=100&location=EU&timeoutMs=10000 ",
           OK, "{\"jobComplete\":false," JOB "}");
    expect(f, "timeoutMs=10000 ", OK,
           "{\"jobComplete\":true," SCHEMA ",\"rows\":[" ROW("1") "],\"pageToken\":\"n\"}");
    expect(f, "&timeoutMs=10000&pageToken=n ", OK,
           "{\"jobComplete\":true," SCHEMA ",\"rows\":[" ROW("2") "]}");
    opens(f);
    assert_int_equal(sample(f, &stats), FC_OK);
    assert_int_equal(f->rows, 2);
    assert_null(stats.remark);
    all_asked(f);
}

static void an_expensive_view(void **state)
{
    struct fixture *f = *state;
    struct fc_sample_stats stats;

    expect(f, GET, OK, "{\"type\":\"VIEW\"," SCHEMA "}");
    expect(f, QUERY, "400 Bad Request",
           ERROR("bytesBilledLimitExceeded", "Query exceeded limit for bytes billed: 1"));
    opens(f);
    assert_int_equal(sample(f, &stats), FC_OK);
    assert_int_equal(f->rows, 0);
    assert_non_null(strstr(stats.remark, "would read more than 1 GiB"));
    expect(f, QUERY, "400 Bad Request",
           ERROR("invalidQuery",
                 "Cannot query over table 'p.d.u' without a filter over column(s) 'ts' that can be "
                 "used for partition elimination"));
    assert_int_equal(sample(f, &stats), FC_OK);
    assert_non_null(strstr(stats.remark, "with a filter on its partitions"));
    all_asked(f);
}

static void a_query_that_fails(void **state)
{
    struct fixture *f = *state;

    expect(f, GET, OK, VIEW);
    expect(f, QUERY, "403 Forbidden",
           ERROR("accessDenied", "Access Denied: User does not have bigquery.jobs.create"));
    refuses(f, UNREAD,
            "needs bigquery.jobs.create (roles/bigquery.jobUser) and to read the table, "
            "in project p");
    /* A job that failed may come with a status of success. */
    expect(f, GET, OK, VIEW);
    expect(f, QUERY, OK,
           "{\"jobComplete\":true,\"errors\":[{\"reason\":\"invalidQuery\",\"message\":\"no\"}]}");
    refuses(f, FC_REASON_SOURCE_INVALID, "(status 200, invalidQuery): no");
}

#define SQL_SELECT "{\"query\":\"SELECT `id` AS fc_0, `ts` AS fc_1 FROM `p.d.t`"
#define SQL_SPAN                                                                                   \
    " WHERE (`ts` >= TIMESTAMP '2021-01-01T00:00:00.000001Z' AND "                                 \
    "`ts` < TIMESTAMP '2021-01-02T00:00:00Z' OR `ts` IS NULL)"
#define RESULT                                                                                     \
    "{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"1\",\"rows\":[" ROW("9") "]}"

static void a_span_is_queried(void **state)
{
    struct fixture *f = *state;

    expect(f, GET, OK, TABLE(HUGE));
    expect(f, QUERY SQL_SELECT SQL_SPAN "\",", OK, RESULT);
    opens(f);
    assert_int_equal(scan(f, COLUMNS, 2, NULL, true), FC_OK);
    assert_int_equal(f->rows, 1);
    all_asked(f);
}

/* The date partition counts when BigQuery's partitions are by that column, as in files. */
static void a_span_of_partitions(void **state)
{
    static const char *const columns[] = {"id", "ts", "day"};
    static const char *const local[] = {"r.x", "local"};
    struct fixture *f = *state;

    expect(f, GET, OK, TABLE(HUGE "\"timePartitioning\":{\"type\":\"DAY\",\"field\":\"day\"},"));
    expect(f,
           "`day` AS fc_2 FROM `p.d.t`" SQL_SPAN
           " AND `day` >= DATE '2021-01-01' AND `day` < DATE '2021-01-03'\"",
           OK, "{\"jobComplete\":true," SCHEMA ",\"rows\":[]}");
    /* A required column has no nulls to let through, and another column no partitions. */
    expect(f,
           "SELECT `r`.`x` AS fc_0, `local` AS fc_1 FROM `p.d.t` WHERE `local` >= DATETIME "
           "'2021-01-01T00:00:00.000001' AND `local` < DATETIME '2021-01-02T00:00:00'\"",
           OK, "{\"jobComplete\":true," SCHEMA ",\"rows\":[]}");
    opens(f);
    assert_int_equal(scan(f, columns, 3, "day", true), FC_OK);
    assert_int_equal(scan(f, local, 2, "id", true), FC_OK);
    all_asked(f);
}

static void partitions_by_arrival(void **state)
{
    static const char *const columns[] = {"id", "ts", "_PARTITIONDATE"};
    struct fixture *f = *state;
    struct fc_source_schema schema;

    expect(f, GET, OK, TABLE(HUGE "\"timePartitioning\":{\"type\":\"DAY\"},"));
    expect(f,
           "`_PARTITIONDATE` AS fc_2 FROM `p.d.t`" SQL_SPAN
           " AND `_PARTITIONDATE` >= DATE '2021-01-01' AND `_PARTITIONDATE` < DATE '2021-01-03'\"",
           OK, "{\"jobComplete\":true," SCHEMA ",\"rows\":[]}");
    opens(f);
    assert_int_equal(OPS->describe(f->source, f->arena, &schema, &f->err), FC_OK);
    assert_string_equal(schema.columns[schema.column_count - 2].name, "_PARTITIONTIME");
    assert_int_equal(scan(f, columns, 3, "_PARTITIONDATE", true), FC_OK);
    all_asked(f);
}

static void small_and_open_spans_are_listed(void **state)
{
    struct fixture *f = *state;

    expect(f, GET, OK, TABLE("\"numRows\":\"2\",\"numBytes\":\"1000\","));
    expect(f, DATA, OK, "{\"totalRows\":\"2\",\"rows\":[" ROW("1") "," ROW("2") "]}");
    expect(f, DATA, OK, "{\"totalRows\":\"2\",\"rows\":[" ROW("1") "," ROW("2") "]}");
    opens(f);
    assert_int_equal(scan(f, COLUMNS, 2, NULL, true), FC_OK);
    assert_int_equal(scan(f, COLUMNS, 2, NULL, false), FC_OK);
    assert_int_equal(f->rows, 4);
    all_asked(f);
}

/* Rows that have just been streamed in are only sure to be in a query. */
static void streamed_rows(void **state)
{
    struct fixture *f = *state;

    expect(f, GET, OK, TABLE("\"numRows\":\"2\",\"numBytes\":\"1000\",\"streamingBuffer\":{},"));
    expect(f, QUERY SQL_SELECT "\",", OK, RESULT);
    opens(f);
    assert_int_equal(scan(f, COLUMNS, 2, NULL, false), FC_OK);
    all_asked(f);
}

static void a_wildcard(void **state)
{
    struct fixture *f = *state;

    f->options.table_ref = (char *)(uintptr_t) "p.d.events_*";
    expect(f, "SELECT * FROM `p.d.events_*`\"", OK, DRY);
    expect(f, "SELECT `id` AS fc_0, `ts` AS fc_1 FROM `p.d.events_*` WHERE", OK, RESULT);
    opens(f);
    assert_int_equal(scan(f, COLUMNS, 2, NULL, true), FC_OK);
    assert_int_equal(f->last, 9);
    all_asked(f);
}

static void no_such_place(void **state)
{
    static char *schemes[] = {(char *)(uintptr_t) "file"};
    struct fixture *f = *state;

    f->order.schemes = schemes;
    f->order.n_schemes = 1;
    refuses(f, FC_REASON_SOURCE_DENIED, "bigquery");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest CASES[] = {
    CASE(a_token_is_sent),
    CASE(refused_at_the_door),
    CASE(access_denied),
    CASE(not_there),
    CASE(quota),
    CASE(rate_with_a_deadline),
    CASE(no_bigquery),
    CASE(references),
    CASE(one_partition),
    CASE(a_partition_of_a_view),
    CASE(spread),
    CASE(a_budget_of_bytes),
    CASE(a_view_is_queried),
    CASE(an_expensive_view),
    CASE(a_query_that_fails),
    CASE(a_span_is_queried),
    CASE(a_span_of_partitions),
    CASE(partitions_by_arrival),
    CASE(small_and_open_spans_are_listed),
    CASE(streamed_rows),
    CASE(a_wildcard),
    CASE(no_such_place),
};

FC_TEST_MAIN(CASES)

/* SPDX-License-Identifier: Apache-2.0 */
/* BigQuery's refusals, references, and samples of tables and views: what the emulator cannot show of them. */
#include "tests/unit/bigquery_fixture.h"

#include <stdlib.h>

static void a_token_is_sent(void **state)
{
    struct bq_fixture *f = *state;

    bq_use_token(f);
    bq_expect(f, GET, OK, TABLE(""));
    bq_opens(f);
    bq_all_asked(f);
}

static void refused_at_the_door(void **state)
{
    struct bq_fixture *f = *state;

    bq_expect(f, GET, "401 Unauthorized", ERROR("required", "Login Required."));
    bq_refuses(f, UNREAD, "has no Google credentials; set GOOGLE_APPLICATION_CREDENTIALS");
    /* With a token, a second try has a new one. */
    bq_use_token(f);
    bq_expect(f, GET, "401 Unauthorized", ERROR("authError", "Invalid Credentials"));
    bq_expect(f, GET, "401 Unauthorized", ERROR("authError", "Invalid Credentials"));
    bq_refuses(f, UNREAD, "does not take the server's Google credentials (status 401): Invalid");
}

static void access_denied(void **state)
{
    struct bq_fixture *f = *state;

    bq_expect(f, GET, "403 Forbidden", ERROR("accessDenied", "Access Denied: Table p:d.t"));
    bq_refuses(
        f, UNREAD,
        "BigQuery table p.d.t: access is denied (status 403): Access Denied: Table p:d.t; the "
        "account needs bigquery.tables.get");
}

static void not_there(void **state)
{
    struct bq_fixture *f = *state;

    bq_expect(f, GET, "404 Not Found", ERROR("notFound", "Not found: Table p:d.t"));
    bq_expect(f, "GET /bigquery/v2/projects/p/datasets/d ", OK, "{}");
    bq_refuses(f, UNREAD, "there is no such table (status 404): Not found: Table p:d.t");
    bq_expect(f, GET, "404 Not Found", ERROR("notFound", "Not found: Table p:d.t"));
    bq_expect(f, "datasets/d ", "404 Not Found", ERROR("notFound", "Not found: Dataset p:d"));
    bq_refuses(f, UNREAD, "there is no such dataset (status 404)");
    bq_expect(f, GET, "404 Not Found", ERROR("notFound", "Not found: Project p"));
    bq_expect(f, "datasets/d ", "404 Not Found", ERROR("notFound", "Not found: Project p"));
    bq_refuses(f, UNREAD, "there is no such project (status 404)");
}

static void quota(void **state)
{
    struct bq_fixture *f = *state;

    bq_expect(f, GET, "403 Forbidden", ERROR("quotaExceeded", "Quota exceeded: too many bytes"));
    bq_refuses(f, UNREAD, "(status 403, quotaExceeded): Quota exceeded: too many bytes");
    /* What came too fast is tried again after a while. */
    bq_expect(f, GET, "403 Forbidden", ERROR("rateLimitExceeded", "Exceeded rate limits"));
    bq_expect(f, GET, "403 Forbidden", ERROR("rateLimitExceeded", "Exceeded rate limits"));
    bq_expect(f, GET, "503 Service Unavailable", ERROR("backendError", "Try again"));
    bq_expect(f, GET, OK, TABLE(""));
    bq_opens(f);
    bq_all_asked(f);
}

static void rate_with_a_deadline(void **state)
{
    struct bq_fixture *f = *state;

    /* No time for another try: the refusal is told as it came. */
    f->env.deadline_ns = fc_monotonic_ns(f->env.sys) + 10 * FC_NS_PER_S;
    for (int i = 0; i < 5; i++)
        bq_expect(f, GET, "403 Forbidden", ERROR("rateLimitExceeded", "Exceeded rate limits"));
    bq_refuses(f, UNREAD, "is asked too often (status 403, rateLimitExceeded)");
}

static void no_bigquery(void **state)
{
    struct bq_fixture *f = *state;

    bq_expect(f, GET, OK, "<html>");
    bq_refuses(f, FC_REASON_SOURCE_INVALID, "is not BigQuery: its body is no JSON");
    bq_expect(f, GET, OK, "{\"type\":\"TABLE\",\"schema\":{\"fields\":7}}");
    bq_refuses(f, FC_REASON_SOURCE_INVALID, "there are no fields");
    bq_expect(f, GET, "400 Bad Request", ERROR("invalid", "Invalid table ID"));
    bq_refuses(f, FC_REASON_SOURCE_INVALID, "does not accept the request (status 400, invalid)");
}

static void references(void **state)
{
    struct bq_fixture *f = *state;

    f->options.table_ref = (char *)(uintptr_t) "example.com:proj-1.d.t$20210101";
    bq_expect(f, "GET /bigquery/v2/projects/example.com%3Aproj-1/datasets/d/tables/t%2420210101 ",
              OK, TABLE("\"numRows\":\"1\","));
    bq_expect(f,
              "/tables/t%2420210101/data?formatOptions.useInt64Timestamp=true&maxResults=100&"
              "selectedFields=id%2Cts&startIndex=0 ",
              OK, "{\"rows\":[" ROW("5") "]}");
    bq_opens(f);
    struct fc_sample_stats stats;
    assert_int_equal(bq_sample(f, &stats), FC_OK);
    assert_int_equal(f->rows, 1);
    assert_true(stats.bytes_read > 0 && !stats.cut);
    bq_all_asked(f);
    f->options.table_ref = (char *)(uintptr_t) "nothing";
    assert_int_equal(bq_open_source(f), FC_INVALID_ARGUMENT);
}

/* One partition is all listed: a query has no word for it. */
static void one_partition(void **state)
{
    struct bq_fixture *f = *state;

    f->options.table_ref = (char *)(uintptr_t) "p.d.t$20210101";
    bq_expect(f, GET, OK, TABLE(HUGE "\"timePartitioning\":{\"type\":\"DAY\"},"));
    bq_expect(f, "/t%2420210101/data?", OK, "{\"rows\":[" ROW("5") "],\"pageToken\":\"a/b\"}");
    bq_expect(f, "&pageToken=a%2Fb ", OK, "{\"rows\":[" ROW("6") "]}");
    bq_opens(f);
    assert_int_equal(bq_scan(f, BQ_COLUMNS, 2, NULL, true), FC_OK);
    assert_int_equal(f->rows, 2);
    bq_all_asked(f);
}

static void a_partition_of_a_view(void **state)
{
    struct bq_fixture *f = *state;

    f->options.table_ref = (char *)(uintptr_t) "p.d.t$20210101";
    bq_expect(f, GET, OK, "{\"type\":\"VIEW\"," SCHEMA "}");
    bq_refuses(f, FC_REASON_SOURCE_INVALID, "it is a VIEW, and only tables have partitions");
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
    struct bq_fixture *f = *state;
    struct fc_sample_stats stats;

    bq_expect(f, GET, OK, TABLE(HUGE));
    for (size_t i = 0; i < FC_ARRAY_LEN(starts); i++)
        bq_expect(f, starts[i], OK, "{\"rows\":[" ROW("1") "," ROW("2") "],\"pageToken\":\"x\"}");
    bq_opens(f);
    assert_int_equal(bq_sample(f, &stats), FC_OK);
    assert_int_equal(f->rows, 16);
    bq_all_asked(f);
}

static void a_budget_of_bytes(void **state)
{
    struct bq_fixture *f = *state;
    struct fc_sample_stats stats;

    f->limits.bytes = 20;
    bq_expect(f, GET, OK, TABLE(HUGE));
    bq_expect(f, "startIndex=0 ", OK, "{\"rows\":[" ROW("1") "]}");
    bq_opens(f);
    assert_int_equal(bq_sample(f, &stats), FC_OK);
    assert_true(stats.cut);
    assert_int_equal(f->rows, 1);
    bq_all_asked(f);
}

static void a_view_is_queried(void **state)
{
    struct bq_fixture *f = *state;
    struct fc_sample_stats stats;

    f->order.bigquery_project = (char *)(uintptr_t) "payer";
    bq_expect(f, GET, OK, VIEW);
    bq_expect(f, "POST /bigquery/v2/projects/payer/queries {\"query\":\"SELECT * FROM `p.d.t`\"",
              OK, DRY);
    bq_expect(f, "\"maximumBytesBilled\":\"1073741824\"", OK, "{\"jobComplete\":false," JOB "}");
    bq_expect(f,
              "GET /bigquery/v2/projects/p/queries/j%201?formatOptions.useInt64Timestamp=true&"
              "maxResults=100&location=EU&timeoutMs=10000 ",
              OK, "{\"jobComplete\":false," JOB "}");
    bq_expect(f, "timeoutMs=10000 ", OK,
              "{\"jobComplete\":true," SCHEMA ",\"rows\":[" ROW("1") "],\"pageToken\":\"n\"}");
    bq_expect(f, "&timeoutMs=10000&pageToken=n ", OK,
              "{\"jobComplete\":true," SCHEMA ",\"rows\":[" ROW("2") "]}");
    bq_opens(f);
    assert_int_equal(bq_sample(f, &stats), FC_OK);
    assert_int_equal(f->rows, 2);
    assert_null(stats.remark);
    bq_all_asked(f);
}

static void an_expensive_view(void **state)
{
    struct bq_fixture *f = *state;
    struct fc_sample_stats stats;

    bq_expect(f, GET, OK, "{\"type\":\"VIEW\"," SCHEMA "}");
    bq_expect(f, QUERY, "400 Bad Request",
              ERROR("bytesBilledLimitExceeded", "Query exceeded limit for bytes billed: 1"));
    bq_opens(f);
    assert_int_equal(bq_sample(f, &stats), FC_OK);
    assert_int_equal(f->rows, 0);
    assert_non_null(strstr(stats.remark, "would read more than 1 GiB"));
    bq_expect(
        f, QUERY, "400 Bad Request",
        ERROR("invalidQuery",
              "Cannot query over table 'p.d.u' without a filter over column(s) 'ts' that can be "
              "used for partition elimination"));
    assert_int_equal(bq_sample(f, &stats), FC_OK);
    assert_non_null(strstr(stats.remark, "with a filter on its partitions"));
    bq_all_asked(f);
}

static void a_query_that_fails(void **state)
{
    struct bq_fixture *f = *state;

    bq_expect(f, GET, OK, VIEW);
    bq_expect(f, QUERY, "403 Forbidden",
              ERROR("accessDenied", "Access Denied: User does not have bigquery.jobs.create"));
    bq_refuses(f, UNREAD,
               "needs bigquery.jobs.create (roles/bigquery.jobUser) and to read the table, "
               "in project p");
    /* A job that failed may come with a status of success. */
    bq_expect(f, GET, OK, VIEW);
    bq_expect(
        f, QUERY, OK,
        "{\"jobComplete\":true,\"errors\":[{\"reason\":\"invalidQuery\",\"message\":\"no\"}]}");
    bq_refuses(f, FC_REASON_SOURCE_INVALID, "(status 200, invalidQuery): no");
}

static void no_such_place(void **state)
{
    static char *schemes[] = {(char *)(uintptr_t) "file"};
    struct bq_fixture *f = *state;

    f->order.schemes = schemes;
    f->order.n_schemes = 1;
    bq_refuses(f, FC_REASON_SOURCE_DENIED, "bigquery");
    /* An endpoint is held against the lists like every other host. */
    f->order.n_schemes = 0;
    f->order.deny_private = true;
    bq_refuses(f, FC_REASON_SOURCE_DENIED, "127.0.0.1");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bq_set_up, bq_tear_down)

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
    CASE(no_such_place),
};

FC_TEST_MAIN(CASES)

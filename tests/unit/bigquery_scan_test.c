/* SPDX-License-Identifier: Apache-2.0 */
/* What of a BigQuery table is listed and what is queried for an ingestion, and how its pages are read ahead. */
#include "tests/unit/bigquery_fixture.h"

#define SQL_SELECT "{\"query\":\"SELECT `id` AS fc_0, `ts` AS fc_1 FROM `p.d.t`"
#define SQL_SPAN                                                                                   \
    " WHERE (`ts` >= TIMESTAMP '2021-01-01T00:00:00.000001Z' AND "                                 \
    "`ts` < TIMESTAMP '2021-01-02T00:00:00Z' OR `ts` IS NULL)"
#define RESULT                                                                                     \
    "{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"1\",\"rows\":[" ROW("9") "]}"

static void a_span_is_queried(void **state)
{
    struct bq_fixture *f = *state;

    bq_expect(f, GET, OK, TABLE(HUGE));
    bq_expect(f, QUERY SQL_SELECT SQL_SPAN "\",", OK, RESULT);
    bq_opens(f);
    assert_int_equal(bq_scan(f, BQ_COLUMNS, 2, NULL, true), FC_OK);
    assert_int_equal(f->rows, 1);
    bq_all_asked(f);
}

/* The date partition counts when BigQuery's partitions are by that column, as in files. */
static void a_span_of_partitions(void **state)
{
    static const char *const columns[] = {"id", "ts", "day"};
    static const char *const local[] = {"r.x", "local"};
    struct bq_fixture *f = *state;

    bq_expect(f, GET, OK, TABLE(HUGE "\"timePartitioning\":{\"type\":\"DAY\",\"field\":\"day\"},"));
    bq_expect(f,
              "`day` AS fc_2 FROM `p.d.t`" SQL_SPAN
              " AND `day` >= DATE '2021-01-01' AND `day` < DATE '2021-01-03'\"",
              OK, "{\"jobComplete\":true," SCHEMA ",\"rows\":[]}");
    /* A required column has no nulls to let through, and another column no partitions. */
    bq_expect(f,
              "SELECT `r`.`x` AS fc_0, `local` AS fc_1 FROM `p.d.t` WHERE `local` >= DATETIME "
              "'2021-01-01T00:00:00.000001' AND `local` < DATETIME '2021-01-02T00:00:00'\"",
              OK, "{\"jobComplete\":true," SCHEMA ",\"rows\":[]}");
    bq_opens(f);
    assert_int_equal(bq_scan(f, columns, 3, "day", true), FC_OK);
    assert_int_equal(bq_scan(f, local, 2, "id", true), FC_OK);
    bq_all_asked(f);
}

static void partitions_by_arrival(void **state)
{
    static const char *const columns[] = {"id", "ts", "_PARTITIONDATE"};
    struct bq_fixture *f = *state;
    struct fc_source_schema schema;

    bq_expect(f, GET, OK, TABLE(HUGE "\"timePartitioning\":{\"type\":\"DAY\"},"));
    bq_expect(
        f,
        "`_PARTITIONDATE` AS fc_2 FROM `p.d.t`" SQL_SPAN
        " AND `_PARTITIONDATE` >= DATE '2021-01-01' AND `_PARTITIONDATE` < DATE '2021-01-03'\"",
        OK, "{\"jobComplete\":true," SCHEMA ",\"rows\":[]}");
    bq_opens(f);
    assert_int_equal(BQ_OPS->describe(f->source, f->arena, &schema, &f->err), FC_OK);
    assert_string_equal(schema.columns[schema.column_count - 2].name, "_PARTITIONTIME");
    assert_int_equal(bq_scan(f, columns, 3, "_PARTITIONDATE", true), FC_OK);
    bq_all_asked(f);
}

/* The partition of a whole month or year is called by its first day, and has the rows of all others. */
static void partitions_of_months_and_years(void **state)
{
    static const struct {
        const char *table, *first;
    } table[] = {
        {TABLE(HUGE "\"timePartitioning\":{\"type\":\"MONTH\"},"), "2021-03-01"},
        {TABLE(HUGE "\"timePartitioning\":{\"type\":\"YEAR\"},"), "2021-01-01"},
        {TABLE(HUGE "\"timePartitioning\":{\"type\":\"HOUR\"},"), "2021-03-15"},
    };
    static const char *const columns[] = {"id", "ts", "_PARTITIONTIME"};
    struct bq_fixture *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(table); i++) {
        bq_expect(f, GET, OK, table[i].table);
        bq_expect(f,
                  fc_arena_printf(f->arena,
                                  " AND `_PARTITIONTIME` >= TIMESTAMP '%sT00:00:00Z' AND "
                                  "`_PARTITIONTIME` < TIMESTAMP '2021-03-17T00:00:00Z'\"",
                                  table[i].first),
                  OK, "{\"jobComplete\":true," SCHEMA ",\"rows\":[]}");
        bq_opens(f);
        assert_int_equal(bq_scan_span(f, columns, 3, 1615766400, 1615852800), FC_OK);
        bq_all_asked(f);
        BQ_OPS->close(f->source);
        f->source = NULL;
    }
}

/* What clients send for "without an end" is beyond the last day that BigQuery has a word for. */
static void a_span_to_the_end_of_time(void **state)
{
    static const char *const columns[] = {"id", "r.x"};
    struct bq_fixture *f = *state;

    bq_expect(f, GET, OK, TABLE(HUGE));
    bq_expect(f, "`r`.`x` >= DATE '2021-03-15' AND `r`.`x` <= DATE '9999-12-31' OR", OK,
              "{\"jobComplete\":true," SCHEMA ",\"rows\":[]}");
    bq_opens(f);
    assert_int_equal(bq_scan_span(f, columns, 2, 1615766400, 253402300799), FC_OK);
    bq_all_asked(f);
}

static void small_and_open_spans_are_listed(void **state)
{
    struct bq_fixture *f = *state;

    bq_expect(f, GET, OK, TABLE("\"numRows\":\"2\",\"numBytes\":\"1000\","));
    bq_expect(f, DATA, OK, "{\"totalRows\":\"2\",\"rows\":[" ROW("1") "," ROW("2") "]}");
    bq_expect(f, DATA, OK, "{\"totalRows\":\"2\",\"rows\":[" ROW("1") "," ROW("2") "]}");
    bq_opens(f);
    assert_int_equal(bq_scan(f, BQ_COLUMNS, 2, NULL, true), FC_OK);
    assert_int_equal(bq_scan(f, BQ_COLUMNS, 2, NULL, false), FC_OK);
    assert_int_equal(f->rows, 4);
    bq_all_asked(f);
}

/* Pages are read ahead: in their order, up to the one that fails, whichever side that is on. */
static void many_pages(struct bq_fixture *f, size_t count, const char *last)
{
    static const char *const rows[] = {ROW("0"), ROW("1"), ROW("2"), ROW("3"), ROW("4"), ROW("5")};

    bq_expect(f, GET, OK, TABLE(""));
    for (size_t i = 0; i < count; i++)
        bq_expect(f, i == 0 ? "startIndex=0 " : "pageToken=more ", OK,
                  fc_arena_printf(f->arena, "{\"rows\":[%s],\"pageToken\":\"more\"}", rows[i]));
    bq_expect(f, "pageToken=more ", strstr(last, "error") ? "403 Forbidden" : OK, last);
    bq_opens(f);
}

static void pages_in_order(void **state)
{
    struct bq_fixture *f = *state;

    many_pages(f, 6, "{\"rows\":[" ROW("9") "]}");
    assert_int_equal(bq_scan(f, BQ_COLUMNS, 2, NULL, false), FC_OK);
    assert_int_equal(f->rows, 7);
    assert_int_equal(f->first, 0);
    assert_int_equal(f->last, 9);
    bq_all_asked(f);
}

/* What four pages take in memory is bounded. */
static void many_columns_make_small_pages(void **state)
{
    static const struct {
        size_t columns;
        const char *request;
    } table[] = {{2, "maxResults=10000&"}, {10, "maxResults=5000&"}, {1000, "maxResults=500&"}};
    struct bq_fixture *f = *state;
    const char *columns[1000];

    for (size_t i = 0; i < FC_ARRAY_LEN(columns); i++)
        columns[i] = i == 1 ? "ts" : "id";
    bq_expect(f, GET, OK, TABLE(""));
    bq_opens(f);
    for (size_t i = 0; i < FC_ARRAY_LEN(table); i++) {
        bq_expect(f, table[i].request, OK, "{\"rows\":[" ROW("1") "]}");
        assert_int_equal(bq_scan(f, columns, table[i].columns, NULL, false), FC_OK);
    }
    bq_all_asked(f);
}

static void a_page_that_does_not_come(void **state)
{
    struct bq_fixture *f = *state;

    many_pages(f, 4, ERROR("quotaExceeded", "Quota exceeded"));
    assert_int_equal(bq_scan(f, BQ_COLUMNS, 2, NULL, false), FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "Quota exceeded"));
    assert_int_equal(f->rows, 4);
    bq_all_asked(f);
}

static void a_page_that_is_none(void **state)
{
    struct bq_fixture *f = *state;

    many_pages(f, 2, "{\"rows\":[7],\"pageToken\":\"more\"}");
    for (int i = 0; i < 4; i++)
        bq_expect(f, "pageToken=more ", OK, "{\"rows\":[7],\"pageToken\":\"more\"}");
    assert_int_equal(bq_scan(f, BQ_COLUMNS, 2, NULL, false), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "column \"id\" of row 2 is 7, expected a row"));
    assert_int_equal(f->rows, 2);
    /* How many more it asked for until it heard of it, nobody can tell. */
    assert_string_equal(f->wrong, "");
}

/* Rows that have just been streamed in are only sure to be in a query. */
static void streamed_rows(void **state)
{
    struct bq_fixture *f = *state;

    bq_expect(f, GET, OK, TABLE("\"numRows\":\"2\",\"numBytes\":\"1000\",\"streamingBuffer\":{},"));
    bq_expect(f, QUERY SQL_SELECT "\",", OK, RESULT);
    bq_opens(f);
    assert_int_equal(bq_scan(f, BQ_COLUMNS, 2, NULL, false), FC_OK);
    bq_all_asked(f);
}

static void a_wildcard(void **state)
{
    struct bq_fixture *f = *state;

    f->options.table_ref = (char *)(uintptr_t) "p.d.events_*";
    bq_expect(f, "SELECT * FROM `p.d.events_*`\"", OK, DRY);
    bq_expect(f, "SELECT `id` AS fc_0, `ts` AS fc_1 FROM `p.d.events_*` WHERE", OK, RESULT);
    bq_opens(f);
    assert_int_equal(bq_scan(f, BQ_COLUMNS, 2, NULL, true), FC_OK);
    assert_int_equal(f->last, 9);
    bq_all_asked(f);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bq_set_up, bq_tear_down)

static const struct CMUnitTest CASES[] = {
    CASE(a_span_is_queried),
    CASE(a_span_of_partitions),
    CASE(partitions_by_arrival),
    CASE(partitions_of_months_and_years),
    CASE(a_span_to_the_end_of_time),
    CASE(small_and_open_spans_are_listed),
    CASE(pages_in_order),
    CASE(many_columns_make_small_pages),
    CASE(a_page_that_does_not_come),
    CASE(a_page_that_is_none),
    CASE(streamed_rows),
    CASE(a_wildcard),
};

FC_TEST_MAIN(CASES)

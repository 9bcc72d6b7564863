/* SPDX-License-Identifier: Apache-2.0 */
/* From Parquet to the embedded online store: what is written, what is turned away, what the receipt says. */
#include "tests/unit/ingest_fixture.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#define TYPE(word) FEAST__TYPES__VALUE_TYPE__ENUM__##word
#define NEW_YEAR   INT64_C(1609459200)
#define INSTANT    "TIMESTAMPTZ '2021-01-01 00:00:00+00' + INTERVAL (range) SECOND"
#define TS         INSTANT " AS ts"
#define TS_FIELD   "'ts': " INSTANT

static void every_row_is_written(void **state)
{
    struct ingest_fixture *f = *state;
    struct fc_online_row times;

    ingest_source(
        f, "SELECT range AS driver_id, (range % 100)::INTEGER AS trips, (range / 4)::FLOAT AS "
           "rating, " TS " FROM range(30000)");
    ingest_ok(f);
    ingest_counts(f, 30000, 30000, 0, 0, 0);
    assert_int_equal(f->receipt->n_rejections, 0);
    assert_true(f->receipt->bytes_read > 0);
    assert_true(f->receipt->seconds > 0);
    assert_true(f->progresses >= 2);
    assert_string_equal(f->last.phase, "done");
    assert_int_equal(f->last.rows_written, 30000);
    assert_true(f->last.percent > 99.9 && f->last.percent < 100.1);
    const Feast__Storage__OnlineRow *row = ingest_stored(f, 123, &times);
    assert_non_null(row);
    assert_int_equal(row->n_features, 2);
    assert_string_equal(row->features[0]->name, "trips");
    assert_int_equal(row->features[0]->value->val_case, FEAST__TYPES__VALUE__VAL_INT32_VAL);
    assert_int_equal(row->features[0]->value->int32_val, 23);
    assert_string_equal(row->features[1]->name, "rating");
    assert_true(row->features[1]->value->float_val == 30.75f);
    assert_true(times.event.seconds == NEW_YEAR + 123 && times.event.nanos == 0);
    assert_false(times.created.set);
    assert_true(times.expires.set && times.expires.seconds == NEW_YEAR + 123 + 3600);
    assert_null(ingest_stored(f, 30000, &times));
    assert_int_equal(test_lines(f->order->dead_letter_path), 0);
    /* The same again changes nothing. */
    ingest_ok(f);
    ingest_counts(f, 30000, 30000, 0, 0, 0);
}

static void no_max_age_no_expiry(void **state)
{
    struct ingest_fixture *f = *state;
    struct fc_online_row times;

    f->spec->max_age = NULL;
    ingest_source(f, "SELECT 1::BIGINT AS driver_id, 1 AS trips, 1::FLOAT AS rating, TIMESTAMPTZ "
                     "'2021-01-01' AS ts");
    ingest_ok(f);
    assert_non_null(ingest_stored(f, 1, &times));
    assert_false(times.expires.set);
}

static void the_newest_row_of_a_key_wins(void **state)
{
    struct ingest_fixture *f = *state;

    f->spec->batch_source->created_timestamp_column = fc_arena_strdup(f->arena, "created");
    ingest_source(
        f, "SELECT * FROM (VALUES "
           /* by event time, whatever the order; to the microsecond */
           "(1, 10, TIMESTAMPTZ '2021-01-01 00:00:00.000002+00', TIMESTAMPTZ '2021-01-01 "
           "00:00:00+00'),"
           "(1, 11, TIMESTAMPTZ '2021-01-01 00:00:00.000001+00', TIMESTAMPTZ '2021-01-02 "
           "00:00:00+00'),"
           /* then by created time, null lowest */
           "(2, 20, TIMESTAMPTZ '2021-01-01 00:00:00+00', TIMESTAMPTZ '2021-01-01 00:00:02+00'),"
           "(2, 21, TIMESTAMPTZ '2021-01-01 00:00:00+00', TIMESTAMPTZ '2021-01-01 00:00:01+00'),"
           "(2, 22, TIMESTAMPTZ '2021-01-01 00:00:00+00', NULL),"
           /* then by input order */
           "(3, 30, TIMESTAMPTZ '2021-01-01 00:00:00+00', NULL),"
           "(3, 31, TIMESTAMPTZ '2021-01-01 00:00:00+00', NULL)"
           ") AS t(driver_id, trips, ts, created), (SELECT 1::FLOAT AS rating)");
    ingest_ok(f);
    ingest_counts(f, 7, 3, 0, 0, 4);
    assert_int_equal(ingest_trips(f, 1), 10);
    assert_int_equal(ingest_trips(f, 2), 20);
    assert_int_equal(ingest_trips(f, 3), 31);
}

static void an_older_file_never_overwrites(void **state)
{
    struct ingest_fixture *f = *state;

    ingest_source(
        f, "SELECT range AS driver_id, 1 AS trips, 1::FLOAT AS rating, TIMESTAMPTZ '2021-01-02' "
           "AS ts FROM "
           "range(100)");
    ingest_ok(f);
    ingest_source(
        f, "SELECT range AS driver_id, 2 AS trips, 1::FLOAT AS rating, TIMESTAMPTZ '2021-01-01' "
           "AS ts FROM "
           "range(150)");
    ingest_ok(f);
    ingest_counts(f, 150, 50, 0, 100, 0);
    assert_int_equal(ingest_trips(f, 99), 1);
    assert_int_equal(ingest_trips(f, 100), 2);
}

static void order_over_files_is_by_path(void **state)
{
    struct ingest_fixture *f = *state;

    assert_int_equal(fc_mkdirs(test_path(&f->scratch, "t.parquet/z"), 0755), 0);
    for (int i = 0; i < 3; i++)
        test_parquet(
            test_path(&f->scratch, i == 1 ? "t.parquet/z/%d" : "t.parquet/%d", i),
            fc_arena_printf(
                f->arena,
                "SELECT 1::BIGINT AS driver_id, %d AS trips, 1::FLOAT AS rating, TIMESTAMPTZ "
                "'2021-01-01' AS ts",
                i),
            0);
    ingest_ok(f);
    ingest_counts(f, 3, 1, 0, 0, 2);
    assert_int_equal(ingest_trips(f, 1), 1);
}

static void null_features_clear(void **state)
{
    struct ingest_fixture *f = *state;
    struct fc_online_row times;

    ingest_source(f, "SELECT 1::BIGINT AS driver_id, 7 AS trips, 1::FLOAT AS rating, TIMESTAMPTZ "
                     "'2021-01-01' AS ts");
    ingest_ok(f);
    ingest_source(f,
                  "SELECT 1::BIGINT AS driver_id, NULL::INTEGER AS trips, NULL::FLOAT AS rating, "
                  "TIMESTAMPTZ '2021-01-02' "
                  "AS ts");
    ingest_ok(f);
    ingest_counts(f, 1, 1, 0, 0, 0);
    assert_int_equal(ingest_trips(f, 1), -1);
    assert_int_equal(ingest_stored(f, 1, &times)->n_features, 0);
}

static void invalid_rows_hide_nothing(void **state)
{
    struct ingest_fixture *f = *state;

    ingest_source(f, "SELECT * FROM (VALUES "
                     "(1, 5::BIGINT, 0.5::DOUBLE, TIMESTAMPTZ '2021-01-01 00:00:00+00'),"
                     "(1, 3000000000, 0.5, TIMESTAMPTZ '2021-01-02 00:00:00+00'),"
                     "(1, 6, 1e300, TIMESTAMPTZ '2021-01-03 00:00:00+00'),"
                     "(NULL, 7, 0.5, TIMESTAMPTZ '2021-01-04 00:00:00+00'),"
                     "(NULL, 7, 0.5, TIMESTAMPTZ '2021-01-04 00:00:00+00'),"
                     "(2, 8, 0.5, NULL)"
                     ") AS t(driver_id, trips, rating, ts)");
    ingest_ok(f);
    ingest_counts(f, 6, 1, 5, 0, 0);
    assert_int_equal(ingest_trips(f, 1), 5);
    assert_int_equal(f->receipt->n_rejections, 4);
    assert_string_equal(f->receipt->rejections[0]->column, "driver_id");
    assert_string_equal(f->receipt->rejections[0]->reason, "NULL");
    assert_int_equal(f->receipt->rejections[0]->count, 2);
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(f->receipt->rejections[i]->count, 1);
}

static json_t *line_of(const char *text, size_t number)
{
    for (; number > 0; number--)
        text = strchr(text, '\n') + 1;
    json_error_t error;
    json_t *line = json_loadb(text, strcspn(text, "\n"), 0, &error);
    if (!line)
        fail_msg("line is no JSON: %s", error.text);
    return line;
}

static const char *string_of(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

static void dead_letters(void **state)
{
    struct ingest_fixture *f = *state;

    TEST_MAPPING(f->arena, f->spec->batch_source, "trips", "n trips");
    ingest_source(
        f, "SELECT * FROM (VALUES (1, 1::BIGINT, 1::FLOAT, TIMESTAMPTZ '2021-01-01 00:00:00+00'),"
           "(2, 3000000000, 'nan'::FLOAT, TIMESTAMPTZ '2021-01-01 00:00:00.5+00'),"
           "(NULL, 1, 1, TIMESTAMPTZ '2021-01-01 00:00:00+00')) AS t(driver_id, \"n trips\", "
           "rating, ts)");
    ingest_ok(f);
    ingest_counts(f, 3, 1, 2, 0, 0);
    char *text = test_read(f->order->dead_letter_path);
    json_t *first = line_of(text, 0);
    json_t *second = line_of(text, 1);
    assert_int_equal(test_lines(f->order->dead_letter_path), 2);
    assert_non_null(strstr(string_of(first, "file"), "t.parquet"));
    assert_int_equal(json_integer_value(json_object_get(first, "row")), 1);
    assert_string_equal(string_of(first, "column"), "n trips");
    assert_string_equal(string_of(first, "reason"), "OUT_OF_RANGE");
    assert_non_null(strstr(string_of(first, "message"), "3000000000 is out of the range of INT32"));
    const json_t *values = json_object_get(first, "values");
    assert_int_equal(json_object_size(values), 4);
    assert_int_equal(json_integer_value(json_object_get(values, "driver_id")), 2);
    assert_string_equal(string_of(values, "rating"), "NaN");
    assert_string_equal(string_of(values, "ts"), "2021-01-01T00:00:00.500Z");
    assert_string_equal(string_of(second, "reason"), "NULL");
    assert_int_equal(json_integer_value(json_object_get(second, "row")), 2);
    json_decref(first);
    json_decref(second);
    free(text);
    /* A job that runs again begins them anew. */
    ingest_ok(f);
    assert_int_equal(test_lines(f->order->dead_letter_path), 2);
    f->order->dead_letter_path = fc_arena_strdup(f->arena, test_path(&f->scratch, "no/such/dir/x"));
    assert_int_equal(ingest(f), FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "dead letters cannot be written"));
    f->order->dead_letter_path = (char *)protobuf_c_empty_string;
    ingest_ok(f);
    ingest_counts(f, 3, 1, 2, 0, 0);
}

static void every_row_invalid(void **state)
{
    struct ingest_fixture *f = *state;

    ingest_source(f, "SELECT NULL::BIGINT AS driver_id, 1 AS trips, 1::FLOAT AS rating, " TS
                     " FROM range(10)");
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_ROWS_ALL_INVALID);
    assert_non_null(strstr(f->err.message, "all 10 rows were rejected"));
    assert_non_null(strstr(f->err.message, "driver_id"));
    ingest_counts(f, 10, 0, 10, 0, 0);
    assert_int_equal(f->receipt->n_rejections, 1);
    assert_int_equal(test_lines(f->order->dead_letter_path), 10);
}

static void the_span_of_an_order(void **state)
{
    struct ingest_fixture *f = *state;

    ingest_source(f, "SELECT range AS driver_id, 1 AS trips, 1::FLOAT AS rating, " TS
                     " FROM range(10000)");
    f->order->start = &f->start;
    f->order->end = &f->end;
    f->start.seconds = NEW_YEAR + 5000;
    f->end.seconds = NEW_YEAR + 5010;
    ingest_ok(f);
    ingest_counts(f, 10, 10, 0, 0, 0);
    assert_int_equal(ingest_trips(f, 4999), -2);
    assert_int_equal(ingest_trips(f, 5000), 1);
    assert_int_equal(ingest_trips(f, 5009), 1);
    assert_int_equal(ingest_trips(f, 5010), -2);
    /* Nothing in it is no error. */
    f->start.seconds = 0;
    f->end.seconds = 10;
    ingest_ok(f);
    ingest_counts(f, 0, 0, 0, 0, 0);
    assert_string_equal(f->last.phase, "done");
    f->end.nanos = -1;
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_REQUEST_INVALID);
}

static void an_empty_place(void **state)
{
    struct ingest_fixture *f = *state;

    assert_int_equal(ingest(f), FC_UNAVAILABLE);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_UNREACHABLE);
    assert_int_equal(fc_mkdirs(test_path(&f->scratch, "t.parquet"), 0755), 0);
    ingest_ok(f);
    ingest_counts(f, 0, 0, 0, 0, 0);
}

static void sources_that_do_not_fit(void **state)
{
    struct ingest_fixture *f = *state;

    TEST_MAPPING(f->arena, f->spec->batch_source, "rating", "a + 1");
    ingest_source(f, "SELECT 'x' AS driver_id, 1 AS TRIPS, 5::BIGINT AS ts");
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_MISMATCH);
    assert_non_null(strstr(f->err.message, "entity \"driver_id\": column \"driver_id\" is string"));
    assert_non_null(strstr(f->err.message, "feature \"trips\": there is no column \"trips\""));
    assert_non_null(strstr(f->err.message, "\"a + 1\" is no column but an expression"));
    assert_non_null(strstr(f->err.message, "event timestamp: column \"ts\" is int64"));
    assert_int_equal(f->receipt->rows_read, 0);
}

/* The same names as a probe judges; a field is null where its struct is. */
static void fields_of_structs_are_columns(void **state)
{
    struct ingest_fixture *f = *state;

    TEST_MAPPING(f->arena, f->spec->batch_source, "driver_id", "d.driver");
    TEST_MAPPING(f->arena, f->spec->batch_source, "trips", "d.stats.trips");
    TEST_MAPPING(f->arena, f->spec->batch_source, "rating", "d.stats.half");
    f->spec->batch_source->event_timestamp_column = fc_arena_strdup(f->arena, "d.ts");
    ingest_source(
        f,
        "SELECT CASE WHEN range = 9 THEN NULL ELSE {'driver': range, 'stats': CASE WHEN range = 8 "
        "THEN NULL ELSE {'a.b': 'x', 'half': range / 2, 'trips': range::INTEGER} END, " TS_FIELD
        "} END AS d, range AS other FROM range(10)");
    ingest_ok(f);
    ingest_counts(f, 10, 9, 1, 0, 0);
    assert_int_equal(ingest_trips(f, 7), 7);
    assert_int_equal(ingest_trips(f, 8), -1);
    assert_int_equal(ingest_trips(f, 9), -2);
}

static void fields_of_structs_bound_a_span(void **state)
{
    struct ingest_fixture *f = *state;

    TEST_MAPPING(f->arena, f->spec->batch_source, "driver_id", "d.driver");
    TEST_MAPPING(f->arena, f->spec->batch_source, "trips", "d.driver");
    TEST_MAPPING(f->arena, f->spec->batch_source, "rating", "d.a.b");
    f->spec->batch_source->event_timestamp_column = fc_arena_strdup(f->arena, "d.ts");
    f->start.seconds = NEW_YEAR + 5000;
    f->end.seconds = NEW_YEAR + 5010;
    f->order->start = &f->start;
    f->order->end = &f->end;
    ingest_source(f, "SELECT {'driver': range, 'a': {'b': 0.5::FLOAT}, " TS_FIELD
                     "} AS d FROM range(10000)");
    ingest_ok(f);
    ingest_counts(f, 10, 10, 0, 0, 0);
    assert_int_equal(ingest_trips(f, 5009), 5009);
    f->spec->batch_source->field_mapping[2]->value = fc_arena_strdup(f->arena, "d.a.c");
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "feature \"rating\": there is no column \"d.a.c\""));
}

/* A flat column of that very name is what was read before there were fields. */
static void a_flat_name_hides_a_field(void **state)
{
    struct ingest_fixture *f = *state;

    TEST_MAPPING(f->arena, f->spec->batch_source, "trips", "d.trips");
    ingest_source(
        f, "SELECT 1::BIGINT AS driver_id, {'trips': 'none'} AS d, 5 AS \"d.trips\", 0.5::FLOAT AS "
           "rating, " TS " FROM range(1)");
    ingest_ok(f);
    ingest_counts(f, 1, 1, 0, 0, 0);
    assert_int_equal(ingest_trips(f, 1), 5);
}

static void a_file_among_many_that_does_not_fit(void **state)
{
    struct ingest_fixture *f = *state;

    assert_int_equal(fc_mkdirs(test_path(&f->scratch, "t.parquet"), 0755), 0);
    test_parquet(test_path(&f->scratch, "t.parquet/1"),
                 "SELECT 1::BIGINT AS driver_id, 1 AS trips, 1::FLOAT AS rating, TIMESTAMPTZ "
                 "'2021-01-01' AS ts",
                 0);
    test_parquet(test_path(&f->scratch, "t.parquet/2"),
                 "SELECT 2::BIGINT AS driver_id, 'x' AS trips, TIMESTAMPTZ '2021-01-01' AS ts", 0);
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "/2"));
    assert_non_null(strstr(f->err.message, "has no column \"rating\""));
    assert_non_null(strstr(f->err.message, "is string"));
    assert_int_equal(f->receipt->rows_read, 0);
    /* Another type that converts is taken as it is. */
    test_parquet(test_path(&f->scratch, "t.parquet/2"),
                 "SELECT 2::SMALLINT AS driver_id, 9::BIGINT AS trips, 1.5::DOUBLE AS rating, DATE "
                 "'2021-01-01' AS ts",
                 0);
    ingest_ok(f);
    ingest_counts(f, 2, 2, 0, 0, 0);
    assert_int_equal(ingest_trips(f, 2), 9);
}

static void a_file_that_breaks_off(void **state)
{
    struct ingest_fixture *f = *state;
    char noise[300];

    memset(noise, 0x5a, sizeof(noise));
    ingest_source(f, "SELECT range AS driver_id, 1 AS trips, random()::FLOAT AS rating, " TS
                     " FROM range(100000)");
    test_overwrite(test_path(&f->scratch, "t.parquet"), 600000, noise, sizeof(noise));
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    assert_non_null(strstr(f->err.message, "t.parquet"));
    assert_non_null(f->receipt);
}

static void many_slices_give_an_exact_account(void **state)
{
    struct ingest_fixture *f = *state;

    /* More keys than are held in memory at once, each of them twice, the older row second. */
    f->order->memory_limit_bytes = UINT64_C(32) << 20;
    ingest_source(
        f, "SELECT range % 200000 AS driver_id, (range // 200000)::INTEGER AS trips, 1::FLOAT AS "
           "rating, TIMESTAMPTZ "
           "'2021-01-02 00:00:00+00' - INTERVAL (range // 200000) HOUR AS ts FROM range(400000)");
    ingest_ok(f);
    ingest_counts(f, 400000, 200000, 0, 0, 200000);
    assert_int_equal(ingest_trips(f, 199999), 0);
    /* The newer second: rows of this job that it overwrites itself are not counted as written. */
    ingest_source(
        f, "SELECT range % 200000 AS driver_id, (range // 200000)::INTEGER AS trips, 1::FLOAT AS "
           "rating, TIMESTAMPTZ "
           "'2021-01-03 00:00:00+00' + INTERVAL (range // 200000) HOUR AS ts FROM range(400000)");
    ingest_ok(f);
    ingest_counts(f, 400000, 200000, 0, 0, 200000);
    assert_int_equal(ingest_trips(f, 0), 1);
}

static void another_writer_has_the_store_open(void **state)
{
    struct ingest_fixture *f = *state;
    struct fc_online_writer *other = NULL;

    ingest_source(f, "SELECT 1::BIGINT AS driver_id, 1 AS trips, 1::FLOAT AS rating, TIMESTAMPTZ "
                     "'2021-01-01' AS ts");
    assert_int_equal(fc_online_writer_open(f->order->sqlite->path, &other, &f->err), FC_OK);
    ingest_ok(f);
    fc_online_writer_close(other);
    ingest_counts(f, 1, 1, 0, 0, 0);
}

static void orders_that_cannot_be_followed(void **state)
{
    struct ingest_fixture *f = *state;

    f->order->sink_case = FEAST__WORKER__V1__INGEST__SINK__NOT_SET;
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "names no online store"));
    assert_null(f->receipt);
    f->order->sink_case = FEAST__WORKER__V1__INGEST__SINK_SQLITE;
    f->order->project = (char *)protobuf_c_empty_string;
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    f->order->project = fc_arena_strdup(f->arena, "default");
    f->order->n_entities = 0;
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    f->order->n_entities = 1;
    f->spec->batch_source->type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__INVALID;
    assert_int_equal(ingest(f), FC_UNIMPLEMENTED);
    f->spec->batch_source = NULL;
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    f->order->spec = NULL;
    assert_int_equal(ingest(f), FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_REQUEST_INVALID);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, ingest_setup, ingest_teardown)
static const struct CMUnitTest cases[] = {
    CASE(every_row_is_written),
    CASE(no_max_age_no_expiry),
    CASE(the_newest_row_of_a_key_wins),
    CASE(an_older_file_never_overwrites),
    CASE(order_over_files_is_by_path),
    CASE(null_features_clear),
    CASE(invalid_rows_hide_nothing),
    CASE(dead_letters),
    CASE(every_row_invalid),
    CASE(the_span_of_an_order),
    CASE(an_empty_place),
    CASE(sources_that_do_not_fit),
    CASE(fields_of_structs_are_columns),
    CASE(fields_of_structs_bound_a_span),
    CASE(a_flat_name_hides_a_field),
    CASE(a_file_among_many_that_does_not_fit),
    CASE(a_file_that_breaks_off),
    CASE(many_slices_give_an_exact_account),
    CASE(another_writer_has_the_store_open),
    CASE(orders_that_cannot_be_followed),
};

FC_TEST_MAIN_GROUP(cases, NULL, test_parquet_done)

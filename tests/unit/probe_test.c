/* SPDX-License-Identifier: Apache-2.0 */
/* What a look at a source reports: types, sampled values, and how the look ended. */
#include "tests/unit/probe_fixture.h"

#define TYPE(word)  FEAST__TYPES__VALUE_TYPE__ENUM__##word
#define LEVEL(word) FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__##word
#define STATE(word) FEAST__ADMIN__V1__SOURCE_REPORT__STATE__##word
#define ROLE(word)  FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__##word

#define GOOD                                                                                       \
    "SELECT range::BIGINT AS driver_id, (range % 100)::INTEGER AS trips, (range / 10)::FLOAT AS "  \
    "rating, "                                                                                     \
    "TIMESTAMPTZ '2021-01-01 00:00:00+00' + INTERVAL (range) SECOND AS ts FROM range(5000)"

static void a_source_that_fits(void **state)
{
    struct probe_fixture *f = *state;
    Feast__Admin__V1__SourceReport *report = probe_look_at(f, GOOD);

    assert_int_equal(report->state, STATE(READ));
    assert_int_equal(report->slot, FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_BATCH);
    assert_int_equal(report->kind, FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_FILE);
    probe_holds(report->location, "t.parquet");
    assert_int_equal(report->files_total, 1);
    assert_int_equal(report->files_seen, 1);
    assert_int_equal(report->rows_sampled, 1000);
    assert_int_equal(report->rows_invalid, 0);
    assert_int_equal(report->n_notes, 1);
    assert_true(probe_noted(report, "longer ago than max_age"));
    assert_int_equal(report->n_columns, 4);
    for (size_t i = 0; i < report->n_columns; i++) {
        assert_int_equal(report->columns[i]->level, LEVEL(EXACT));
        assert_int_equal(report->columns[i]->rows_sampled, 1000);
        assert_string_equal(report->columns[i]->message, "");
        assert_false(report->columns[i]->blocking);
    }
    assert_int_equal(report->columns[0]->role, ROLE(ENTITY));
    assert_int_equal(report->columns[1]->role, ROLE(FEATURE));
    assert_int_equal(report->columns[3]->role, ROLE(EVENT_TIMESTAMP));
    assert_string_equal(report->columns[0]->source_type, "int64");
    assert_string_equal(report->columns[0]->min, "0");
    assert_string_equal(probe_column(report, "trips")->max, "99");
    assert_string_equal(probe_column(report, "ts")->min, "2021-01-01T00:00:00Z");
}

static void types_that_do_not_fit(void **state)
{
    struct probe_fixture *f = *state;
    Feast__Admin__V1__SourceReport *report = probe_look_at(
        f, "SELECT '1' AS driver_id, 2.5::DOUBLE AS trips, true AS rating, 5::BIGINT AS ts");

    assert_int_equal(report->state, STATE(READ));
    assert_int_equal(probe_column(report, "driver_id")->level, LEVEL(REJECT));
    assert_string_equal(probe_column(report, "driver_id")->message,
                        "column \"driver_id\" is string, declared INT64 (text is not parsed)");
    assert_int_equal(probe_column(report, "trips")->level, LEVEL(CHECKED));
    assert_int_equal(probe_column(report, "trips")->invalid_count, 1);
    assert_string_equal(probe_column(report, "trips")->first_bad_value, "2.5");
    probe_holds(probe_column(report, "trips")->message,
                "1 of 1 sampled values are invalid: 2.5 is no whole number");
    assert_int_equal(probe_column(report, "rating")->level, LEVEL(REJECT));
    assert_int_equal(probe_column(report, "ts")->level, LEVEL(REJECT));
    probe_holds(probe_column(report, "ts")->message, "does not say its unit");
    assert_int_equal(report->rows_invalid, 1);
}

static void columns_that_are_not_there(void **state)
{
    struct probe_fixture *f = *state;
    Feast__Admin__V1__SourceReport *report = probe_look_at(
        f, "SELECT 1::BIGINT AS Driver_ID, 1 AS tripz, 1.5::FLOAT AS score, TIMESTAMPTZ "
           "'2021-01-01' AS ts");

    assert_int_equal(probe_column(report, "driver_id")->level, LEVEL(MISSING));
    probe_holds(probe_column(report, "driver_id")->message,
                "names are case-sensitive, the source has \"Driver_ID\"");
    probe_holds(probe_column(report, "trips")->message,
                "there is no column \"trips\"; did you mean \"tripz\"?");
    assert_string_equal(probe_column(report, "rating")->message, "there is no column \"rating\"");
    assert_int_equal(probe_column(report, "rating")->rows_sampled, 0);
    assert_int_equal(probe_column(report, "ts")->level, LEVEL(EXACT));
}

static void names_are_mapped(void **state)
{
    struct probe_fixture *f = *state;

    TEST_MAPPING(f->arena, f->spec->batch_source, "trips", "num trips");
    TEST_MAPPING(f->arena, f->spec->batch_source, "rating", "driver + 1");
    TEST_MAPPING(f->arena, f->spec->batch_source, "driver_id", "driver");
    Feast__Admin__V1__SourceReport *report = probe_look_at(
        f, "SELECT 1::BIGINT AS driver, 1 AS \"num trips\", TIMESTAMPTZ '2021-01-01' AS ts");

    assert_string_equal(report->columns[0]->name, "driver_id");
    assert_string_equal(report->columns[0]->column, "driver");
    assert_int_equal(report->columns[0]->level, LEVEL(EXACT));
    assert_int_equal(report->columns[1]->level, LEVEL(EXACT));
    assert_int_equal(report->columns[2]->level, LEVEL(LEVEL_UNSPECIFIED));
    probe_holds(report->columns[2]->message, "expression");
}

#define STRUCTS                                                                                    \
    "SELECT {'driver': 1::BIGINT, 'stats': {'trips': 1, 'rating': 0.5}} AS d, MAP {'rating': "     \
    "0.5} AS "                                                                                     \
    "m, [{'rating': 0.5}] AS l, TIMESTAMPTZ '2021-01-01' AS ts"

static void fields_of_structs_are_columns(void **state)
{
    struct probe_fixture *f = *state;

    TEST_MAPPING(f->arena, f->spec->batch_source, "driver_id", "d.driver");
    TEST_MAPPING(f->arena, f->spec->batch_source, "trips", "d.stats.trips");
    TEST_MAPPING(f->arena, f->spec->batch_source, "rating", "d.stats.rating");
    Feast__Admin__V1__SourceReport *report = probe_look_at(f, STRUCTS);
    assert_int_equal(report->columns[0]->level, LEVEL(EXACT));
    assert_string_equal(report->columns[0]->source_type, "int64");
    assert_int_equal(report->columns[1]->level, LEVEL(EXACT));
    assert_int_equal(report->columns[2]->level, LEVEL(CHECKED));
    assert_string_equal(report->columns[2]->min, "0.5");
    assert_int_equal(report->rows_sampled, 1);
    assert_int_equal(report->rows_invalid, 0);
}

static void what_fields_are_not(void **state)
{
    static const struct {
        const char *column;
        int level;
        const char *text;
    } ROWS[] = {
        {"d.stats", LEVEL(REJECT), "column \"d.stats\" is struct, declared FLOAT"},
        {"d.Driver", LEVEL(MISSING), "the source has \"d.driver\""},
        {"d.stats.rate", LEVEL(MISSING), "there is no column \"d.stats.rate\""},
        {"e.rating", LEVEL(MISSING), "there is no column \"e.rating\""},
        {"ts.rating", LEVEL(MISSING), "there is no column \"ts.rating\""},
        {"r\xc3\xa4ting", LEVEL(MISSING), "there is no column \"r\xc3\xa4ting\""},
        {"m.rating", LEVEL(LEVEL_UNSPECIFIED), "\"m.rating\" is no column but an expression"},
        {"l.rating", LEVEL(LEVEL_UNSPECIFIED), "\"l.rating\" is no column but an expression"},
        {"concat(m, '\xc3\xa4')", LEVEL(LEVEL_UNSPECIFIED), "is no column but an expression"},
    };
    struct probe_fixture *f = *state;

    TEST_MAPPING(f->arena, f->spec->batch_source, "rating", "");
    for (size_t i = 0; i < FC_ARRAY_LEN(ROWS); i++) {
        f->spec->batch_source->field_mapping[0]->value = fc_arena_strdup(f->arena, ROWS[i].column);
        Feast__Admin__V1__SourceReport *report = probe_look_at(f, STRUCTS);
        assert_int_equal(report->columns[2]->level, ROWS[i].level);
        probe_holds(report->columns[2]->message, ROWS[i].text);
    }
}

static void a_name_that_repeats(void **state)
{
    struct probe_fixture *f = *state;

    f->spec->batch_source = test_source_at(f->arena, test_parquet_data(f->arena, "duplicates"));
    TEST_MAPPING(f->arena, f->spec->batch_source, "driver_id", "a");
    TEST_MAPPING(f->arena, f->spec->batch_source, "rating", "A");
    Feast__Admin__V1__SourceReport *report = probe_look(f);
    assert_int_equal(report->columns[0]->level, LEVEL(REJECT));
    assert_string_equal(report->columns[0]->message, "there are 2 columns \"a\"");
    assert_int_equal(report->columns[2]->level, LEVEL(CHECKED));
    assert_int_equal(report->columns[2]->rows_sampled, 2);
}

static void nulls_and_values_that_do_not_convert(void **state)
{
    struct probe_fixture *f = *state;
    Feast__Admin__V1__SourceReport *report = probe_look_at(
        f, "SELECT CASE WHEN range % 10 = 0 THEN NULL ELSE range END AS driver_id, CASE "
           "WHEN range % 4 = 0 THEN "
           "NULL WHEN range = 3 THEN 3000000000 ELSE range END AS trips, NULL::FLOAT AS "
           "rating, CASE WHEN range = 5 "
           "THEN NULL ELSE TIMESTAMPTZ '2021-01-01' END AS ts FROM range(100)");

    assert_int_equal(report->rows_sampled, 100);
    assert_int_equal(probe_column(report, "driver_id")->null_count, 10);
    assert_int_equal(probe_column(report, "driver_id")->invalid_count, 10);
    assert_string_equal(probe_column(report, "driver_id")->first_bad_value, "null");
    assert_int_equal(probe_column(report, "trips")->null_count, 25);
    assert_int_equal(probe_column(report, "trips")->invalid_count, 1);
    assert_string_equal(probe_column(report, "trips")->first_bad_value, "3000000000");
    assert_int_equal(probe_column(report, "rating")->null_count, 100);
    assert_int_equal(probe_column(report, "rating")->invalid_count, 0);
    assert_string_equal(probe_column(report, "rating")->min, "");
    assert_int_equal(probe_column(report, "ts")->invalid_count, 1);
    assert_int_equal(report->rows_invalid, 12);
}

/* Ten row groups of 2048 rows; `odd` is what the last row of each is, of all rows of the groups 3 and 7 if `whole`. */
static Feast__Admin__V1__SourceReport *look_at_groups(struct probe_fixture *f, const char *odd,
                                                      bool whole)
{
    const char *select =
        fc_arena_printf(f->arena,
                        "SELECT 1::BIGINT AS driver_id, CASE WHEN %s THEN %s ELSE range END AS "
                        "trips, 0.5::FLOAT AS "
                        "rating, TIMESTAMPTZ '2021-01-01' AS ts FROM range(20480)",
                        whole ? "range // 2048 IN (3, 7)" : "range % 2048 = 2047", odd);

    return probe_look_at(f, select);
}

static void statistics_tell_what_a_sample_does_not(void **state)
{
    struct probe_fixture *f = *state;
    const Feast__Admin__V1__ColumnReport *seen;

    seen = look_at_groups(f, "-7", false)->columns[1];
    assert_int_equal(seen->level, LEVEL(CHECKED));
    assert_int_equal(seen->rows_by_statistics, 20480);
    assert_int_equal(seen->invalid_by_statistics, 0);
    probe_holds(seen->message,
                "by the statistics of the file all values lie in -7 to 20478, which fits");
    seen = look_at_groups(f, "4294967296", false)->columns[1];
    assert_int_equal(seen->invalid_by_statistics, 10);
    probe_holds(seen->message,
                "by the statistics of the file values lie in 0 to 4294967296: 10 of 20480 rows "
                "at least do not fit");
    seen = look_at_groups(f, "-4294967296 - range", true)->columns[1];
    assert_int_equal(seen->invalid_by_statistics, 4096);
    /* Nulls fit. */
    seen = look_at_groups(f, "CASE WHEN range % 2 = 0 THEN 4294967296 END", true)->columns[1];
    assert_int_equal(seen->invalid_by_statistics, 2048);
    seen = look_at_groups(f, "NULL", true)->columns[1];
    probe_holds(seen->message, "all values lie in 0 to 20479, which fits");
}

/* What cannot be wrong needs no proof, and of what the footer does not tell there is none. */
static void statistics_are_not_asked_of_all(void **state)
{
    struct probe_fixture *f = *state;
    Feast__Admin__V1__SourceReport *report;

    report =
        probe_look_at(f, "SELECT 1 AS driver_id, 1::UBIGINT AS trips, 0.5 AS rating, TIMESTAMPTZ "
                         "'2021-01-01' AS ts");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(report->columns[i]->rows_by_statistics, 0);
        assert_null(strstr(report->columns[i]->message, "statistics"));
    }
}

static void time_columns(void **state)
{
    struct probe_fixture *f = *state;

    f->spec->batch_source->created_timestamp_column = fc_arena_strdup(f->arena, "created");
    f->spec->batch_source->date_partition_column = fc_arena_strdup(f->arena, "dt");
    Feast__Admin__V1__SourceReport *report =
        probe_look_at(f, "SELECT 1::BIGINT AS driver_id, 1 AS trips, 1::FLOAT AS rating, TIMESTAMP "
                         "'1969-12-31' AS ts, "
                         "TIMESTAMPTZ '9999-12-31 23:59:59+00' AS created, 'soon' AS dt");
    assert_int_equal(report->n_columns, 6);
    assert_int_equal(probe_column(report, "ts")->level, LEVEL(CHECKED));
    probe_holds(probe_column(report, "ts")->message,
                "column \"ts\" is timestamp[us] (no time zone, read as UTC)");
    assert_int_equal(probe_column(report, "created")->role, ROLE(CREATED_TIMESTAMP));
    assert_int_equal(probe_column(report, "created")->level, LEVEL(EXACT));
    assert_int_equal(probe_column(report, "dt")->role, ROLE(DATE_PARTITION));
    assert_int_equal(probe_column(report, "dt")->level, LEVEL(CHECKED));
    assert_int_equal(probe_column(report, "dt")->invalid_count, 1);
    assert_true(probe_noted(report, "event times lie before 1970, from 1969-12-31"));
    report = probe_look_at(f, "SELECT 1::BIGINT AS driver_id, 1 AS trips, 1::FLOAT AS rating, "
                              "TIMESTAMPTZ '2999-01-01' AS "
                              "ts, NULL::TIMESTAMPTZ AS created, DATE '2021-01-01' AS dt");
    assert_true(probe_noted(report, "event times lie in the future, up to 2999-01-01"));
    assert_int_equal(probe_column(report, "created")->invalid_count, 0);
}

static void int96_and_lost_precision_are_noted(void **state)
{
    struct probe_fixture *f = *state;

    f->spec->batch_source = test_source_at(f->arena, test_parquet_data(f->arena, "int96"));
    Feast__Admin__V1__SourceReport *report = probe_look(f);
    assert_int_equal(probe_column(report, "ts")->level, LEVEL(WIDENING));
    probe_holds(probe_column(report, "ts")->message, "stored as INT96, UTC by convention");
    assert_true(probe_noted(report, "nanoseconds of column \"ts\" are cut"));
}

static void a_source_out_of_reach(void **state)
{
    struct probe_fixture *f = *state;
    Feast__Admin__V1__SourceReport *report = probe_look(f);

    assert_int_equal(report->state, STATE(UNREACHABLE));
    assert_string_equal(report->reason, "SOURCE_UNREACHABLE");
    probe_holds(report->message, "t.parquet: No such file or directory");
    assert_int_equal(report->n_columns, 4);
    assert_int_equal(report->columns[0]->level, LEVEL(LEVEL_UNSPECIFIED));
    assert_int_equal(fc_mkdirs(test_path(&f->scratch, "t.parquet"), 0755), 0);
    report = probe_look(f);
    assert_int_equal(report->state, STATE(UNREACHABLE));
    probe_holds(report->message, "is empty");
    f->spec->batch_source->type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__INVALID;
    report = probe_look(f);
    assert_int_equal(report->state, STATE(UNREACHABLE));
    assert_string_equal(report->reason, "SOURCE_UNSUPPORTED");
    probe_holds(report->message, "INVALID sources are not looked at by this version");
}

/* A port that nobody listens on. */
static Feast__Core__DataSource *stream_of(struct probe_fixture *f, const char *schema)
{
    Feast__Core__DataSource *source = test_kafka_source(f->arena);

    source->event_timestamp_column = fc_arena_strdup(f->arena, "ts");
    source->kafka_options->bootstrap_servers = fc_arena_strdup(f->arena, "127.0.0.1:1");
    source->kafka_options->message_format->avro_format->schema_json =
        fc_arena_strdup(f->arena, schema);
    return source;
}

static void a_stream_is_judged_by_its_schema_while_its_broker_is_out_of_reach(void **state)
{
    struct probe_fixture *f = *state;

    f->limits.deadline_ms = 2000;
    f->probe.slot = FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM;
    f->spec->stream_source = stream_of(
        f, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"driver_id\",\"type\":"
           "\"long\"},{\"name\":\"trips\",\"type\":[\"null\",\"string\"]},{\"name\":\"stats\","
           "\"type\":{\"type\":\"map\",\"values\":\"float\"}},{\"name\":\"ts\",\"type\":"
           "\"long\"}]}");
    TEST_MAPPING(f->arena, f->spec->stream_source, "rating", "stats.rating");
    Feast__Admin__V1__SourceReport *report = probe_look(f);
    assert_int_equal(report->state, STATE(UNREACHABLE));
    assert_string_equal(report->reason, "SOURCE_UNREACHABLE");
    assert_string_equal(report->location, "127.0.0.1:1/trips");
    assert_int_equal(probe_column(report, "driver_id")->level, LEVEL(EXACT));
    assert_string_equal(probe_column(report, "driver_id")->source_type, "long");
    assert_string_equal(probe_column(report, "driver_id")->source_kind, "int64");
    assert_int_equal(probe_column(report, "trips")->level, LEVEL(REJECT));
    assert_string_equal(probe_column(report, "trips")->advice,
                        "declare STRING, or convert it at the source");
    assert_int_equal(probe_column(report, "stats.rating")->level, LEVEL(EXACT));
    assert_int_equal(probe_column(report, "ts")->level, LEVEL(REJECT));
    assert_string_equal(probe_column(report, "ts")->advice,
                        "name a column that holds a timestamp, or store one");
    f->spec->stream_source = stream_of(f, "{\"type\":\"recrod\"}");
    report = probe_look(f);
    assert_int_equal(report->state, STATE(UNREADABLE));
    probe_holds(report->message, "schema_json is no Avro schema");
}

static void what_to_do_about_it(void **state)
{
    struct probe_fixture *f = *state;
    Feast__Admin__V1__SourceReport *report =
        probe_look_at(f, "SELECT CASE WHEN range = 0 THEN NULL ELSE range END AS driver_id, "
                         "3000000000 + range AS trips, 1::DOUBLE AS ratings, "
                         "1609459200000 + range AS ts FROM range(4)");

    assert_string_equal(probe_column(report, "driver_id")->source_kind, "int64");
    assert_int_equal(probe_column(report, "driver_id")->n_faults, 1);
    assert_string_equal(probe_column(report, "driver_id")->faults[0]->reason, "NULL");
    assert_int_equal(probe_column(report, "driver_id")->faults[0]->count, 1);
    probe_holds(probe_column(report, "driver_id")->advice, "fill it");
    assert_string_equal(probe_column(report, "trips")->faults[0]->reason, "OUT_OF_RANGE");
    probe_holds(probe_column(report, "trips")->advice, "declare a wider type");
    probe_holds(probe_column(report, "rating")->advice, "map the name");
    assert_string_equal(probe_column(report, "ts")->advice,
                        "its values look like milliseconds since 1970: store a timestamp");
}

static void rows_that_are_there_twice(void **state)
{
    struct probe_fixture *f = *state;
    Feast__Admin__V1__SourceReport *report = probe_look_at(
        f, "SELECT (range % 40)::BIGINT AS driver_id, 1 AS trips, 1::FLOAT AS rating, TIMESTAMPTZ "
           "'2021-01-01 00:00:00+00' + INTERVAL (range % 20) SECOND AS ts, TIMESTAMPTZ "
           "'2021-01-02 00:00:00+00' + INTERVAL (range) SECOND AS created FROM range(100)");

    assert_int_equal(report->rows_duplicate, 60);
    assert_true(
        probe_noted(report, "60 of 100 sampled rows have the key and event time of another"));
    f->spec->batch_source->created_timestamp_column = fc_arena_strdup(f->arena, "created");
    report = probe_look(f);
    assert_int_equal(report->rows_duplicate, 0);
    assert_int_equal(report->oldest_event->seconds, 1609459200);
    assert_int_equal(report->newest_event->seconds, 1609459219);
    assert_true(probe_noted(report, "the newest event sampled is of 2021-01-01T00:00:19Z"));
    f->spec->max_age = NULL;
    report = probe_look(f);
    assert_int_equal(report->n_notes, 0);
}

static void a_source_that_is_no_parquet(void **state)
{
    struct probe_fixture *f = *state;

    test_write(test_path(&f->scratch, "t.parquet"), "driver_id,trips\n1,2\n");
    Feast__Admin__V1__SourceReport *report = probe_look(f);
    assert_int_equal(report->state, STATE(UNREADABLE));
    assert_string_equal(report->reason, "SOURCE_INVALID");
    probe_holds(report->message, "does not begin with PAR1");
    /* The schema is fine, the data is not. */
    f->spec->batch_source = test_source_at(f->arena, test_parquet_data(f->arena, "not_utf8"));
    TEST_MAPPING(f->arena, f->spec->batch_source, "driver_id", "text");
    f->probe.entities[0]->value_type = TYPE(STRING);
    report = probe_look(f);
    assert_int_equal(report->state, STATE(UNREADABLE));
    probe_holds(report->message,
                "not_utf8.parquet: column \"text\" is text by the footer, but one of its "
                "rows 0 to 1 is not UTF-8");
    assert_int_equal(report->columns[0]->level, LEVEL(EXACT));
}

static void a_source_without_rows(void **state)
{
    struct probe_fixture *f = *state;
    Feast__Admin__V1__SourceReport *report = probe_look_at(f, GOOD " WHERE range < 0");

    assert_int_equal(report->state, STATE(READ));
    assert_int_equal(report->rows_sampled, 0);
    assert_true(probe_noted(report, "no rows seen"));
    assert_int_equal(report->columns[0]->level, LEVEL(EXACT));
}

static void rows_that_are_not_read_in_time(void **state)
{
    struct probe_fixture *f = *state;

    f->limits.bytes = 1;
    Feast__Admin__V1__SourceReport *report = probe_look_at(f, GOOD);
    assert_int_equal(report->state, STATE(UNREACHABLE));
    assert_string_equal(report->reason, "DEADLINE_EXCEEDED");
    probe_holds(report->message, "no row could be read");
    assert_int_equal(report->columns[0]->level, LEVEL(EXACT));
}

static void files_that_disagree(void **state)
{
    struct probe_fixture *f = *state;

    assert_int_equal(fc_mkdirs(test_path(&f->scratch, "t.parquet"), 0755), 0);
    test_parquet(test_path(&f->scratch, "t.parquet/1"), GOOD, 0);
    test_parquet(
        test_path(&f->scratch, "t.parquet/2"),
        "SELECT 1::BIGINT AS driver_id, 'x' AS trips, TIMESTAMPTZ '2021-01-01' AS ts, 1 AS other",
        0);
    Feast__Admin__V1__SourceReport *report = probe_look(f);
    assert_int_equal(report->state, STATE(READ));
    assert_int_equal(report->n_disagreements, 2);
    probe_holds(report->disagreements[0], "/2: column \"trips\" is string, but int32 in ");
    probe_holds(report->disagreements[1], "/2 has no column \"rating\", which is float in ");
    assert_true(probe_noted(report, "columns that the table does not use"));
    /* A column that only other tables use is nobody's finding. */
    test_parquet(test_path(&f->scratch, "t.parquet/2"), GOOD, 0);
    test_parquet(test_path(&f->scratch, "t.parquet/3"), "SELECT *, 1 AS other FROM (" GOOD ")", 0);
    assert_int_equal(probe_look(f)->n_disagreements, 0);
}

static void names_that_are_no_text(void **state)
{
    struct probe_fixture *f = *state;

    f->spec->batch_source = test_source_at(f->arena, test_path(&f->scratch, "\xff\n.parquet"));
    Feast__Admin__V1__SourceReport *report = probe_look(f);
    assert_int_equal(report->state, STATE(UNREACHABLE));
    probe_holds(report->message, "? .parquet: No such file");
}

static void orders_that_cannot_be_followed(void **state)
{
    struct probe_fixture *f = *state;
    Feast__Admin__V1__SourceReport *report = NULL;

    f->probe.slot = FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM;
    assert_int_equal(probe_run(f, &report), FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_REQUEST_INVALID);
    f->probe.slot = FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_UNSPECIFIED;
    assert_int_equal(probe_run(f, &report), FC_INVALID_ARGUMENT);
    f->probe.slot = FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_BATCH;
    f->probe.n_entities = 0;
    assert_int_equal(probe_run(f, &report), FC_INVALID_ARGUMENT);
    probe_holds(f->err.message, "type of entity \"driver_id\"");
    f->probe.n_entities = 1;
    f->spec->batch_source->event_timestamp_column = (char *)protobuf_c_empty_string;
    assert_int_equal(probe_run(f, &report), FC_INVALID_ARGUMENT);
    probe_holds(f->err.message, "no event timestamp column");
    f->probe.spec = NULL;
    assert_int_equal(probe_run(f, &report), FC_INVALID_ARGUMENT);
    assert_null(report);
}

static void too_many_features_for_the_columns_there(void **state)
{
    struct probe_fixture *f = *state;

    for (int i = 0; i < 500; i++)
        (void)test_add_feature(f->arena, f->spec, fc_arena_printf(f->arena, "f%d", i),
                               TYPE(DOUBLE));
    Feast__Admin__V1__SourceReport *report = probe_look_at(f, GOOD);
    assert_int_equal(report->n_columns, 504);
    assert_int_equal(probe_column(report, "f499")->level, LEVEL(MISSING));
    assert_int_equal(report->rows_sampled, 1000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, probe_setup, probe_teardown)
static const struct CMUnitTest cases[] = {
    CASE(a_source_that_fits),
    CASE(types_that_do_not_fit),
    CASE(columns_that_are_not_there),
    CASE(names_are_mapped),
    CASE(fields_of_structs_are_columns),
    CASE(what_fields_are_not),
    CASE(a_name_that_repeats),
    CASE(nulls_and_values_that_do_not_convert),
    CASE(statistics_tell_what_a_sample_does_not),
    CASE(statistics_are_not_asked_of_all),
    CASE(time_columns),
    CASE(int96_and_lost_precision_are_noted),
    CASE(a_source_out_of_reach),
    CASE(a_stream_is_judged_by_its_schema_while_its_broker_is_out_of_reach),
    CASE(what_to_do_about_it),
    CASE(rows_that_are_there_twice),
    CASE(a_source_that_is_no_parquet),
    CASE(a_source_without_rows),
    CASE(rows_that_are_not_read_in_time),
    CASE(files_that_disagree),
    CASE(names_that_are_no_text),
    CASE(orders_that_cannot_be_followed),
    CASE(too_many_features_for_the_columns_there),
};

FC_TEST_MAIN_GROUP(cases, NULL, test_parquet_done)

/* SPDX-License-Identifier: Apache-2.0 */
/* Every cell of the table of modes (docs/validation.md), and what a refusal says. */
#include "tests/unit/harness.h"

#include "server/admission/policy.h"

#define ENFORCE FC_VALIDATION_ENFORCE
#define STRICT  FC_VALIDATION_STRICT
#define WARN    FC_VALIDATION_WARN
#define OFF     FC_VALIDATION_OFF

#define LEVEL(word)   FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__##word
#define ROLE(word)    FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__##word
#define STATE(word)   FEAST__ADMIN__V1__SOURCE_REPORT__STATE__##word
#define VERDICT(word) ((int)FEAST__ADMIN__V1__VERDICT__##word)

#define COLUMNS 5

/* A table of one entity, two features and both timestamps over one source that fits. */
struct fixture {
    struct fc_arena *arena;
    struct fc_violations violations;
    Feast__Admin__V1__ColumnReport columns[COLUMNS];
    Feast__Admin__V1__ColumnReport *column_list[COLUMNS];
    Feast__Admin__V1__SourceReport source, stream;
    Feast__Admin__V1__SourceReport *sources[2];
    char *disagreements[1];
    Feast__Admin__V1__ValidationReport report;
};

static void set_column(struct fixture *f, size_t at, Feast__Admin__V1__ColumnReport__Role role,
                       const char *name, Feast__Types__ValueType__Enum declared)
{
    Feast__Admin__V1__ColumnReport *column = &f->columns[at];

    feast__admin__v1__column_report__init(column);
    column->role = role;
    column->name = (char *)name;
    column->column = (char *)name;
    column->declared_type = declared;
    column->source_type = (char *)"int64";
    column->level = LEVEL(EXACT);
    column->rows_sampled = 1000;
    f->column_list[at] = column;
}

static void make_fit(struct fixture *f)
{
    fc_arena_reset(f->arena);
    fc_violations_init(&f->violations, f->arena);
    set_column(f, 0, ROLE(ENTITY), "carrier", FEAST__TYPES__VALUE_TYPE__ENUM__STRING);
    set_column(f, 1, ROLE(FEATURE), "distance", FEAST__TYPES__VALUE_TYPE__ENUM__INT32);
    set_column(f, 2, ROLE(FEATURE), "dep_delay", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    set_column(f, 3, ROLE(EVENT_TIMESTAMP), "time_hour", FEAST__TYPES__VALUE_TYPE__ENUM__INVALID);
    set_column(f, 4, ROLE(CREATED_TIMESTAMP), "loaded", FEAST__TYPES__VALUE_TYPE__ENUM__INVALID);
    feast__admin__v1__source_report__init(&f->source);
    f->source.slot = FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_BATCH;
    f->source.location = (char *)"file:///flights.parquet";
    f->source.state = STATE(READ);
    f->source.rows_sampled = 1000;
    f->source.n_columns = COLUMNS;
    f->source.columns = f->column_list;
    feast__admin__v1__source_report__init(&f->stream);
    f->stream.slot = FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM;
    f->stream.location = (char *)"flights at kafka:9092";
    f->sources[0] = &f->source;
    f->sources[1] = &f->stream;
    feast__admin__v1__validation_report__init(&f->report);
    f->report.n_sources = 1;
    f->report.sources = f->sources;
}

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    f->arena = fc_arena_new((size_t)1024 * 1024);
    make_fit(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_arena_free(f->arena);
    test_free(f);
    return 0;
}

static void judge(struct fixture *f, enum fc_validation_mode mode)
{
    fc_violations_init(&f->violations, f->arena);
    fc_policy_judge(mode, 0.05, &f->report, &f->violations);
}

/* The verdict and number of violations of the report under each mode. */
static void expect(struct fixture *f, enum fc_validation_mode mode, int verdict, size_t violations)
{
    judge(f, mode);
    if ((int)f->report.verdict != verdict || f->violations.count != violations) {
        print_error("mode %s: verdict %d, expected %d; %zu violations, expected %zu: %s\n",
                    fc_validation_mode_name(mode), (int)f->report.verdict, verdict,
                    f->violations.count, violations, fc_violations_text(&f->violations, 4000));
        fail();
    }
}

static void expect_violation(const struct fixture *f, size_t at, enum fc_reason reason,
                             const char *field, const char *message)
{
    assert_true(at < f->violations.count);
    assert_int_equal(f->violations.items[at].reason, reason);
    assert_string_equal(f->violations.items[at].field, field);
    assert_string_equal(f->violations.items[at].message, message);
}

static void a_fit_is_accepted_in_every_mode(void **state)
{
    struct fixture *f = *state;

    expect(f, STRICT, VERDICT(OK), 0);
    expect(f, ENFORCE, VERDICT(OK), 0);
    expect(f, WARN, VERDICT(OK), 0);
    assert_int_equal(f->report.mode, FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__WARN);
    assert_string_equal(f->report.reason, "");
    expect(f, OFF, VERDICT(NOT_CHECKED), 0);
    assert_int_equal(f->report.mode, FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF);
}

static void off_looks_at_nothing(void **state)
{
    struct fixture *f = *state;

    f->columns[1].level = LEVEL(REJECT);
    f->report.n_sources = 2;
    expect(f, OFF, VERDICT(NOT_CHECKED), 0);
}

static void widening_is_accepted_in_every_mode(void **state)
{
    struct fixture *f = *state;

    f->columns[1].level = LEVEL(WIDENING);
    f->columns[3].level = LEVEL(WIDENING);
    expect(f, STRICT, VERDICT(OK), 0);
    expect(f, ENFORCE, VERDICT(OK), 0);
    expect(f, WARN, VERDICT(OK), 0);
}

static void checked_conversion_is_refused_by_strict_alone(void **state)
{
    struct fixture *f = *state;

    f->columns[1].level = LEVEL(CHECKED);
    expect(f, STRICT, VERDICT(MISMATCHED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.features[0]",
                     "feature \"distance\": column \"distance\" is int64, declared INT32");
    assert_true(f->columns[1].blocking);
    expect(f, ENFORCE, VERDICT(OK), 0);
    assert_false(f->columns[1].blocking);
    expect(f, WARN, VERDICT(OK), 0);
}

static void naive_event_timestamp_is_refused_by_strict_alone(void **state)
{
    struct fixture *f = *state;

    f->columns[3].level = LEVEL(CHECKED);
    f->columns[3].message = (char *)"column \"time_hour\" has no zone, read as UTC";
    expect(f, STRICT, VERDICT(MISMATCHED), 1);
    expect_violation(
        f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.batch_source.event_timestamp_column",
        "event timestamp \"time_hour\": column \"time_hour\" has no zone, read as UTC");
    expect(f, ENFORCE, VERDICT(OK), 0);
    expect(f, WARN, VERDICT(OK), 0);
}

static void reject_and_missing_are_refused_and_in_warn_noted(void **state)
{
    struct fixture *f = *state;
    static const Feast__Admin__V1__ColumnReport__Level levels[] = {LEVEL(REJECT), LEVEL(MISSING)};

    for (size_t i = 0; i < FC_ARRAY_LEN(levels); i++) {
        for (size_t at = 0; at < COLUMNS; at++) {
            make_fit(f);
            f->columns[at].level = levels[i];
            expect(f, STRICT, VERDICT(MISMATCHED), 1);
            expect(f, ENFORCE, VERDICT(MISMATCHED), 1);
            assert_true(f->columns[at].blocking);
            assert_string_equal(f->report.reason, "SOURCE_MISMATCH");
            expect(f, WARN, VERDICT(MISMATCHED), 0);
            assert_false(f->columns[at].blocking);
        }
    }
}

static void every_column_is_named_with_its_place(void **state)
{
    struct fixture *f = *state;

    for (size_t at = 0; at < COLUMNS; at++)
        f->columns[at].level = at % 2 == 0 ? LEVEL(REJECT) : LEVEL(MISSING);
    f->columns[2].message = (char *)"column \"dep_delay\" is double, declared INT64 (no)";
    expect(f, ENFORCE, VERDICT(MISMATCHED), COLUMNS);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.entities[0]",
                     "entity \"carrier\": column \"carrier\" is int64, declared STRING");
    expect_violation(f, 1, FC_REASON_SOURCE_MISMATCH, "table_spec.features[0]",
                     "feature \"distance\": there is no column \"distance\"");
    expect_violation(f, 2, FC_REASON_SOURCE_MISMATCH, "table_spec.features[1]",
                     "feature \"dep_delay\": column \"dep_delay\" is double, declared INT64 (no)");
    expect_violation(f, 3, FC_REASON_SOURCE_MISMATCH,
                     "table_spec.batch_source.event_timestamp_column",
                     "event timestamp \"time_hour\": there is no column \"time_hour\"");
    expect_violation(f, 4, FC_REASON_SOURCE_MISMATCH,
                     "table_spec.batch_source.created_timestamp_column",
                     "created timestamp \"loaded\": column \"loaded\" is int64");
}

static void few_invalid_rows_are_refused_by_strict_alone(void **state)
{
    struct fixture *f = *state;

    f->source.rows_invalid = 50;
    f->columns[1].invalid_count = 50;
    f->columns[1].first_bad_value = (char *)"4294967296";
    expect(f, STRICT, VERDICT(MISMATCHED), 1);
    expect_violation(
        f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.features[0]",
        "feature \"distance\": column \"distance\" is int64, declared INT32, and 50 of "
        "1000 sampled values are invalid, the first is 4294967296; none is accepted");
    expect(f, ENFORCE, VERDICT(OK), 0);
    expect(f, WARN, VERDICT(OK), 0);
    f->columns[1].message = (char *)"50 of 1000 sampled values are invalid: out of range";
    expect(f, STRICT, VERDICT(MISMATCHED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.features[0]",
                     "feature \"distance\": 50 of 1000 sampled values are invalid: out of range; "
                     "none is accepted");
}

static void many_invalid_rows_are_refused_and_in_warn_noted(void **state)
{
    struct fixture *f = *state;

    f->source.rows_invalid = 51;
    f->columns[0].invalid_count = 50;
    f->columns[3].invalid_count = 1;
    expect(f, STRICT, VERDICT(MISMATCHED), 2);
    expect(f, ENFORCE, VERDICT(MISMATCHED), 2);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.entities[0]",
                     "entity \"carrier\": column \"carrier\" is int64, declared STRING, and 50 of "
                     "1000 sampled values are invalid; 5 % are accepted");
    expect_violation(f, 1, FC_REASON_SOURCE_MISMATCH,
                     "table_spec.batch_source.event_timestamp_column",
                     "event timestamp \"time_hour\": column \"time_hour\" is int64, and 1 of 1000 "
                     "sampled values "
                     "are invalid; 5 % are accepted");
    expect(f, WARN, VERDICT(MISMATCHED), 0);
}

/* The sample showed none of them. */
static void rows_that_statistics_rule_out_are_invalid_too(void **state)
{
    struct fixture *f = *state;

    f->columns[1].rows_by_statistics = 100000;
    f->columns[1].invalid_by_statistics = 5000;
    f->columns[1].message = (char *)"by the statistics 5000 do not fit";
    expect(f, STRICT, VERDICT(MISMATCHED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.features[0]",
                     "feature \"distance\": by the statistics 5000 do not fit; none is accepted");
    expect(f, ENFORCE, VERDICT(OK), 0);
    f->columns[1].invalid_by_statistics = 5001;
    expect(f, ENFORCE, VERDICT(MISMATCHED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.features[0]",
                     "feature \"distance\": by the statistics 5000 do not fit; 5 % are accepted");
    expect(f, WARN, VERDICT(MISMATCHED), 0);
}

/* Undecodable messages have no column to blame; a count of rows that a column contradicts is not believed. */
static void invalid_rows_without_a_column_are_the_source_s(void **state)
{
    struct fixture *f = *state;

    f->source.rows_invalid = 51;
    expect(f, ENFORCE, VERDICT(MISMATCHED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.batch_source",
                     "51 of 1000 sampled rows are invalid");
    f->source.rows_invalid = 0;
    f->columns[2].invalid_count = 900;
    expect(f, ENFORCE, VERDICT(MISMATCHED), 1);
}

static void a_rejected_column_is_told_once(void **state)
{
    struct fixture *f = *state;

    f->source.rows_invalid = 1000;
    f->columns[1].level = LEVEL(REJECT);
    f->columns[1].invalid_count = 1000;
    expect(f, ENFORCE, VERDICT(MISMATCHED), 1);
}

static void a_file_that_differs_is_refused_and_in_warn_noted(void **state)
{
    struct fixture *f = *state;

    f->disagreements[0] = (char *)"b.parquet: column x is string, int64 in a.parquet";
    f->source.disagreements = f->disagreements;
    f->source.n_disagreements = 1;
    expect(f, STRICT, VERDICT(MISMATCHED), 1);
    expect(f, ENFORCE, VERDICT(MISMATCHED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.batch_source",
                     f->disagreements[0]);
    expect(f, WARN, VERDICT(MISMATCHED), 0);
}

static void unreadable_is_refused_and_in_warn_noted(void **state)
{
    struct fixture *f = *state;

    f->source.state = STATE(UNREADABLE);
    f->source.n_columns = 0;
    f->source.message = (char *)"\"flights.parquet\" is no Parquet file";
    expect(f, STRICT, VERDICT(MISMATCHED), 1);
    expect(f, ENFORCE, VERDICT(MISMATCHED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.batch_source", f->source.message);
    expect(f, WARN, VERDICT(MISMATCHED), 0);
}

static void unreachable_is_refused_by_strict_alone(void **state)
{
    struct fixture *f = *state;

    f->source.state = STATE(UNREACHABLE);
    f->source.n_columns = 0;
    f->source.reason = (char *)"SOURCE_UNREACHABLE";
    f->source.message = (char *)"no such file";
    expect(f, STRICT, VERDICT(UNVERIFIED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_UNVERIFIED, "table_spec.batch_source",
                     "batch source \"file:///flights.parquet\": no such file");
    expect(f, ENFORCE, VERDICT(UNVERIFIED), 0);
    assert_string_equal(f->report.reason, "SOURCE_UNREACHABLE");
    expect(f, WARN, VERDICT(UNVERIFIED), 0);
}

/* A state that this version does not know cannot be taken for a fit. */
static void an_unknown_state_or_level_is_unverified(void **state)
{
    struct fixture *f = *state;

    f->columns[1].level = LEVEL(LEVEL_UNSPECIFIED);
    expect(f, STRICT, VERDICT(UNVERIFIED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_UNVERIFIED, "table_spec.features[0]",
                     "feature \"distance\": the column could not be judged");
    assert_true(f->columns[1].blocking);
    expect(f, ENFORCE, VERDICT(UNVERIFIED), 0);
    expect(f, WARN, VERDICT(UNVERIFIED), 0);
    make_fit(f);
    f->source.state = (Feast__Admin__V1__SourceReport__State)77;
    expect(f, ENFORCE, VERDICT(UNVERIFIED), 0);
    assert_string_equal(f->report.reason, "SOURCE_UNVERIFIED");
}

static void no_rows_are_no_mistake(void **state)
{
    struct fixture *f = *state;

    f->source.rows_sampled = 0;
    for (size_t i = 0; i < COLUMNS; i++)
        f->columns[i].rows_sampled = 0;
    expect(f, STRICT, VERDICT(OK), 0);
    expect(f, ENFORCE, VERDICT(OK), 0);
    expect(f, WARN, VERDICT(OK), 0);
}

static void a_mismatch_outweighs_what_could_not_be_judged(void **state)
{
    struct fixture *f = *state;

    f->report.n_sources = 2;
    f->stream.state = STATE(UNREACHABLE);
    f->stream.reason = (char *)"SOURCE_UNSUPPORTED";
    f->stream.message = (char *)"not looked at";
    expect(f, ENFORCE, VERDICT(UNVERIFIED), 0);
    assert_string_equal(f->report.reason, "SOURCE_UNSUPPORTED");
    expect(f, STRICT, VERDICT(UNVERIFIED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_UNVERIFIED, "table_spec.stream_source",
                     "stream source \"flights at kafka:9092\": not looked at");
    f->columns[1].level = LEVEL(REJECT);
    expect(f, ENFORCE, VERDICT(MISMATCHED), 1);
    expect(f, STRICT, VERDICT(MISMATCHED), 2);
    expect(f, WARN, VERDICT(MISMATCHED), 0);
}

static void columns_of_the_stream_are_told_as_such(void **state)
{
    struct fixture *f = *state;

    f->source.slot = FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM;
    f->columns[1].level = LEVEL(MISSING);
    f->columns[3].level = LEVEL(MISSING);
    expect(f, ENFORCE, VERDICT(MISMATCHED), 2);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.features[0]",
                     "feature \"distance\" in the stream source: there is no column \"distance\"");
    expect_violation(
        f, 1, FC_REASON_SOURCE_MISMATCH, "table_spec.stream_source.event_timestamp_column",
        "event timestamp \"time_hour\" in the stream source: there is no column \"time_hour\"");
}

static void modes_have_names(void **state)
{
    static const char *const names[] = {"enforce", "strict", "warn", "off"};
    enum fc_validation_mode mode;

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        assert_true(fc_validation_mode_parse(names[i], &mode));
        assert_string_equal(fc_validation_mode_name(mode), names[i]);
    }
    assert_false(fc_validation_mode_parse("", &mode));
    assert_false(fc_validation_mode_parse("Strict", &mode));
    assert_false(fc_validation_mode_parse("lenient", &mode));
}

/* Rows: mode of the stored verdict OK; columns: mode of the request. */
static void an_ok_satisfies_laxer_modes(void **state)
{
    static const enum fc_validation_mode modes[] = {STRICT, ENFORCE, WARN, OFF};
    static const bool satisfied[4][4] = {
        {true, true, true, true},
        {false, true, true, true},
        {false, true, true, true},
        {false, false, false, true},
    };

    (void)state;
    for (size_t stored = 0; stored < 4; stored++) {
        for (size_t asked = 0; asked < 4; asked++) {
            assert_int_equal(fc_admission_satisfied(VERDICT(OK), modes[stored], modes[asked]),
                             satisfied[stored][asked]);
        }
    }
}

static void no_other_verdict_satisfies_any_mode_but_off(void **state)
{
    static const enum fc_validation_mode modes[] = {STRICT, ENFORCE, WARN};
    static const int verdicts[] = {VERDICT(NOT_CHECKED), VERDICT(UNVERIFIED), VERDICT(MISMATCHED),
                                   VERDICT(DRIFTED), 99};

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(verdicts); i++) {
        for (size_t stored = 0; stored < 3; stored++) {
            for (size_t asked = 0; asked < 3; asked++)
                assert_false(fc_admission_satisfied(verdicts[i], modes[stored], modes[asked]));
            assert_true(fc_admission_satisfied(verdicts[i], modes[stored], OFF));
        }
    }
}

static void types_of_an_unreachable_stream_are_judged(void **state)
{
    struct fixture *f = *state;

    f->source.slot = FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM;
    f->source.state = STATE(UNREACHABLE);
    f->source.reason = (char *)"SOURCE_UNREACHABLE";
    expect(f, STRICT, VERDICT(UNVERIFIED), 1);
    expect(f, ENFORCE, VERDICT(UNVERIFIED), 0);
    f->columns[1].level = LEVEL(CHECKED);
    expect(f, STRICT, VERDICT(MISMATCHED), 2);
    expect(f, ENFORCE, VERDICT(UNVERIFIED), 0);
    f->columns[1].level = LEVEL(REJECT);
    f->columns[2].level = LEVEL(LEVEL_UNSPECIFIED);
    expect(f, ENFORCE, VERDICT(MISMATCHED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.features[0]",
                     "feature \"distance\" in the stream source: column \"distance\" is int64, "
                     "declared INT32");
    expect(f, WARN, VERDICT(MISMATCHED), 0);
}

static void messages_that_cannot_be_decoded(void **state)
{
    struct fixture *f = *state;

    f->source.rows_undecodable = f->source.rows_invalid = 40;
    f->source.first_undecodable = (char *)"partition 0, offset 3: 2 is no boolean";
    expect(f, ENFORCE, VERDICT(OK), 0);
    expect(f, STRICT, VERDICT(MISMATCHED), 1);
    f->source.rows_undecodable = f->source.rows_invalid = 51;
    expect(f, ENFORCE, VERDICT(MISMATCHED), 1);
    expect_violation(f, 0, FC_REASON_SOURCE_MISMATCH, "table_spec.batch_source",
                     "51 of 1000 sampled messages cannot be decoded, the first at partition 0, "
                     "offset 3: 2 is no boolean");
}

/* A copy of the batch source's columns in the stream, with kinds of their own. */
static void make_stream(struct fixture *f, Feast__Admin__V1__ColumnReport *columns,
                        Feast__Admin__V1__ColumnReport **list)
{
    static const char *const kinds[COLUMNS] = {"string", "int32", "int64", "timestamp",
                                               "timestamp"};

    for (size_t i = 0; i < COLUMNS; i++) {
        f->columns[i].source_kind = (char *)kinds[i];
        columns[i] = f->columns[i];
        list[i] = &columns[i];
    }
    f->stream.state = STATE(READ);
    f->stream.n_columns = COLUMNS;
    f->stream.columns = list;
    f->report.n_sources = 2;
}

static void batch_and_stream_are_held_against_each_other(void **state)
{
    struct fixture *f = *state;
    Feast__Admin__V1__ColumnReport columns[COLUMNS], *list[COLUMNS];

    make_stream(f, columns, list);
    expect(f, ENFORCE, VERDICT(OK), 0);
    assert_int_equal(f->report.n_notes, 0);
    columns[0].source_kind = (char *)"int64";
    columns[1].source_kind = (char *)"int16";
    columns[2].source_kind = (char *)"double";
    columns[2].level = LEVEL(CHECKED);
    columns[3].source_kind = (char *)"timestamp without zone";
    columns[3].level = LEVEL(CHECKED);
    columns[4].level = LEVEL(MISSING);
    columns[4].source_kind = (char *)"";
    judge(f, WARN);
    judge(f, ENFORCE); /* a second judgement adds nothing */
    static const char *const notes[] = {
        "entity \"carrier\" is string in the batch source and int64 in the stream: keys of the two "
        "meet only where their values are written alike",
        "feature \"distance\" is int32 in the batch source and int16 in the stream: both fit",
        "feature \"dep_delay\" is int64 in the batch source and double in the stream: a value that "
        "the batch source gives may be rejected from the stream",
        "event timestamp is timestamp in the batch source and timestamp without zone in the "
        "stream: "
        "what has no zone is read as UTC, a date as its midnight",
    };
    assert_int_equal(f->report.n_notes, FC_ARRAY_LEN(notes));
    for (size_t i = 0; i < FC_ARRAY_LEN(notes); i++)
        assert_string_equal(f->report.notes[i], notes[i]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(a_fit_is_accepted_in_every_mode),
    CASE(off_looks_at_nothing),
    CASE(widening_is_accepted_in_every_mode),
    CASE(checked_conversion_is_refused_by_strict_alone),
    CASE(naive_event_timestamp_is_refused_by_strict_alone),
    CASE(reject_and_missing_are_refused_and_in_warn_noted),
    CASE(every_column_is_named_with_its_place),
    CASE(few_invalid_rows_are_refused_by_strict_alone),
    CASE(many_invalid_rows_are_refused_and_in_warn_noted),
    CASE(rows_that_statistics_rule_out_are_invalid_too),
    CASE(invalid_rows_without_a_column_are_the_source_s),
    CASE(a_rejected_column_is_told_once),
    CASE(a_file_that_differs_is_refused_and_in_warn_noted),
    CASE(unreadable_is_refused_and_in_warn_noted),
    CASE(unreachable_is_refused_by_strict_alone),
    CASE(an_unknown_state_or_level_is_unverified),
    CASE(no_rows_are_no_mistake),
    CASE(a_mismatch_outweighs_what_could_not_be_judged),
    CASE(columns_of_the_stream_are_told_as_such),
    CASE(types_of_an_unreachable_stream_are_judged),
    CASE(messages_that_cannot_be_decoded),
    CASE(batch_and_stream_are_held_against_each_other),
    cmocka_unit_test(modes_have_names),
    cmocka_unit_test(an_ok_satisfies_laxer_modes),
    cmocka_unit_test(no_other_verdict_satisfies_any_mode_but_off),
};

FC_TEST_MAIN(cases)

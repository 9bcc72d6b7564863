/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the file source: sampled, and scanned in order within a span. */
#include <stdlib.h>

#include "tests/unit/file_source_fixture.h"
#include "worker/contract/convert.h"

#define NEW_YEAR INT64_C(1609459200) /* 2021-01-01T00:00:00Z */
#define DAY      86400

static void dir(struct file_source *f, const char *path)
{
    assert_int_equal(fc_mkdirs(test_path(&f->scratch, "%s", path), 0755), 0);
}

/* Rows 0..count-1, one a second from new year 2021; `extra` goes into the select. */
static void seconds(struct file_source *f, const char *path, unsigned from, unsigned to,
                    const char *extra)
{
    const char *sql =
        fc_arena_printf(f->arena,
                        "SELECT range::BIGINT AS id, TIMESTAMPTZ '2021-01-01 00:00:00+00' + "
                        "INTERVAL (range) SECOND AS ts%s FROM range(%u, %u)",
                        extra, from, to);

    test_parquet(test_path(&f->scratch, "%s", path), sql, 2048);
}

static struct file_rows *sample(struct file_source *f, const char *path, uint64_t rows)
{
    struct file_rows *taken = calloc(1, sizeof *taken);
    const char *columns[] = {"id"};
    struct fc_sample_stats stats = {.cut = false};

    f->limits.rows = rows;
    if (file_source_open(f, test_path(&f->scratch, "%s", path)) != FC_OK ||
        OPS->sample(f->source, columns, 1, file_rows_take, taken, &stats, &f->err) != FC_OK)
        fail_msg("%s", f->err.message);
    assert_false(stats.cut);
    return taken;
}

static void a_sample_is_spread_over_row_groups(void **state)
{
    struct file_source *f = *state;

    seconds(f, "s.parquet", 0, 20000, "");
    struct file_rows *taken = sample(f, "s.parquet", 100);
    assert_int_equal(taken->count, 100);
    assert_int_equal(taken->values[0], 0);
    /* Ten row groups: the last one is among those looked at. */
    assert_true(taken->values[99] >= 9 * 2048);
    size_t jumps = 0;
    for (size_t i = 1; i < taken->count; i++)
        jumps += taken->values[i] != taken->values[i - 1] + 1;
    assert_true(jumps >= 4);
    for (size_t i = 0; i < taken->count; i++)
        assert_true(taken->positions[i] == taken->values[i]);
    free(taken);
}

static void a_sample_is_spread_over_files(void **state)
{
    struct file_source *f = *state;

    dir(f, "d");
    for (unsigned i = 0; i < 20; i++)
        seconds(f, fc_arena_printf(f->arena, "d/%02u.parquet", i), i * 100,
                i * 100 + (i == 3 ? 0 : 100), "");
    struct file_rows *taken = sample(f, "d", 40);
    assert_int_equal(taken->count, 40);
    assert_true(taken->values[0] == 0);
    assert_true(taken->values[39] >= 1900);
    free(taken);
}

static void a_sample_takes_what_there_is(void **state)
{
    struct file_source *f = *state;

    seconds(f, "s.parquet", 0, 5000, "");
    struct file_rows *taken = sample(f, "s.parquet", 100000);
    assert_int_equal(taken->count, 5000);
    free(taken);
    taken = sample(f, "s.parquet", 0);
    assert_int_equal(taken->count, 5000);
    free(taken);
    seconds(f, "empty.parquet", 0, 0, "");
    taken = sample(f, "empty.parquet", 10);
    assert_int_equal(taken->count, 0);
    free(taken);
}

static void a_sample_is_cut_by_its_limits(void **state)
{
    struct file_source *f = *state;
    struct file_rows *taken = calloc(1, sizeof *taken);
    const char *columns[] = {"id"};
    struct fc_sample_stats stats = {.cut = false};

    seconds(f, "s.parquet", 0, 20000, "");
    f->limits.rows = 20000;
    f->limits.bytes = 1;
    assert_int_equal(file_source_open(f, test_path(&f->scratch, "s.parquet")), FC_OK);
    assert_int_equal(OPS->sample(f->source, columns, 1, file_rows_take, taken, &stats, &f->err),
                     FC_OK);
    assert_true(stats.cut);
    assert_true(taken->count < 20000);
    f->limits.bytes = 0;
    f->env.deadline_ns = 1;
    taken->count = 0;
    assert_int_equal(OPS->sample(f->source, columns, 1, file_rows_take, taken, &stats, &f->err),
                     FC_OK);
    assert_true(stats.cut);
    assert_int_equal(taken->count, 0);
    free(taken);
}

/* What one scan is asked for and gives. */
struct scanned {
    struct file_rows rows;
    struct fc_scan_progress progress;
    fc_rc rc;
};

static struct scanned *scan(struct file_source *f, const char *path, struct fc_scan_request request)
{
    static const char *const both[] = {"id", "ts"};
    struct scanned *out = calloc(1, sizeof *out);

    if (!request.columns) {
        request.columns = both;
        request.count = 2;
        request.event = 1;
    }
    f->limits.rows = 0;
    out->rc = file_source_open(f, path[0] == '/' ? path : test_path(&f->scratch, "%s", path));
    if (out->rc == FC_OK)
        out->rc =
            OPS->scan(f->source, &request, file_rows_take, &out->rows, &out->progress, &f->err);
    return out;
}

static struct scanned *scan_ok(struct file_source *f, const char *path,
                               struct fc_scan_request request)
{
    struct scanned *out = scan(f, path, request);

    if (out->rc != FC_OK)
        fail_msg("%s", f->err.message);
    return out;
}

#define AT(s, ns)                                                                                  \
    {                                                                                              \
        .seconds = NEW_YEAR + (s), .nanos = (ns), .set = true                                      \
    }

static void rows_come_in_input_order(void **state)
{
    struct file_source *f = *state;

    dir(f, "d/b");
    seconds(f, "d/c.parquet", 12000, 15000, "");
    seconds(f, "d/a.parquet", 0, 7000, "");
    seconds(f, "d/b/x.parquet", 7000, 12000, "");
    struct scanned *out = scan_ok(f, "d", (struct fc_scan_request){0});
    assert_int_equal(out->rows.count, 15000);
    for (size_t i = 0; i < out->rows.count; i++)
        assert_true(out->rows.values[i] == (int64_t)i);
    assert_true(out->rows.positions[7000] == 0);
    assert_int_equal(out->progress.rows_passed, 15000);
    assert_true(out->progress.bytes_read > 0);
    free(out);
}

static void the_span_is_half_open(void **state)
{
    struct file_source *f = *state;

    seconds(f, "s.parquet", 0, 20000, "");
    struct scanned *out =
        scan_ok(f, "s.parquet", (struct fc_scan_request){.start = AT(5000, 0), .end = AT(5003, 0)});
    assert_int_equal(out->rows.count, 3);
    assert_true(out->rows.values[0] == 5000);
    assert_true(out->rows.positions[0] == 5000);
    free(out);
    out =
        scan_ok(f, "s.parquet", (struct fc_scan_request){.start = AT(4999, 1), .end = AT(5000, 1)});
    assert_int_equal(out->rows.count, 1);
    assert_true(out->rows.values[0] == 5000);
    free(out);
    out = scan_ok(f, "s.parquet", (struct fc_scan_request){.start = AT(19999, 0)});
    assert_int_equal(out->rows.count, 1);
    free(out);
    out = scan_ok(f, "s.parquet", (struct fc_scan_request){.end = AT(1, 0)});
    assert_int_equal(out->rows.count, 1);
    free(out);
    out = scan_ok(f, "s.parquet", (struct fc_scan_request){.start = AT(20000, 0)});
    assert_int_equal(out->rows.count, 0);
    free(out);
    /* The ends of time as the wire knows it. */
    out = scan_ok(f, "s.parquet",
                  (struct fc_scan_request){
                      .start = {.seconds = -62135596800, .set = true},
                      .end = {.seconds = 253402300799, .nanos = 999999999, .set = true}});
    assert_int_equal(out->rows.count, 20000);
    free(out);
}

static void rows_without_a_time_come_too(void **state)
{
    struct file_source *f = *state;

    test_parquet(test_path(&f->scratch, "n.parquet"),
                 "SELECT range::BIGINT AS id, CASE WHEN range % 10 = 0 THEN NULL ELSE TIMESTAMPTZ "
                 "'2021-01-01 00:00:00+00' + INTERVAL (range) SECOND END AS ts FROM range(100)",
                 0);
    struct scanned *out =
        scan_ok(f, "n.parquet", (struct fc_scan_request){.start = AT(50, 0), .end = AT(52, 0)});
    /* 0, 10, ... 90 and 51; 50 itself is one of the former. */
    assert_int_equal(out->rows.count, 11);
    free(out);
}

static void every_kind_of_event_time_can_be_bounded(void **state)
{
    static const struct {
        const char *expression;
        /* of ten rows, half a day apart from new year, those of the first of two days */
        size_t want;
    } kinds[] = {
        {"(TIMESTAMP '2021-01-01' + INTERVAL (range * 12) HOUR)::TIMESTAMPTZ", 2},
        {"TIMESTAMP '2021-01-01' + INTERVAL (range * 12) HOUR", 2},
        {"(TIMESTAMP '2021-01-01' + INTERVAL (range * 12) HOUR)::TIMESTAMP_NS", 2},
        {"(TIMESTAMP '2021-01-01' + INTERVAL (range * 12) HOUR)::TIMESTAMP_MS", 2},
        {"(TIMESTAMP '2021-01-01' + INTERVAL (range * 12) HOUR)::DATE", 2},
    };
    struct file_source *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(kinds); i++) {
        test_parquet(test_path(&f->scratch, "k.parquet"),
                     fc_arena_printf(f->arena,
                                     "SELECT range::BIGINT AS id, %s AS ts FROM range(10)",
                                     kinds[i].expression),
                     0);
        struct scanned *out =
            scan_ok(f, "k.parquet", (struct fc_scan_request){.start = AT(0, 0), .end = AT(DAY, 0)});
        assert_int_equal(out->rows.count, kinds[i].want);
        free(out);
        /* Years that 64-bit nanoseconds do not reach. */
        out = scan_ok(f, "k.parquet",
                      (struct fc_scan_request){.start = {.seconds = -62135596800, .set = true},
                                               .end = {.seconds = 253402300799, .set = true}});
        assert_int_equal(out->rows.count, 10);
        free(out);
    }
    struct scanned *out = scan_ok(
        f, test_parquet_data(f->arena, "int96"),
        (struct fc_scan_request){.start = {.seconds = 1577836800, .set = true},
                                 .end = {.seconds = 1577836800, .nanos = 1500000, .set = true}});
    assert_int_equal(out->rows.count, 2);
    free(out);
}

static void a_date_that_starts_within_the_span(void **state)
{
    struct file_source *f = *state;

    test_parquet(
        test_path(&f->scratch, "k.parquet"),
        "SELECT range::BIGINT AS id, DATE '2021-01-01' + range::INTEGER AS ts FROM range(10)", 0);
    struct scanned *out = scan_ok(
        f, "k.parquet", (struct fc_scan_request){.start = AT(1, 0), .end = AT(2 * DAY + 1, 0)});
    assert_int_equal(out->rows.count, 2);
    assert_true(out->rows.values[0] == 1);
    free(out);
}

static void directories_of_other_days_are_not_opened(void **state)
{
    struct file_source *f = *state;
    const char *names[] = {"2020-12-31", "2021-01-01", "2021-01-02", "2021-01-03"};

    for (unsigned i = 0; i < FC_ARRAY_LEN(names); i++) {
        dir(f, fc_arena_printf(f->arena, "p/dt=%s", names[i]));
        seconds(f, fc_arena_printf(f->arena, "p/dt=%s/a.parquet", names[i]), i * 10, i * 10 + 10,
                "");
    }
    test_write(test_path(&f->scratch, "p/dt=2020-12-31/a.parquet"),
               "would be refused if it was opened");
    struct fc_scan_request request = {.date_partition = "dt", .start = AT(0, 0), .end = AT(DAY, 0)};
    /* Both ends belong to the days of the span, as the peers have it; rows are held against the span itself. */
    struct scanned *out = scan_ok(f, "p", request);
    assert_int_equal(out->rows.count, 20);
    free(out);
    request.start.set = false;
    out = scan(f, "p", request);
    assert_int_equal(out->rc, FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "dt=2020-12-31"));
    free(out);
}

static void partition_values_are_columns(void **state)
{
    const char *columns[] = {"n", "ts"};
    struct file_source *f = *state;

    dir(f, "p/n=7");
    dir(f, "p/n=8");
    seconds(f, "p/n=7/a.parquet", 0, 3, ", 'hidden' AS n");
    seconds(f, "p/n=8/a.parquet", 3, 4, "");
    struct scanned *out =
        scan_ok(f, "p", (struct fc_scan_request){.columns = columns, .count = 2, .event = 1});
    assert_int_equal(out->rows.count, 4);
    assert_true(out->rows.values[0] == 7 && out->rows.values[2] == 7 && out->rows.values[3] == 8);
    free(out);
}

static void a_partition_column_within_the_file(void **state)
{
    static const char *const expressions[] = {
        ", DATE '2021-01-01' + (range % 4)::INTEGER AS dt",
        ", (DATE '2021-01-01' + (range % 4)::INTEGER)::VARCHAR AS dt",
        ", (DATE '2021-01-01' + (range % 4)::INTEGER)::TIMESTAMP AS dt"};
    struct file_source *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(expressions); i++) {
        seconds(f, "s.parquet", 0, 100, expressions[i]);
        struct scanned *out = scan_ok(
            f, "s.parquet",
            (struct fc_scan_request){.date_partition = "dt", .start = AT(0, 0), .end = AT(DAY, 0)});
        assert_int_equal(out->rows.count, 50);
        free(out);
    }
}

static void a_file_that_lacks_a_column_is_named(void **state)
{
    struct file_source *f = *state;

    dir(f, "d");
    seconds(f, "d/1.parquet", 0, 10, "");
    test_parquet(test_path(&f->scratch, "d/2.parquet"), "SELECT TIMESTAMPTZ '2021-01-01' AS ts", 0);
    struct scanned *out = scan(f, "d", (struct fc_scan_request){0});
    assert_int_equal(out->rc, FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_MISMATCH);
    assert_non_null(strstr(f->err.message, "2.parquet has no column \"id\""));
    free(out);
    const char *columns[] = {"a", "ts"};
    out = scan(f, test_parquet_data(f->arena, "duplicates"),
               (struct fc_scan_request){.columns = columns, .count = 2, .event = 1});
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_MISMATCH);
    assert_non_null(strstr(f->err.message, "has 2 columns \"a\""));
    free(out);
    columns[0] = "A";
    out = scan_ok(f, test_parquet_data(f->arena, "duplicates"),
                  (struct fc_scan_request){.columns = columns, .count = 2, .event = 1});
    assert_int_equal(out->rows.count, 2);
    free(out);
}

static void text_that_is_none_names_file_and_column(void **state)
{
    const char *columns[] = {"text", "ts"};
    struct file_source *f = *state;
    struct scanned *out =
        scan(f, test_parquet_data(f->arena, "not_utf8"),
             (struct fc_scan_request){.columns = columns, .count = 2, .event = 1});

    assert_int_equal(out->rc, FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    assert_non_null(strstr(
        f->err.message, "not_utf8.parquet: column \"text\" is text by the footer, but one of its "
                        "rows 0 to 1 is not UTF-8: \"\\xFF\\xFE\"; nothing of the column can be "
                        "read: write it as binary"));
    free(out);
    out = scan_ok(f, test_parquet_data(f->arena, "not_utf8"), (struct fc_scan_request){0});
    assert_int_equal(out->rows.count, 2);
    free(out);
}

static void a_damaged_page_names_the_file(void **state)
{
    struct file_source *f = *state;
    char noise[400];

    memset(noise, 0x5a, sizeof(noise));
    seconds(f, "s.parquet", 0, 20000, "");
    test_overwrite(test_path(&f->scratch, "s.parquet"), 20000, noise, sizeof(noise));
    struct scanned *out = scan(f, "s.parquet", (struct fc_scan_request){0});
    assert_int_equal(out->rc, FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    assert_non_null(strstr(f->err.message, "s.parquet cannot be decoded"));
    free(out);
}

/* Cells of the odd file, by the column's name. */
struct odd {
    const char *const *names;
    struct fc_arena *arena;
    const char *texts[3][40];
    struct fc_cell ts_ns, dec38, u64;
};

static fc_rc take_odd(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct odd *odd = ctx;

    (void)err;
    assert_int_equal(batch->row_count, 3);
    for (size_t row = 0; row < 3; row++) {
        for (size_t i = 0; i < batch->column_count; i++)
            odd->texts[row][i] =
                fc_cell_text(&batch->columns[i].type, &batch->cells[i][row], odd->arena);
    }
    return FC_OK;
}

static void values_of_every_type(void **state)
{
    static const char *const names[] = {
        "u8",        "u16",    "u32",       "u64",          "f16",       "bool",     "text",
        "bytes",     "fixed",  "dec9",      "dec38",        "date",      "time_ms",  "time_ns",
        "ts_ms",     "ts_ns",  "ts_utc_us", "ts_utc_ns",    "list_text", "list_dec", "list_f16",
        "list_list", "struct", "nothing",   "list_nothing", "enum",      "i8"};
    static const char *const last[] = {
        "255",
        "65535",
        "4294967295",
        "18446744073709551615",
        "0.5",
        "null",
        "null",
        "null",
        "'ef'",
        "3.00",
        "-3",
        "1960-01-01",
        "00:00:00.003",
        "00:00:00.000000003",
        "2020-01-01T00:00:00.002",
        "1969-12-31T23:59:59.999999999",
        "2020-01-01T00:00:00.002Z",
        "1970-01-01T00:00:00Z", /* the engine cuts zoned nanoseconds to microseconds */
        "null",
        "[]",
        "null",
        "null",
        "null",
        "null",
        "[]",
        "'x'",
        "-3"};
    struct file_source *f = *state;
    struct odd odd = {.names = names, .arena = f->arena};
    struct fc_sample_stats stats = {.cut = false};

    assert_int_equal(file_source_open(f, test_parquet_data(f->arena, "odd_types")), FC_OK);
    assert_int_equal(
        OPS->sample(f->source, names, FC_ARRAY_LEN(names), take_odd, &odd, &stats, &f->err), FC_OK);
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++)
        assert_string_equal(odd.texts[2][i], last[i]);
    assert_string_equal(odd.texts[0][18], "['a', null]");
    assert_string_equal(odd.texts[1][19], "[2.000, 3.000]");
    assert_string_equal(odd.texts[0][20], "[1, 2]");
    assert_string_equal(odd.texts[0][21], "[(nested)]");
}

static fc_rc stop_here(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    (void)batch;
    ++*(int *)ctx;
    return fc_fail(err, FC_REASON_CANCELLED, "enough");
}

static void the_reader_can_stop(void **state)
{
    const char *columns[] = {"ts"};
    struct file_source *f = *state;
    const struct fc_scan_request request = {.columns = columns, .count = 1};
    struct fc_scan_progress progress;
    int calls = 0;

    seconds(f, "s.parquet", 0, 20000, "");
    assert_int_equal(file_source_open(f, test_path(&f->scratch, "s.parquet")), FC_OK);
    assert_int_equal(OPS->scan(f->source, &request, stop_here, &calls, &progress, &f->err),
                     FC_CANCELLED);
    assert_int_equal(calls, 1);
    assert_string_equal(f->err.message, "enough");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, file_source_setup, file_source_teardown)
static const struct CMUnitTest cases[] = {
    CASE(a_sample_is_spread_over_row_groups),
    CASE(a_sample_is_spread_over_files),
    CASE(a_sample_takes_what_there_is),
    CASE(a_sample_is_cut_by_its_limits),
    CASE(rows_come_in_input_order),
    CASE(the_span_is_half_open),
    CASE(rows_without_a_time_come_too),
    CASE(every_kind_of_event_time_can_be_bounded),
    CASE(a_date_that_starts_within_the_span),
    CASE(directories_of_other_days_are_not_opened),
    CASE(partition_values_are_columns),
    CASE(a_partition_column_within_the_file),
    CASE(a_file_that_lacks_a_column_is_named),
    CASE(text_that_is_none_names_file_and_column),
    CASE(a_damaged_page_names_the_file),
    CASE(values_of_every_type),
    CASE(the_reader_can_stop),
};

FC_TEST_MAIN_GROUP(cases, NULL, test_parquet_done)

/* SPDX-License-Identifier: Apache-2.0 */
/* Where files are found and what their footers say. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/file_source_fixture.h"

#define TWO_COLUMNS "SELECT 1::BIGINT AS id, TIMESTAMPTZ '2021-01-01 00:00:00+00' AS ts"

static void make(struct file_source *f, const char *path)
{
    test_parquet(test_path(&f->scratch, "%s", path), TWO_COLUMNS, 0);
}

static void dir(struct file_source *f, const char *path)
{
    assert_int_equal(fc_mkdirs(test_path(&f->scratch, "%s", path), 0755), 0);
}

static void types_of_another_writer(void **state)
{
    static const struct {
        const char *name, *text;
        enum fc_column_kind kind, element;
    } want[] = {
        {"i8", "int8", FC_COLUMN_INT8, 0},
        {"i16", "int16", FC_COLUMN_INT16, 0},
        {"i32", "int32", FC_COLUMN_INT32, 0},
        {"i64", "int64", FC_COLUMN_INT64, 0},
        {"u8", "uint8", FC_COLUMN_UINT8, 0},
        {"u16", "uint16", FC_COLUMN_UINT16, 0},
        {"u32", "uint32", FC_COLUMN_UINT32, 0},
        {"u64", "uint64", FC_COLUMN_UINT64, 0},
        {"f16", "float16", FC_COLUMN_FLOAT16, 0},
        {"f32", "float", FC_COLUMN_FLOAT32, 0},
        {"f64", "double", FC_COLUMN_FLOAT64, 0},
        {"bool", "bool", FC_COLUMN_BOOL, 0},
        {"text", "string", FC_COLUMN_STRING, 0},
        {"bytes", "binary", FC_COLUMN_BINARY, 0},
        {"fixed", "fixed_size_binary(2)", FC_COLUMN_BINARY, 0},
        {"dec9", "decimal(9,2)", FC_COLUMN_DECIMAL, 0},
        {"dec38", "decimal(38,0)", FC_COLUMN_DECIMAL, 0},
        {"date", "date", FC_COLUMN_DATE, 0},
        {"time_ms", "time", FC_COLUMN_TIME, 0},
        {"time_ns", "time", FC_COLUMN_TIME, 0},
        {"ts_ms", "timestamp[ms]", FC_COLUMN_TIMESTAMP_NAIVE, 0},
        {"ts_us", "timestamp[us]", FC_COLUMN_TIMESTAMP_NAIVE, 0},
        {"ts_ns", "timestamp[ns]", FC_COLUMN_TIMESTAMP_NAIVE, 0},
        {"ts_utc_ms", "timestamp[ms, UTC]", FC_COLUMN_TIMESTAMP_UTC, 0},
        {"ts_utc_us", "timestamp[us, UTC]", FC_COLUMN_TIMESTAMP_UTC, 0},
        {"ts_utc_ns", "timestamp[ns, UTC]", FC_COLUMN_TIMESTAMP_UTC, 0},
        {"list_text", "list<string>", FC_COLUMN_LIST, FC_COLUMN_STRING},
        {"list_dec", "list<decimal(20,3)>", FC_COLUMN_LIST, FC_COLUMN_DECIMAL},
        {"list_f16", "list<float16>", FC_COLUMN_LIST, FC_COLUMN_FLOAT16},
        {"list_list", "list<list>", FC_COLUMN_LIST, FC_COLUMN_LIST},
        {"list_struct", "list<struct>", FC_COLUMN_LIST, FC_COLUMN_STRUCT},
        {"struct", "struct", FC_COLUMN_STRUCT, 0},
        {"map", "map", FC_COLUMN_MAP, 0},
        {"nothing", "null", FC_COLUMN_NULL, 0},
        {"list_nothing", "list<null>", FC_COLUMN_LIST, FC_COLUMN_NULL},
        {"enum", "string", FC_COLUMN_STRING, 0},
        {"struct.x", "int64", FC_COLUMN_INT64, 0},
    };
    struct file_source *f = *state;
    struct fc_source_schema schema =
        file_source_schema(f, test_parquet_data(f->arena, "odd_types"));

    assert_int_equal(schema.column_count, FC_ARRAY_LEN(want));
    assert_int_equal(schema.rows_total, 3);
    for (size_t i = 0; i < FC_ARRAY_LEN(want); i++) {
        assert_string_equal(schema.columns[i].name, want[i].name);
        assert_string_equal(schema.columns[i].type.text, want[i].text);
        assert_int_equal(schema.columns[i].type.kind, want[i].kind);
        assert_int_equal(schema.columns[i].type.element, want[i].element);
        assert_false(schema.columns[i].type.int96);
    }
    assert_true(file_source_column(&schema, "ts_ns")->type.nanos);
    assert_int_equal(file_source_column(&schema, "dec9")->type.precision, 9);
    assert_int_equal(file_source_column(&schema, "list_dec")->type.scale, 3);
}

static void int96_is_told_apart(void **state)
{
    struct file_source *f = *state;
    struct fc_source_schema schema = file_source_schema(f, test_parquet_data(f->arena, "int96"));
    const struct fc_source_column *column = file_source_column(&schema, "ts");

    assert_int_equal(column->type.kind, FC_COLUMN_TIMESTAMP_NAIVE);
    assert_true(column->type.int96);
    assert_string_equal(column->type.text, "timestamp (INT96)");
}

static void repeated_names_are_kept(void **state)
{
    struct file_source *f = *state;
    struct fc_source_schema schema =
        file_source_schema(f, test_parquet_data(f->arena, "duplicates"));

    assert_int_equal(schema.column_count, 4);
    assert_string_equal(schema.columns[0].name, "a");
    assert_string_equal(schema.columns[1].name, "a");
    assert_string_equal(schema.columns[2].name, "A");
    assert_int_equal(schema.columns[1].type.kind, FC_COLUMN_STRING);
}

static void types_of_the_engine(void **state)
{
    struct file_source *f = *state;
    const char *path = test_path(&f->scratch, "uuid.parquet");

    test_parquet(path,
                 "SELECT uuid() AS u, 'a'::ENUM('a', 'b') AS e, '{}'::JSON AS j, TIMESTAMP_NS "
                 "'2021-01-01 00:00:00.000000001' AS n, 'x'::BLOB AS b",
                 0);
    struct fc_source_schema schema = file_source_schema(f, path);
    assert_int_equal(file_source_column(&schema, "u")->type.kind, FC_COLUMN_STRING);
    assert_int_equal(file_source_column(&schema, "e")->type.kind, FC_COLUMN_STRING);
    assert_int_equal(file_source_column(&schema, "j")->type.kind, FC_COLUMN_STRING);
    assert_int_equal(file_source_column(&schema, "b")->type.kind, FC_COLUMN_BINARY);
    assert_string_equal(file_source_column(&schema, "n")->type.text, "timestamp[ns]");
}

static void places_that_are_no_source(void **state)
{
    struct file_source *f = *state;

    file_source_refuses(f, test_path(&f->scratch, "missing.parquet"), FC_REASON_SOURCE_UNREACHABLE,
                        "missing.parquet: No such file");
    file_source_refuses(f, test_path(&f->scratch, "no-*.parquet"), FC_REASON_SOURCE_UNREACHABLE,
                        "no file matches");
    file_source_refuses(f, "abfs://container/file", FC_REASON_SOURCE_UNSUPPORTED, "not abfs://");
    file_source_refuses(f, "data/x.parquet", FC_REASON_SOURCE_INVALID, "no absolute path");
    file_source_refuses(f, "", FC_REASON_SOURCE_INVALID, "no absolute path");
    file_source_refuses(f, "/dev/null", FC_REASON_SOURCE_INVALID, "neither a file nor a directory");
}

static void an_empty_directory(void **state)
{
    struct file_source *f = *state;
    struct file_rows *rows = calloc(1, sizeof *rows);
    struct fc_scan_progress progress;
    const char *columns[] = {"ts"};
    const struct fc_scan_request request = {.columns = columns, .count = 1};

    dir(f, "empty/sub");
    test_write(test_path(&f->scratch, "empty/_SUCCESS"), "");
    test_write(test_path(&f->scratch, "empty/sub/.part.crc"), "x");
    file_source_refuses(f, test_path(&f->scratch, "empty"), FC_REASON_SOURCE_UNREACHABLE,
                        "is empty: no file");
    assert_true(OPS->is_empty(f->source));
    assert_int_equal(OPS->scan(f->source, &request, file_rows_take, rows, &progress, &f->err),
                     FC_OK);
    assert_int_equal(rows->count, 0);
    free(rows);
}

static void files_that_are_not_parquet(void **state)
{
    struct file_source *f = *state;
    const char *path = test_path(&f->scratch, "bad.parquet");

    test_write(path, "");
    file_source_refuses(f, path, FC_REASON_SOURCE_INVALID,
                        "bad.parquet is no Parquet file: it is empty (0 bytes)");
    test_write(path, "PAR1");
    file_source_refuses(f, path, FC_REASON_SOURCE_INVALID, "it has 4 bytes");
    test_write(path, "id,ts\n1,2021-01-01\n");
    file_source_refuses(f, path, FC_REASON_SOURCE_INVALID, "does not begin with PAR1");
    test_write(path, "PAR1 and then it was cut off");
    file_source_refuses(f, path, FC_REASON_SOURCE_INVALID, "does not end with PAR1");
    test_write(path, "PAR1 with a footer that is none\xff\xff\xff\x7fPAR1");
    file_source_refuses(f, path, FC_REASON_SOURCE_INVALID, "bad.parquet cannot be decoded");
    test_write(path, "PAR1 secret \x01\x01\x01\x01PARE");
    file_source_refuses(f, path, FC_REASON_SOURCE_INVALID, "encrypted");
}

static void a_damaged_footer_names_the_file(void **state)
{
    struct file_source *f = *state;
    const char *path = test_path(&f->scratch, "damaged.parquet");

    for (long at = -9; at > -120; at -= 7) {
        make(f, "damaged.parquet");
        test_overwrite(path, at, "\xff\xff\xff", 3);
        struct fc_source_schema schema;
        if (file_source_open(f, path) != FC_OK ||
            OPS->describe(f->source, f->arena, &schema, &f->err) != FC_OK) {
            assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
            assert_non_null(strstr(f->err.message, "damaged.parquet"));
        }
    }
}

static void a_directory_is_read_to_its_depth(void **state)
{
    struct file_source *f = *state;

    dir(f, "d/b/deep");
    dir(f, "d/_tmp");
    dir(f, "d/.hidden");
    make(f, "d/z.parquet");
    make(f, "d/a.parquet");
    make(f, "d/b/part-0");
    make(f, "d/b/deep/x.parquet");
    test_write(test_path(&f->scratch, "d/_SUCCESS"), "");
    test_write(test_path(&f->scratch, "d/_tmp/x"), "not parquet");
    test_write(test_path(&f->scratch, "d/.hidden/x"), "not parquet");
    struct fc_source_schema schema =
        file_source_schema(f, fc_arena_printf(f->arena, "file://%s", test_path(&f->scratch, "d/")));
    assert_int_equal(schema.files_total, 4);
    assert_int_equal(schema.files_seen, 4);
    assert_int_equal(schema.rows_total, 4);
    assert_true(schema.bytes_total > 0);
    test_write(test_path(&f->scratch, "d/notes.txt"), "a file that does not belong");
    file_source_refuses(f, test_path(&f->scratch, "d"), FC_REASON_SOURCE_INVALID,
                        "notes.txt is no Parquet file");
}

static void patterns(void **state)
{
    struct file_source *f = *state;

    dir(f, "p/dt=2021-01-01");
    dir(f, "p/dt=2021-01-02");
    dir(f, "p/dt=2021-02-01");
    make(f, "p/dt=2021-01-01/a.parquet");
    make(f, "p/dt=2021-01-02/a.parquet");
    make(f, "p/dt=2021-01-02/b.parquet");
    make(f, "p/dt=2021-02-01/a.parquet");
    assert_int_equal(
        file_source_schema(f, test_path(&f->scratch, "p/dt=2021-01-*/a.parquet")).files_total, 2);
    assert_int_equal(file_source_schema(f, test_path(&f->scratch, "p/dt=2021-01-*")).files_total,
                     3);
    assert_int_equal(file_source_schema(f, test_path(&f->scratch, "p/*/{a,b}.parquet")).files_total,
                     4);
    assert_int_equal(
        file_source_schema(f, test_path(&f->scratch, "p/dt=2021-0[2]-01/?.parquet")).files_total,
        1);
    /* However many of its alternatives match, and at whatever depth, a file is read once. */
    assert_int_equal(
        file_source_schema(f, test_path(&f->scratch, "p/dt=2021-01-02/{*,a*}.parquet")).files_total,
        2);
    assert_int_equal(
        file_source_schema(f, test_path(&f->scratch, "p/{dt=*,dt=2021-02-01/a*}")).files_total, 4);
    struct fc_source_schema schema = file_source_schema(f, test_path(&f->scratch, "p/*/a.parquet"));
    assert_int_equal(file_source_column(&schema, "dt")->type.kind, FC_COLUMN_DATE);
}

static void a_name_that_looks_like_a_pattern(void **state)
{
    struct file_source *f = *state;

    dir(f, "odd [x] 'q'");
    make(f, "odd [x] 'q'/a[1]*?.parquet");
    make(f, "odd [x] 'q'/a1.parquet");
    assert_int_equal(
        file_source_schema(f, test_path(&f->scratch, "odd [x] 'q'/a[1]*?.parquet")).files_total, 1);
    assert_int_equal(file_source_schema(f, test_path(&f->scratch, "odd [x] 'q'")).files_total, 2);
}

static void values_in_directory_names(void **state)
{
    struct file_source *f = *state;

    dir(f, "h/n=1/big=3000000000/day=2021-01-01/code=007/c=S%20I");
    dir(f, "h/n=-2/big=1/day=__HIVE_DEFAULT_PARTITION__/code=8/c=x");
    make(f, "h/n=1/big=3000000000/day=2021-01-01/code=007/c=S%20I/a.parquet");
    make(f, "h/n=-2/big=1/day=__HIVE_DEFAULT_PARTITION__/code=8/c=x/a.parquet");
    make(f, "h/top.parquet");
    struct fc_source_schema schema = file_source_schema(f, test_path(&f->scratch, "h"));
    assert_int_equal(file_source_column(&schema, "n")->type.kind, FC_COLUMN_INT32);
    assert_int_equal(file_source_column(&schema, "big")->type.kind, FC_COLUMN_INT64);
    assert_int_equal(file_source_column(&schema, "day")->type.kind, FC_COLUMN_DATE);
    assert_int_equal(file_source_column(&schema, "code")->type.kind, FC_COLUMN_STRING);
    assert_int_equal(file_source_column(&schema, "c")->type.kind, FC_COLUMN_STRING);
    /* Above the location the directory names are not ours. */
    schema = file_source_schema(f, test_path(&f->scratch, "h/n=1/big=3000000000"));
    assert_int_equal(schema.column_count, 5);
}

static void links(void **state)
{
    struct file_source *f = *state;

    dir(f, "l/sub");
    make(f, "outside.parquet");
    make(f, "l/sub/a.parquet");
    assert_int_equal(symlink("sub/a.parquet", test_path(&f->scratch, "l/again.parquet")), 0);
    assert_int_equal(symlink("sub", test_path(&f->scratch, "l/sub2")), 0);
    assert_int_equal(symlink(".", test_path(&f->scratch, "l/loop")), 0);
    assert_int_equal(file_source_schema(f, test_path(&f->scratch, "l")).files_total, 2);
    assert_int_equal(symlink("l", test_path(&f->scratch, "to-l")), 0);
    assert_int_equal(file_source_schema(f, test_path(&f->scratch, "to-l")).files_total, 2);
    assert_int_equal(symlink("../outside.parquet", test_path(&f->scratch, "l/out.parquet")), 0);
    file_source_refuses(f, test_path(&f->scratch, "l"), FC_REASON_SOURCE_UNREACHABLE,
                        "out.parquet is a link that leads out of");
    dir(f, "away");
    make(f, "away/a.parquet");
    assert_int_equal(symlink("../away", test_path(&f->scratch, "l/elsewhere")), 0);
    file_source_refuses(f, test_path(&f->scratch, "l/e*/a.parquet"), FC_REASON_SOURCE_UNREACHABLE,
                        "leads out of");
}

static void what_may_not_be_read(void **state)
{
    struct file_source *f = *state;

    if (geteuid() == 0)
        skip();
    dir(f, "locked");
    make(f, "locked/a.parquet");
    assert_int_equal(chmod(test_path(&f->scratch, "locked/a.parquet"), 0), 0);
    file_source_refuses(f, test_path(&f->scratch, "locked"), FC_REASON_SOURCE_UNREACHABLE,
                        "Permission denied");
    assert_int_equal(chmod(test_path(&f->scratch, "locked"), 0), 0);
    file_source_refuses(f, test_path(&f->scratch, "locked"), FC_REASON_SOURCE_UNREACHABLE,
                        "Permission denied");
    assert_int_equal(chmod(test_path(&f->scratch, "locked"), 0700), 0);
}

static void a_pipe_does_not_block(void **state)
{
    struct file_source *f = *state;

    dir(f, "pipe");
    assert_int_equal(mkfifo(test_path(&f->scratch, "pipe/x"), 0600), 0);
    file_source_refuses(f, test_path(&f->scratch, "pipe"), FC_REASON_SOURCE_INVALID,
                        "neither a file nor");
    file_source_refuses(f, test_path(&f->scratch, "pipe/x"), FC_REASON_SOURCE_INVALID,
                        "neither a file nor");
}

static void files_that_disagree(void **state)
{
    struct file_source *f = *state;

    dir(f, "x");
    make(f, "x/1.parquet");
    test_parquet(test_path(&f->scratch, "x/2.parquet"),
                 "SELECT 'a' AS id, TIMESTAMPTZ '2021-01-01' AS ts", 0);
    test_parquet(test_path(&f->scratch, "x/3.parquet"),
                 "SELECT TIMESTAMP_MS '2021-01-01' AS ts, 1 AS more", 0);
    struct fc_source_schema schema = file_source_schema(f, test_path(&f->scratch, "x"));
    assert_int_equal(schema.disagreement_count, 4);
    assert_non_null(strstr(schema.disagreements[0].path, "2.parquet"));
    assert_non_null(strstr(schema.disagreements[0].first_path, "1.parquet"));
    assert_string_equal(schema.disagreements[0].column, "id");
    assert_string_equal(schema.disagreements[0].type.text, "string");
    assert_string_equal(schema.disagreements[0].first_text, "int64");
    assert_non_null(strstr(schema.disagreements[1].path, "3.parquet"));
    assert_null(schema.disagreements[1].type.text);
    assert_string_equal(schema.disagreements[2].column, "ts");
    assert_string_equal(schema.disagreements[3].column, "more");
    assert_null(schema.disagreements[3].first_text);
}

static void columns_that_are_named_are_told_behind_many_others(void **state)
{
    struct file_source *f = *state;
    const char *const wanted[] = {"z"};
    char texts[4096] = "SELECT ";
    char numbers[4096] = "SELECT ";

    for (int i = 0; i < 100; i++) {
        (void)snprintf(texts + strlen(texts), 32, "'a' AS c%d, ", i);
        (void)snprintf(numbers + strlen(numbers), 32, "1 AS c%d, ", i);
    }
    (void)snprintf(texts + strlen(texts), 32, "'a' AS z");
    (void)snprintf(numbers + strlen(numbers), 32, "1 AS z");
    dir(f, "w");
    test_parquet(test_path(&f->scratch, "w/1.parquet"), numbers, 0);
    test_parquet(test_path(&f->scratch, "w/2.parquet"), texts, 0);
    assert_int_equal(file_source_open(f, test_path(&f->scratch, "w")), FC_OK);
    f->env.wanted = wanted;
    f->env.wanted_count = 1;
    struct fc_source_schema schema;
    assert_int_equal(OPS->describe(f->source, f->arena, &schema, &f->err), FC_OK);
    assert_int_equal(schema.disagreement_count, 2);
    assert_string_equal(schema.disagreements[0].column, "c0");
    assert_string_equal(schema.disagreements[1].column, "z");
    assert_false(schema.disagreements_cut);
}

static void a_name_that_is_no_text(void **state)
{
    struct file_source *f = *state;

    dir(f, "names");
    assert_int_equal(close(open(test_path(&f->scratch, "names/a\xff.parquet"),
                                O_CREAT | O_WRONLY | O_CLOEXEC, 0600)),
                     0);
    file_source_refuses(f, test_path(&f->scratch, "names"), FC_REASON_SOURCE_UNSUPPORTED,
                        "its name is not UTF-8");
}

static void a_column_of_nulls_agrees_with_any(void **state)
{
    struct file_source *f = *state;

    dir(f, "n");
    test_copy(test_parquet_data(f->arena, "odd_types"), test_path(&f->scratch, "n/1.parquet"));
    test_parquet(test_path(&f->scratch, "n/2.parquet"), "SELECT 5::BIGINT AS nothing", 0);
    struct fc_source_schema schema = file_source_schema(f, test_path(&f->scratch, "n"));
    assert_true(schema.disagreement_count > 0);
    for (size_t i = 0; i < schema.disagreement_count; i++)
        assert_string_not_equal(schema.disagreements[i].column, "nothing");
    assert_int_equal(file_source_column(&schema, "nothing")->type.kind, FC_COLUMN_INT64);
}

static void only_some_files_are_looked_at(void **state)
{
    struct file_source *f = *state;

    dir(f, "many");
    for (int i = 0; i < 20; i++)
        make(f, fc_arena_printf(f->arena, "many/%02d.parquet", i));
    f->limits.files = 5;
    struct fc_source_schema schema = file_source_schema(f, test_path(&f->scratch, "many"));
    assert_int_equal(schema.files_total, 20);
    assert_int_equal(schema.files_seen, 5);
    assert_int_equal(schema.rows_total, -1);
    /* First and last are among them. */
    test_write(test_path(&f->scratch, "many/19.parquet"), "no parquet at all, none");
    file_source_refuses(f, test_path(&f->scratch, "many"), FC_REASON_SOURCE_INVALID, "19.parquet");
    make(f, "many/19.parquet");
    test_write(test_path(&f->scratch, "many/01.parquet"), "no parquet at all, none");
    assert_int_equal(file_source_schema(f, test_path(&f->scratch, "many")).files_seen, 5);
}

static void a_deadline_that_is_over(void **state)
{
    struct file_source *f = *state;
    struct fc_source_schema schema;

    dir(f, "late");
    make(f, "late/1.parquet");
    make(f, "late/2.parquet");
    assert_int_equal(file_source_open(f, test_path(&f->scratch, "late")), FC_OK);
    f->env.deadline_ns = 1;
    assert_int_equal(OPS->describe(f->source, f->arena, &schema, &f->err), FC_DEADLINE_EXCEEDED);
}

static void the_engine_sees_nothing_else(void **state)
{
    struct file_source *f = *state;
    struct fc_duck_result *result = NULL;

    dir(f, "in");
    make(f, "in/a.parquet");
    make(f, "other.parquet");
    (void)file_source_schema(f, test_path(&f->scratch, "in"));
    const char *const forbidden[] = {
        fc_arena_printf(f->arena, "SELECT * FROM read_parquet('%s')",
                        test_path(&f->scratch, "other.parquet")),
        fc_arena_printf(f->arena, "SELECT * FROM read_parquet('%s')",
                        test_path(&f->scratch, "in/../other.parquet")),
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/fc-must-not-exist.csv'",
        "SET enable_external_access=true",
        "SET allowed_directories=['/']",
        "INSTALL httpfs",
        "SELECT * FROM read_parquet('s3://bucket/key')",
    };
    for (size_t i = 0; i < FC_ARRAY_LEN(forbidden); i++)
        if (fc_duck_query(f->duck, forbidden[i], NULL, &result, &f->err) == FC_OK)
            fail_msg("permitted: %s", forbidden[i]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, file_source_setup, file_source_teardown)
static const struct CMUnitTest cases[] = {
    CASE(types_of_another_writer),
    CASE(int96_is_told_apart),
    CASE(repeated_names_are_kept),
    CASE(types_of_the_engine),
    CASE(places_that_are_no_source),
    CASE(an_empty_directory),
    CASE(files_that_are_not_parquet),
    CASE(a_damaged_footer_names_the_file),
    CASE(a_directory_is_read_to_its_depth),
    CASE(patterns),
    CASE(a_name_that_looks_like_a_pattern),
    CASE(values_in_directory_names),
    CASE(links),
    CASE(what_may_not_be_read),
    CASE(a_pipe_does_not_block),
    CASE(files_that_disagree),
    CASE(columns_that_are_named_are_told_behind_many_others),
    CASE(a_name_that_is_no_text),
    CASE(a_column_of_nulls_agrees_with_any),
    CASE(only_some_files_are_looked_at),
    CASE(a_deadline_that_is_over),
    CASE(the_engine_sees_nothing_else),
};

FC_TEST_MAIN_GROUP(cases, NULL, test_parquet_done)

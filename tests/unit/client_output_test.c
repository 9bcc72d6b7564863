/* SPDX-License-Identifier: Apache-2.0 */
#include "client/output.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "client/table.h"
#include "client/values.h"
#include "tests/unit/harness.h"

struct fixture {
    struct fc_cli cli;
    char *out;
    size_t out_size;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    setlocale(LC_CTYPE, "C.UTF-8");
    f->cli.arena = fc_arena_new(1024 * 1024);
    f->cli.out = open_memstream(&f->out, &f->out_size);
    f->cli.err = stderr;
    *state = f;
    return f->cli.arena && f->cli.out ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fclose(f->cli.out);
    free(f->out);
    fc_arena_free(f->cli.arena);
    free(f);
    return 0;
}

static void printed(struct fixture *f, const char *expected)
{
    fclose(f->cli.out);
    assert_string_equal(f->out, expected);
    free(f->out);
    f->cli.out = open_memstream(&f->out, &f->out_size);
    assert_non_null(f->cli.out);
}

static const struct fc_table_column columns[] = {{.title = "NAME"},
                                                 {.title = "N", .right = true},
                                                 {.title = "MORE", .wide = true},
                                                 {.title = "TEXT"},
                                                 {0}};

static struct fc_table *sample(struct fixture *f)
{
    struct fc_table *table = fc_table_new(f->cli.arena, columns);

    fc_table_row(table);
    fc_table_cell(table, "a");
    fc_table_cellf(table, "%d", 1);
    fc_table_cell(table, "x");
    fc_table_cell(table, "first");
    fc_table_row(table);
    fc_table_cell(table, "l\xc3\xa4nger");
    fc_table_cell(table, "1000");
    fc_table_cell(table, "yy");
    fc_table_cell(table, NULL);
    return table;
}

static void table_aligns(void **state)
{
    struct fixture *f = *state;

    assert_true(fc_table_print(sample(f), false, f->cli.out));
    printed(f, "NAME        N   TEXT\na           1   first\nl\xc3\xa4nger   1000\n");
}

static void table_wide(void **state)
{
    struct fixture *f = *state;

    assert_true(fc_table_print(sample(f), true, f->cli.out));
    printed(f, "NAME        N   MORE   TEXT\na           1   x      first\nl\xc3\xa4nger   1000   "
               "yy\n");
}

/* Nothing from a server reaches the terminal as a command. */
static void table_shows_control_characters(void **state)
{
    static const struct fc_table_column one[] = {{.title = "T"}, {0}};
    struct fixture *f = *state;
    struct fc_table *table = fc_table_new(f->cli.arena, one);

    fc_table_row(table);
    fc_table_cell(table, "a\033[31mb\nc\td\x7f\xc2\x9b!");
    assert_true(fc_table_print(table, false, f->cli.out));
    printed(f, "T\na?[31mb?c?d?\?\?!\n");
}

static void table_with_bad_utf8(void **state)
{
    static const struct fc_table_column two[] = {{.title = "A"}, {.title = "B"}, {0}};
    struct fixture *f = *state;
    struct fc_table *table = fc_table_new(f->cli.arena, two);

    fc_table_row(table);
    fc_table_cell(table, "\xff\xfe");
    fc_table_cell(table, "\xe6\x97\xa5");
    assert_true(fc_table_print(table, false, f->cli.out));
    printed(f, "A    B\n\xff\xfe   \xe6\x97\xa5\n");
}

/* What comes in pages has its titles once, and columns that only grow. */
static void table_in_pages(void **state)
{
    static const struct fc_table_column two[] = {{.title = "A"}, {.title = "B"}, {0}};
    FC_CLEANUP(fc_arena_freep) struct fc_arena *page = fc_arena_new(1 << 20);
    struct fixture *f = *state;
    struct fc_table *table = fc_table_new(f->cli.arena, two);

    fc_table_rows_in(table, page);
    for (int i = 0; i < 2; i++) {
        fc_table_row(table);
        fc_table_cell(table, i ? "x" : "long");
        fc_table_cell(table, "y");
        assert_true(fc_table_flush(table, false, f->cli.out));
        fc_arena_reset(page);
    }
    printed(f, "A      B\nlong   y\nx      y\n");
}

static void table_hides_columns(void **state)
{
    struct fixture *f = *state;
    struct fc_table *table = sample(f);

    fc_table_hide(table, 0);
    assert_true(fc_table_print(table, false, f->cli.out));
    printed(f, "   N   TEXT\n   1   first\n1000\n");
}

static void table_remembers_failure(void **state)
{
    struct fixture *f = *state;
    struct fc_table *table = sample(f);

    fc_table_cell(table, "a fifth cell of four");
    assert_false(fc_table_print(table, false, f->cli.out));
}

static void print_two(struct fixture *f, bool single)
{
    struct fc_output output;

    fc_output_begin(&output, &f->cli, "Thing", "thing", single);
    fc_output_add(&output, "a", json_pack("{s:{s:s}}", "spec", "name", "a"));
    if (!single)
        fc_output_add(&output, "b", json_pack("{s:{s:s}}", "spec", "name", "b"));
    assert_int_equal(fc_output_end(&output), FC_EXIT_OK);
}

static void objects(void **state)
{
    struct fixture *f = *state;

    f->cli.format = FC_FORMAT_NAME;
    print_two(f, false);
    printed(f, "thing/a\nthing/b\n");
    f->cli.format = FC_FORMAT_YAML;
    print_two(f, false);
    printed(f, "---\nkind: Thing\nspec:\n  name: a\n---\nkind: Thing\nspec:\n  name: b\n");
    print_two(f, true);
    printed(f, "kind: Thing\nspec:\n  name: a\n");
    f->cli.format = FC_FORMAT_JSON;
    print_two(f, true);
    printed(f, "{\n  \"schemaVersion\": 1,\n  \"kind\": \"Thing\",\n  \"spec\": {\n    \"name\": "
               "\"a\"\n  }\n}\n");
    print_two(f, false);
    printed(f, "{\n  \"schemaVersion\": 1,\n  \"kind\": \"ThingList\",\n  \"items\": [\n    {\n    "
               "  \"kind\": \"Thing\",\n"
               "      \"spec\": {\n        \"name\": \"a\"\n      }\n    },\n    {\n      "
               "\"kind\": \"Thing\",\n"
               "      \"spec\": {\n        \"name\": \"b\"\n      }\n    }\n  ]\n}\n");
}

static void empty_list(void **state)
{
    struct fixture *f = *state;
    struct fc_output output;

    f->cli.format = FC_FORMAT_JSON;
    fc_output_begin(&output, &f->cli, "Thing", "thing", false);
    assert_int_equal(fc_output_end(&output), FC_EXIT_OK);
    printed(f, "{\n  \"schemaVersion\": 1,\n  \"kind\": \"ThingList\",\n  \"items\": []\n}\n");
}

static void out_of_memory_is_said(void **state)
{
    struct fixture *f = *state;
    struct fc_output output;

    f->cli.err = fopen("/dev/null", "w");
    fc_output_begin(&output, &f->cli, "Thing", "thing", false);
    fc_output_add(&output, "a", NULL);
    assert_int_equal(fc_output_end(&output), FC_EXIT_INTERNAL);
    fclose(f->cli.err);
}

/* -- values -------------------------------------------------------------------------------------------------- */

static void values_from_text(void **state)
{
    static const struct {
        int type;
        const char *text, *shown;
    } good[] = {
        {FEAST__TYPES__VALUE_TYPE__ENUM__STRING, "a b", "a b"},
        {FEAST__TYPES__VALUE_TYPE__ENUM__STRING, "", ""},
        {FEAST__TYPES__VALUE_TYPE__ENUM__INT32, "-5", "-5"},
        {FEAST__TYPES__VALUE_TYPE__ENUM__INT64, "9223372036854775807", "9223372036854775807"},
        {FEAST__TYPES__VALUE_TYPE__ENUM__DOUBLE, "0.1", "0.1"},
        {FEAST__TYPES__VALUE_TYPE__ENUM__FLOAT, "0.1", "0.1"},
        {FEAST__TYPES__VALUE_TYPE__ENUM__BOOL, "true", "true"},
        {FEAST__TYPES__VALUE_TYPE__ENUM__BYTES, "aGk=", "aGk="}};
    struct fixture *f = *state;
    struct fc_error err = FC_ERROR_INIT;
    Feast__Types__Value value;

    for (size_t i = 0; i < FC_ARRAY_LEN(good); i++) {
        assert_int_equal(fc_value_parse(f->cli.arena, good[i].type, good[i].text, &value, &err),
                         FC_OK);
        assert_int_equal((int)value.val_case, good[i].type);
        assert_string_equal(fc_value_text(f->cli.arena, &value), good[i].shown);
    }
    assert_int_equal(
        fc_value_parse(f->cli.arena, FEAST__TYPES__VALUE_TYPE__ENUM__INT32, "x", &value, &err),
        FC_INVALID_ARGUMENT);
    assert_string_equal(
        err.message, "\"x\" is no INT32, expected a whole number from -2147483648 to 2147483647");
    assert_int_equal(
        fc_value_parse(f->cli.arena, FEAST__TYPES__VALUE_TYPE__ENUM__INT64_LIST, "1", &value, &err),
        FC_INVALID_ARGUMENT);
    assert_int_equal(fc_value_parse(f->cli.arena, 99, "1", &value, &err), FC_INVALID_ARGUMENT);
    assert_int_equal(fc_value_parse(f->cli.arena, 0, "1", &value, &err), FC_INVALID_ARGUMENT);
}

static void values_as_text(void **state)
{
    struct fixture *f = *state;
    Feast__Types__Value value = FEAST__TYPES__VALUE__INIT;
    Feast__Types__DoubleList list = FEAST__TYPES__DOUBLE_LIST__INIT;
    Feast__Types__StringList none = FEAST__TYPES__STRING_LIST__INIT;
    double numbers[] = {1.5, (double)NAN, -2};

    assert_string_equal(fc_value_text(f->cli.arena, NULL), "");
    assert_string_equal(fc_value_text(f->cli.arena, &value), "");
    value.val_case = FEAST__TYPES__VALUE__VAL_INT64_VAL;
    assert_string_equal(fc_value_text(f->cli.arena, &value), "0");
    list.val = numbers;
    list.n_val = 3;
    value.val_case = FEAST__TYPES__VALUE__VAL_DOUBLE_LIST_VAL;
    value.double_list_val = &list;
    assert_string_equal(fc_value_text(f->cli.arena, &value), "[1.5, NaN, -2]");
    value.val_case = FEAST__TYPES__VALUE__VAL_STRING_LIST_VAL;
    value.string_list_val = &none;
    assert_string_equal(fc_value_text(f->cli.arena, &value), "[]");
}

static void names_and_sources(void **state)
{
    struct fixture *f = *state;
    Feast__Core__DataSource source = FEAST__CORE__DATA_SOURCE__INIT;
    Feast__Core__DataSource__KafkaOptions kafka = FEAST__CORE__DATA_SOURCE__KAFKA_OPTIONS__INIT;
    Feast__Core__DataSource__FileOptions file = FEAST__CORE__DATA_SOURCE__FILE_OPTIONS__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

    assert_string_equal(fc_type_name(4), "INT64");
    assert_string_equal(fc_type_name(8), "?");
    assert_string_equal(fc_time_text(f->cli.arena, &time), "1970-01-01T00:00:00Z");
    assert_string_equal(fc_time_text(f->cli.arena, NULL), "");
    assert_string_equal(fc_source_text(f->cli.arena, NULL), "");
    assert_string_equal(fc_source_text(f->cli.arena, &source), "");
    kafka.bootstrap_servers = (char *)"b:9092";
    kafka.topic = (char *)"t";
    source.options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS;
    source.kafka_options = &kafka;
    assert_string_equal(fc_source_text(f->cli.arena, &source), "kafka:b:9092/t");
    file.file_url = (char *)"https://me:secret@host/x?signature=secret";
    source.options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS;
    source.file_options = &file;
    assert_string_equal(fc_source_text(f->cli.arena, &source), "https://***@host/x?***");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(table_aligns),
    CASE(table_wide),
    CASE(table_shows_control_characters),
    CASE(table_with_bad_utf8),
    CASE(table_in_pages),
    CASE(table_hides_columns),
    CASE(table_remembers_failure),
    CASE(objects),
    CASE(empty_list),
    CASE(out_of_memory_is_said),
    CASE(values_from_text),
    CASE(values_as_text),
    CASE(names_and_sources),
};

FC_TEST_MAIN(cases)

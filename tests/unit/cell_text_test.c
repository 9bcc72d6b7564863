/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "worker/contract/cell_json.h"
#include "worker/contract/convert.h"

#define KIND(word) FC_COLUMN_##word

static const char EURO[3] = {'\xe2', '\x82', '\xac'};

/* Each cell as a report and as a dead letter shows it. */
static const struct fc_cell ITEMS[] = {{.as.integer = 1}, {.null = true}, {.as.integer = -3}};
static const struct {
    struct fc_column_type type;
    struct fc_cell cell;
    const char *text, *json;
} TABLE[] = {
    {{.kind = KIND(INT64)}, {.null = true}, "null", "null"},
    {{.kind = KIND(BOOL)}, {.as.boolean = true}, "true", "true"},
    {{.kind = KIND(INT8)}, {.as.integer = -5}, "-5", "-5"},
    {{.kind = KIND(UINT64)},
     {.as.natural = UINT64_MAX},
     "18446744073709551615",
     "18446744073709551615"},
    {{.kind = KIND(FLOAT32)}, {.as.real = (double)0.1f}, "0.1", "0.100000001"},
    {{.kind = KIND(FLOAT64)}, {.as.real = 0.1}, "0.1", "0.10000000000000001"},
    {{.kind = KIND(FLOAT64)}, {.as.real = (double)NAN}, "nan", "\"NaN\""},
    {{.kind = KIND(FLOAT64)}, {.as.real = (double)-INFINITY}, "-inf", "\"-Infinity\""},
    {{.kind = KIND(DECIMAL), .scale = 2}, {.as.decimal = {0, 5}}, "0.05", "\"0.05\""},
    {{.kind = KIND(DECIMAL), .scale = 2},
     {.as.decimal = {-1, (uint64_t)-1234}},
     "-12.34",
     "\"-12.34\""},
    {{.kind = KIND(DECIMAL), .scale = 0}, {.as.decimal = {0, 0}}, "0", "\"0\""},
    {{.kind = KIND(DECIMAL), .scale = 38},
     {.as.decimal = {INT64_MAX, UINT64_MAX}},
     "1.70141183460469231731687303715884105727",
     "\"1.70141183460469231731687303715884105727\""},
    {{.kind = KIND(DECIMAL), .scale = 0},
     {.as.decimal = {INT64_MIN, 0}},
     "-170141183460469231731687303715884105728",
     "\"-170141183460469231731687303715884105728\""},
    {{.kind = KIND(STRING)}, {.as.bytes = {"S\"I\n", 4}}, "'S\"I\\x0a'", "\"S\\\"I\\n\""},
    {{.kind = KIND(STRING)},
     {.as.bytes = {"gr\xc3\xbc\xff", 5}},
     "'gr\xc3\xbc\\xff'",
     "\"gr\xc3\xbc\\ufffd\""},
    {{.kind = KIND(BINARY)},
     {.as.bytes = {"\xde\xad\xbe\xef", 4}},
     "'\xde\xad\\xbe\\xef'",
     "\"3q2+7w==\""},
    {{.kind = KIND(BINARY)}, {.as.bytes = {"", 0}}, "''", "\"\""},
    {{.kind = KIND(DATE)}, {.as.integer = -1}, "1969-12-31", "\"1969-12-31T00:00:00Z\""},
    {{.kind = KIND(TIME)},
     {.as.time = {3661, 5000}},
     "01:01:01.000005",
     "\"1970-01-01T01:01:01.000005Z\""},
    {{.kind = KIND(TIMESTAMP_UTC)},
     {.as.time = {1609459200, 0}},
     "2021-01-01T00:00:00Z",
     "\"2021-01-01T00:00:00Z\""},
    {{.kind = KIND(TIMESTAMP_NAIVE)},
     {.as.time = {1609459200, 1}},
     "2021-01-01T00:00:00.000000001",
     "\"2021-01-01T00:00:00.000000001Z\""},
    {{.kind = KIND(LIST), .element = KIND(INT32)},
     {.as.list = {ITEMS, 3}},
     "[1, null, -3]",
     "[1,null,-3]"},
    {{.kind = KIND(LIST), .element = KIND(LIST)},
     {.as.list = {NULL, 2}},
     "[(nested), (nested)]",
     "null"},
    {{.kind = KIND(LIST), .element = KIND(INT32)}, {.as.list = {NULL, 0}}, "[]", "[]"},
    {{.kind = KIND(MAP)}, {.null = false}, "(nested)", "null"},
};

static void each_kind(void **state)
{
    struct fc_arena *arena = fc_arena_new(1 << 16);

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(TABLE); i++) {
        struct fc_buf json = FC_BUF_INIT;
        assert_string_equal(fc_cell_text(&TABLE[i].type, &TABLE[i].cell, arena), TABLE[i].text);
        fc_cell_json(&json, &TABLE[i].type, &TABLE[i].cell);
        assert_string_equal(fc_buf_text(&json), TABLE[i].json);
        fc_buf_done(&json);
    }
    fc_arena_free(arena);
}

static void long_text_is_cut_between_characters(void **state)
{
    const struct fc_column_type type = {.kind = KIND(STRING)};
    struct fc_arena *arena = fc_arena_new(1 << 16);
    char text[301];

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i += 3)
        memcpy(text + i, EURO, sizeof(EURO));
    for (size_t len = 60; len <= 300; len += 3) {
        const struct fc_cell cell = {.as.bytes = {text, len}};
        const char *shown = fc_cell_text(&type, &cell, arena);
        assert_true(strlen(shown) <= 80);
        assert_int_equal(strstr(shown, "...") != NULL, len + 2 > 77);
        assert_true(fc_utf8_valid(shown, strlen(shown)));
    }
    fc_arena_free(arena);
}

static void order_of_cells(void **state)
{
    const struct fc_column_type real = {.kind = KIND(FLOAT64)};
    const struct fc_column_type decimal = {.kind = KIND(DECIMAL)};
    const struct fc_column_type naturals = {.kind = KIND(UINT64)};
    const struct fc_column_type time = {.kind = KIND(TIMESTAMP_UTC)};
    const struct fc_column_type text = {.kind = KIND(STRING)};
    const struct fc_cell nan = {.as.real = (double)NAN};
    const struct fc_cell one = {.as.real = 1};
    const struct fc_cell low = {.as.decimal = {-1, 5}};
    const struct fc_cell high = {.as.decimal = {0, 4}};
    const struct fc_cell large = {.as.natural = UINT64_MAX};
    const struct fc_cell small = {.as.natural = 1};
    const struct fc_cell early = {.as.time = {5, 1}};
    const struct fc_cell late = {.as.time = {5, 2}};
    const struct fc_cell a = {.as.bytes = {"a", 1}};
    const struct fc_cell ab = {.as.bytes = {"ab", 2}};

    (void)state;
    assert_true(fc_cell_cmp(&real, &nan, &one) > 0);
    assert_true(fc_cell_cmp(&real, &one, &nan) < 0);
    assert_int_equal(fc_cell_cmp(&real, &nan, &nan), 0);
    assert_true(fc_cell_cmp(&decimal, &low, &high) < 0);
    assert_true(fc_cell_cmp(&naturals, &large, &small) > 0);
    assert_true(fc_cell_cmp(&time, &early, &late) < 0);
    assert_true(fc_cell_cmp(&text, &a, &ab) < 0);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(each_kind),
    cmocka_unit_test(long_text_is_cut_between_characters),
    cmocka_unit_test(order_of_cells),
};

FC_TEST_MAIN(cases)

/* SPDX-License-Identifier: Apache-2.0 */
/* BigQuery's schemas and rows as its REST API writes them: types, nested fields, values, and what is refused. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>

#include "worker/contract/convert.h"
#include "worker/sources/bigquery_rows.h"

#define KIND(word) FC_COLUMN_##word

struct fixture {
    struct fc_arena *arena;
    struct fc_error err;
    struct fc_bq_schema schema;
    json_t *json[2]; /* schema, rows */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->arena = fc_arena_new((size_t)1 << 24);
    assert_non_null(f->arena);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    json_decref(f->json[0]);
    json_decref(f->json[1]);
    fc_arena_free(f->arena);
    free(f);
    return 0;
}

static fc_rc read_schema(struct fixture *f, const char *fields)
{
    struct fc_buf text = FC_BUF_INIT;

    fc_buf_printf(&text, "{\"fields\":%s}", fields);
    json_decref(f->json[0]);
    f->json[0] = json_loads(fc_buf_text(&text), 0, NULL);
    fc_buf_done(&text);
    assert_non_null(f->json[0]);
    f->err = (struct fc_error)FC_ERROR_INIT;
    return fc_bq_schema_read(f->json[0], "table p.d.t", f->arena, &f->schema, &f->err);
}

static const json_t *rows_of(struct fixture *f, const char *rows)
{
    json_decref(f->json[1]);
    f->json[1] = json_loads(rows, JSON_ALLOW_NUL, NULL);
    assert_non_null(f->json[1]);
    return f->json[1];
}

static fc_rc read_page(struct fixture *f, const char *const *names, size_t count, const char *rows,
                       struct fc_batch *ret)
{
    struct fc_bq_plan plan;

    assert_int_equal(
        fc_bq_plan_table(&f->schema, names, count, "table p.d.t", f->arena, &plan, &f->err), FC_OK);
    const struct fc_bq_page page = {
        .rows = rows_of(f, rows), .first = 40, .what = "table p.d.t", .path = "p.d.t"};
    return fc_bq_rows_read(&plan, &page, f->arena, ret, &f->err);
}

/* One column of this type with this value, as text of reports. */
static const char *value_text(struct fixture *f, const char *type, const char *value)
{
    static const char *const names[] = {"c"};
    struct fc_buf fields = FC_BUF_INIT, rows = FC_BUF_INIT;
    struct fc_batch batch;

    fc_buf_printf(&fields, "[{\"name\":\"c\",%s}]", type);
    fc_buf_printf(&rows, "[{\"f\":[{\"v\":%s}]}]", value);
    assert_int_equal(read_schema(f, fc_buf_text(&fields)), FC_OK);
    fc_rc rc = read_page(f, names, 1, fc_buf_text(&rows), &batch);
    fc_buf_done(&fields);
    fc_buf_done(&rows);
    if (rc != FC_OK)
        return f->err.message;
    return fc_cell_text(&batch.columns[0].type, &batch.cells[0][0], f->arena);
}

static void types(void **state)
{
    static const struct {
        const char *json, *text;
        struct fc_column_type type;
    } table[] = {
        {"\"type\":\"INTEGER\"", "INT64", {.kind = KIND(INT64)}},
        {"\"type\":\"INT64\",\"mode\":\"REQUIRED\"", "INT64", {.kind = KIND(INT64)}},
        {"\"type\":\"FLOAT\"", "FLOAT64", {.kind = KIND(FLOAT64)}},
        {"\"type\":\"BOOLEAN\"", "BOOL", {.kind = KIND(BOOL)}},
        {"\"type\":\"STRING\"", "STRING", {.kind = KIND(STRING)}},
        {"\"type\":\"BYTES\"", "BYTES", {.kind = KIND(BINARY)}},
        {"\"type\":\"JSON\"", "JSON", {.kind = KIND(STRING)}},
        {"\"type\":\"GEOGRAPHY\"", "GEOGRAPHY", {.kind = KIND(STRING)}},
        {"\"type\":\"DATE\"", "DATE", {.kind = KIND(DATE)}},
        {"\"type\":\"TIME\"", "TIME", {.kind = KIND(TIME)}},
        {"\"type\":\"DATETIME\"", "DATETIME", {.kind = KIND(TIMESTAMP_NAIVE)}},
        {"\"type\":\"TIMESTAMP\"", "TIMESTAMP", {.kind = KIND(TIMESTAMP_UTC)}},
        {"\"type\":\"NUMERIC\"", "NUMERIC", {.kind = KIND(DECIMAL), .precision = 38, .scale = 9}},
        {"\"type\":\"NUMERIC\",\"precision\":\"10\",\"scale\":\"2\"",
         "NUMERIC(10, 2)",
         {.kind = KIND(DECIMAL), .precision = 10, .scale = 2}},
        {"\"type\":\"NUMERIC\",\"precision\":\"10\"",
         "NUMERIC(10, 0)",
         {.kind = KIND(DECIMAL), .precision = 10}},
        {"\"type\":\"BIGNUMERIC\"",
         "BIGNUMERIC",
         {.kind = KIND(DECIMAL), .precision = 76, .scale = 38}},
        {"\"type\":\"BIGNUMERIC\",\"precision\":\"38\",\"scale\":\"20\"",
         "BIGNUMERIC(38, 20)",
         {.kind = KIND(DECIMAL), .precision = 38, .scale = 20}},
        {"\"type\":\"STRING\",\"mode\":\"REPEATED\"",
         "ARRAY<STRING>",
         {.kind = KIND(LIST), .element = KIND(STRING)}},
        {"\"type\":\"NUMERIC\",\"mode\":\"REPEATED\"",
         "ARRAY<NUMERIC>",
         {.kind = KIND(LIST), .element = KIND(DECIMAL), .precision = 38, .scale = 9}},
        {"\"type\":\"RECORD\",\"fields\":[{\"name\":\"x\",\"type\":\"DATE\"}]",
         "STRUCT",
         {.kind = KIND(STRUCT)}},
        {"\"type\":\"INTERVAL\"", "INTERVAL", {.kind = KIND(UNKNOWN)}},
        {"\"type\":\"RANGE\",\"rangeElementType\":{\"type\":\"DATE\"}",
         "RANGE",
         {.kind = KIND(UNKNOWN)}},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(table); i++) {
        struct fc_buf fields = FC_BUF_INIT;
        fc_buf_printf(&fields, "[{\"name\":\"c\",%s}]", table[i].json);
        assert_int_equal(read_schema(f, fc_buf_text(&fields)), FC_OK);
        const struct fc_column_type *found = &f->schema.columns[0].type;
        assert_string_equal(found->text, table[i].text);
        assert_int_equal(found->kind, table[i].type.kind);
        assert_int_equal(found->element, table[i].type.element);
        assert_int_equal(found->precision, table[i].type.precision);
        assert_int_equal(found->scale, table[i].type.scale);
        fc_buf_done(&fields);
    }
}

static const char *const NESTED =
    "[{\"name\":\"id\",\"type\":\"INTEGER\"},"
    "{\"name\":\"r\",\"type\":\"RECORD\",\"fields\":["
    "{\"name\":\"x\",\"type\":\"INTEGER\"},"
    "{\"name\":\"s\",\"type\":\"RECORD\",\"fields\":[{\"name\":\"y\",\"type\":\"STRING\"},"
    "{\"name\":\"l\",\"type\":\"FLOAT\",\"mode\":\"REPEATED\"}]}]},"
    "{\"name\":\"r2\",\"type\":\"DATE\"},"
    "{\"name\":\"rr\",\"type\":\"RECORD\",\"mode\":\"REPEATED\",\"fields\":["
    "{\"name\":\"x\",\"type\":\"INTEGER\"}]}]";

static void nested_names(void **state)
{
    static const char *const expected[] = {"id", "r", "r.x", "r.s", "r.s.y", "r.s.l", "r2", "rr"};
    struct fixture *f = *state;

    assert_int_equal(read_schema(f, NESTED), FC_OK);
    assert_int_equal(f->schema.column_count, FC_ARRAY_LEN(expected));
    for (size_t i = 0; i < FC_ARRAY_LEN(expected); i++)
        assert_string_equal(f->schema.columns[i].name, expected[i]);
    assert_string_equal(f->schema.columns[7].type.text, "ARRAY<STRUCT>");
    assert_null(fc_bq_schema_find(&f->schema, "rr.x"));
    assert_null(fc_bq_schema_find(&f->schema, "y"));
}

/* Asked for in any order and twice: the rows come in the schema's, each top-level field once. */
static void nested_values(void **state)
{
    static const char *const names[] = {"r.s.y", "id", "r.x", "rr", "r.s.l", "r"};
    struct fixture *f = *state;
    struct fc_bq_plan plan;
    struct fc_batch batch;

    assert_int_equal(read_schema(f, NESTED), FC_OK);
    assert_int_equal(fc_bq_plan_table(&f->schema, names, 6, "t", f->arena, &plan, &f->err), FC_OK);
    assert_string_equal(plan.selected, "id,r,rr");
    assert_int_equal(
        read_page(
            f, names, 6,
            "[{\"f\":[{\"v\":\"1\"},{\"v\":{\"f\":[{\"v\":\"7\"},{\"v\":{\"f\":[{\"v\":\"why\"},"
            "{\"v\":[{\"v\":\"1.5\"},{\"v\":\"-2\"}]}]}}]}},"
            "{\"v\":[{\"v\":{\"f\":[{\"v\":\"1\"}]}}]}]},"
            "{\"f\":[{\"v\":\"2\"},{\"v\":null},{\"v\":[]}]},"
            "{\"f\":[{\"v\":\"3\"},{\"v\":{\"f\":[{\"v\":null},{\"v\":null}]}},{\"v\":[]}]}]",
            &batch),
        FC_OK);
    assert_int_equal(batch.row_count, 3);
    assert_int_equal(batch.positions[2], 42);
    assert_string_equal(batch.path, "p.d.t");
    assert_memory_equal(batch.cells[0][0].as.bytes.ptr, "why", 3);
    assert_int_equal(batch.cells[1][2].as.integer, 3);
    assert_int_equal(batch.cells[2][0].as.integer, 7);
    assert_int_equal(batch.cells[3][0].as.list.count, 1);
    assert_null(batch.cells[3][0].as.list.items);
    assert_int_equal(batch.cells[4][0].as.list.count, 2);
    assert_float_equal(batch.cells[4][0].as.list.items[1].as.real, -2, 0);
    for (size_t column = 0; column < 6; column++)
        assert_int_equal(batch.cells[column][1].null, column != 1 && column != 3);
    assert_true(batch.cells[0][2].null && batch.cells[2][2].null && !batch.cells[5][2].null);
}

static void values(void **state)
{
    static const struct {
        const char *type, *value, *text;
    } table[] = {
        {"\"type\":\"INTEGER\"", "\"-9223372036854775808\"", "-9223372036854775808"},
        {"\"type\":\"INTEGER\"", "null", "null"},
        {"\"type\":\"FLOAT\"", "\"1.0E10\"", "10000000000"},
        {"\"type\":\"FLOAT\"", "\"NaN\"", "nan"},
        {"\"type\":\"FLOAT\"", "\"-Infinity\"", "-inf"},
        {"\"type\":\"BOOLEAN\"", "\"true\"", "true"},
        {"\"type\":\"BOOLEAN\"", "\"false\"", "false"},
        {"\"type\":\"STRING\"", "\"gr\xc3\xbc\"", "'gr\xc3\xbc'"},
        {"\"type\":\"STRING\"", "\"a\\u0000b\"", "'a\\x00b'"},
        {"\"type\":\"STRING\"", "\"\"", "''"},
        {"\"type\":\"BYTES\"", "\"AAE=\"", "'\\x00\\x01'"},
        {"\"type\":\"BYTES\"", "\"\"", "''"},
        {"\"type\":\"NUMERIC\"", "\"-1.5\"", "-1.500000000"},
        {"\"type\":\"NUMERIC\"", "\"99999999999999999999999999999.999999999\"",
         "99999999999999999999999999999.999999999"},
        {"\"type\":\"NUMERIC\",\"precision\":\"5\"", "\"12\"", "12"},
        {"\"type\":\"BIGNUMERIC\"", "\"0.00000000000000000000000000000000000001\"",
         "0.00000000000000000000000000000000000001"},
        {"\"type\":\"BIGNUMERIC\"", "\"1234567890123456789012345678901234567\"",
         "1234567890123456789012345678901234567.0"},
        {"\"type\":\"BIGNUMERIC\"", "\"-3.2500\"", "-3.25"},
        {"\"type\":\"DATE\"", "\"2020-02-29\"", "2020-02-29"},
        {"\"type\":\"DATE\"", "\"0001-01-01\"", "0001-01-01"},
        {"\"type\":\"TIME\"", "\"12:34:56.789000\"", "12:34:56.789"},
        {"\"type\":\"DATETIME\"", "\"2020-02-03T01:02:03.500000\"", "2020-02-03T01:02:03.500"},
        {"\"type\":\"DATETIME\"", "\"2020-02-03 01:02:03\"", "2020-02-03T01:02:03"},
        {"\"type\":\"TIMESTAMP\"", "\"1577836800123456\"", "2020-01-01T00:00:00.123456Z"},
        {"\"type\":\"TIMESTAMP\"", "\"-1\"", "1969-12-31T23:59:59.999999Z"},
        {"\"type\":\"TIMESTAMP\"", "\"1.577836800123456E9\"", "2020-01-01T00:00:00.123456Z"},
        {"\"type\":\"TIMESTAMP\"", "\"1577836800.0\"", "2020-01-01T00:00:00Z"},
        {"\"type\":\"TIMESTAMP\"", "\"2020-01-01T00:00:00.5Z\"", "2020-01-01T00:00:00.500Z"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(table); i++)
        assert_string_equal(value_text(f, table[i].type, table[i].value), table[i].text);
}

static void misfits(void **state)
{
    static const struct {
        const char *type, *value, *expected;
    } table[] = {
        {"\"type\":\"INTEGER\"", "\"9223372036854775808\"", "a whole number of 64 bits"},
        {"\"type\":\"INTEGER\"", "\"1.5\"", "a whole number of 64 bits"},
        {"\"type\":\"INTEGER\"", "\"\"", "a whole number of 64 bits"},
        {"\"type\":\"INTEGER\"", "12", "a value written as a JSON string"},
        {"\"type\":\"INTEGER\"", "\"1\\u0000\"", "text without a NUL"},
        {"\"type\":\"INTEGER\"", "[{\"v\":\"1\"}]", "a value written as a JSON string"},
        {"\"type\":\"FLOAT\"", "\"1,5\"", "a number"},
        {"\"type\":\"BOOLEAN\"", "\"TRUE\"", "true or false"},
        {"\"type\":\"BYTES\"", "\"A\"", "base64"},
        {"\"type\":\"BYTES\"", "\"A?==\"", "base64"},
        {"\"type\":\"NUMERIC\"", "\"1.0000000001\"", "a decimal of its column's precision"},
        {"\"type\":\"NUMERIC\"", "\"1e5\"", "a decimal of its column's precision"},
        {"\"type\":\"DATE\"", "\"2021-02-29\"", "a date"},
        {"\"type\":\"DATE\"", "\"2021-02-01T00:00:00Z\"", "a date"},
        {"\"type\":\"TIME\"", "\"25:00:00\"", "a time of day"},
        {"\"type\":\"TIME\"", "\"01:00:00Z\"", "a time of day"},
        {"\"type\":\"DATETIME\"", "\"2020-02-03T01:02:03Z\"", "a date and time without zone"},
        {"\"type\":\"DATETIME\"", "\"2020-02-03T01:02:03-01:00\"", "a date and time without zone"},
        {"\"type\":\"TIMESTAMP\"", "\"yesterday\"", "microseconds since 1970"},
        {"\"type\":\"TIMESTAMP\"", "\"1e300\"", "microseconds since 1970"},
        {"\"type\":\"STRING\",\"mode\":\"REPEATED\"", "\"a\"", "an array"},
        {"\"type\":\"RECORD\",\"fields\":[{\"name\":\"x\",\"type\":\"DATE\"}]", "\"a\"",
         "a record"},
        {"\"type\":\"BIGNUMERIC\"", "\"92345678901234567890123456789.0123456789\"",
         "more than 38 digits together"},
        {"\"type\":\"BIGNUMERIC\"", "\"1.2.3\"", "more than 38 digits together"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(table); i++) {
        const char *text = value_text(f, table[i].type, table[i].value);
        assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
        assert_non_null(strstr(text, "table p.d.t: column \"c\""));
        assert_non_null(strstr(text, table[i].expected));
    }
}

/* The scale is the smallest that is exact for all values of the page. */
static void wide_decimals(void **state)
{
    static const char *const names[] = {"c"};
    struct fixture *f = *state;
    struct fc_batch batch;

    assert_int_equal(
        read_schema(f, "[{\"name\":\"c\",\"type\":\"BIGNUMERIC\",\"mode\":\"REPEATED\"}]"), FC_OK);
    assert_int_equal(read_page(f, names, 1,
                               "[{\"f\":[{\"v\":[{\"v\":\"1.25\"},{\"v\":\"7\"}]}]},"
                               "{\"f\":[{\"v\":[]}]},{\"f\":[{\"v\":[{\"v\":\"-0.1250\"}]}]}]",
                               &batch),
                     FC_OK);
    assert_int_equal(batch.columns[0].type.scale, 3);
    assert_int_equal(batch.cells[0][0].as.list.items[0].as.decimal.low, 1250);
    assert_int_equal(batch.cells[0][0].as.list.items[1].as.decimal.low, 7000);
    assert_int_equal((int64_t)batch.cells[0][2].as.list.items[0].as.decimal.low, -125);
    assert_int_equal(batch.cells[0][2].as.list.items[0].as.decimal.high, -1);
}

static void odd_pages(void **state)
{
    static const char *const names[] = {"id", "r.x"};
    static const char *const bad[] = {
        "[{}]",
        "[null]",
        "[\"a\"]",
        "[{\"f\":[]}]",
        "[{\"f\":[{\"v\":\"1\"}]}]",
        "[{\"f\":[{\"v\":\"1\"},{}]}]",
        "[{\"f\":[{\"v\":\"1\"},{\"v\":{}}]}]",
        "[{\"f\":[{\"v\":\"1\"},{\"v\":{\"f\":[]}}]}]",
        "[{\"f\":[{\"v\":\"1\"},{\"v\":\"a\"}]}]",
        "[{\"f\":[{\"v\":\"1\"},{\"v\":null},{\"v\":\"3\"}]}]",
    };
    struct fixture *f = *state;
    struct fc_batch batch;

    assert_int_equal(read_schema(f, NESTED), FC_OK);
    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++) {
        assert_int_equal(read_page(f, names, 2, bad[i], &batch), FC_INVALID_ARGUMENT);
        assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    }
    assert_int_equal(read_page(f, names, 2, "[]", &batch), FC_OK);
    assert_int_equal(batch.row_count, 0);
}

static void odd_schemas(void **state)
{
    static const char *const bad[] = {
        "null",
        "[]",
        "[1]",
        "[{\"type\":\"DATE\"}]",
        "[{\"name\":\"r.\",\"type\":\"DATE\"}]",
        "[{\"name\":\"c\"}]",
        "[{\"name\":\"c\",\"type\":\"RECORD\"}]",
        "[{\"name\":\"c\",\"type\":\"RECORD\",\"fields\":[]}]",
    };
    struct fixture *f = *state;
    struct fc_buf deep = FC_BUF_INIT;

    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++) {
        assert_int_equal(read_schema(f, bad[i]), FC_INVALID_ARGUMENT);
        assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    }
    for (int i = 0; i < 20; i++)
        fc_buf_puts(&deep, "[{\"name\":\"r\",\"type\":\"RECORD\",\"fields\":");
    fc_buf_puts(&deep, "[{\"name\":\"x\",\"type\":\"DATE\"}]");
    for (int i = 0; i < 20; i++)
        fc_buf_puts(&deep, "}]");
    assert_int_equal(read_schema(f, fc_buf_text(&deep)), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "too deep"));
    fc_buf_done(&deep);
}

static void queried(void **state)
{
    static const char *const names[] = {"r.s.y", "id"};
    static const char *const unknown[] = {"nope"};
    struct fixture *f = *state;
    struct fc_bq_plan plan;
    struct fc_batch batch;

    assert_int_equal(read_schema(f, NESTED), FC_OK);
    assert_int_equal(fc_bq_plan_query(&f->schema, names, 2, "view p.d.v", f->arena, &plan, &f->err),
                     FC_OK);
    const struct fc_bq_page page = {.rows = rows_of(f, "[{\"f\":[{\"v\":\"a\"},{\"v\":\"5\"}]}]"),
                                    .what = "view p.d.v",
                                    .path = "p.d.v"};
    assert_int_equal(fc_bq_rows_read(&plan, &page, f->arena, &batch, &f->err), FC_OK);
    assert_int_equal(batch.cells[1][0].as.integer, 5);
    assert_int_equal(
        fc_bq_plan_query(&f->schema, unknown, 1, "view p.d.v", f->arena, &plan, &f->err),
        FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_MISMATCH);
    assert_string_equal(f->err.message, "view p.d.v: there is no column \"nope\"");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest CASES[] = {
    CASE(types),         CASE(nested_names), CASE(nested_values), CASE(values),  CASE(misfits),
    CASE(wide_decimals), CASE(odd_pages),    CASE(odd_schemas),   CASE(queried),
};

FC_TEST_MAIN(CASES)

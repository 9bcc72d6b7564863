/* SPDX-License-Identifier: Apache-2.0 */
/* Avro: how a schema becomes columns, and bytes become cells or a reason. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "worker/contract/convert.h"
#include "worker/formats/format.h"

struct fixture {
    struct fc_arena *arena;
    struct fc_format *format;
    struct fc_source_column *columns;
    size_t column_count;
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    f->arena = fc_arena_new((size_t)64 << 20);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_arena_free(f->arena);
    free(f);
    return 0;
}

static fc_rc try_open(struct fixture *f, const char *schema)
{
    const struct fc_format_env env = {.sys = fc_sys_real()};
    Feast__Core__StreamFormat__AvroFormat *avro = fc_arena_calloc(f->arena, 1, sizeof *avro);
    Feast__Core__StreamFormat *format = fc_arena_calloc(f->arena, 1, sizeof *format);
    const struct fc_format_ops *ops = NULL;

    feast__core__stream_format__avro_format__init(avro);
    feast__core__stream_format__init(format);
    avro->schema_json = fc_arena_strdup(f->arena, schema);
    format->format_case = FEAST__CORE__STREAM_FORMAT__FORMAT_AVRO_FORMAT;
    format->avro_format = avro;
    f->err = (struct fc_error)FC_ERROR_INIT;
    assert_int_equal(fc_format_ops_for(format, &ops, &f->err), FC_OK);
    assert_ptr_equal(ops, &fc_format_avro);
    return fc_format_avro.open(&env, format, f->arena, &f->format, &f->err);
}

static void must(struct fixture *f, fc_rc rc)
{
    if (rc != FC_OK)
        fail_msg("%s", f->err.message);
}

/* A record with one field `a` of this type. */
static void open_field(struct fixture *f, const char *type)
{
    must(f, try_open(f, fc_arena_printf(f->arena,
                                        "{\"type\":\"record\",\"name\":\"demo.R\",\"fields\":[{"
                                        "\"name\":\"a\",\"type\":%s}]}",
                                        type)));
    must(f, fc_format_avro.describe(f->format, NULL, 0, f->arena, &f->columns, &f->column_count,
                                    &f->err));
}

static fc_rc try_read(struct fixture *f, const char *column, const char *bytes, size_t size,
                      struct fc_cell *ret)
{
    const fc_str message = {.ptr = fc_arena_memdup(f->arena, bytes, size), .len = size};

    f->err = (struct fc_error)FC_ERROR_INIT;
    must(f, fc_format_avro.select(f->format, &column, 1, &f->err));
    return fc_format_avro.decode(f->format, message, f->arena, ret, &f->err);
}

#define READ(f, column, bytes)                                                                     \
    (__extension__({                                                                               \
        struct fc_cell cell_;                                                                      \
        must((f), try_read((f), (column), (bytes), sizeof(bytes) - 1, &cell_));                    \
        cell_;                                                                                     \
    }))

#define REFUSED(f, bytes, part)                                                                    \
    do {                                                                                           \
        struct fc_cell cell_;                                                                      \
        assert_int_equal(try_read((f), "a", (bytes), sizeof(bytes) - 1, &cell_),                   \
                         FC_INVALID_ARGUMENT);                                                     \
        assert_int_equal((f)->err.reason, FC_REASON_SOURCE_INVALID);                               \
        if (!strstr((f)->err.message, (part)))                                                     \
            fail_msg("'%s' does not hold '%s'", (f)->err.message, (part));                         \
    } while (0)

static const struct {
    const char *type, *text;
    enum fc_column_kind kind, element;
    uint8_t precision, scale;
    bool nanos;
} TYPES[] = {
    {"\"null\"", "null", FC_COLUMN_NULL, 0, 0, 0, false},
    {"\"boolean\"", "boolean", FC_COLUMN_BOOL, 0, 0, 0, false},
    {"\"int\"", "int", FC_COLUMN_INT32, 0, 0, 0, false},
    {"\"long\"", "long", FC_COLUMN_INT64, 0, 0, 0, false},
    {"\"float\"", "float", FC_COLUMN_FLOAT32, 0, 0, 0, false},
    {"\"double\"", "double", FC_COLUMN_FLOAT64, 0, 0, 0, false},
    {"\"bytes\"", "bytes", FC_COLUMN_BINARY, 0, 0, 0, false},
    {"\"string\"", "string", FC_COLUMN_STRING, 0, 0, 0, false},
    {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}", "enum demo.E", FC_COLUMN_STRING, 0,
     0, 0, false},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":4}", "fixed(4)", FC_COLUMN_BINARY, 0, 0, 0,
     false},
    {"{\"type\":\"array\",\"items\":\"int\"}", "array<int>", FC_COLUMN_LIST, FC_COLUMN_INT32, 0, 0,
     false},
    {"{\"type\":\"array\",\"items\":[\"null\",\"string\"]}", "array<string>", FC_COLUMN_LIST,
     FC_COLUMN_STRING, 0, 0, false},
    {"{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"int\"}}", "array<array<int>>",
     FC_COLUMN_LIST, FC_COLUMN_LIST, 0, 0, false},
    {"{\"type\":\"map\",\"values\":\"double\"}", "map<double>", FC_COLUMN_MAP, 0, 0, 0, false},
    {"[\"null\",\"long\"]", "long", FC_COLUMN_INT64, 0, 0, 0, false},
    {"[\"string\",\"null\"]", "string", FC_COLUMN_STRING, 0, 0, 0, false},
    {"[\"null\"]", "null", FC_COLUMN_NULL, 0, 0, 0, false},
    {"[\"null\",\"int\",\"long\"]", "union<null, int, long>", FC_COLUMN_INT64, 0, 0, 0, false},
    {"[\"float\",\"double\"]", "union<float, double>", FC_COLUMN_FLOAT64, 0, 0, 0, false},
    {"[\"int\",\"float\"]", "union<int, float>", FC_COLUMN_FLOAT64, 0, 0, 0, false},
    {"[\"long\",\"double\"]", "union<long, double>", FC_COLUMN_UNION, 0, 0, 0, false},
    {"[\"int\",\"string\"]", "union<int, string>", FC_COLUMN_UNION, 0, 0, 0, false},
    {"[\"boolean\",\"int\"]", "union<boolean, int>", FC_COLUMN_UNION, 0, 0, 0, false},
    {"[\"string\",{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}]",
     "union<string, enum demo.E>", FC_COLUMN_STRING, 0, 0, 0, false},
    {"[{\"type\":\"int\",\"logicalType\":\"date\"},\"long\"]", "union<date, long>", FC_COLUMN_UNION,
     0, 0, 0, false},
    {"{\"type\":\"int\",\"logicalType\":\"date\"}", "date", FC_COLUMN_DATE, 0, 0, 0, false},
    {"{\"type\":\"int\",\"logicalType\":\"time-millis\"}", "time-millis", FC_COLUMN_TIME, 0, 0, 0,
     false},
    {"{\"type\":\"long\",\"logicalType\":\"time-micros\"}", "time-micros", FC_COLUMN_TIME, 0, 0, 0,
     false},
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", "timestamp-millis",
     FC_COLUMN_TIMESTAMP_UTC, 0, 0, 0, false},
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}", "timestamp-micros",
     FC_COLUMN_TIMESTAMP_UTC, 0, 0, 0, false},
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}", "timestamp-nanos",
     FC_COLUMN_TIMESTAMP_UTC, 0, 0, 0, true},
    {"{\"type\":\"long\",\"logicalType\":\"local-timestamp-micros\"}", "local-timestamp-micros",
     FC_COLUMN_TIMESTAMP_NAIVE, 0, 0, 0, false},
    {"{\"type\":\"int\",\"logicalType\":\"timestamp-millis\"}", "int", FC_COLUMN_INT32, 0, 0, 0,
     false},
    {"{\"type\":\"long\",\"logicalType\":\"unheard-of\"}", "long", FC_COLUMN_INT64, 0, 0, 0, false},
    {"{\"type\":\"string\",\"logicalType\":\"uuid\"}", "uuid", FC_COLUMN_STRING, 0, 0, 0, false},
    {"{\"type\":\"fixed\",\"name\":\"D\",\"size\":12,\"logicalType\":\"duration\"}", "duration",
     FC_COLUMN_BINARY, 0, 0, 0, false},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2}", "decimal(9,2)",
     FC_COLUMN_DECIMAL, 0, 9, 2, false},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":60}", "decimal(60,0)",
     FC_COLUMN_UNKNOWN, 0, 0, 0, false},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":2,\"scale\":3}", "bytes",
     FC_COLUMN_BINARY, 0, 0, 0, false},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":2,\"logicalType\":\"decimal\",\"precision\":5}",
     "fixed(2)", FC_COLUMN_BINARY, 0, 0, 0, false},
    {"{\"type\":\"array\",\"items\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":"
     "4,\"scale\":1}}",
     "array<decimal(4,1)>", FC_COLUMN_LIST, FC_COLUMN_DECIMAL, 4, 1, false},
};

static void every_type_is_a_column(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(TYPES); i++) {
        open_field(f, TYPES[i].type);
        assert_int_equal(f->column_count, 1);
        const struct fc_column_type *type = &f->columns[0].type;
        assert_string_equal(type->text, TYPES[i].text);
        assert_int_equal(type->kind, TYPES[i].kind);
        assert_int_equal(type->element, TYPES[i].element);
        assert_int_equal(type->nanos, TYPES[i].nanos);
        if (TYPES[i].precision > 0) {
            assert_int_equal(type->precision, TYPES[i].precision);
            assert_int_equal(type->scale, TYPES[i].scale);
        }
    }
}

/* What the peers' readers make of each type, and the level that it has here. */
static void types_against_declared_ones(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *type;
        int declared;
        enum fc_contract_level level;
    } cases[] = {
        {"\"boolean\"", 7, FC_LEVEL_EXACT},
        {"\"int\"", 3, FC_LEVEL_EXACT},
        {"\"int\"", 4, FC_LEVEL_WIDENING},
        {"\"long\"", 4, FC_LEVEL_EXACT},
        {"\"long\"", 3, FC_LEVEL_CHECKED},
        {"\"float\"", 6, FC_LEVEL_EXACT},
        {"\"double\"", 5, FC_LEVEL_EXACT},
        {"\"double\"", 6, FC_LEVEL_CHECKED},
        {"\"string\"", 2, FC_LEVEL_EXACT},
        {"\"string\"", 1, FC_LEVEL_CHECKED},
        {"\"bytes\"", 1, FC_LEVEL_EXACT},
        {"\"bytes\"", 2, FC_LEVEL_CHECKED},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":4}", 1, FC_LEVEL_EXACT},
        {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}", 2, FC_LEVEL_EXACT},
        {"{\"type\":\"string\",\"logicalType\":\"uuid\"}", 2, FC_LEVEL_EXACT},
        {"{\"type\":\"int\",\"logicalType\":\"date\"}", 3, FC_LEVEL_REJECT},
        {"{\"type\":\"long\",\"logicalType\":\"time-micros\"}", 4, FC_LEVEL_REJECT},
        {"{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}", 4, FC_LEVEL_CHECKED},
        {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":18}", 4, FC_LEVEL_WIDENING},
        {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":60}", 5, FC_LEVEL_REJECT},
        {"[\"null\",\"int\",\"long\"]", 4, FC_LEVEL_EXACT},
        {"[\"float\",\"double\"]", 5, FC_LEVEL_EXACT},
        {"[\"int\",\"string\"]", 2, FC_LEVEL_REJECT},
        {"\"null\"", 2, FC_LEVEL_WIDENING},
        {"{\"type\":\"map\",\"values\":\"int\"}", 3, FC_LEVEL_REJECT},
        {"{\"type\":\"array\",\"items\":\"float\"}", 16, FC_LEVEL_EXACT},
        {"{\"type\":\"array\",\"items\":[\"null\",\"int\"]}", 14, FC_LEVEL_WIDENING},
        {"{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"int\"}}", 13,
         FC_LEVEL_REJECT},
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(cases); i++) {
        open_field(f, cases[i].type);
        assert_int_equal(
            fc_contract_value(&f->columns[0].type, (Feast__Types__ValueType__Enum)cases[i].declared)
                .level,
            cases[i].level);
    }
    open_field(f, "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}");
    assert_int_equal(fc_contract_timestamp(&f->columns[0].type).level, FC_LEVEL_EXACT);
    open_field(f, "{\"type\":\"long\",\"logicalType\":\"local-timestamp-millis\"}");
    assert_int_equal(fc_contract_timestamp(&f->columns[0].type).level, FC_LEVEL_CHECKED);
    open_field(f, "\"long\"");
    assert_int_equal(fc_contract_timestamp(&f->columns[0].type).level, FC_LEVEL_REJECT);
}

static void numbers(void **state)
{
    struct fixture *f = *state;

    open_field(f, "\"int\"");
    assert_int_equal(READ(f, "a", "\x02").as.integer, 1);
    assert_int_equal(READ(f, "a", "\x01").as.integer, -1);
    assert_int_equal(READ(f, "a", "\xfe\xff\xff\xff\x0f").as.integer, INT32_MAX);
    assert_int_equal(READ(f, "a", "\xff\xff\xff\xff\x0f").as.integer, INT32_MIN);
    REFUSED(f, "\x80\x80\x80\x80\x10", "2147483648 is no int of 32 bits");
    REFUSED(f, "", "ends within a number");
    REFUSED(f, "\x80", "field \"a\" at byte 1: the message ends within a number");
    REFUSED(f, "\x02\x02", "1 bytes are left over");
    open_field(f, "\"long\"");
    assert_true(READ(f, "a", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").as.integer == INT64_MIN);
    REFUSED(f, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "more than 64 bits");
    REFUSED(f, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "more than 64 bits");
    open_field(f, "\"float\"");
    assert_true(READ(f, "a", "\x00\x00\xc0\x3f").as.real == 1.5);
    REFUSED(f, "\x00\x00", "4 bytes are announced where 2 are left");
    open_field(f, "\"double\"");
    assert_true(READ(f, "a", "\x00\x00\x00\x00\x00\x00\xf8\xbf").as.real == -1.5);
    open_field(f, "\"boolean\"");
    assert_true(READ(f, "a", "\x01").as.boolean);
    REFUSED(f, "\x02", "2 is no boolean");
}

static void texts(void **state)
{
    struct fixture *f = *state;
    static const char uuid[] = "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";

    open_field(f, "\"string\"");
    assert_true(fc_str_eq(READ(f, "a",
                               "\x06"
                               "abc")
                              .as.bytes,
                          FC_STR("abc")));
    assert_int_equal(READ(f, "a", "\x00").as.bytes.len, 0);
    REFUSED(f,
            "\x06"
            "ab",
            "3 bytes are announced where 2 are left");
    REFUSED(f, "\x05", "a length of -3");
    open_field(f, "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"RED\",\"BLUE\"]}");
    assert_true(fc_str_eq(READ(f, "a", "\x02").as.bytes, FC_STR("BLUE")));
    REFUSED(f, "\x04", "symbol 2 where there are 2");
    REFUSED(f, "\x01", "symbol -1 where there are 2");
    open_field(f, "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}");
    assert_true(fc_str_eq(READ(f, "a", "xy").as.bytes, FC_STR("xy")));
    open_field(f, "{\"type\":\"fixed\",\"name\":\"U\",\"size\":16,\"logicalType\":\"uuid\"}");
    assert_true(
        fc_str_eq(READ(f, "a", uuid).as.bytes, FC_STR("00112233-4455-6677-8899-aabbccddeeff")));
}

static void decimals(void **state)
{
    struct fixture *f = *state;
    struct fc_column_type type;

    open_field(f, "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":38,\"scale\":2}");
    type = f->columns[0].type;
    const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } cases[] = {
        {"\x02\x05", 2, "0.05"},
        {"\x02\xfb", 2, "-0.05"},
        {"\x04\x04\xd2", 3, "12.34"},
        {"\x00", 1, "0.00"},
        {"\x24\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 19,
         "-0.01"},
    };
    for (size_t i = 0; i < FC_ARRAY_LEN(cases); i++) {
        struct fc_cell cell;
        must(f, try_read(f, "a", cases[i].bytes, cases[i].size, &cell));
        assert_string_equal(fc_cell_text(&type, &cell, f->arena), cases[i].text);
    }
    REFUSED(f, "\x22\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
            "more than 38 digits");
    REFUSED(f, "\x22\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
            "more than 38 digits");
}

static void times(void **state)
{
    struct fixture *f = *state;
    struct fc_cell cell;

    open_field(f, "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}");
    cell = READ(f, "a", "\x01"); /* -1 */
    assert_int_equal(cell.as.time.seconds, -1);
    assert_int_equal(cell.as.time.nanos, 999000000);
    open_field(f, "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}");
    cell = READ(f, "a", "\x82\x89\x7a"); /* 1000001 */
    assert_int_equal(cell.as.time.seconds, 1);
    assert_int_equal(cell.as.time.nanos, 1000);
    open_field(f, "{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}");
    cell = READ(f, "a", "\x03"); /* -2 */
    assert_int_equal(cell.as.time.seconds, -1);
    assert_int_equal(cell.as.time.nanos, 999999998);
    open_field(f, "{\"type\":\"int\",\"logicalType\":\"date\"}");
    assert_int_equal(READ(f, "a", "\x04").as.integer, 2);
}

static void unions_and_nulls(void **state)
{
    struct fixture *f = *state;

    open_field(f, "[\"null\",\"int\"]");
    assert_true(READ(f, "a", "\x00").null);
    assert_int_equal(READ(f, "a", "\x02\x0a").as.integer, 5);
    REFUSED(f, "\x04\x0a", "branch 2 where there are 2");
    open_field(f, "[\"float\",\"int\"]");
    assert_true(READ(f, "a", "\x02\x06").as.real == 3.0);
    open_field(f, "[\"int\",\"string\"]");
    assert_false(READ(f, "a", "\x02\x02x").null);
}

static void arrays_and_maps(void **state)
{
    struct fixture *f = *state;
    struct fc_cell cell;

    open_field(f, "{\"type\":\"array\",\"items\":[\"null\",\"int\"]}");
    cell = READ(f, "a", "\x04\x00\x02\x08\x03\x08\x02\x0a\x02\x0c\x00"); /* 2, then -2 of 4 bytes */
    assert_int_equal(cell.as.list.count, 4);
    assert_true(cell.as.list.items[0].null);
    assert_int_equal(cell.as.list.items[3].as.integer, 6);
    assert_int_equal(READ(f, "a", "\x00").as.list.count, 0);
    REFUSED(f, "\x04\x00", "ends within a number");
    REFUSED(f, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", "items");
    open_field(f, "{\"type\":\"array\",\"items\":\"null\"}");
    REFUSED(f, "\xfe\xff\xff\xff\x0f\x00", "more than 1048576 items");
    open_field(f, "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"int\"}}");
    cell = READ(f, "a", "\x02\x02\x02\x00\x00");
    assert_int_equal(cell.as.list.count, 1);
    assert_null(cell.as.list.items);
    open_field(f, "{\"type\":\"map\",\"values\":[\"null\",\"int\"]}");
    assert_int_equal(READ(f, "a.k", "\x04\x02j\x02\x02\x02k\x02\x0e\x00").as.integer, 7);
    assert_true(READ(f, "a.other", "\x00").null);
}

static void records_within_records(void **state)
{
    struct fixture *f = *state;
    const char *const wanted[] = {"next.next.next.v", "m.x.v", "m", "none.v", "v.v"};

    must(f, try_open(f, "{\"type\":\"record\",\"name\":\"L\",\"fields\":[{\"name\":\"v\",\"type\":"
                        "\"int\"},{\"name\":\"next\",\"type\":[\"null\",\"L\"]},{\"name\":\"m\","
                        "\"type\":{\"type\":\"map\",\"values\":\"L\"}}]}"));
    must(f, fc_format_avro.describe(f->format, wanted, FC_ARRAY_LEN(wanted), f->arena, &f->columns,
                                    &f->column_count, &f->err));
    static const char *const names[] = {"v", "next", "m", "next.next.next.v", "m.x.v"};
    assert_int_equal(f->column_count, FC_ARRAY_LEN(names));
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++)
        assert_string_equal(f->columns[i].name, names[i]);
    assert_int_equal(f->columns[1].type.kind, FC_COLUMN_STRUCT);
    /* v 1, next {v 2, next null, m {}}, m {x: {v 9, null, {}}} */
#define LISTED "\x02\x02\x04\x00\x00\x02\x02x\x12\x00\x00\x00"
    assert_int_equal(READ(f, "next.v", LISTED).as.integer, 2);
    assert_int_equal(READ(f, "m.x.v", LISTED).as.integer, 9);
    assert_true(READ(f, "next.next.v", LISTED).null);
    assert_false(READ(f, "next", LISTED).null);
    assert_true(READ(f, "next.next", LISTED).null);
    const char *const column = "next.none";
    assert_int_equal(fc_format_avro.select(f->format, &column, 1, &f->err), FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_MISMATCH);
}

static void several_columns_of_one_message(void **state)
{
    struct fixture *f = *state;
    const char *const columns[] = {"c", "a", "c", "b.x"};
    struct fc_cell cells[4];

    must(f, try_open(f, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":"
                        "\"int\"},{\"name\":\"b\",\"type\":[\"null\",{\"type\":\"record\",\"name\":"
                        "\"B\",\"fields\":[{\"name\":\"x\",\"type\":\"long\"}]}]},{\"name\":\"c\","
                        "\"type\":\"string\"}]}"));
    must(f, fc_format_avro.select(f->format, columns, 4, &f->err));
    must(f,
         fc_format_avro.decode(f->format, FC_STR("\x02\x02\x04\x02z"), f->arena, cells, &f->err));
    assert_int_equal(cells[1].as.integer, 1);
    assert_int_equal(cells[3].as.integer, 2);
    assert_true(fc_str_eq(cells[0].as.bytes, FC_STR("z")));
    assert_true(fc_str_eq(cells[2].as.bytes, FC_STR("z")));
    must(f, fc_format_avro.decode(f->format, FC_STR("\x04\x00\x02y"), f->arena, cells, &f->err));
    assert_true(cells[3].null);
    assert_int_equal(cells[1].as.integer, 2);
}

static void confluent_frames(void **state)
{
    struct fixture *f = *state;

    open_field(f, "\"string\"");
    assert_null(fc_format_avro.remark(f->format, f->arena));
    assert_true(fc_str_eq(READ(f, "a", "\x04hi").as.bytes, FC_STR("hi")));
    assert_true(fc_str_eq(READ(f, "a", "\x00\x00\x00\x01\x02\x04hi").as.bytes, FC_STR("hi")));
    const char *remark = fc_format_avro.remark(f->format, f->arena);
    assert_non_null(strstr(remark, "1 of 2 messages begin with a frame of Confluent"));
    assert_non_null(strstr(remark, "first 258"));
    REFUSED(f, "\x00\x00\x00\x01\x02\x06hi", "left over");
}

static void schemas_that_cannot_be_columns(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(try_open(f, "\"string\""), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "a value of type string, expected a record"));
    assert_int_equal(try_open(f, "{"), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "is no Avro schema: line 1"));
    assert_int_equal(try_open(f, "[]"), FC_INVALID_ARGUMENT);
    must(f, try_open(f, "[\"null\",{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":"
                        "\"a\",\"type\":\"int\"}]}]"));
    assert_int_equal(READ(f, "a", "\x02\x02").as.integer, 1);
    assert_true(READ(f, "a", "\x00").null);
}

/* Types that double with each level: more columns and more values than there are atoms. */
static void schemas_without_end(void **state)
{
    struct fixture *f = *state;
    struct fc_buf schema = FC_BUF_INIT;
    const char *const wanted = "x.x.x.x.x.x.x.x.x.x.x.x";

    for (int i = 0; i < 40; i++)
        fc_buf_printf(
            &schema,
            "{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[{\"name\":\"x\",\"type\":", i);
    fc_buf_puts(&schema, "\"null\"}]}");
    for (int i = 39; i > 0; i--)
        fc_buf_printf(&schema, "},{\"name\":\"y\",\"type\":\"R%d\"}]}", i);
    must(f, try_open(f, fc_buf_text(&schema)));
    fc_buf_done(&schema);
    must(f, fc_format_avro.describe(f->format, &wanted, 1, f->arena, &f->columns, &f->column_count,
                                    &f->err));
    assert_true(f->column_count <= 20001);
    assert_string_equal(f->columns[f->column_count - 1].name, wanted);
    struct fc_cell cell;
    assert_int_equal(try_read(f, "x", "", 0, &cell), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "values"));
    must(f, try_open(f, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"x\",\"type\":"
                        "\"R\"}]}"));
    assert_int_equal(try_read(f, "x", "", 0, &cell), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "nested more than 128 deep"));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(every_type_is_a_column, setup, teardown),
    cmocka_unit_test_setup_teardown(types_against_declared_ones, setup, teardown),
    cmocka_unit_test_setup_teardown(numbers, setup, teardown),
    cmocka_unit_test_setup_teardown(texts, setup, teardown),
    cmocka_unit_test_setup_teardown(decimals, setup, teardown),
    cmocka_unit_test_setup_teardown(times, setup, teardown),
    cmocka_unit_test_setup_teardown(unions_and_nulls, setup, teardown),
    cmocka_unit_test_setup_teardown(arrays_and_maps, setup, teardown),
    cmocka_unit_test_setup_teardown(records_within_records, setup, teardown),
    cmocka_unit_test_setup_teardown(several_columns_of_one_message, setup, teardown),
    cmocka_unit_test_setup_teardown(confluent_frames, setup, teardown),
    cmocka_unit_test_setup_teardown(schemas_that_cannot_be_columns, setup, teardown),
    cmocka_unit_test_setup_teardown(schemas_without_end, setup, teardown),
};

FC_TEST_MAIN(cases)

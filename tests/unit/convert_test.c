/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "worker/contract/convert.h"

#define TYPE(word)  FEAST__TYPES__VALUE_TYPE__ENUM__##word
#define KIND(word)  FC_COLUMN_##word
#define ARENA_BYTES (1 << 20)

/* Cells. */
#define INT(n)          ((struct fc_cell){.as.integer = (n)})
#define UINT(n)         ((struct fc_cell){.as.natural = (n)})
#define REAL(x)         ((struct fc_cell){.as.real = (x)})
#define BOOLEAN(b)      ((struct fc_cell){.as.boolean = (b)})
#define TIME(s, ns)     ((struct fc_cell){.as.time = {.seconds = (s), .nanos = (ns)}})
#define TEXT(literal)   ((struct fc_cell){.as.bytes = {.ptr = (literal), .len = sizeof(literal) - 1}})
#define DECIMAL(hi, lo) ((struct fc_cell){.as.decimal = {.high = (hi), .low = (lo)}})

/* A conversion and what it gave; every test makes its own. */
struct outcome {
    struct fc_arena *arena;
    Feast__Types__Value value;
    enum fc_fault fault;
    struct fc_error err;
    fc_rc rc;
};

static struct outcome convert_type(const struct fc_column_type *type, struct fc_cell cell,
                                   Feast__Types__ValueType__Enum declared)
{
    struct outcome out = {.arena = fc_arena_new(ARENA_BYTES), .err = FC_ERROR_INIT};

    out.rc = fc_convert_value(type, &cell, declared, out.arena, &out.value, &out.fault, &out.err);
    return out;
}

static struct outcome convert(enum fc_column_kind kind, struct fc_cell cell,
                              Feast__Types__ValueType__Enum declared)
{
    const struct fc_column_type type = {.kind = kind, .text = "test"};

    return convert_type(&type, cell, declared);
}

static void done(struct outcome *out)
{
    fc_arena_free(out->arena);
}

static void gives_fault(struct outcome out, enum fc_fault fault, const char *text)
{
    assert_int_equal(out.rc, FC_INVALID_ARGUMENT);
    assert_int_equal(out.err.reason, FC_REASON_FIELD_INVALID);
    assert_string_equal(fc_fault_word(out.fault), fc_fault_word(fault));
    if (!strstr(out.err.message, text))
        print_message("'%s' does not hold '%s'\n", out.err.message, text);
    assert_non_null(strstr(out.err.message, text));
    done(&out);
}

static void gives_int32(struct outcome out, int32_t want)
{
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.val_case, FEAST__TYPES__VALUE__VAL_INT32_VAL);
    assert_int_equal(out.value.int32_val, want);
    done(&out);
}

static void gives_int64(struct outcome out, int64_t want)
{
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.val_case, FEAST__TYPES__VALUE__VAL_INT64_VAL);
    assert_true(out.value.int64_val == want);
    done(&out);
}

static void gives_float(struct outcome out, float want)
{
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.val_case, FEAST__TYPES__VALUE__VAL_FLOAT_VAL);
    assert_memory_equal(&out.value.float_val, &want, sizeof(want));
    done(&out);
}

static void gives_double(struct outcome out, double want)
{
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.val_case, FEAST__TYPES__VALUE__VAL_DOUBLE_VAL);
    assert_memory_equal(&out.value.double_val, &want, sizeof(want));
    done(&out);
}

static void gives_bool(struct outcome out, bool want)
{
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.val_case, FEAST__TYPES__VALUE__VAL_BOOL_VAL);
    assert_int_equal(out.value.bool_val, want);
    done(&out);
}

static void gives_string(struct outcome out, const char *want)
{
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.val_case, FEAST__TYPES__VALUE__VAL_STRING_VAL);
    assert_string_equal(out.value.string_val, want);
    done(&out);
}

static void int32_at_its_limits(void **state)
{
    (void)state;
    gives_int32(convert(KIND(INT64), INT(INT32_MAX), TYPE(INT32)), INT32_MAX);
    gives_int32(convert(KIND(INT64), INT(INT32_MIN), TYPE(INT32)), INT32_MIN);
    gives_fault(convert(KIND(INT64), INT((int64_t)INT32_MAX + 1), TYPE(INT32)),
                FC_FAULT_OUT_OF_RANGE, "2147483648 is out of the range of INT32");
    gives_fault(convert(KIND(INT64), INT((int64_t)INT32_MIN - 1), TYPE(INT32)),
                FC_FAULT_OUT_OF_RANGE, "-2147483649");
    gives_fault(convert(KIND(INT64), INT(INT64_MIN), TYPE(INT32)), FC_FAULT_OUT_OF_RANGE, "range");
    gives_int32(convert(KIND(UINT32), INT(INT32_MAX), TYPE(INT32)), INT32_MAX);
    gives_fault(convert(KIND(UINT32), INT(UINT32_MAX), TYPE(INT32)), FC_FAULT_OUT_OF_RANGE,
                "4294967295");
    gives_fault(convert(KIND(UINT64), UINT(UINT64_MAX), TYPE(INT32)), FC_FAULT_OUT_OF_RANGE,
                "18446744073709551615");
    gives_int32(convert(KIND(INT8), INT(-128), TYPE(INT32)), -128);
    gives_int32(convert(KIND(UINT16), INT(65535), TYPE(INT32)), 65535);
}

static void int64_at_its_limits(void **state)
{
    (void)state;
    gives_int64(convert(KIND(INT64), INT(INT64_MIN), TYPE(INT64)), INT64_MIN);
    gives_int64(convert(KIND(UINT32), INT(UINT32_MAX), TYPE(INT64)), UINT32_MAX);
    gives_int64(convert(KIND(UINT64), UINT(INT64_MAX), TYPE(INT64)), INT64_MAX);
    gives_fault(convert(KIND(UINT64), UINT((uint64_t)INT64_MAX + 1), TYPE(INT64)),
                FC_FAULT_OUT_OF_RANGE, "9223372036854775808 is out of the range of INT64");
}

static void integral_doubles(void **state)
{
    (void)state;
    gives_int32(convert(KIND(FLOAT64), REAL(3.0), TYPE(INT32)), 3);
    gives_int32(convert(KIND(FLOAT64), REAL(-2147483648.0), TYPE(INT32)), INT32_MIN);
    gives_int64(convert(KIND(FLOAT32), REAL(16777216.0), TYPE(INT64)), 16777216);
    gives_int64(convert(KIND(FLOAT64), REAL(-0.0), TYPE(INT64)), 0);
    gives_int64(convert(KIND(FLOAT64), REAL(-0x1p63), TYPE(INT64)), INT64_MIN);
    gives_fault(convert(KIND(FLOAT64), REAL(0x1p63), TYPE(INT64)), FC_FAULT_OUT_OF_RANGE,
                "range of INT64");
    gives_fault(convert(KIND(FLOAT64), REAL(1e300), TYPE(INT32)), FC_FAULT_OUT_OF_RANGE,
                "range of INT32");
    gives_fault(convert(KIND(FLOAT64), REAL(2.5), TYPE(INT32)), FC_FAULT_NOT_INTEGRAL,
                "2.5 is no whole number");
    gives_fault(convert(KIND(FLOAT64), REAL((double)NAN), TYPE(INT64)), FC_FAULT_NOT_INTEGRAL,
                "nan");
    gives_fault(convert(KIND(FLOAT64), REAL((double)INFINITY), TYPE(INT64)), FC_FAULT_NOT_INTEGRAL,
                "inf");
}

static void decimals(void **state)
{
    const struct fc_column_type whole = {.kind = KIND(DECIMAL), .precision = 38, .scale = 0};
    const struct fc_column_type cents = {.kind = KIND(DECIMAL), .precision = 10, .scale = 2};

    (void)state;
    gives_int64(convert_type(&whole, DECIMAL(0, INT64_MAX), TYPE(INT64)), INT64_MAX);
    gives_int64(convert_type(&whole, DECIMAL(-1, (uint64_t)INT64_MIN), TYPE(INT64)), INT64_MIN);
    gives_fault(convert_type(&whole, DECIMAL(0, (uint64_t)INT64_MAX + 1), TYPE(INT64)),
                FC_FAULT_OUT_OF_RANGE, "9223372036854775808");
    gives_fault(convert_type(&whole, DECIMAL(-2, UINT64_MAX), TYPE(INT64)), FC_FAULT_OUT_OF_RANGE,
                "-18446744073709551617");
    gives_int32(convert_type(&whole, DECIMAL(-1, (uint64_t)-5), TYPE(INT32)), -5);
    gives_fault(convert_type(&whole, DECIMAL(0, INT64_C(1) << 31), TYPE(INT32)),
                FC_FAULT_OUT_OF_RANGE, "2147483648");
    gives_int64(convert_type(&cents, DECIMAL(0, 1200), TYPE(INT64)), 12);
    gives_int64(convert_type(&cents, DECIMAL(-1, (uint64_t)-300), TYPE(INT64)), -3);
    gives_fault(convert_type(&cents, DECIMAL(0, 1250), TYPE(INT64)), FC_FAULT_NOT_INTEGRAL,
                "12.50 is no whole number");
    gives_fault(convert_type(&cents, DECIMAL(0, 1200), TYPE(INT32)), FC_FAULT_WRONG_TYPE, "12.00");
    gives_double(convert_type(&cents, DECIMAL(0, 10), TYPE(DOUBLE)), 0.1);
    gives_double(convert_type(&cents, DECIMAL(-1, (uint64_t)-1), TYPE(DOUBLE)), -0.01);
    gives_float(convert_type(&cents, DECIMAL(0, 10), TYPE(FLOAT)), 0.1f);
    gives_float(convert_type(&whole, DECIMAL(0, 16777217), TYPE(FLOAT)), 16777216.0f);
}

static void floats(void **state)
{
    (void)state;
    gives_float(convert(KIND(FLOAT64), REAL(0.1), TYPE(FLOAT)), 0.1f);
    gives_float(convert(KIND(FLOAT64), REAL(-0.0), TYPE(FLOAT)), -0.0f);
    gives_float(convert(KIND(FLOAT64), REAL(1e-60), TYPE(FLOAT)), 0.0f);
    gives_float(convert(KIND(FLOAT64), REAL((double)INFINITY), TYPE(FLOAT)), INFINITY);
    gives_float(convert(KIND(FLOAT64), REAL((double)-INFINITY), TYPE(FLOAT)), -INFINITY);
    gives_float(convert(KIND(FLOAT32), REAL(1.5), TYPE(FLOAT)), 1.5f);
    gives_float(convert(KIND(FLOAT16), REAL(1.5), TYPE(FLOAT)), 1.5f);
    gives_fault(convert(KIND(FLOAT64), REAL(1e39), TYPE(FLOAT)), FC_FAULT_OUT_OF_RANGE,
                "1e+39 is out of the range of FLOAT");
    struct outcome nan = convert(KIND(FLOAT64), REAL((double)NAN), TYPE(FLOAT));
    assert_int_equal(nan.rc, FC_OK);
    assert_true(isnan(nan.value.float_val));
    done(&nan);
}

static void whole_numbers_into_floats(void **state)
{
    static const enum fc_column_kind signed_kinds[] = {KIND(INT32), KIND(INT64), KIND(UINT32)};
    const int64_t two24 = INT64_C(1) << 24;
    const int64_t two53 = INT64_C(1) << 53;

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(signed_kinds); i++) {
        gives_float(convert(signed_kinds[i], INT(two24), TYPE(FLOAT)), 16777216.0f);
        gives_fault(convert(signed_kinds[i], INT(two24 + 1), TYPE(FLOAT)), FC_FAULT_OUT_OF_RANGE,
                    "2^24");
    }
    gives_float(convert(KIND(INT64), INT(-two24), TYPE(FLOAT)), -16777216.0f);
    gives_fault(convert(KIND(INT64), INT(-two24 - 1), TYPE(FLOAT)), FC_FAULT_OUT_OF_RANGE, "2^24");
    gives_fault(convert(KIND(UINT64), UINT(UINT64_MAX), TYPE(FLOAT)), FC_FAULT_OUT_OF_RANGE,
                "2^24");
    gives_double(convert(KIND(INT64), INT(two53), TYPE(DOUBLE)), 0x1p53);
    gives_double(convert(KIND(INT64), INT(-two53), TYPE(DOUBLE)), -0x1p53);
    gives_fault(convert(KIND(INT64), INT(two53 + 1), TYPE(DOUBLE)), FC_FAULT_OUT_OF_RANGE,
                "9007199254740993 is beyond 2^53");
    gives_double(convert(KIND(UINT64), UINT((uint64_t)two53), TYPE(DOUBLE)), 0x1p53);
    gives_fault(convert(KIND(UINT64), UINT((uint64_t)two53 + 1), TYPE(DOUBLE)),
                FC_FAULT_OUT_OF_RANGE, "2^53");
    gives_double(convert(KIND(UINT32), INT(UINT32_MAX), TYPE(DOUBLE)), 4294967295.0);
    gives_double(convert(KIND(FLOAT32), REAL((double)0.1f), TYPE(DOUBLE)), (double)0.1f);
    gives_double(convert(KIND(FLOAT64), REAL(-0.0), TYPE(DOUBLE)), -0.0);
}

static void truth_values(void **state)
{
    (void)state;
    gives_bool(convert(KIND(BOOL), BOOLEAN(true), TYPE(BOOL)), true);
    gives_bool(convert(KIND(INT8), INT(0), TYPE(BOOL)), false);
    gives_bool(convert(KIND(UINT64), UINT(1), TYPE(BOOL)), true);
    gives_fault(convert(KIND(INT32), INT(2), TYPE(BOOL)), FC_FAULT_OUT_OF_RANGE,
                "2 is neither 0 nor 1");
    gives_fault(convert(KIND(INT32), INT(-1), TYPE(BOOL)), FC_FAULT_OUT_OF_RANGE, "-1 is neither");
    gives_fault(convert(KIND(UINT64), UINT(UINT64_MAX), TYPE(BOOL)), FC_FAULT_OUT_OF_RANGE,
                "neither");
    gives_fault(convert(KIND(STRING), TEXT("true"), TYPE(BOOL)), FC_FAULT_WRONG_TYPE,
                "never taken for BOOL");
}

static void text(void **state)
{
    (void)state;
    gives_string(convert(KIND(STRING), TEXT("SIN"), TYPE(STRING)), "SIN");
    gives_string(convert(KIND(STRING), TEXT(""), TYPE(STRING)), "");
    gives_string(convert(KIND(BINARY), TEXT("gr\xc3\xbcn"), TYPE(STRING)), "gr\xc3\xbcn");
    gives_fault(convert(KIND(BINARY), TEXT("a\xff"), TYPE(STRING)), FC_FAULT_NOT_TEXT,
                "'a\\xff' is not UTF-8");
    gives_fault(convert(KIND(BINARY), TEXT("\xed\xa0\x80"), TYPE(STRING)), FC_FAULT_NOT_TEXT,
                "UTF-8");
    gives_fault(convert(KIND(BINARY), TEXT("\xc0\xaf"), TYPE(STRING)), FC_FAULT_NOT_TEXT, "UTF-8");
    gives_fault(convert(KIND(STRING), TEXT("a\0b"), TYPE(STRING)), FC_FAULT_NOT_TEXT,
                "holds a NUL");
    gives_string(convert(KIND(BOOL), BOOLEAN(true), TYPE(STRING)), "true");
    gives_string(convert(KIND(BOOL), BOOLEAN(false), TYPE(STRING)), "false");
    gives_string(convert(KIND(INT64), INT(INT64_MIN), TYPE(STRING)), "-9223372036854775808");
    gives_string(convert(KIND(UINT8), INT(200), TYPE(STRING)), "200");
    gives_string(convert(KIND(UINT64), UINT(UINT64_MAX), TYPE(STRING)), "18446744073709551615");
    gives_fault(convert(KIND(FLOAT64), REAL(1.5), TYPE(STRING)), FC_FAULT_WRONG_TYPE, "1.5");
}

static void bytes(void **state)
{
    struct outcome out = convert(KIND(BINARY), TEXT("\xde\xad\0"), TYPE(BYTES));

    (void)state;
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.val_case, FEAST__TYPES__VALUE__VAL_BYTES_VAL);
    assert_int_equal(out.value.bytes_val.len, 3);
    assert_memory_equal(out.value.bytes_val.data, "\xde\xad\0", 3);
    done(&out);
    out = convert(KIND(STRING), TEXT("abc"), TYPE(BYTES));
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.bytes_val.len, 3);
    done(&out);
}

static void times_into_int64(void **state)
{
    (void)state;
    gives_int64(convert(KIND(TIMESTAMP_UTC), TIME(1609459200, 0), TYPE(INT64)), 1609459200);
    gives_int64(convert(KIND(TIMESTAMP_NAIVE), TIME(-1, 0), TYPE(INT64)), -1);
    gives_fault(convert(KIND(TIMESTAMP_UTC), TIME(-1, 500000000), TYPE(INT64)),
                FC_FAULT_NOT_INTEGRAL, "1969-12-31T23:59:59.500Z is no whole number");
    gives_fault(convert(KIND(DATE), INT(1), TYPE(INT64)), FC_FAULT_WRONG_TYPE, "1970-01-02");
}

static struct outcome convert_list(struct fc_column_type type, const struct fc_cell *items,
                                   size_t count, Feast__Types__ValueType__Enum declared)
{
    struct fc_cell cell = {.as.list = {.items = items, .count = count}};

    type.kind = KIND(LIST);
    return convert_type(&type, cell, declared);
}

static void lists(void **state)
{
    const struct fc_cell numbers[] = {INT(1), INT(300), INT(-7)};
    const struct fc_cell words[] = {TEXT("a"), TEXT(""), TEXT("bc")};
    const struct fc_cell truths[] = {BOOLEAN(true), BOOLEAN(false)};
    struct outcome out =
        convert_list((struct fc_column_type){.element = KIND(INT32)}, numbers, 3, TYPE(INT64_LIST));

    (void)state;
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.val_case, FEAST__TYPES__VALUE__VAL_INT64_LIST_VAL);
    assert_int_equal(out.value.int64_list_val->n_val, 3);
    assert_int_equal(out.value.int64_list_val->val[2], -7);
    done(&out);
    out =
        convert_list((struct fc_column_type){.element = KIND(STRING)}, words, 3, TYPE(STRING_LIST));
    assert_int_equal(out.rc, FC_OK);
    assert_string_equal(out.value.string_list_val->val[2], "bc");
    done(&out);
    out =
        convert_list((struct fc_column_type){.element = KIND(STRING)}, words, 3, TYPE(BYTES_LIST));
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.bytes_list_val->val[2].len, 2);
    done(&out);
    out = convert_list((struct fc_column_type){.element = KIND(BOOL)}, truths, 2, TYPE(BOOL_LIST));
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.bool_list_val->val[1], 0);
    done(&out);
    out = convert_list((struct fc_column_type){.element = KIND(INT32)}, NULL, 0, TYPE(FLOAT_LIST));
    assert_int_equal(out.rc, FC_OK);
    assert_int_equal(out.value.val_case, FEAST__TYPES__VALUE__VAL_FLOAT_LIST_VAL);
    assert_int_equal(out.value.float_list_val->n_val, 0);
    done(&out);
    out = convert_list((struct fc_column_type){.element = KIND(INT32)}, numbers, 3,
                       TYPE(DOUBLE_LIST));
    assert_int_equal(out.rc, FC_OK);
    done(&out);
}

static void list_elements_that_do_not_fit(void **state)
{
    const struct fc_cell numbers[] = {INT(1), INT(INT64_C(1) << 40)};
    const struct fc_cell holes[] = {INT(1), {.null = true}};

    (void)state;
    gives_fault(
        convert_list((struct fc_column_type){.element = KIND(INT64)}, numbers, 2, TYPE(INT32_LIST)),
        FC_FAULT_OUT_OF_RANGE, "1099511627776");
    gives_fault(
        convert_list((struct fc_column_type){.element = KIND(INT64)}, holes, 2, TYPE(INT64_LIST)),
        FC_FAULT_NULL_ELEMENT, "[1, null] has a null element");
    gives_fault(
        convert_list((struct fc_column_type){.element = KIND(LIST)}, NULL, 2, TYPE(INT64_LIST)),
        FC_FAULT_WRONG_TYPE, "nested");
    gives_fault(
        convert_list((struct fc_column_type){.element = KIND(INT64)}, numbers, 2, TYPE(INT64)),
        FC_FAULT_WRONG_TYPE, "a list where one value is declared");
    gives_fault(
        convert_list((struct fc_column_type){.element = KIND(NULL)}, numbers, 2, TYPE(INT64_LIST)),
        FC_FAULT_NULL_ELEMENT, "null element");
    gives_fault(convert(KIND(NULL), INT(1), TYPE(BYTES)), FC_FAULT_NULL, "holds only nulls");
}

static void without_memory(void **state)
{
    const struct fc_column_type type = {.kind = KIND(STRING)};
    struct fc_arena *arena = fc_arena_new(8);
    struct fc_cell cell = TEXT("a text that is longer than the arena can hold");
    struct fc_error err = FC_ERROR_INIT;
    enum fc_fault fault = FC_FAULT_NONE;
    Feast__Types__Value value;

    (void)state;
    assert_int_equal(fc_convert_value(&type, &cell, TYPE(STRING), arena, &value, &fault, &err),
                     FC_RESOURCE_EXHAUSTED);
    assert_int_equal(err.reason, FC_REASON_OUT_OF_MEMORY);
    assert_string_equal(fc_cell_text(&type, &cell, arena), "?");
    fc_arena_free(arena);
}

static fc_rc timestamp(struct fc_column_type type, struct fc_cell cell, int64_t *seconds,
                       int32_t *nanos, enum fc_fault *fault)
{
    struct fc_error err = FC_ERROR_INIT;

    return fc_convert_timestamp(&type, &cell, seconds, nanos, fault, &err);
}

static void gives_moment(struct fc_column_type type, struct fc_cell cell, int64_t seconds,
                         int32_t nanos)
{
    enum fc_fault fault = FC_FAULT_NONE;
    int64_t got_seconds = 0;
    int32_t got_nanos = 0;

    assert_int_equal(timestamp(type, cell, &got_seconds, &got_nanos, &fault), FC_OK);
    assert_true(got_seconds == seconds);
    assert_int_equal(got_nanos, nanos);
}

static void gives_no_moment(struct fc_column_type type, struct fc_cell cell, enum fc_fault want)
{
    enum fc_fault fault = FC_FAULT_NONE;
    int64_t seconds = 77;
    int32_t nanos = 88;

    assert_int_equal(timestamp(type, cell, &seconds, &nanos, &fault), FC_INVALID_ARGUMENT);
    assert_int_equal(fault, want);
    assert_true(seconds == 77);
    assert_int_equal(nanos, 88);
}

static void moments(void **state)
{
    const struct fc_column_type utc = {.kind = KIND(TIMESTAMP_UTC)};
    const struct fc_column_type naive = {.kind = KIND(TIMESTAMP_NAIVE)};
    const struct fc_column_type date = {.kind = KIND(DATE)};

    (void)state;
    gives_moment(utc, TIME(1609459200, 123456789), 1609459200, 123456789);
    gives_moment(naive, TIME(-1, 999999999), -1, 999999999);
    gives_moment(date, INT(18628), 1609459200, 0);
    gives_moment(date, INT(-1), -86400, 0);
    gives_moment(utc, TIME(253402300799, 999999999), 253402300799, 999999999);
    gives_no_moment(utc, TIME(253402300800, 0), FC_FAULT_OUT_OF_RANGE);
    gives_moment(utc, TIME(-62135596800, 0), -62135596800, 0);
    gives_no_moment(utc, TIME(-62135596801, 999999999), FC_FAULT_OUT_OF_RANGE);
    gives_moment(date, INT(2932896), 253402214400, 0);
    gives_no_moment(date, INT(2932897), FC_FAULT_OUT_OF_RANGE);
    gives_no_moment(date, INT(INT32_MIN), FC_FAULT_OUT_OF_RANGE);
    gives_no_moment((struct fc_column_type){.kind = KIND(INT64)}, INT(1), FC_FAULT_WRONG_TYPE);
    gives_no_moment((struct fc_column_type){.kind = KIND(STRING)}, TEXT("2021-01-01"),
                    FC_FAULT_WRONG_TYPE);
    gives_no_moment((struct fc_column_type){.kind = KIND(NULL)}, INT(1), FC_FAULT_WRONG_TYPE);
}

static void days(void **state)
{
    static const struct {
        struct fc_column_type type;
        struct fc_cell cell;
        bool ok;
        int64_t day;
    } table[] = {
        {{.kind = KIND(DATE)}, {.as.integer = 18628}, true, 18628},
        {{.kind = KIND(TIMESTAMP_UTC)}, {.as.time = {1609459200 + 86399, 5}}, true, 18628},
        {{.kind = KIND(TIMESTAMP_UTC)}, {.as.time = {-1, 0}}, true, -1},
        {{.kind = KIND(TIMESTAMP_UTC)}, {.as.time = {-86400, 0}}, true, -1},
        {{.kind = KIND(STRING)}, {.as.bytes = {"2021-01-01", 10}}, true, 18628},
        {{.kind = KIND(STRING)}, {.as.bytes = {"2021-13-01", 10}}, false, 0},
        {{.kind = KIND(STRING)}, {.as.bytes = {"2021-01-01T00:00:00Z", 20}}, false, 0},
        {{.kind = KIND(STRING)}, {.as.bytes = {"20210101", 8}}, false, 0},
        {{.kind = KIND(STRING)}, {.as.bytes = {"", 0}}, false, 0},
        {{.kind = KIND(INT32)}, {.as.integer = 20210101}, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(table); i++) {
        struct fc_error err = FC_ERROR_INIT;
        enum fc_fault fault = FC_FAULT_NONE;
        int64_t day = 0;
        assert_int_equal(fc_convert_date(&table[i].type, &table[i].cell, &day, &fault, &err) ==
                             FC_OK,
                         table[i].ok);
        assert_true(day == table[i].day);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(int32_at_its_limits),
    cmocka_unit_test(int64_at_its_limits),
    cmocka_unit_test(integral_doubles),
    cmocka_unit_test(decimals),
    cmocka_unit_test(floats),
    cmocka_unit_test(whole_numbers_into_floats),
    cmocka_unit_test(truth_values),
    cmocka_unit_test(text),
    cmocka_unit_test(bytes),
    cmocka_unit_test(times_into_int64),
    cmocka_unit_test(lists),
    cmocka_unit_test(list_elements_that_do_not_fit),
    cmocka_unit_test(without_memory),
    cmocka_unit_test(moments),
    cmocka_unit_test(days),
};

FC_TEST_MAIN(cases)

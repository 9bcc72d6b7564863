/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/contract/convert.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/sys.h"
#include "base/time.h"
#include "base/utf8.h"
#include "worker/contract/decimal.h"

#define TYPE(word)  FEAST__TYPES__VALUE_TYPE__ENUM__##word
#define LIST_OFFSET 10

/* Up to here every whole number has an exact float or double. */
#define FLOAT_EXACT  (INT64_C(1) << 24)
#define DOUBLE_EXACT (INT64_C(1) << 53)
#define TWO_63       9223372036854775808.0

/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what google.protobuf.Timestamp may hold. */
#define TIME_FIRST  INT64_C(-62135596800)
#define TIME_LAST   INT64_C(253402300799)
#define DAY_SECONDS 86400

/* One conversion: what all steps need, and where a fault is told. */
struct conversion {
    const struct fc_column_type *source;
    const struct fc_cell *cell;
    struct fc_arena *arena;
    enum fc_fault *fault;
    struct fc_error *err;
};

const char *fc_fault_word(enum fc_fault fault)
{
    static const char *const words[FC_FAULT_COUNT] = {
        [FC_FAULT_NONE] = "NONE",
        [FC_FAULT_NULL] = "NULL",
        [FC_FAULT_WRONG_TYPE] = "WRONG_TYPE",
        [FC_FAULT_OUT_OF_RANGE] = "OUT_OF_RANGE",
        [FC_FAULT_NOT_INTEGRAL] = "NOT_INTEGRAL",
        [FC_FAULT_NOT_TEXT] = "NOT_TEXT",
        [FC_FAULT_NULL_ELEMENT] = "NULL_ELEMENT",
        [FC_FAULT_UNDECODABLE] = "UNDECODABLE",
    };

    return (unsigned)fault < FC_FAULT_COUNT ? words[fault] : "NONE";
}

static fc_rc no_memory(const struct conversion *c)
{
    return fc_fail(c->err, FC_REASON_OUT_OF_MEMORY, "a row needs more memory than it may have");
}

/* `expected` is a clause: "is out of the range of INT32". */
static fc_rc fail(const struct conversion *c, enum fc_fault fault, const char *expected)
{
    *c->fault = fault;
    return fc_fail(c->err, FC_REASON_FIELD_INVALID, "%s %s",
                   fc_cell_text(c->source, c->cell, c->arena), expected);
}

static bool is_signed_repr(enum fc_column_kind kind)
{
    return kind >= FC_COLUMN_INT8 && kind <= FC_COLUMN_UINT32;
}

static bool is_float(enum fc_column_kind kind)
{
    return kind >= FC_COLUMN_FLOAT16 && kind <= FC_COLUMN_FLOAT64;
}

/* The bounds are exact doubles; 2^63 itself is none that an int64 holds. */
static bool real_to_int64(double real, int64_t *ret)
{
    if (!(real >= -TWO_63 && real < TWO_63))
        return false;
    *ret = (int64_t)real;
    return true;
}

/* Any whole number as int64; NOT_INTEGRAL and OUT_OF_RANGE against `name`. */
static fc_rc whole(const struct conversion *c, const char *range_text, int64_t *ret)
{
    const struct fc_cell *cell = c->cell;
    bool fraction = false;
    bool fits = true;

    switch (c->source->kind) {
    case FC_COLUMN_UINT64:
        fits = cell->as.natural <= INT64_MAX;
        *ret = (int64_t)cell->as.natural;
        break;
    case FC_COLUMN_FLOAT16:
    case FC_COLUMN_FLOAT32:
    case FC_COLUMN_FLOAT64:
        fraction = !isfinite(cell->as.real) || trunc(cell->as.real) != cell->as.real;
        fits = !fraction && real_to_int64(cell->as.real, ret);
        break;
    case FC_COLUMN_DECIMAL:
        fits = fc_decimal_to_int64(cell, c->source->scale, ret, &fraction);
        break;
    case FC_COLUMN_TIMESTAMP_UTC:
    case FC_COLUMN_TIMESTAMP_NAIVE:
        fraction = cell->as.time.nanos != 0;
        *ret = cell->as.time.seconds;
        break;
    default:
        *ret = cell->as.integer;
        break;
    }
    if (fraction)
        return fail(c, FC_FAULT_NOT_INTEGRAL, "is no whole number");
    return fits ? FC_OK : fail(c, FC_FAULT_OUT_OF_RANGE, range_text);
}

static fc_rc whole_within(const struct conversion *c, int64_t low, int64_t high,
                          const char *range_text, int64_t *ret)
{
    int64_t value = 0;

    fc_rc rc = whole(c, range_text, &value);
    if (rc != FC_OK)
        return rc;
    if (value < low || value > high)
        return fail(c, FC_FAULT_OUT_OF_RANGE, range_text);
    *ret = value;
    return FC_OK;
}

static fc_rc to_int32(const struct conversion *c, int32_t *ret)
{
    int64_t value = 0;

    fc_rc rc = whole_within(c, INT32_MIN, INT32_MAX,
                            "is out of the range of INT32 (-2^31 to 2^31-1)", &value);
    if (rc == FC_OK)
        *ret = (int32_t)value;
    return rc;
}

static fc_rc to_int64(const struct conversion *c, int64_t *ret)
{
    return whole_within(c, INT64_MIN, INT64_MAX, "is out of the range of INT64 (-2^63 to 2^63-1)",
                        ret);
}

/* strtod and strtof round the decimal text to nearest, which a division in binary would not. */
static fc_rc to_float(const struct conversion *c, float *ret)
{
    const struct fc_cell *cell = c->cell;
    char text[FC_DECIMAL_TEXT_MAX];
    int64_t value = 0;

    if (c->source->kind == FC_COLUMN_DECIMAL) {
        fc_decimal_text(cell, c->source->scale, text);
        *ret = strtof(text, NULL);
        return FC_OK;
    }
    if (is_float(c->source->kind)) {
        float rounded = (float)cell->as.real;
        if (isinf(rounded) && !isinf(cell->as.real))
            return fail(c, FC_FAULT_OUT_OF_RANGE, "is out of the range of FLOAT");
        *ret = rounded;
        return FC_OK;
    }
    fc_rc rc = whole_within(c, -FLOAT_EXACT, FLOAT_EXACT,
                            "is beyond 2^24, up to which FLOAT holds every whole number", &value);
    if (rc == FC_OK)
        *ret = (float)value;
    return rc;
}

static fc_rc to_double(const struct conversion *c, double *ret)
{
    const struct fc_cell *cell = c->cell;
    char text[FC_DECIMAL_TEXT_MAX];
    int64_t value = 0;

    if (c->source->kind == FC_COLUMN_DECIMAL) {
        fc_decimal_text(cell, c->source->scale, text);
        *ret = strtod(text, NULL);
        return FC_OK;
    }
    if (is_float(c->source->kind)) {
        *ret = cell->as.real;
        return FC_OK;
    }
    fc_rc rc = whole_within(c, -DOUBLE_EXACT, DOUBLE_EXACT,
                            "is beyond 2^53, up to which DOUBLE holds every whole number", &value);
    if (rc == FC_OK)
        *ret = (double)value;
    return rc;
}

static fc_rc to_bool(const struct conversion *c, protobuf_c_boolean *ret)
{
    int64_t value = 0;

    if (c->source->kind == FC_COLUMN_BOOL) {
        *ret = c->cell->as.boolean;
        return FC_OK;
    }
    fc_rc rc = whole_within(c, 0, 1, "is neither 0 nor 1", &value);
    if (rc == FC_OK)
        *ret = value != 0;
    return rc;
}

/* protobuf-c keeps strings NUL-terminated, so a NUL within would cut the value when it is read again. */
static fc_rc to_string(const struct conversion *c, char **ret)
{
    const struct fc_cell *cell = c->cell;
    char number[24];
    fc_str text;

    if (c->source->kind == FC_COLUMN_STRING || c->source->kind == FC_COLUMN_BINARY) {
        text = cell->as.bytes;
        if (!fc_utf8_valid(text.ptr, text.len))
            return fail(c, FC_FAULT_NOT_TEXT, "is not UTF-8");
        if (text.len > 0 && memchr(text.ptr, '\0', text.len))
            return fail(c, FC_FAULT_NOT_TEXT, "holds a NUL");
    } else if (c->source->kind == FC_COLUMN_BOOL) {
        text = cell->as.boolean ? FC_STR("true") : FC_STR("false");
    } else {
        int n = is_signed_repr(c->source->kind)
                    ? snprintf(number, sizeof(number), "%" PRId64, cell->as.integer)
                    : snprintf(number, sizeof(number), "%" PRIu64, cell->as.natural);
        text = (fc_str){.ptr = number, .len = (size_t)n};
    }
    *ret = fc_arena_strndup(c->arena, text.ptr, text.len);
    return *ret ? FC_OK : no_memory(c);
}

static void to_bytes(const struct conversion *c, ProtobufCBinaryData *ret)
{
    *ret = (ProtobufCBinaryData){.len = c->cell->as.bytes.len,
                                 .data = (uint8_t *)(uintptr_t)c->cell->as.bytes.ptr};
}

static fc_rc scalar(const struct conversion *c, int declared, Feast__Types__Value *ret)
{
    ret->val_case = (Feast__Types__Value__ValCase)declared;
    switch (declared) {
    case TYPE(INT32):
        return to_int32(c, &ret->int32_val);
    case TYPE(INT64):
        return to_int64(c, &ret->int64_val);
    case TYPE(FLOAT):
        return to_float(c, &ret->float_val);
    case TYPE(DOUBLE):
        return to_double(c, &ret->double_val);
    case TYPE(BOOL):
        return to_bool(c, &ret->bool_val);
    case TYPE(STRING):
        return to_string(c, &ret->string_val);
    default:
        to_bytes(c, &ret->bytes_val);
        return FC_OK;
    }
}

/*
 * The seven list messages differ in name and element only. Each case makes the message and lets the
 * element step fill its array.
 */
#define LIST_CASE(WORD, word, Message, init_fn, step)                                              \
    case TYPE(WORD): {                                                                             \
        Feast__Types__##Message *list = fc_arena_calloc(c->arena, 1, sizeof *list);                \
        if (!list)                                                                                 \
            return no_memory(c);                                                                   \
        feast__types__##init_fn##__init(list);                                                     \
        list->val = fc_arena_calloc(c->arena, count ? count : 1, sizeof *list->val);               \
        if (!list->val)                                                                            \
            return no_memory(c);                                                                   \
        for (; list->n_val < count; list->n_val++) {                                               \
            one.cell = &items[list->n_val];                                                        \
            rc = one.cell->null ? fail(c, FC_FAULT_NULL_ELEMENT, "has a null element")             \
                                : step(&one, &list->val[list->n_val]);                             \
            if (rc != FC_OK)                                                                       \
                return rc;                                                                         \
        }                                                                                          \
        ret->word##_list_val = list;                                                               \
        return FC_OK;                                                                              \
    }

static fc_rc to_bytes_element(const struct conversion *c, ProtobufCBinaryData *ret)
{
    to_bytes(c, ret);
    return FC_OK;
}

static fc_rc list_of(const struct conversion *c, int declared, Feast__Types__Value *ret)
{
    const struct fc_column_type element = {
        .kind = c->source->element, .precision = c->source->precision, .scale = c->source->scale};
    struct conversion one = *c;
    const struct fc_cell *items = c->cell->as.list.items;
    size_t count = c->cell->as.list.count;
    fc_rc rc = FC_OK;

    /* A list of type null may hold anything but a value. */
    if (element.kind == FC_COLUMN_NULL && count > 0)
        return fail(c, FC_FAULT_NULL_ELEMENT, "has a null element");
    one.source = &element;
    ret->val_case = (Feast__Types__Value__ValCase)(declared + LIST_OFFSET);
    switch (declared) {
        LIST_CASE(BYTES, bytes, BytesList, bytes_list, to_bytes_element)
        LIST_CASE(STRING, string, StringList, string_list, to_string)
        LIST_CASE(INT32, int32, Int32List, int32_list, to_int32)
        LIST_CASE(INT64, int64, Int64List, int64_list, to_int64)
        LIST_CASE(DOUBLE, double, DoubleList, double_list, to_double)
        LIST_CASE(FLOAT, float, FloatList, float_list, to_float)
        LIST_CASE(BOOL, bool, BoolList, bool_list, to_bool)
    default:
        return fail(c, FC_FAULT_WRONG_TYPE, "has no declared type");
    }
}

fc_rc fc_convert_value(const struct fc_column_type *source, const struct fc_cell *cell,
                       Feast__Types__ValueType__Enum declared, struct fc_arena *arena,
                       Feast__Types__Value *ret, enum fc_fault *ret_fault, struct fc_error *err)
{
    const struct conversion c = {
        .source = source, .cell = cell, .arena = arena, .fault = ret_fault, .err = err};
    struct fc_contract_verdict verdict = fc_contract_value(source, declared);

    if (source->kind == FC_COLUMN_NULL)
        return fail(&c, FC_FAULT_NULL, "is in a column that holds only nulls");
    if (verdict.level == FC_LEVEL_REJECT) {
        *ret_fault = FC_FAULT_WRONG_TYPE;
        return fc_fail(err, FC_REASON_FIELD_INVALID, "%s is never taken for %s: %s",
                       fc_cell_text(source, cell, arena), fc_contract_type_name((int32_t)declared),
                       verdict.why);
    }
    feast__types__value__init(ret);
    return (int)declared > LIST_OFFSET ? list_of(&c, (int)declared - LIST_OFFSET, ret)
                                       : scalar(&c, (int)declared, ret);
}

/* Times have no arena of their own: their text needs little. */
static fc_rc time_fail(const struct fc_column_type *source, const struct fc_cell *cell,
                       const char *expected, struct fc_error *err)
{
    char text[FC_TIME_TEXT_MAX];

    if (source->kind == FC_COLUMN_DATE)
        return fc_fail(err, FC_REASON_FIELD_INVALID, "day %" PRId64 " %s", cell->as.integer,
                       expected);
    if (source->kind != FC_COLUMN_TIMESTAMP_UTC && source->kind != FC_COLUMN_TIMESTAMP_NAIVE)
        return fc_fail(err, FC_REASON_FIELD_INVALID, "a value of type %s %s",
                       source->text ? source->text : "?", expected);
    snprintf(text, sizeof(text), "%" PRId64 " s", cell->as.time.seconds);
    return fc_fail(err, FC_REASON_FIELD_INVALID, "timestamp %s %s", text, expected);
}

fc_rc fc_convert_timestamp(const struct fc_column_type *source, const struct fc_cell *cell,
                           int64_t *ret_seconds, int32_t *ret_nanos, enum fc_fault *ret_fault,
                           struct fc_error *err)
{
    int64_t seconds = 0;
    int32_t nanos = 0;

    if (source->kind == FC_COLUMN_NULL || fc_contract_timestamp(source).level == FC_LEVEL_REJECT) {
        *ret_fault = FC_FAULT_WRONG_TYPE;
        return time_fail(source, cell, "is no timestamp", err);
    }
    if (source->kind == FC_COLUMN_DATE) {
        if (cell->as.integer < TIME_FIRST / DAY_SECONDS ||
            cell->as.integer > TIME_LAST / DAY_SECONDS) {
            *ret_fault = FC_FAULT_OUT_OF_RANGE;
            return time_fail(source, cell, "is outside the years 1 to 9999", err);
        }
        seconds = cell->as.integer * DAY_SECONDS;
    } else {
        seconds = cell->as.time.seconds;
        nanos = cell->as.time.nanos;
    }
    if (seconds < TIME_FIRST || seconds > TIME_LAST) {
        *ret_fault = FC_FAULT_OUT_OF_RANGE;
        return time_fail(source, cell, "is outside the years 1 to 9999", err);
    }
    *ret_seconds = seconds;
    *ret_nanos = nanos;
    return FC_OK;
}

/* Reads nothing but YYYY-MM-DD: fc_time_parse alone would take a date and time as well. */
static bool parse_day(fc_str text, int64_t *ret_days)
{
    char copy[11];
    int64_t seconds = 0;
    int32_t nanos = 0;

    if (text.len != sizeof(copy) - 1 || memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (!fc_time_parse(copy, &seconds, &nanos) || seconds % DAY_SECONDS != 0)
        return false;
    *ret_days = seconds / DAY_SECONDS;
    return true;
}

fc_rc fc_convert_date(const struct fc_column_type *source, const struct fc_cell *cell,
                      int64_t *ret_days, enum fc_fault *ret_fault, struct fc_error *err)
{
    int64_t seconds = 0;
    int32_t nanos = 0;

    if (source->kind == FC_COLUMN_STRING) {
        if (parse_day(cell->as.bytes, ret_days))
            return FC_OK;
        *ret_fault = FC_FAULT_NOT_TEXT;
        return fc_fail(err, FC_REASON_FIELD_INVALID, "'%.*s' is no date YYYY-MM-DD",
                       (int)(cell->as.bytes.len < 40 ? cell->as.bytes.len : 40),
                       cell->as.bytes.ptr);
    }
    if (fc_contract_date_partition(source).level == FC_LEVEL_REJECT) {
        *ret_fault = FC_FAULT_WRONG_TYPE;
        return time_fail(source, cell, "is no date", err);
    }
    fc_rc rc = fc_convert_timestamp(source, cell, &seconds, &nanos, ret_fault, err);
    if (rc != FC_OK)
        return rc;
    *ret_days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
    return FC_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/contract/lattice.h"

#include <stddef.h>

/* Rows: the declared scalar types. A list type is its scalar type plus ten (feast/types/Value.proto). */
#define TYPE(word)   FEAST__TYPES__VALUE_TYPE__ENUM__##word
#define SCALAR_TYPES (TYPE(BOOL) + 1)
#define LIST_OFFSET  10

/* clang-format off */
#define E            {FC_LEVEL_EXACT, ""}
#define W(why)       {FC_LEVEL_WIDENING, why}
#define C(why)       {FC_LEVEL_CHECKED, why}
#define R(why)       {FC_LEVEL_REJECT, why}

#define WIDER        W("widening, every value fits")
#define NARROWER     C("narrowing, checked value by value")
#define WHOLE        C("whole numbers only, checked value by value")
#define WITHIN_24    C("whole numbers within 2^24 only, checked value by value")
#define WITHIN_53    C("whole numbers within 2^53 only, checked value by value")
#define NEAREST      C("lossy: rounded to the nearest value, overflow is invalid")
#define TRUTH        C("0 and 1 only, checked value by value")
#define AS_TEXT      C("written as text")
#define NO_TRUTH     R("a truth value is no number")
#define NO_PARSE     R("text is not parsed")
#define NO_BYTES     R("bytes are no number")
#define NO_TIME      R("a date or a time is no number")
#define NO_FORMAT    R("its text form is not fixed")
#define NO_NESTED    R("nested values do not fit one value")
#define NO_UNKNOWN   R("the source type is not known")
#define NO_UNION     R("a union of several types has no one meaning")
#define ONLY_NULLS   W("holds only nulls")

/* What is the same for every declared type. */
#define FOR_ALL                     \
    [FC_COLUMN_NULL] = ONLY_NULLS,      \
    [FC_COLUMN_UNKNOWN] = NO_UNKNOWN,   \
    [FC_COLUMN_LIST] = NO_NESTED,       \
    [FC_COLUMN_MAP] = NO_NESTED,        \
    [FC_COLUMN_STRUCT] = NO_NESTED,     \
    [FC_COLUMN_UNION] = NO_UNION

static const struct fc_contract_verdict MATRIX[SCALAR_TYPES][FC_COLUMN_KINDS] = {
    [TYPE(INT32)] = {
        [FC_COLUMN_BOOL] = NO_TRUTH,
        [FC_COLUMN_INT8 ... FC_COLUMN_INT16] = WIDER,
        [FC_COLUMN_INT32] = E,
        [FC_COLUMN_INT64] = NARROWER,
        [FC_COLUMN_UINT8 ... FC_COLUMN_UINT16] = WIDER,
        [FC_COLUMN_UINT32 ... FC_COLUMN_UINT64] = NARROWER,
        [FC_COLUMN_FLOAT16 ... FC_COLUMN_FLOAT64] = WHOLE,
        [FC_COLUMN_DECIMAL] = NARROWER, /* see decimal_verdict */
        [FC_COLUMN_STRING] = NO_PARSE,
        [FC_COLUMN_BINARY] = NO_BYTES,
        [FC_COLUMN_DATE ... FC_COLUMN_TIMESTAMP_NAIVE] = NO_TIME,
        FOR_ALL,
    },
    [TYPE(INT64)] = {
        [FC_COLUMN_BOOL] = NO_TRUTH,
        [FC_COLUMN_INT8 ... FC_COLUMN_INT32] = WIDER,
        [FC_COLUMN_INT64] = E,
        [FC_COLUMN_UINT8 ... FC_COLUMN_UINT32] = WIDER,
        [FC_COLUMN_UINT64] = NARROWER,
        [FC_COLUMN_FLOAT16 ... FC_COLUMN_FLOAT64] = WHOLE,
        [FC_COLUMN_DECIMAL] = WHOLE, /* see decimal_verdict */
        [FC_COLUMN_STRING] = NO_PARSE,
        [FC_COLUMN_BINARY] = NO_BYTES,
        [FC_COLUMN_DATE ... FC_COLUMN_TIME] = NO_TIME,
        [FC_COLUMN_TIMESTAMP_UTC] = C("read as seconds since 1970, whole seconds only"),
        [FC_COLUMN_TIMESTAMP_NAIVE] = C("read as UTC, seconds since 1970, whole seconds only"),
        FOR_ALL,
    },
    [TYPE(FLOAT)] = {
        [FC_COLUMN_BOOL] = NO_TRUTH,
        [FC_COLUMN_INT8 ... FC_COLUMN_INT16] = WIDER,
        [FC_COLUMN_INT32 ... FC_COLUMN_INT64] = WITHIN_24,
        [FC_COLUMN_UINT8 ... FC_COLUMN_UINT16] = WIDER,
        [FC_COLUMN_UINT32 ... FC_COLUMN_UINT64] = WITHIN_24,
        [FC_COLUMN_FLOAT16] = WIDER,
        [FC_COLUMN_FLOAT32] = E,
        [FC_COLUMN_FLOAT64] = NEAREST,
        [FC_COLUMN_DECIMAL] = NEAREST,
        [FC_COLUMN_STRING] = NO_PARSE,
        [FC_COLUMN_BINARY] = NO_BYTES,
        [FC_COLUMN_DATE ... FC_COLUMN_TIMESTAMP_NAIVE] = NO_TIME,
        FOR_ALL,
    },
    [TYPE(DOUBLE)] = {
        [FC_COLUMN_BOOL] = NO_TRUTH,
        [FC_COLUMN_INT8 ... FC_COLUMN_INT32] = WIDER,
        [FC_COLUMN_INT64] = WITHIN_53,
        [FC_COLUMN_UINT8 ... FC_COLUMN_UINT32] = WIDER,
        [FC_COLUMN_UINT64] = WITHIN_53,
        [FC_COLUMN_FLOAT16 ... FC_COLUMN_FLOAT32] = WIDER,
        [FC_COLUMN_FLOAT64] = E,
        [FC_COLUMN_DECIMAL] = NEAREST,
        [FC_COLUMN_STRING] = NO_PARSE,
        [FC_COLUMN_BINARY] = NO_BYTES,
        [FC_COLUMN_DATE ... FC_COLUMN_TIMESTAMP_NAIVE] = NO_TIME,
        FOR_ALL,
    },
    [TYPE(BOOL)] = {
        [FC_COLUMN_BOOL] = E,
        [FC_COLUMN_INT8 ... FC_COLUMN_UINT64] = TRUTH,
        [FC_COLUMN_FLOAT16 ... FC_COLUMN_DECIMAL] = R("a fractional number is no truth value"),
        [FC_COLUMN_STRING] = NO_PARSE,
        [FC_COLUMN_BINARY] = R("bytes are no truth value"),
        [FC_COLUMN_DATE ... FC_COLUMN_TIMESTAMP_NAIVE] = R("a date or a time is no truth value"),
        FOR_ALL,
    },
    [TYPE(STRING)] = {
        [FC_COLUMN_BOOL] = C("written as true and false"),
        [FC_COLUMN_INT8 ... FC_COLUMN_UINT64] = AS_TEXT,
        [FC_COLUMN_FLOAT16 ... FC_COLUMN_DECIMAL] = NO_FORMAT,
        [FC_COLUMN_STRING] = E,
        [FC_COLUMN_BINARY] = C("bytes without a text annotation, checked to be UTF-8"),
        [FC_COLUMN_DATE ... FC_COLUMN_TIMESTAMP_NAIVE] = NO_FORMAT,
        FOR_ALL,
    },
    [TYPE(BYTES)] = {
        [FC_COLUMN_BOOL] = R("a truth value is not bytes"),
        [FC_COLUMN_INT8 ... FC_COLUMN_DECIMAL] = R("a number is not bytes"),
        [FC_COLUMN_STRING] = C("text taken as its UTF-8 bytes"),
        [FC_COLUMN_BINARY] = E,
        [FC_COLUMN_DATE ... FC_COLUMN_TIMESTAMP_NAIVE] = R("a date or a time is not bytes"),
        FOR_ALL,
    },
};
/* clang-format on */

#define VERDICT(level_, why_) ((struct fc_contract_verdict){.level = (level_), .why = (why_)})

/* 18 digits are what an int64 holds whatever they are. */
#define INT64_DIGITS 18

static struct fc_contract_verdict decimal_verdict(const struct fc_column_type *source, int declared)
{
    if (declared == TYPE(INT32) && source->scale > 0)
        return VERDICT(FC_LEVEL_REJECT, "a decimal with a scale is no whole number");
    if (declared == TYPE(INT64) && source->scale == 0)
        return source->precision <= INT64_DIGITS
                   ? VERDICT(FC_LEVEL_WIDENING, "widening, every value fits")
                   : VERDICT(FC_LEVEL_CHECKED, "narrowing, checked value by value");
    return MATRIX[declared][FC_COLUMN_DECIMAL];
}

static struct fc_contract_verdict scalar_verdict(const struct fc_column_type *source, int declared)
{
    if ((unsigned)source->kind >= FC_COLUMN_KINDS || MATRIX[declared][source->kind].level == 0)
        return VERDICT(FC_LEVEL_REJECT, "no type is declared");
    if (source->kind == FC_COLUMN_DECIMAL)
        return decimal_verdict(source, declared);
    return MATRIX[declared][source->kind];
}

struct fc_contract_verdict fc_contract_value(const struct fc_column_type *source,
                                             Feast__Types__ValueType__Enum declared)
{
    int type = (int)declared;

    if (type > 0 && type < SCALAR_TYPES) {
        if (source->kind == FC_COLUMN_LIST)
            return VERDICT(FC_LEVEL_REJECT, "a list where one value is declared");
        return scalar_verdict(source, type);
    }
    type -= LIST_OFFSET;
    if (type <= 0 || type >= SCALAR_TYPES)
        return VERDICT(FC_LEVEL_REJECT, "no type is declared");
    if (source->kind == FC_COLUMN_NULL)
        return scalar_verdict(source, type);
    if (source->kind != FC_COLUMN_LIST)
        return VERDICT(FC_LEVEL_REJECT, "no list where a list is declared");
    const struct fc_column_type element = {
        .kind = source->element, .precision = source->precision, .scale = source->scale};
    return scalar_verdict(&element, type);
}

struct fc_contract_verdict fc_contract_timestamp(const struct fc_column_type *source)
{
    switch (source->kind) {
    case FC_COLUMN_TIMESTAMP_UTC:
        return VERDICT(FC_LEVEL_EXACT, "");
    case FC_COLUMN_TIMESTAMP_NAIVE:
        if (source->int96)
            return VERDICT(FC_LEVEL_WIDENING, "stored as INT96, UTC by convention");
        return VERDICT(FC_LEVEL_CHECKED, "no time zone, read as UTC");
    case FC_COLUMN_DATE:
        return VERDICT(FC_LEVEL_WIDENING, "a date, taken as midnight UTC");
    case FC_COLUMN_NULL:
        return VERDICT(FC_LEVEL_WIDENING, "holds only nulls");
    case FC_COLUMN_INT8:
    case FC_COLUMN_INT16:
    case FC_COLUMN_INT32:
    case FC_COLUMN_INT64:
    case FC_COLUMN_UINT8:
    case FC_COLUMN_UINT16:
    case FC_COLUMN_UINT32:
    case FC_COLUMN_UINT64:
        return VERDICT(FC_LEVEL_REJECT, "a number does not say its unit; store a timestamp");
    case FC_COLUMN_STRING:
        return VERDICT(FC_LEVEL_REJECT, "text is not parsed; store a timestamp");
    default:
        return VERDICT(FC_LEVEL_REJECT, "no timestamp");
    }
}

struct fc_contract_verdict fc_contract_date_partition(const struct fc_column_type *source)
{
    switch (source->kind) {
    case FC_COLUMN_DATE:
        return VERDICT(FC_LEVEL_EXACT, "");
    case FC_COLUMN_NULL:
        return VERDICT(FC_LEVEL_WIDENING, "holds only nulls");
    case FC_COLUMN_TIMESTAMP_UTC:
        return VERDICT(FC_LEVEL_WIDENING, "a timestamp, taken as its day in UTC");
    case FC_COLUMN_TIMESTAMP_NAIVE:
        return VERDICT(source->int96 ? FC_LEVEL_WIDENING : FC_LEVEL_CHECKED,
                       "a timestamp, taken as its day in UTC");
    case FC_COLUMN_STRING:
        return VERDICT(FC_LEVEL_CHECKED, "text, read as YYYY-MM-DD value by value");
    default:
        return VERDICT(FC_LEVEL_REJECT, "no date");
    }
}

const char *fc_contract_type_name(int32_t value_type)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &feast__types__value_type__enum__descriptor, value_type);

    return value ? value->name : "INVALID";
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/avro_schema_internal.h"

static const struct {
    const char *name;
    enum fc_avro_kind kind;
} LOGICALS[] = {
    [FC_AVRO_LOGICAL_NONE] = {"", FC_AVRO_NULL},
    [FC_AVRO_DECIMAL] = {"decimal", FC_AVRO_BYTES},
    [FC_AVRO_UUID] = {"uuid", FC_AVRO_STRING},
    [FC_AVRO_DURATION] = {"duration", FC_AVRO_FIXED},
    [FC_AVRO_DATE] = {"date", FC_AVRO_INT},
    [FC_AVRO_TIME_MILLIS] = {"time-millis", FC_AVRO_INT},
    [FC_AVRO_TIME_MICROS] = {"time-micros", FC_AVRO_LONG},
    [FC_AVRO_TIMESTAMP_MILLIS] = {"timestamp-millis", FC_AVRO_LONG},
    [FC_AVRO_TIMESTAMP_MICROS] = {"timestamp-micros", FC_AVRO_LONG},
    [FC_AVRO_TIMESTAMP_NANOS] = {"timestamp-nanos", FC_AVRO_LONG},
    [FC_AVRO_LOCAL_TIMESTAMP_MILLIS] = {"local-timestamp-millis", FC_AVRO_LONG},
    [FC_AVRO_LOCAL_TIMESTAMP_MICROS] = {"local-timestamp-micros", FC_AVRO_LONG},
    [FC_AVRO_LOCAL_TIMESTAMP_NANOS] = {"local-timestamp-nanos", FC_AVRO_LONG},
};

enum { UUID_SIZE = 16, DURATION_SIZE = 12, DIGITS_MAX = 1000 };

const char *fc_avro_logical_name(enum fc_avro_logical logical)
{
    return LOGICALS[logical].name;
}

/* Digits that any number of this many bytes, sign included, can hold: floor((8 n - 1) log10 2). */
static uint64_t digits_of(uint64_t size)
{
    return size == 0 ? 0 : size > DIGITS_MAX ? DIGITS_MAX : (8 * size - 1) * 30103 / 100000;
}

static bool read_decimal(struct fc_avro_type *type, const json_t *object)
{
    json_int_t precision = json_integer_value(json_object_get(object, "precision"));
    json_int_t scale = json_integer_value(json_object_get(object, "scale"));

    if (precision < 1 || precision > DIGITS_MAX || scale < 0 || scale > precision ||
        (type->kind == FC_AVRO_FIXED && (uint64_t)precision > digits_of(type->size)))
        return false;
    type->precision = (uint32_t)precision;
    type->scale = (uint32_t)scale;
    return true;
}

static bool fits(struct fc_avro_type *type, enum fc_avro_logical logical, const json_t *object)
{
    bool fixed = type->kind == FC_AVRO_FIXED;

    switch (logical) {
    case FC_AVRO_DECIMAL:
        return (fixed || type->kind == FC_AVRO_BYTES) && read_decimal(type, object);
    case FC_AVRO_UUID:
        return type->kind == FC_AVRO_STRING || (fixed && type->size == UUID_SIZE);
    case FC_AVRO_DURATION:
        return fixed && type->size == DURATION_SIZE;
    default:
        return type->kind == LOGICALS[logical].kind;
    }
}

void fc_avro_set_logical(struct fc_avro_type *type, const json_t *object)
{
    const char *word = json_string_value(json_object_get(object, "logicalType"));

    for (size_t i = 1; word && i < FC_ARRAY_LEN(LOGICALS); i++)
        if (strcmp(word, LOGICALS[i].name) == 0 && fits(type, (enum fc_avro_logical)i, object))
            type->logical = (enum fc_avro_logical)i;
}

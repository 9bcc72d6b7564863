/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/wire.h"

#include <string.h>

#define TAG(field, wire_type) ((uint8_t)((field) << 3 | (wire_type)))
#define WIRE_VARINT           0
#define WIRE_64               1
#define WIRE_BYTES            2
#define WIRE_32               5
/* Fields of OnlineRow and OnlineRow.Feature. */
#define ROW_FEATURES  1
#define FEATURE_NAME  1
#define FEATURE_VALUE 2

static uint8_t *put_fixed(uint8_t *at, uint64_t bits, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *at++ = (uint8_t)(bits >> (8 * i));
    return at;
}

static uint64_t double_bits(double value)
{
    uint64_t bits = 0;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static uint32_t float_bits(float value)
{
    uint32_t bits = 0;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* A negative int32 goes over the wire sign-extended to 64 bits. */
static uint64_t int_bits(const Feast__Types__Value *value)
{
    switch (value->val_case) {
    case FEAST__TYPES__VALUE__VAL_INT32_VAL:
        return (uint64_t)(int64_t)value->int32_val;
    case FEAST__TYPES__VALUE__VAL_INT64_VAL:
        return (uint64_t)value->int64_val;
    default:
        return value->bool_val ? 1 : 0;
    }
}

static size_t value_size(const Feast__Types__Value *value)
{
    size_t len = 0;

    switch (value->val_case) {
    case FEAST__TYPES__VALUE__VAL_INT32_VAL:
    case FEAST__TYPES__VALUE__VAL_INT64_VAL:
    case FEAST__TYPES__VALUE__VAL_BOOL_VAL:
        return 1 + fc_varint_size(int_bits(value));
    case FEAST__TYPES__VALUE__VAL_DOUBLE_VAL:
        return 1 + sizeof(double);
    case FEAST__TYPES__VALUE__VAL_FLOAT_VAL:
        return 1 + sizeof(float);
    case FEAST__TYPES__VALUE__VAL_STRING_VAL:
        len = strlen(value->string_val);
        return 1 + fc_varint_size(len) + len;
    case FEAST__TYPES__VALUE__VAL_BYTES_VAL:
        len = value->bytes_val.len;
        return 1 + fc_varint_size(len) + len;
    default:
        return feast__types__value__get_packed_size(value);
    }
}

static uint8_t *put_text(uint8_t *at, unsigned field, const void *data, size_t len)
{
    *at++ = TAG(field, WIRE_BYTES);
    at = fc_varint_put(at, len);
    if (len > 0)
        memcpy(at, data, len);
    return at + len;
}

static uint8_t *put_value(uint8_t *at, const Feast__Types__Value *value)
{
    unsigned field = (unsigned)value->val_case;

    switch (value->val_case) {
    case FEAST__TYPES__VALUE__VAL_INT32_VAL:
    case FEAST__TYPES__VALUE__VAL_INT64_VAL:
    case FEAST__TYPES__VALUE__VAL_BOOL_VAL:
        *at++ = TAG(field, WIRE_VARINT);
        return fc_varint_put(at, int_bits(value));
    case FEAST__TYPES__VALUE__VAL_DOUBLE_VAL:
        *at++ = TAG(field, WIRE_64);
        return put_fixed(at, double_bits(value->double_val), sizeof(double));
    case FEAST__TYPES__VALUE__VAL_FLOAT_VAL:
        *at++ = TAG(field, WIRE_32);
        return put_fixed(at, float_bits(value->float_val), sizeof(float));
    case FEAST__TYPES__VALUE__VAL_STRING_VAL:
        return put_text(at, field, value->string_val, strlen(value->string_val));
    case FEAST__TYPES__VALUE__VAL_BYTES_VAL:
        return put_text(at, field, value->bytes_val.data, value->bytes_val.len);
    default:
        return at + feast__types__value__pack(value, at);
    }
}

void fc_wire_feature(struct fc_buf *row, const struct fc_wire_name *name,
                     const Feast__Types__Value *value)
{
    size_t bytes = value_size(value);
    size_t feature = 1 + fc_varint_size(name->len) + name->len + 1 + fc_varint_size(bytes) + bytes;

    if (!fc_buf_reserve(row, 1 + FC_VARINT_MAX + feature))
        return;
    uint8_t *at = (uint8_t *)row->ptr + row->len;
    *at++ = TAG(ROW_FEATURES, WIRE_BYTES);
    at = fc_varint_put(at, feature);
    at = put_text(at, FEATURE_NAME, name->name, name->len);
    *at++ = TAG(FEATURE_VALUE, WIRE_BYTES);
    at = fc_varint_put(at, bytes);
    at = put_value(at, value);
    row->len = (size_t)(at - (uint8_t *)row->ptr);
}

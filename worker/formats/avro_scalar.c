/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "worker/formats/avro_reader.h"

/* What 128 bits hold. */
#define DECIMAL_DIGITS_MAX 38

typedef struct fc_avro_type avro_type;

fc_rc fc_avro_refuse(const struct fc_avro_reader *r, const char *text)
{
    if (!text)
        return fc_fail(r->err, FC_REASON_OUT_OF_MEMORY, "a message needs more memory than it may");
    return fc_fail(r->err, FC_REASON_SOURCE_INVALID, "%s%s%s at byte %zu: %s",
                   r->field ? "field \"" : "the message", r->field ? r->field : "",
                   r->field ? "\"" : "", (size_t)(r->at - r->start), text);
}

fc_rc fc_avro_read_long(struct fc_avro_reader *r, int64_t *ret)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->at == r->end)
            return fc_avro_refusef(r, "the message ends within a number");
        uint8_t byte = *r->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            if (shift == 63 && byte > 1)
                return fc_avro_refusef(r, "a number has more than 64 bits");
            *ret = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
            return FC_OK;
        }
    }
    return fc_avro_refusef(r, "a number has more than 64 bits");
}

static fc_rc take(struct fc_avro_reader *r, uint64_t count, fc_str *ret)
{
    size_t left = (size_t)(r->end - r->at);

    if (count > left)
        return fc_avro_refusef(r, "%" PRIu64 " bytes are announced where %zu are left", count,
                               left);
    *ret = (fc_str){.ptr = (const char *)r->at, .len = (size_t)count};
    r->at += count;
    return FC_OK;
}

fc_rc fc_avro_read_bytes(struct fc_avro_reader *r, fc_str *ret)
{
    int64_t count = 0;

    fc_rc rc = fc_avro_read_long(r, &count);
    if (rc != FC_OK)
        return rc;
    if (count < 0)
        return fc_avro_refusef(r, "a length of %" PRId64, count);
    return take(r, (uint64_t)count, ret);
}

/* Big endian, two's complement, of any length that 16 bytes can hold. */
static fc_rc set_decimal(struct fc_avro_reader *r, fc_str bytes, struct fc_cell *ret)
{
    uint8_t fill = bytes.len > 0 && (bytes.ptr[0] & 0x80) ? 0xff : 0;
    uint8_t raw[16];
    uint64_t high = 0;
    uint64_t low = 0;

    while (bytes.len > sizeof(raw) && (uint8_t)bytes.ptr[0] == fill) {
        bytes.ptr++;
        bytes.len--;
    }
    if (bytes.len > sizeof(raw) ||
        (bytes.len == sizeof(raw) && (bytes.ptr[0] & 0x80) != (fill & 0x80)))
        return fc_avro_refusef(r, "a decimal of more than 38 digits");
    memset(raw, fill, sizeof(raw));
    if (bytes.len > 0)
        memcpy(raw + sizeof(raw) - bytes.len, bytes.ptr, bytes.len);
    for (size_t i = 0; i < 8; i++) {
        high = high << 8 | raw[i];
        low = low << 8 | raw[i + 8];
    }
    ret->as.decimal.high = (int64_t)high;
    ret->as.decimal.low = low;
    return FC_OK;
}

static void set_uuid(struct fc_avro_reader *r, fc_str bytes, struct fc_cell *ret)
{
    const uint8_t *u = (const uint8_t *)bytes.ptr;

    ret->as.bytes = fc_str_from(fc_arena_printf(
        r->arena, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
        u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
        u[15]));
}

static void set_time(int64_t value, int64_t per_second, struct fc_cell *ret)
{
    int64_t seconds = value / per_second;
    int64_t rest = value % per_second;

    if (rest < 0) {
        seconds--;
        rest += per_second;
    }
    ret->as.time.seconds = seconds;
    ret->as.time.nanos = (int32_t)(rest * (INT64_C(1000000000) / per_second));
}

static void set_integer(const avro_type *type, int64_t value, struct fc_cell *ret)
{
    switch (type->logical) {
    case FC_AVRO_TIME_MILLIS:
    case FC_AVRO_TIMESTAMP_MILLIS:
    case FC_AVRO_LOCAL_TIMESTAMP_MILLIS:
        set_time(value, 1000, ret);
        break;
    case FC_AVRO_TIME_MICROS:
    case FC_AVRO_TIMESTAMP_MICROS:
    case FC_AVRO_LOCAL_TIMESTAMP_MICROS:
        set_time(value, 1000000, ret);
        break;
    case FC_AVRO_TIMESTAMP_NANOS:
    case FC_AVRO_LOCAL_TIMESTAMP_NANOS:
        set_time(value, 1000000000, ret);
        break;
    default:
        ret->as.integer = value;
        break;
    }
}

static fc_rc read_integer(struct fc_avro_reader *r, const avro_type *type, struct fc_cell *ret)
{
    int64_t value = 0;

    fc_rc rc = fc_avro_read_long(r, &value);
    if (rc != FC_OK)
        return rc;
    if (type->kind == FC_AVRO_INT && (value < INT32_MIN || value > INT32_MAX))
        return fc_avro_refusef(r, "%" PRId64 " is no int of 32 bits", value);
    set_integer(type, value, ret);
    return FC_OK;
}

static fc_rc read_boolean(struct fc_avro_reader *r, struct fc_cell *ret)
{
    if (r->at == r->end)
        return fc_avro_refusef(r, "the message ends before a boolean");
    if (*r->at > 1)
        return fc_avro_refusef(r, "%u is no boolean", *r->at);
    ret->as.boolean = *r->at++ == 1;
    return FC_OK;
}

/* Little endian, on any machine. */
static fc_rc read_real(struct fc_avro_reader *r, size_t size, struct fc_cell *ret)
{
    uint64_t bits = 0;
    fc_str raw = {.len = 0};

    fc_rc rc = take(r, size, &raw);
    if (rc != FC_OK)
        return rc;
    for (size_t i = size; i > 0; i--)
        bits = bits << 8 | (uint8_t)raw.ptr[i - 1];
    if (size == sizeof(float)) {
        uint32_t half = (uint32_t)bits;
        float value;
        memcpy(&value, &half, sizeof(value));
        ret->as.real = (double)value;
    } else {
        memcpy(&ret->as.real, &bits, sizeof(bits));
    }
    return FC_OK;
}

static fc_rc read_text(struct fc_avro_reader *r, const avro_type *type, struct fc_cell *ret)
{
    fc_str bytes = {.len = 0};

    fc_rc rc =
        type->kind == FC_AVRO_FIXED ? take(r, type->size, &bytes) : fc_avro_read_bytes(r, &bytes);
    if (rc != FC_OK)
        return rc;
    /* Larger ones are of a type that is not known: their value is not looked at. */
    if (type->logical == FC_AVRO_DECIMAL && type->precision <= DECIMAL_DIGITS_MAX)
        return set_decimal(r, bytes, ret);
    if (type->logical == FC_AVRO_UUID && type->kind == FC_AVRO_FIXED)
        set_uuid(r, bytes, ret);
    else
        ret->as.bytes = bytes;
    return FC_OK;
}

fc_rc fc_avro_read_index(struct fc_avro_reader *r, const char *of, size_t count, size_t *ret)
{
    int64_t value = 0;

    fc_rc rc = fc_avro_read_long(r, &value);
    if (rc != FC_OK)
        return rc;
    if (value < 0 || (uint64_t)value >= count)
        return fc_avro_refusef(r, "%s %" PRId64 " where there are %zu", of, value, count);
    *ret = (size_t)value;
    return FC_OK;
}

static fc_rc read_enum(struct fc_avro_reader *r, const avro_type *type, struct fc_cell *ret)
{
    size_t index = 0;

    fc_rc rc = fc_avro_read_index(r, "symbol", type->count, &index);
    if (rc == FC_OK)
        ret->as.bytes = fc_str_from(type->as.symbols[index]);
    return rc;
}

fc_rc fc_avro_read_scalar(struct fc_avro_reader *r, const avro_type *type, struct fc_cell *ret)
{
    switch (type->kind) {
    case FC_AVRO_BOOLEAN:
        return read_boolean(r, ret);
    case FC_AVRO_INT:
    case FC_AVRO_LONG:
        return read_integer(r, type, ret);
    case FC_AVRO_FLOAT:
        return read_real(r, sizeof(float), ret);
    case FC_AVRO_DOUBLE:
        return read_real(r, sizeof(double), ret);
    case FC_AVRO_ENUM:
        return read_enum(r, type, ret);
    case FC_AVRO_BYTES:
    case FC_AVRO_STRING:
    case FC_AVRO_FIXED:
        return read_text(r, type, ret);
    default:
        ret->null = true;
        return FC_OK;
    }
}

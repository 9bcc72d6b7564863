/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/formats/proto_value.h"

#include <inttypes.h>
#include <string.h>

#include "worker/formats/proto_plan.h"

unsigned fc_proto_wire_of(const struct fc_proto_field *field)
{
    switch (field->type) {
    case FC_PROTO_TYPE(DOUBLE):
    case FC_PROTO_TYPE(FIXED64):
    case FC_PROTO_TYPE(SFIXED64):
        return FC_WIRE_FIXED64;
    case FC_PROTO_TYPE(FLOAT):
    case FC_PROTO_TYPE(FIXED32):
    case FC_PROTO_TYPE(SFIXED32):
        return FC_WIRE_FIXED32;
    case FC_PROTO_TYPE(STRING):
    case FC_PROTO_TYPE(BYTES):
    case FC_PROTO_TYPE(MESSAGE):
        return FC_WIRE_BYTES;
    case FC_PROTO_TYPE(GROUP):
        return FC_WIRE_GROUP;
    default:
        return FC_WIRE_VARINT;
    }
}

bool fc_proto_packable(const struct fc_proto_field *field)
{
    unsigned wire = fc_proto_wire_of(field);

    return field->repeated && wire != FC_WIRE_BYTES && wire != FC_WIRE_GROUP;
}

static int64_t zigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static fc_str enum_name(const struct fc_proto_field *field, int32_t number, struct fc_arena *arena,
                        uint64_t *unnamed)
{
    const Google__Protobuf__EnumDescriptorProto *from =
        field->enumeration ? field->enumeration->from : NULL;

    for (size_t i = 0; from && i < from->n_value; i++)
        if (from->value[i]->number == number && from->value[i]->name)
            return fc_str_from(from->value[i]->name);
    (*unnamed)++;
    return fc_str_from(fc_arena_printf(arena, "%" PRId32, number));
}

static double real_of(uint64_t bits, bool is_float)
{
    uint32_t half = (uint32_t)bits;
    float single = 0;
    double value = 0;

    if (is_float) {
        memcpy(&single, &half, sizeof(single));
        return (double)single;
    }
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Numbers of 32 bits are cut to them, as all readers do: negative ones take ten bytes. */
static void set_number(const struct fc_proto_field *field, uint64_t value, struct fc_arena *arena,
                       uint64_t *unnamed, struct fc_cell *ret)
{
    switch (field->type) {
    case FC_PROTO_TYPE(DOUBLE):
    case FC_PROTO_TYPE(FLOAT):
        ret->as.real = real_of(value, field->type == FC_PROTO_TYPE(FLOAT));
        break;
    case FC_PROTO_TYPE(UINT64):
    case FC_PROTO_TYPE(FIXED64):
        ret->as.natural = value;
        break;
    case FC_PROTO_TYPE(INT32):
    case FC_PROTO_TYPE(SFIXED32):
        ret->as.integer = (int32_t)(uint32_t)value;
        break;
    case FC_PROTO_TYPE(UINT32):
    case FC_PROTO_TYPE(FIXED32):
        ret->as.integer = (uint32_t)value;
        break;
    case FC_PROTO_TYPE(SINT32):
        ret->as.integer = (int32_t)zigzag((uint32_t)value);
        break;
    case FC_PROTO_TYPE(SINT64):
        ret->as.integer = zigzag(value);
        break;
    case FC_PROTO_TYPE(BOOL):
        ret->as.boolean = value != 0;
        break;
    case FC_PROTO_TYPE(ENUM):
        ret->as.bytes = enum_name(field, (int32_t)(uint32_t)value, arena, unnamed);
        break;
    default:
        ret->as.integer = (int64_t)value;
        break;
    }
}

bool fc_proto_scalar(const struct fc_proto_field *field, struct fc_proto_wire *wire,
                     struct fc_arena *arena, uint64_t *unnamed, struct fc_cell *ret)
{
    unsigned type = fc_proto_wire_of(field);
    uint64_t value = 0;

    *ret = (struct fc_cell){.null = false};
    if (type == FC_WIRE_BYTES)
        return fc_proto_bytes(wire, &ret->as.bytes);
    if (type == FC_WIRE_VARINT ? !fc_proto_varint(wire, &value)
                               : !fc_proto_fixed(wire, type == FC_WIRE_FIXED64 ? 8 : 4, &value))
        return false;
    set_number(field, value, arena, unnamed, ret);
    return true;
}

/* The type of the field `value` of a wrapper. */
static fc_proto_type wrapped_type(enum fc_column_kind kind)
{
    switch (kind) {
    case FC_COLUMN_FLOAT64:
        return FC_PROTO_TYPE(DOUBLE);
    case FC_COLUMN_FLOAT32:
        return FC_PROTO_TYPE(FLOAT);
    case FC_COLUMN_INT32:
        return FC_PROTO_TYPE(INT32);
    case FC_COLUMN_UINT64:
        return FC_PROTO_TYPE(UINT64);
    case FC_COLUMN_UINT32:
        return FC_PROTO_TYPE(UINT32);
    case FC_COLUMN_BOOL:
        return FC_PROTO_TYPE(BOOL);
    case FC_COLUMN_STRING:
    case FC_COLUMN_BINARY:
        return FC_PROTO_TYPE(BYTES);
    default:
        return FC_PROTO_TYPE(INT64);
    }
}

static void set_known(enum fc_column_kind kind, uint32_t number, const struct fc_cell *value,
                      struct fc_cell *ret)
{
    if (kind != FC_COLUMN_TIMESTAMP_UTC)
        *ret = *value;
    else if (number == 1)
        ret->as.time.seconds = value->as.integer;
    else
        ret->as.time.nanos = (int32_t)value->as.integer;
}

bool fc_proto_known(enum fc_column_kind kind, fc_str bytes, struct fc_cell *ret)
{
    struct fc_proto_wire wire = fc_proto_wire(bytes);
    const struct fc_proto_field field = {.type = wrapped_type(kind)};
    uint32_t last = kind == FC_COLUMN_TIMESTAMP_UTC ? 2 : 1;
    uint64_t unnamed = 0;

    *ret = (struct fc_cell){.null = false};
    while (wire.at < wire.end) {
        uint32_t number = 0;
        unsigned type = 0;
        struct fc_cell value;
        if (!fc_proto_tag(&wire, &number, &type))
            return false;
        if (number > last || type != fc_proto_wire_of(&field)) {
            if (!fc_proto_skip(&wire, number, type, 0))
                return false;
            continue;
        }
        if (!fc_proto_scalar(&field, &wire, NULL, &unnamed, &value))
            return false;
        set_known(kind, number, &value, ret);
    }
    return kind != FC_COLUMN_TIMESTAMP_UTC ||
           (ret->as.time.nanos >= 0 && ret->as.time.nanos < 1000000000);
}

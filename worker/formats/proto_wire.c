/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/formats/proto_wire.h"

#define NUMBER_MAX ((UINT64_C(1) << 29) - 1)

struct fc_proto_wire fc_proto_wire(fc_str bytes)
{
    static const uint8_t nothing[1] = {0};
    const uint8_t *at = bytes.ptr ? (const uint8_t *)bytes.ptr : nothing;

    return (struct fc_proto_wire){.at = at, .end = at + bytes.len};
}

bool fc_proto_varint(struct fc_proto_wire *wire, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && wire->at < wire->end; shift += 7) {
        uint8_t byte = *wire->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

bool fc_proto_fixed(struct fc_proto_wire *wire, size_t size, uint64_t *ret)
{
    uint64_t value = 0;

    if ((size_t)(wire->end - wire->at) < size)
        return false;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | wire->at[i - 1];
    wire->at += size;
    *ret = value;
    return true;
}

bool fc_proto_bytes(struct fc_proto_wire *wire, fc_str *ret)
{
    uint64_t size = 0;

    if (!fc_proto_varint(wire, &size) || size > (uint64_t)(wire->end - wire->at))
        return false;
    *ret = (fc_str){.ptr = (const char *)wire->at, .len = (size_t)size};
    wire->at += size;
    return true;
}

bool fc_proto_tag(struct fc_proto_wire *wire, uint32_t *ret_number, unsigned *ret_type)
{
    uint64_t tag = 0;

    if (!fc_proto_varint(wire, &tag) || tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
        return false;
    *ret_number = (uint32_t)(tag >> 3);
    *ret_type = (unsigned)(tag & 7);
    return *ret_type <= FC_WIRE_FIXED32;
}

static bool skip_group(struct fc_proto_wire *wire, uint32_t number, unsigned depth)
{
    while (depth < FC_PROTO_DEPTH_MAX) {
        uint32_t inner = 0;
        unsigned type = 0;
        if (!fc_proto_tag(wire, &inner, &type))
            return false;
        if (type == FC_WIRE_GROUP_END)
            return inner == number;
        if (!fc_proto_skip(wire, inner, type, depth + 1))
            return false;
    }
    return false;
}

bool fc_proto_skip(struct fc_proto_wire *wire, uint32_t number, unsigned type, unsigned depth)
{
    uint64_t value = 0;
    fc_str bytes;

    switch (type) {
    case FC_WIRE_VARINT:
        return fc_proto_varint(wire, &value);
    case FC_WIRE_FIXED64:
        return fc_proto_fixed(wire, sizeof(uint64_t), &value);
    case FC_WIRE_FIXED32:
        return fc_proto_fixed(wire, sizeof(uint32_t), &value);
    case FC_WIRE_BYTES:
        return fc_proto_bytes(wire, &bytes);
    case FC_WIRE_GROUP:
        return skip_group(wire, number, depth);
    default:
        return false;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/** The protobuf wire: tags, numbers and lengths. Nothing is copied; false means that the bytes are no such thing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

enum fc_proto_wire_type {
    FC_WIRE_VARINT = 0,
    FC_WIRE_FIXED64 = 1,
    FC_WIRE_BYTES = 2,
    FC_WIRE_GROUP = 3,
    FC_WIRE_GROUP_END = 4,
    FC_WIRE_FIXED32 = 5,
};

/** Groups and messages within each other, as the official readers have it. */
#define FC_PROTO_DEPTH_MAX 100

struct fc_proto_wire {
    const uint8_t *at, *end;
};

struct fc_proto_wire fc_proto_wire(fc_str bytes);

FC_MUST bool fc_proto_varint(struct fc_proto_wire *wire, uint64_t *ret);
FC_MUST bool fc_proto_fixed(struct fc_proto_wire *wire, size_t size, uint64_t *ret);
FC_MUST bool fc_proto_bytes(struct fc_proto_wire *wire, fc_str *ret);
/** Field numbers are 1 to 2^29 - 1. */
FC_MUST bool fc_proto_tag(struct fc_proto_wire *wire, uint32_t *ret_number, unsigned *ret_type);
/** Passes over the value of a tag that was read; a group to its end. */
FC_MUST bool fc_proto_skip(struct fc_proto_wire *wire, uint32_t number, unsigned type,
                           unsigned depth);

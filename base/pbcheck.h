/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Looks at protobuf bytes before protobuf-c does, because protobuf-c recurses without bound, keeps bad UTF-8 and cuts
 * strings at a NUL.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"

#include <protobuf-c/protobuf-c.h>

struct fc_pb_limits {
    unsigned max_depth; /**< nested messages; 0 means 64 */
    /** fields in all, against messages that unpack to far more than their bytes; 0 means 1 M */
    size_t max_elements;
};

/**
 * FC_INVALID_ARGUMENT (MALFORMED_MESSAGE) naming the field path when the bytes are no valid message of the type: bad
 * tag, cut short, group, wrong wire type of a known field, too deep, a string that is not UTF-8 or holds a NUL, a
 * message field that is not repeated and stands twice. FC_RESOURCE_EXHAUSTED (REQUEST_TOO_LARGE) over max_elements.
 * Unknown fields are passed over by length. Whether required fields of proto2 are there is left to the unpacking.
 */
FC_MUST fc_rc fc_pb_check(const ProtobufCMessageDescriptor *type, fc_str bytes,
                          const struct fc_pb_limits *limits, struct fc_error *err);

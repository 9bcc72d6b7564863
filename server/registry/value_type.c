/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/value_type.h"

#include <stddef.h>

#include "feast/types/Value.pb-c.h"

#define EXPECTED                                                                                   \
    "expected one of BYTES, STRING, INT32, INT64, DOUBLE, FLOAT, BOOL or a list of these "         \
    "(INT64_LIST)"

const char *fc_value_type_name(int32_t type)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&feast__types__value_type__enum__descriptor, type);

    return !value ? NULL : value->name;
}

void fc_value_type_check(struct fc_violations *violations, const char *what, const char *field,
                         int32_t type)
{
    if (type == FEAST__TYPES__VALUE_TYPE__ENUM__INVALID) {
        fc_violations_add(violations, FC_REASON_VALUE_TYPE_INVALID, field,
                          "%s: value_type is not set, " EXPECTED, what);
    } else if (!fc_value_type_name(type)) {
        fc_violations_add(violations, FC_REASON_VALUE_TYPE_INVALID, field,
                          "%s: value_type %d is not known, " EXPECTED, what, type);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Thrift's compact protocol, as far as Parquet needs it: reads struct by struct, field by field, and skips what is not
 * asked for. Bounds are checked; what is no such encoding sets `failed`, after which all reads give zeros.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum fc_thrift_type {
    FC_THRIFT_STOP = 0,
    FC_THRIFT_TRUE = 1,
    FC_THRIFT_FALSE = 2,
    FC_THRIFT_BYTE = 3,
    FC_THRIFT_I16 = 4,
    FC_THRIFT_I32 = 5,
    FC_THRIFT_I64 = 6,
    FC_THRIFT_DOUBLE = 7,
    FC_THRIFT_BINARY = 8,
    FC_THRIFT_LIST = 9,
    FC_THRIFT_SET = 10,
    FC_THRIFT_MAP = 11,
    FC_THRIFT_STRUCT = 12,
};

struct fc_thrift {
    const unsigned char *at, *end;
    unsigned depth;
    bool failed;
};

static inline struct fc_thrift fc_thrift_over(fc_str bytes)
{
    return (struct fc_thrift){.at = (const unsigned char *)bytes.ptr,
                              .end = (const unsigned char *)bytes.ptr + bytes.len};
}

struct fc_thrift_field {
    int32_t id; /**< of the field before; 0 at the start of a struct */
    enum fc_thrift_type type;
};

/** The next field of the struct at hand; false at its end. The caller reads or skips its value. */
bool fc_thrift_next(struct fc_thrift *thrift, struct fc_thrift_field *field);
/** Elements of a list; each is then read or skipped as `*ret_type`. */
size_t fc_thrift_list(struct fc_thrift *thrift, enum fc_thrift_type *ret_type);
int64_t fc_thrift_int(struct fc_thrift *thrift);
fc_str fc_thrift_binary(struct fc_thrift *thrift);
void fc_thrift_skip(struct fc_thrift *thrift, enum fc_thrift_type type);

/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of types and fields are those of parquet.thrift of the Parquet format. */
#include "worker/sources/parquet_statistics.h"

enum { PHYSICAL_INT32 = 1, PHYSICAL_INT64 = 2 };

/* A whole number as it lies in a plain page: little-endian, of the column's own width. */
static bool read_plain(int64_t physical, fc_str bytes, int64_t *ret)
{
    uint64_t value = 0;

    if (bytes.len != (physical == PHYSICAL_INT32   ? 4U
                      : physical == PHYSICAL_INT64 ? 8U
                                                   : 0) ||
        bytes.len == 0)
        return false;
    for (size_t i = bytes.len; i-- > 0;)
        value = value << 8 | (unsigned char)bytes.ptr[i];
    *ret = bytes.len == 4 ? (int32_t)(uint32_t)value : (int64_t)value;
    return true;
}

/* Writers of old put what they call max and min into the first two fields: of signed numbers they mean the same. */
void fc_parquet_statistics(struct fc_thrift *t, int64_t physical, struct fc_parquet_statistics *ret)
{
    struct fc_thrift_field field = {.id = 0};
    bool set[2] = {false, false};

    while (fc_thrift_next(t, &field)) {
        bool newer = field.id == 5 || field.id == 6;
        if (field.type == FC_THRIFT_BINARY && (newer || field.id == 1 || field.id == 2)) {
            bool max = field.id == 1 || field.id == 5;
            int64_t value = 0;
            if (read_plain(physical, fc_thrift_binary(t), &value) && (newer || !set[max])) {
                *(max ? &ret->max : &ret->min) = value;
                set[max] = true;
            }
        } else if (field.id == 3 && field.type == FC_THRIFT_I64) {
            ret->nulls = fc_thrift_int(t);
        } else {
            fc_thrift_skip(t, field.type);
        }
    }
    ret->ranged = set[0] && set[1] && ret->min <= ret->max;
}

/* SPDX-License-Identifier: Apache-2.0 */
/** What a footer says about the values of one column chunk. */
#pragma once

#include "worker/sources/thrift.h"

struct fc_parquet_statistics {
    bool ranged; /**< of 32 or 64 bits: the smallest and largest value, read as signed */
    int64_t min, max;
    int64_t nulls; /**< -1 when they are not counted */
};

/** Reads the struct at hand. `physical` is the number of the column's type, which comes before it. */
void fc_parquet_statistics(struct fc_thrift *thrift, int64_t physical,
                           struct fc_parquet_statistics *ret);

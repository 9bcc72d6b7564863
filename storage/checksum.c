/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/checksum.h"

#include <endian.h>
#include <xxhash.h>

uint64_t fc_sum_numbers(uint64_t sum, const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t number = htole64((uint64_t)numbers[i]);
        sum = XXH64(&number, sizeof number, sum);
    }
    return sum;
}

uint64_t fc_sum_bytes(uint64_t sum, fc_str bytes)
{
    return XXH64(bytes.len > 0 ? bytes.ptr : "", bytes.len, sum);
}

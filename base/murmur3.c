/* SPDX-License-Identifier: Apache-2.0 */
#include "base/murmur3.h"

#include <string.h>

static uint32_t rotate(uint32_t x, unsigned bits)
{
    return (x << bits) | (x >> (32 - bits));
}

static uint32_t mix_block(uint32_t block)
{
    return rotate(block * UINT32_C(0xcc9e2d51), 15) * UINT32_C(0x1b873593);
}

/* Little-endian on every machine, as the definition of the hash wants it. */
static uint32_t load(const unsigned char *bytes, size_t count)
{
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++)
        value |= (uint32_t)bytes[i] << (8 * i);
    return value;
}

uint32_t fc_murmur3_32(const void *data, size_t size, uint32_t seed)
{
    const unsigned char *bytes = data;
    uint32_t hash = seed;
    size_t tail = size % 4;

    for (size_t at = 0; at + 4 <= size; at += 4)
        hash = rotate(hash ^ mix_block(load(bytes + at, 4)), 13) * 5 + UINT32_C(0xe6546b64);
    if (tail > 0)
        hash ^= mix_block(load(bytes + size - tail, tail));
    hash ^= (uint32_t)size;
    hash = (hash ^ (hash >> 16)) * UINT32_C(0x85ebca6b);
    hash = (hash ^ (hash >> 13)) * UINT32_C(0xc2b2ae35);
    return hash ^ (hash >> 16);
}

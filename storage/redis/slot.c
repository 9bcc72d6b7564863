/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/redis/slot.h"

/* Four bits at a time: the polynomial 0x1021. */
static const uint16_t nibbles[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5,
                                     0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b,
                                     0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};

static uint16_t crc16(fc_str bytes)
{
    unsigned crc = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        unsigned byte = (uint8_t)bytes.ptr[i];
        crc = (crc << 4 & 0xffff) ^ nibbles[(crc >> 12 ^ byte >> 4) & 15];
        crc = (crc << 4 & 0xffff) ^ nibbles[(crc >> 12 ^ byte) & 15];
    }
    return (uint16_t)crc;
}

static fc_str hash_tag(fc_str key)
{
    const char *open = key.len > 0 ? memchr(key.ptr, '{', key.len) : NULL;

    if (!open)
        return key;
    const char *first = open + 1;
    const char *close = memchr(first, '}', (size_t)(key.ptr + key.len - first));
    if (!close || close == first)
        return key;
    return (fc_str){.ptr = first, .len = (size_t)(close - first)};
}

uint16_t fc_redis_slot(fc_str key)
{
    return crc16(hash_tag(key)) % FC_REDIS_SLOTS;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/online/redis_dump.h"

#include <pthread.h>

#define TYPE_PLAIN      4
#define VERSION_PLAIN   6
#define TYPE_COMPACT    16
#define VERSION_COMPACT 10
/* Above these by default a server keeps a hash otherwise; words of 64 octets would have a longer head as well. */
#define COMPACT_PAIRS 128
#define COMPACT_WORD  63
/* Of a listpack: its size, the number of words, and an octet at its end; of a word: its length before and behind it. */
#define PACK_HEAD     ((size_t)6)
#define PACK_END      0xff
#define PACK_WORD     0x80
#define PACK_OVERHEAD ((size_t)2)
/* The version, two octets, and the sum, eight, both little endian. */
#define FOOT_SIZE ((size_t)10)
#define CRC_POLY  UINT64_C(0x95ac9329ac4bc9b5)
/* Lengths of a dump: 6 bits, 14 bits, or this and 32 bits. */
#define LENGTH_14 0x40
#define LENGTH_32 0x80

/* ---- The sum ---- */

/* sums[n][octet]: of an octet that n others follow. */
static uint64_t sums[8][256];

static void make_sums(void)
{
    for (unsigned octet = 0; octet < 256; octet++) {
        uint64_t sum = octet;
        for (unsigned bit = 0; bit < 8; bit++)
            sum = (sum & 1) != 0 ? sum >> 1 ^ CRC_POLY : sum >> 1;
        sums[0][octet] = sum;
    }
    for (unsigned n = 1; n < 8; n++) {
        for (unsigned octet = 0; octet < 256; octet++) {
            uint64_t before = sums[n - 1][octet];
            sums[n][octet] = sums[0][before & 255] ^ before >> 8;
        }
    }
}

static uint64_t little_endian(const char *at)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < 8; i++)
        number |= (uint64_t)(uint8_t)at[i] << (8 * i);
    return number;
}

uint64_t fc_redis_crc64(fc_str bytes)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    uint64_t sum = 0;

    (void)pthread_once(&once, make_sums);
    for (; bytes.len >= 8; bytes.ptr += 8, bytes.len -= 8) {
        uint64_t eight = sum ^ little_endian(bytes.ptr);
        sum = 0;
        for (unsigned i = 0; i < 8; i++)
            sum ^= sums[7 - i][eight >> (8 * i) & 255];
    }
    for (size_t i = 0; i < bytes.len; i++)
        sum = sums[0][(sum ^ (uint8_t)bytes.ptr[i]) & 255] ^ sum >> 8;
    return sum;
}

/* ---- Dumps ---- */

static size_t put_length(size_t length, char at[5])
{
    if (length < 64) {
        at[0] = (char)length;
        return 1;
    }
    if (length < 16384) {
        at[0] = (char)(LENGTH_14 | length >> 8);
        at[1] = (char)(length & 255);
        return 2;
    }
    at[0] = (char)LENGTH_32;
    for (unsigned i = 0; i < 4; i++)
        at[1 + i] = (char)(length >> (24 - 8 * i) & 255);
    return 5;
}

static void add_plain(struct fc_buf *out, fc_str word)
{
    char length[5];

    fc_buf_append(out, length, put_length(word.len, length));
    if (word.len > 0)
        fc_buf_append(out, word.ptr, word.len);
}

/* The size of the listpack, 0 when there can be none. */
static size_t compact_size(const struct fc_redis_pair *pairs, size_t count)
{
    size_t size = PACK_HEAD + 1;

    if (count > COMPACT_PAIRS)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].name.len > COMPACT_WORD || pairs[i].value.len > COMPACT_WORD)
            return 0;
        size += 2 * PACK_OVERHEAD + pairs[i].name.len + pairs[i].value.len;
    }
    return size;
}

static char *put_compact(char *at, fc_str word)
{
    *at++ = (char)(uint8_t)(PACK_WORD | word.len);
    if (word.len > 0)
        memcpy(at, word.ptr, word.len);
    at += word.len;
    *at++ = (char)(word.len + 1);
    return at;
}

static void add_listpack(struct fc_buf *out, const struct fc_redis_pair *pairs, size_t count,
                         size_t size)
{
    char length[5];

    fc_buf_append(out, length, put_length(size, length));
    if (!fc_buf_reserve(out, size))
        return;
    char *at = out->ptr + out->len;
    for (unsigned i = 0; i < 4; i++)
        *at++ = (char)(size >> (8 * i) & 255);
    *at++ = (char)(2 * count & 255);
    *at++ = (char)(2 * count >> 8);
    for (size_t i = 0; i < count; i++)
        at = put_compact(put_compact(at, pairs[i].name), pairs[i].value);
    *at++ = (char)(uint8_t)PACK_END;
    *at = '\0';
    out->len += size;
}

static void add_foot(struct fc_buf *out, size_t at, char version)
{
    char foot[FOOT_SIZE] = {version, 0};

    fc_buf_append(out, foot, 2);
    if (out->failed)
        return;
    uint64_t sum = fc_redis_crc64((fc_str){.ptr = out->ptr + at, .len = out->len - at});
    for (unsigned i = 0; i < 8; i++)
        foot[i] = (char)(sum >> (8 * i) & 255);
    fc_buf_append(out, foot, 8);
}

void fc_redis_dump(struct fc_buf *out, const struct fc_redis_pair *pairs, size_t count,
                   bool compact)
{
    size_t at = out->len, size = compact ? compact_size(pairs, count) : 0;
    char length[5];

    fc_buf_putc(out, size > 0 ? TYPE_COMPACT : TYPE_PLAIN);
    if (size > 0) {
        add_listpack(out, pairs, count, size);
    } else {
        fc_buf_append(out, length, put_length(count, length));
        for (size_t i = 0; i < count; i++) {
            add_plain(out, pairs[i].name);
            add_plain(out, pairs[i].value);
        }
    }
    add_foot(out, at, size > 0 ? VERSION_COMPACT : VERSION_PLAIN);
}

static bool take_length(fc_str *rest, size_t *ret)
{
    const uint8_t *at = (const uint8_t *)rest->ptr;
    size_t size = 1;

    if (rest->len == 0)
        return false;
    if (at[0] < LENGTH_14) {
        *ret = at[0];
    } else if (at[0] < LENGTH_32 && rest->len >= 2) {
        *ret = (size_t)(at[0] & 0x3f) << 8 | at[1];
        size = 2;
    } else if (at[0] == LENGTH_32 && rest->len >= 5) {
        *ret = (size_t)at[1] << 24 | (size_t)at[2] << 16 | (size_t)at[3] << 8 | at[4];
        size = 5;
    } else {
        return false;
    }
    *rest = (fc_str){.ptr = rest->ptr + size, .len = rest->len - size};
    return true;
}

static fc_str skip(fc_str bytes, size_t count)
{
    return (fc_str){.ptr = bytes.ptr + count, .len = bytes.len - count};
}

static bool plain_to_pack(fc_str rest, struct fc_buf *out)
{
    size_t pairs = 0, length = 0;

    if (!take_length(&rest, &pairs))
        return false;
    for (size_t word = 0; word < 2 * pairs; word++) {
        if (!take_length(&rest, &length) || length > rest.len)
            return false;
        fc_redis_pack_add(out, (fc_str){.ptr = rest.ptr, .len = length});
        rest = skip(rest, length);
    }
    return rest.len == 0;
}

static bool compact_to_pack(fc_str rest, struct fc_buf *out)
{
    size_t size = 0;

    if (!take_length(&rest, &size) || size != rest.len || size <= PACK_HEAD)
        return false;
    for (rest = skip(rest, PACK_HEAD); rest.len > 1;) {
        size_t head = (uint8_t)rest.ptr[0], length = head & COMPACT_WORD;
        if ((head & ~(size_t)COMPACT_WORD) != PACK_WORD || length + PACK_OVERHEAD >= rest.len)
            return false;
        fc_redis_pack_add(out, (fc_str){.ptr = rest.ptr + 1, .len = length});
        rest = skip(rest, length + PACK_OVERHEAD);
    }
    return rest.len == 1 && (uint8_t)rest.ptr[0] == PACK_END;
}

bool fc_redis_dump_to_pack(fc_str dump, struct fc_buf *out)
{
    if (dump.len <= FOOT_SIZE)
        return false;
    fc_str rest = {.ptr = dump.ptr + 1, .len = dump.len - 1 - FOOT_SIZE};
    return dump.ptr[0] == TYPE_COMPACT ? compact_to_pack(rest, out)
                                       : dump.ptr[0] == TYPE_PLAIN && plain_to_pack(rest, out);
}

/* ---- Packs ---- */

void fc_redis_pack_add(struct fc_buf *out, fc_str word)
{
    char head[5] = {(char)(uint8_t)(0xa0 | word.len)};
    size_t size = 1;

    if (word.len >= 32) {
        bool wide = word.len > UINT16_MAX;
        size = wide ? 5 : 3;
        head[0] = (char)(uint8_t)(wide ? 0xdb : 0xda);
        for (size_t i = 1; i < size; i++)
            head[i] = (char)(word.len >> (8 * (size - 1 - i)) & 255);
    }
    fc_buf_append(out, head, size);
    if (word.len > 0)
        fc_buf_append(out, word.ptr, word.len);
}

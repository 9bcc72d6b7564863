/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/online/redis_dump.h"

#include <pthread.h>

#define TYPE_HASH 4
#define VERSION   6
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
        for (unsigned bit = 0; bit < 8; bit++) {
            sum = (sum & 1) != 0 ? sum >> 1 ^ CRC_POLY : sum >> 1;
        }
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

    for (unsigned i = 0; i < 8; i++) {
        number |= (uint64_t)(uint8_t)at[i] << (8 * i);
    }
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
        for (unsigned i = 0; i < 8; i++) {
            sum ^= sums[7 - i][eight >> (8 * i) & 255];
        }
    }
    for (size_t i = 0; i < bytes.len; i++) {
        sum = sums[0][(sum ^ (uint8_t)bytes.ptr[i]) & 255] ^ sum >> 8;
    }
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
    for (unsigned i = 0; i < 4; i++) {
        at[1 + i] = (char)(length >> (24 - 8 * i) & 255);
    }
    return 5;
}

void fc_redis_dump_begin(struct fc_buf *out, size_t pairs)
{
    char length[5];

    fc_buf_putc(out, TYPE_HASH);
    fc_buf_append(out, length, put_length(pairs, length));
}

void fc_redis_dump_add(struct fc_buf *out, fc_str word)
{
    char length[5];

    fc_buf_append(out, length, put_length(word.len, length));
    if (word.len > 0) {
        fc_buf_append(out, word.ptr, word.len);
    }
}

void fc_redis_dump_end(struct fc_buf *out, size_t at)
{
    char foot[FOOT_SIZE] = {VERSION, 0};

    fc_buf_append(out, foot, 2);
    if (out->failed) {
        return;
    }
    uint64_t sum = fc_redis_crc64((fc_str){.ptr = out->ptr + at, .len = out->len - at});
    for (unsigned i = 0; i < 8; i++) {
        foot[i] = (char)(sum >> (8 * i) & 255);
    }
    fc_buf_append(out, foot, 8);
}

static bool take_length(fc_str *rest, size_t *ret)
{
    const uint8_t *at = (const uint8_t *)rest->ptr;
    size_t size = 1;

    if (rest->len == 0) {
        return false;
    }
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

bool fc_redis_dump_to_pack(fc_str dump, struct fc_buf *out)
{
    size_t pairs = 0, length = 0;

    if (dump.len <= FOOT_SIZE || dump.ptr[0] != TYPE_HASH) {
        return false;
    }
    fc_str rest = {.ptr = dump.ptr + 1, .len = dump.len - 1 - FOOT_SIZE};
    if (!take_length(&rest, &pairs)) {
        return false;
    }
    for (size_t word = 0; word < 2 * pairs; word++) {
        if (!take_length(&rest, &length) || length > rest.len) {
            return false;
        }
        fc_redis_pack_add(out, (fc_str){.ptr = rest.ptr, .len = length});
        rest = (fc_str){.ptr = rest.ptr + length, .len = rest.len - length};
    }
    return rest.len == 0;
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
        for (size_t i = 1; i < size; i++) {
            head[i] = (char)(word.len >> (8 * (size - 1 - i)) & 255);
        }
    }
    fc_buf_append(out, head, size);
    if (word.len > 0) {
        fc_buf_append(out, word.ptr, word.len);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Length of the sequence at `p`, 0 when it is none. The narrowed range of the second byte is what
 * keeps out overlong forms (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4). */
static size_t sequence(const unsigned char *p, size_t left)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t length;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (length > left)
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return length;
}

size_t fc_utf8_valid_prefix(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    size_t at = 0;

    while (at < size) {
        uint64_t word;
        size_t length;

        /* Most text is ASCII: eight bytes at a time. */
        if (size - at >= sizeof(word)) {
            memcpy(&word, bytes + at, sizeof(word));
            if (!(word & HIGH_BITS)) {
                at += sizeof(word);
                continue;
            }
        }
        length = sequence(bytes + at, size - at);
        if (length == 0)
            return at;
        at += length;
    }
    return at;
}

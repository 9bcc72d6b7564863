/* SPDX-License-Identifier: Apache-2.0 */
#include "base/node_json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned hex4(const char *digits)
{
    char text[5] = {0};

    memcpy(text, digits, 4);
    return strspn(text, "0123456789abcdefABCDEF") == 4 ? (unsigned)strtoul(text, NULL, 16) : 0;
}

/* The character that a pair of escapes at `in` stands for, or 0. */
static unsigned surrogate_pair(const char *in, const char *end)
{
    unsigned high, low;

    if (end - in < 12 || memcmp(in, "\\u", 2) != 0 || memcmp(in + 6, "\\u", 2) != 0)
        return 0;
    high = hex4(in + 2);
    low = hex4(in + 8);
    if (high < 0xd800 || high >= 0xdc00 || low < 0xdc00 || low >= 0xe000)
        return 0;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static bool looks_like_json(fc_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '{' || text.ptr[i] == '[')
            return true;
        if (!isspace((unsigned char)text.ptr[i]))
            return false;
    }
    return false;
}

/* The escape that YAML needs for what JSON lets stand in a string as it is, or NULL. */
static const char *yaml_escape(const char *in, const char *end, size_t *ret_len)
{
    static const struct {
        const char *raw, *escape;
    } table[] = {{"\x7f", "\\x7f"},       {"\xc2\x85", "\\N"},         {"\xe2\x80\xa8", "\\L"},
                 {"\xe2\x80\xa9", "\\P"}, {"\xef\xbf\xbe", "\\uFFFE"}, {"\xef\xbf\xbf", "\\uFFFF"}};

    for (size_t i = 0; i < FC_ARRAY_LEN(table); i++) {
        *ret_len = strlen(table[i].raw);
        if ((size_t)(end - in) >= *ret_len && memcmp(in, table[i].raw, *ret_len) == 0)
            return table[i].escape;
    }
    return NULL;
}

/* An upper bound of what the escapes add, at least 1 when something is to be looked at. */
static size_t possible_growth(fc_str text)
{
    size_t growth = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == 0x7f || c == 0xef)
            growth += 3;
        else if (c == '\\' || c == 0xc2 || c == 0xe2)
            growth += growth == 0;
    }
    return growth;
}

bool fc_node_mend_json(struct fc_arena *arena, fc_str *text)
{
    const char *in = text->ptr, *end = in + text->len;
    size_t growth = looks_like_json(*text) ? possible_growth(*text) : 0;
    char *copy, *out;

    if (growth == 0)
        return true;
    copy = out = fc_arena_alloc(arena, text->len + growth + 1); /* stpcpy ends with a NUL */
    if (!copy)
        return false;
    while (in < end) {
        unsigned character = surrogate_pair(in, end);
        size_t raw = 12;
        char pair[11];
        const char *escape = pair;

        if (character)
            snprintf(pair, sizeof(pair), "\\U%08x", character & 0x1fffff);
        else
            escape = yaml_escape(in, end, &raw);
        if (escape) {
            out = stpcpy(out, escape);
            in += raw;
            continue;
        }
        if (*in == '\\' && end - in >= 2)
            *out++ = *in++; /* so that the second of \\ does not begin an escape */
        *out++ = *in++;
    }
    *text = (fc_str){.ptr = copy, .len = (size_t)(out - copy)};
    return true;
}

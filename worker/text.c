/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/text.h"

#include <string.h>

#include "base/utf8.h"

char *fc_text_clean(struct fc_arena *arena, const char *text)
{
    static char nothing[] = "";
    size_t size = text ? strlen(text) : 0;
    char *copy = fc_arena_strndup(arena, text ? text : "", size);

    if (!copy)
        return nothing;
    for (size_t at = 0; at < size;) {
        at += fc_utf8_valid_prefix(copy + at, size - at);
        if (at < size)
            copy[at++] = '?';
    }
    for (size_t at = 0; at < size; at++) {
        unsigned char c = (unsigned char)copy[at];
        if (c < 0x20 || c == 0x7f)
            copy[at] = c == '\n' || c == '\t' ? ' ' : '?';
    }
    return copy;
}

bool fc_text_put(char *at, size_t size, const char *text)
{
    size_t length = text ? fc_utf8_valid_prefix(text, strnlen(text, size - 1)) : 0;
    bool news = strncmp(at, text ? text : "", length) != 0 || at[length] != '\0';

    if (length > 0)
        memcpy(at, text, length);
    at[length] = '\0';
    return news;
}

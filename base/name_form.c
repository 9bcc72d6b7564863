/* SPDX-License-Identifier: Apache-2.0 */
#include "base/name_form.h"

#include <string.h>

#define EXCERPT_MAX 80

bool fc_name_has_form(enum fc_name_form form, const char *text)
{
    bool first = true;

    for (const char *at = text; *at != '\0'; at++)
        if (fc_is_letter(*at) || (!first && fc_is_digit(*at)))
            first = false;
        else if (form == FC_NAME_CLASS_PATH && *at == '.' && !first)
            first = true;
        else if (form != FC_NAME_DASH || *at != '-' || first)
            return false;
    return !first;
}

const char *fc_excerpt(struct fc_arena *arena, const char *text)
{
    size_t size = strlen(text);
    bool cut = size > EXCERPT_MAX;

    if (cut) {
        size = EXCERPT_MAX;
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
            size--;
    }
    char *copy = fc_arena_alloc(arena, size + sizeof "...");
    if (!copy)
        return "";
    for (size_t i = 0; i < size; i++)
        copy[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    memcpy(copy + size, cut ? "..." : "", cut ? sizeof "..." : 1);
    return copy;
}

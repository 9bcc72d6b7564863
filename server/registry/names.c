/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/names.h"

#include <string.h>

#define EXCERPT_MAX 80

/* Not <ctype.h>: a locale must not widen what a name may hold. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool fc_name_has_form(enum fc_name_form form, const char *text)
{
    bool first = true;

    for (const char *at = text; *at != '\0'; at++) {
        if (is_letter(*at) || (!first && is_digit(*at))) {
            first = false;
        } else if (form == FC_NAME_CLASS_PATH && *at == '.' && !first) {
            first = true;
        } else if (form != FC_NAME_DASH || *at != '-' || first) {
            return false;
        }
    }
    return !first;
}

size_t fc_text_length(const char *text)
{
    size_t length = 0;

    for (; *text != '\0'; text++) {
        length += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return length;
}

const char *fc_excerpt(struct fc_arena *arena, const char *text)
{
    size_t size = strlen(text);
    bool cut = size > EXCERPT_MAX;

    if (cut) {
        size = EXCERPT_MAX;
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    char *copy = fc_arena_alloc(arena, size + sizeof "...");
    if (copy == NULL) {
        return "";
    }
    for (size_t i = 0; i < size; i++) {
        copy[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    }
    memcpy(copy + size, cut ? "..." : "", cut ? sizeof "..." : 1);
    return copy;
}

/* What the form allows, in the words of the peers. */
static const char *allowed(enum fc_name_form form)
{
    switch (form) {
    case FC_NAME_DASH:
        return "argument must only contain alphanumeric characters, dashes and underscores.";
    case FC_NAME_CLASS_PATH:
        return "argument must be a Java class path: names of alphanumeric characters and "
               "underscores, joined by dots.";
    case FC_NAME_PLAIN:
    default:
        return "argument must only contain alphanumeric characters and underscores.";
    }
}

/* The peers' text alone would not tell why `1st` is refused. */
static const char *hint(enum fc_name_form form, const char *name)
{
    bool legal = true;

    for (const char *at = name; *at != '\0' && legal; at++) {
        legal = is_letter(*at) || is_digit(*at) || (form == FC_NAME_DASH && *at == '-');
    }
    return legal && form != FC_NAME_CLASS_PATH ? " It must begin with a letter or an underscore."
                                               : "";
}

void fc_name_check(struct fc_violations *violations, enum fc_name_form form, const char *resource,
                   const char *field, const char *name)
{
    if (*name == '\0') {
        fc_violations_add(violations, FC_REASON_NAME_INVALID, field,
                          "invalid value for %s resource: %s is empty, a name is required",
                          resource, field);
        return;
    }
    size_t length = fc_text_length(name);
    if (length > FC_NAME_MAX) {
        fc_violations_add(violations, FC_REASON_NAME_INVALID, field,
                          "invalid value for %s resource, %s: the name has %zu characters, at most "
                          "%d are allowed",
                          resource, fc_excerpt(violations->arena, name), length, FC_NAME_MAX);
        return;
    }
    if (!fc_name_has_form(form, name)) {
        fc_violations_add(violations, FC_REASON_NAME_INVALID, field,
                          "invalid value for %s resource, %s: %s%s", resource,
                          fc_excerpt(violations->arena, name), allowed(form), hint(form, name));
    }
}

void fc_length_check(struct fc_violations *violations, const char *what, const char *field,
                     const char *text)
{
    size_t length = fc_text_length(text);

    if (length > FC_NAME_MAX) {
        fc_violations_add(violations, FC_REASON_FIELD_INVALID, field,
                          "%s: %s has %zu characters, at most %d are allowed", what, field, length,
                          FC_NAME_MAX);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/names.h"

#include <string.h>

size_t fc_text_length(const char *text)
{
    size_t length = 0;

    for (; *text != '\0'; text++)
        length += ((unsigned char)*text & 0xc0) != 0x80;
    return length;
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

    for (const char *at = name; *at != '\0' && legal; at++)
        legal = fc_is_letter(*at) || fc_is_digit(*at) || (form == FC_NAME_DASH && *at == '-');
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

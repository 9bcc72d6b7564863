/* SPDX-License-Identifier: Apache-2.0 */
/** What names may look like, and how a text from outside is quoted in a message. Pure. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

/** Each form must match in full and is ASCII only. */
enum fc_name_form {
    FC_NAME_PLAIN,      /**< `[a-zA-Z_][a-zA-Z0-9_]*`: entities, feature tables, features */
    FC_NAME_DASH,       /**< the same with dashes after the first character: projects, stores */
    FC_NAME_CLASS_PATH, /**< plain names joined by dots: the message type of a stream */
};

/* Not <ctype.h>: a locale must not widen what a name may hold. */
static inline bool fc_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static inline bool fc_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/** True when `text` has the form; length is not looked at. */
FC_MUST bool fc_name_has_form(enum fc_name_form form, const char *text);

/** `text` fit for a message: control characters replaced, cut after 80 bytes. In the arena; "" when that is exhausted.
 */
const char *fc_excerpt(struct fc_arena *arena, const char *text);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What names may look like. Each form must match in full and is ASCII only; 255 characters are the limit everywhere,
 * since that is what the peers' tables hold.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/violations.h"

#define FC_NAME_MAX 255

/** The project of requests that name none; always there, and never archived. */
#define FC_DEFAULT_PROJECT "default"

enum fc_name_form {
    FC_NAME_PLAIN,      /**< `[a-zA-Z_][a-zA-Z0-9_]*`: entities, feature tables, features */
    FC_NAME_DASH,       /**< the same with dashes after the first character: projects, stores */
    FC_NAME_CLASS_PATH, /**< plain names joined by dots: the message type of a stream */
};

/** True when `text` has the form; length is not looked at. */
FC_MUST bool fc_name_has_form(enum fc_name_form form, const char *text);

/** Characters of UTF-8 text (code points). */
size_t fc_text_length(const char *text);

/** `text` fit for a message: control characters replaced, cut after 80 bytes. In the arena; "" when that is exhausted.
 */
const char *fc_excerpt(struct fc_arena *arena, const char *text);

/**
 * Adds a violation when `name` is empty, too long or not of the form. `resource` is the word that the peers' messages
 * use for the kind of object: `project`, `entity`, `FeatureTable`, `Feature`.
 */
void fc_name_check(struct fc_violations *violations, enum fc_name_form form, const char *resource,
                   const char *field, const char *name);

/** Adds a violation when the text is longer than 255 characters. `what` begins the message. */
void fc_length_check(struct fc_violations *violations, const char *what, const char *field,
                     const char *text);

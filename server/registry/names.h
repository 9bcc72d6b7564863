/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rules of names. 255 characters are the limit everywhere, since that is what the peers' tables hold.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/name_form.h"
#include "base/violations.h"

#define FC_NAME_MAX 255

/** The project of requests that name none; always there, and never archived. */
#define FC_DEFAULT_PROJECT "default"

/** Characters of UTF-8 text (code points). */
size_t fc_text_length(const char *text);

/**
 * Adds a violation when `name` is empty, too long or not of the form. `resource` is the word that the peers' messages
 * use for the kind of object: `project`, `entity`, `FeatureTable`, `Feature`.
 */
void fc_name_check(struct fc_violations *violations, enum fc_name_form form, const char *resource,
                   const char *field, const char *name);

/** Adds a violation when the text is longer than 255 characters. `what` begins the message. */
void fc_length_check(struct fc_violations *violations, const char *what, const char *field,
                     const char *text);

/* SPDX-License-Identifier: Apache-2.0 */
/** Locations as people may see them, and text as it stands in URLs. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

/**
 * The URL with *** for user and password, and, of http and https, for the query: signed URLs have their signature
 * there. The text itself where there is nothing to hide; NULL when the arena is exhausted.
 */
const char *fc_url_public(const char *url, struct fc_arena *arena);

/** Appends a byte percent-encoded, or as it is when RFC 3986 reserves it for nothing: letters, digits and "-._~". */
void fc_url_put(struct fc_buf *out, char byte);
/** Appends each byte of the text so; those in `kept` stay as they are too. */
void fc_url_escape(struct fc_buf *out, const char *text, const char *kept);
/** Appends `name=value`, the value escaped, to a form or a query; after an "&" unless it is the first. */
void fc_url_form_add(struct fc_buf *form, const char *name, const char *value);

/* SPDX-License-Identifier: Apache-2.0 */
/** Locations as people may see them. */
#pragma once

#include "base/arena.h"

/**
 * The URL with *** for user and password, and, of http and https, for the query: signed URLs have their signature
 * there. The text itself where there is nothing to hide; NULL when the arena is exhausted.
 */
const char *fc_url_public(const char *url, struct fc_arena *arena);

/* SPDX-License-Identifier: Apache-2.0 */
/** Text from outside on its way into messages: protobuf strings must be UTF-8, file and column names need not be. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/** A copy with each byte that is no UTF-8 or control character replaced by "?". Never NULL: "" without memory. */
char *fc_text_clean(struct fc_arena *arena, const char *text);

/** Puts the text, as far as it is UTF-8 and there is room, where another one stands; whether it is news. NULL is "". */
bool fc_text_put(char *at, size_t size, const char *text);

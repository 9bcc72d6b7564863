/* SPDX-License-Identifier: Apache-2.0 */
/** Commands in Redis' protocol (RESP 2): the number of words, then each with its length. */
#pragma once

#include "base/str.h"

/** Begins a command of `words` words; check `out->failed` once at the end. */
void fc_redis_begin(struct fc_buf *out, size_t words);
void fc_redis_word(struct fc_buf *out, fc_str word);
/** A number as a word. */
void fc_redis_number(struct fc_buf *out, int64_t number);

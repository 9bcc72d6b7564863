/* SPDX-License-Identifier: Apache-2.0 */
/** Is it text? Strict UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/** The number of leading bytes that are UTF-8; `size` when all are. A NUL counts as text. */
FC_MUST size_t fc_utf8_valid_prefix(const void *data, size_t size);

static inline bool fc_utf8_valid(const void *data, size_t size)
{
    return fc_utf8_valid_prefix(data, size) == size;
}

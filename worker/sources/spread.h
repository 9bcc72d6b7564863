/* SPDX-License-Identifier: Apache-2.0 */
/** Picks that are spread over a whole. */
#pragma once

#include <stddef.h>

/** The `index`-th of `want` numbers spread evenly over [0, count), first and last among them. */
static inline size_t fc_spread(size_t count, size_t want, size_t index)
{
    return want < 2 ? 0 : index * (count - 1) / (want - 1);
}

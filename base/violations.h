/* SPDX-License-Identifier: Apache-2.0 */
/**
 * All that is wrong with one request, gathered before anything is answered.
 *
 * Rules add to the list and go on; the service answers once. The list and its texts live in the arena given to it.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct fc_violation {
    enum fc_reason reason;
    const char *field;   /**< path within the request, e.g. `table_spec.features[3].name` */
    const char *message; /**< names the object, what was found, what was expected */
};

struct fc_violations {
    struct fc_arena *arena;
    struct fc_violation *items;
    size_t count;
    size_t capacity;
};

void fc_violations_init(struct fc_violations *list, struct fc_arena *arena);

/** Adds one; when the arena is exhausted the violation is counted with a fixed text, so that it is never lost. */
void fc_violations_add(struct fc_violations *list, enum fc_reason reason, const char *field,
                       const char *format, ...) FC_PRINTF(4, 5);

/**
 * The list as one error: the first violation's reason and code; the message is its text when it is alone, all texts
 * joined by "; " and cut with the number left out otherwise. FC_OK when the list is empty.
 */
FC_MUST fc_rc fc_violations_to_error(const struct fc_violations *list, struct fc_error *err);

/** All texts joined by "; ", at most `limit` bytes, in the arena. */
const char *fc_violations_text(const struct fc_violations *list, size_t limit);

/* SPDX-License-Identifier: Apache-2.0 */
/** Patterns over the names of objects, as glob(3) has them for files: * ? [a-z] within a name, {a,b} anywhere. */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/** Any of these makes a name a pattern. */
#define FC_PATTERN_CHARS "*?[{"

struct fc_pattern {
    const char **alternatives; /**< without braces */
    size_t count;
};

/** SOURCE_INVALID when braces make too many of it. */
FC_MUST fc_rc fc_pattern_read(const char *text, struct fc_arena *arena, struct fc_pattern *ret,
                              struct fc_error *err);

/** Whether the name, or a directory that it is in, matches. */
bool fc_pattern_matches(const struct fc_pattern *pattern, const char *name);

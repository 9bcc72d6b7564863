/* SPDX-License-Identifier: Apache-2.0 */
/** JSON for a reader of YAML; not for users of base/node.h. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

/**
 * YAML is not quite a superset of JSON: it does not know characters beyond U+FFFF as two \u escapes, and it folds or
 * refuses a few characters that JSON lets stand in a string. When the text is JSON by its first character, where a
 * backslash is nowhere but in a double-quoted string, `text` is replaced by a copy in the arena that YAML reads the
 * same. False when memory is out.
 */
bool fc_node_mend_json(struct fc_arena *arena, fc_str *text);

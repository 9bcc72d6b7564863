/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Is a text an Avro schema? The structure is checked by the rules of Avro 1.11 (types, names, references), so that a
 * broken schema is refused when a table is applied and not when its first message arrives.
 */
#pragma once

#include "base/arena.h"

/** NULL when it is one; else what is wrong and where, in the arena (a fixed text when that is exhausted). */
const char *fc_avro_schema_problem(struct fc_arena *arena, const char *schema_json);

/* SPDX-License-Identifier: Apache-2.0 */
/** Value types as the registry takes them: those of feast.types.ValueType, and never the unset one. */
#pragma once

#include <stdint.h>

#include "base/violations.h"

/** The name of a type (`INT64`), or NULL when this generation has none of that number. */
const char *fc_value_type_name(int32_t type);

/** Adds a violation when the type is unset or unknown. `what` begins the message: `Entity "x"`. */
void fc_value_type_check(struct fc_violations *violations, const char *what, const char *field,
                         int32_t type);

/* SPDX-License-Identifier: Apache-2.0 */
/** Parts of the writers of JSON and YAML (base/pbjson.h). */
#pragma once

#include <jansson.h>

#include "base/str.h"

/** An integer or real as its shortest exact text, or true, false, null. */
void fc_json_atom(const json_t *value, struct fc_buf *out);

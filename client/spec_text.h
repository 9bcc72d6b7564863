/* SPDX-License-Identifier: Apache-2.0 */
/** Specs as text that compares: YAML with labels by name and without what a server adds by itself. */
#pragma once

#include <jansson.h>

#include "base/str.h"
#include "client/docs.h"
#include "client/get.h"

/** `{kind, spec}` of a document; NULL when memory is out. Caller owns a reference. */
json_t *fc_spec_of_doc(const struct fc_doc *doc);
/** The same of a registered object. */
json_t *fc_spec_of_object(const fc_object *object);
/** As YAML; takes the reference. */
FC_MUST bool fc_spec_text(json_t *spec, struct fc_buf *ret);

/**
 * Lines that differ, as `diff -u` shows them with three lines around; nothing when both are equal. Names are those of the
 * two headline rows. Colours when asked for. False when memory is out.
 */
FC_MUST bool fc_diff_print(const char *old_name, const char *old_text, const char *new_name,
                           const char *new_text, bool color, FILE *out);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Whether a stored object has all labels that a list asks for, with the same values. Its spec is unpacked in the
 * scratch arena, and only when there is a label to look for; REQUEST_TOO_LARGE when it does not fit.
 */
#pragma once

#include "base/arena.h"
#include "server/registry/map.h"
#include "storage/registry.h"

FC_MUST fc_rc fc_entity_has_labels(const struct fc_entity_row *row, struct fc_map labels,
                                   struct fc_arena *scratch, bool *ret, struct fc_error *err);
FC_MUST fc_rc fc_table_has_labels(const struct fc_table_row *row, struct fc_map labels,
                                  struct fc_arena *scratch, bool *ret, struct fc_error *err);

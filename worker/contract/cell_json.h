/* SPDX-License-Identifier: Apache-2.0 */
/** Cells as JSON, for people and programs that look at rejected rows. */
#pragma once

#include "worker/contract/column.h"

/**
 * Appends the cell: numbers and truth values as such, times as RFC 3339, text as text, binary as base64, decimals, NaN
 * and infinities as strings. What is no UTF-8 within text becomes U+FFFD. Nested values are null.
 */
void fc_cell_json(struct fc_buf *out, const struct fc_column_type *type,
                  const struct fc_cell *cell);

/** Appends text in quotes. */
void fc_json_text(struct fc_buf *out, fc_str text);

/** Appends bytes as base64 in quotes. */
void fc_json_bytes(struct fc_buf *out, fc_str bytes);

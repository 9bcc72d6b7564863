/* SPDX-License-Identifier: Apache-2.0 */
/** Decimals as BigQuery writes them. Pure. */
#pragma once

#include "base/arena.h"
#include "worker/contract/column.h"

/** "-12.50" with a scale of 3 is -12500. False when it is no number, needs a larger scale or more than 38 digits. */
FC_MUST bool fc_bq_decimal_read(fc_str text, uint8_t scale, struct fc_cell *ret);

/**
 * Turns the texts in `as.bytes` of a column (or of the items of its lists) into decimals of one scale: the smallest
 * that is exact for all of them, but 1 at least, so that the verdict on the type does not change with the values.
 * False when that takes more than 38 digits, or one is no number.
 */
FC_MUST bool fc_bq_decimal_settle(struct fc_cell *cells, size_t count, bool lists,
                                  uint8_t *ret_scale);

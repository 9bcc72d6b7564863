/* SPDX-License-Identifier: Apache-2.0 */
/** Decimals of up to 38 digits: a 128-bit whole number and a scale. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "worker/contract/column.h"

/** Sign, 39 digits, point, leading zero, NUL. */
#define FC_DECIMAL_TEXT_MAX 48

/** "-12.50" */
void fc_decimal_text(const struct fc_cell *cell, uint8_t scale, char ret[FC_DECIMAL_TEXT_MAX]);

/** The whole number it is; false when it has a fraction or does not fit. `*ret_fraction` tells which. */
FC_MUST bool fc_decimal_to_int64(const struct fc_cell *cell, uint8_t scale, int64_t *ret,
                                 bool *ret_fraction);

/** <0, 0, >0 of two of the same scale. */
int fc_decimal_cmp(const struct fc_cell *a, const struct fc_cell *b);

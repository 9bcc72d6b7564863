/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/contract/decimal.h"

#include <string.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

static int128 unscaled(const struct fc_cell *cell)
{
    return (int128)(((uint128)(uint64_t)cell->as.decimal.high << 64) | cell->as.decimal.low);
}

void fc_decimal_text(const struct fc_cell *cell, uint8_t scale, char ret[FC_DECIMAL_TEXT_MAX])
{
    int128 value = unscaled(cell);
    uint128 rest = value < 0 ? -(uint128)value : (uint128)value;
    char reversed[FC_DECIMAL_TEXT_MAX];
    size_t n = 0;

    do {
        if (n == scale && scale > 0)
            reversed[n++] = '.';
        reversed[n++] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while ((rest > 0 || n <= scale) && n < FC_DECIMAL_TEXT_MAX - 2);
    size_t at = 0;
    if (value < 0)
        ret[at++] = '-';
    while (n > 0)
        ret[at++] = reversed[--n];
    ret[at] = '\0';
}

bool fc_decimal_to_int64(const struct fc_cell *cell, uint8_t scale, int64_t *ret,
                         bool *ret_fraction)
{
    int128 value = unscaled(cell);

    *ret_fraction = false;
    for (uint8_t i = 0; i < scale && value != 0; i++) {
        if (value % 10 != 0) {
            *ret_fraction = true;
            return false;
        }
        value /= 10;
    }
    if (value < INT64_MIN || value > INT64_MAX)
        return false;
    *ret = (int64_t)value;
    return true;
}

int fc_decimal_cmp(const struct fc_cell *a, const struct fc_cell *b)
{
    int128 left = unscaled(a);
    int128 right = unscaled(b);

    return (left > right) - (left < right);
}

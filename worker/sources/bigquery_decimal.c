/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/bigquery_decimal.h"

__extension__ typedef unsigned __int128 uint128;

#define TEXT_MAX  80 /* a BIGNUMERIC: 77 digits, sign, point */
#define SCALE_MAX 38

/* A number without its point: "-12.50" is 125 with a scale of 1, for zeroes at the end of a fraction say nothing. */
struct digits {
    uint128 magnitude;
    bool negative;
    unsigned scale;
};

/* What a signed cell of 128 bits holds: 38 digits, whatever they are. */
static bool shift(struct digits *number, unsigned digit)
{
    const uint128 limit = ((uint128)1 << 127) - 1;

    if (number->magnitude > (limit - digit) / 10)
        return false;
    number->magnitude = number->magnitude * 10 + digit;
    return true;
}

/* Where the fraction's last digit that is no zero ends; without a point, the end of the text. */
static size_t end_of(fc_str text, const char *point)
{
    size_t end = text.len;

    while (point && text.ptr[end - 1] == '0')
        end--;
    return end;
}

static bool read_digits(fc_str text, struct digits *ret)
{
    struct digits number = {.negative = text.len > 0 && text.ptr[0] == '-'};
    const char *point = text.len > 0 ? memchr(text.ptr, '.', text.len) : NULL;
    size_t at = number.negative ? 1 : 0;

    if (at == text.len || text.len > TEXT_MAX || (point && text.len - at == 1))
        return false;
    for (size_t end = end_of(text, point); at < end; at++) {
        unsigned digit = (unsigned)(unsigned char)text.ptr[at] - '0';
        if (text.ptr + at == point)
            continue;
        if (digit > 9 || !shift(&number, digit))
            return false;
        number.scale += point && text.ptr + at > point;
    }
    *ret = number;
    return true;
}

static bool put_digits(struct digits number, uint8_t scale, struct fc_cell *ret)
{
    if (number.scale > scale)
        return false;
    for (; number.scale < scale; number.scale++)
        if (!shift(&number, 0))
            return false;
    uint128 bits = number.negative ? -number.magnitude : number.magnitude;
    ret->as.decimal.high = (int64_t)(uint64_t)(bits >> 64);
    ret->as.decimal.low = (uint64_t)bits;
    return true;
}

bool fc_bq_decimal_read(fc_str text, uint8_t scale, struct fc_cell *ret)
{
    struct digits number;

    return read_digits(text, &number) && put_digits(number, scale, ret);
}

static bool widen(const struct fc_cell *cells, size_t count, unsigned *scale)
{
    struct digits number;

    for (size_t i = 0; i < count; i++) {
        if (cells[i].null)
            continue;
        if (!read_digits(cells[i].as.bytes, &number))
            return false;
        *scale = number.scale > *scale ? number.scale : *scale;
    }
    return *scale <= SCALE_MAX;
}

static bool settle(struct fc_cell *cells, size_t count, uint8_t scale)
{
    for (size_t i = 0; i < count; i++) {
        struct fc_cell made = cells[i];
        if (!cells[i].null && !fc_bq_decimal_read(cells[i].as.bytes, scale, &made))
            return false;
        cells[i] = made;
    }
    return true;
}

/* Items are const for those who read batches; these have just been made, by whoever calls this. */
static struct fc_cell *items_of(const struct fc_cell *list)
{
    return (struct fc_cell *)(uintptr_t)list->as.list.items;
}

bool fc_bq_decimal_settle(struct fc_cell *cells, size_t count, bool lists, uint8_t *ret_scale)
{
    unsigned scale = 1;
    bool good = lists || widen(cells, count, &scale);

    for (size_t i = 0; lists && good && i < count; i++)
        good = widen(cells[i].as.list.items, cells[i].as.list.count, &scale);
    if (!good)
        return false;
    *ret_scale = (uint8_t)scale;
    if (!lists)
        return settle(cells, count, *ret_scale);
    for (size_t i = 0; good && i < count; i++)
        good = settle(items_of(&cells[i]), cells[i].as.list.count, *ret_scale);
    return good;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/utf8.h"
#include "worker/contract/convert.h"
#include "worker/contract/decimal.h"

#define TEXT_MAX 80
#define ELLIPSIS "..."

/* A fixed buffer that remembers being full. */
struct text {
    char chars[TEXT_MAX + 1];
    size_t len;
    bool cut;
};

/* All or nothing, so that no escape and no character is torn. Room for the ellipsis is kept. */
static void put(struct text *text, const char *chars, size_t len)
{
    if (text->cut || text->len + len > TEXT_MAX - strlen(ELLIPSIS)) {
        text->cut = true;
        return;
    }
    memcpy(text->chars + text->len, chars, len);
    text->len += len;
}

static void put_text(struct text *text, const char *chars)
{
    put(text, chars, strlen(chars));
}

/* The shortest digits that read back as the same number. */
static void put_real(struct text *text, double real, bool single)
{
    char digits[32];

    for (int precision = single ? 6 : 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, real);
        if (single ? strtof(digits, NULL) == (float)real : strtod(digits, NULL) == real)
            break;
    }
    put_text(text, digits);
}

static size_t char_bytes(const char *at, size_t left)
{
    unsigned char lead = (unsigned char)*at;
    size_t want = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    return want <= left && fc_utf8_valid(at, want) ? want : 0;
}

/* Text in quotes; what is no printable character is written as \xHH. */
static void put_bytes(struct text *text, fc_str bytes)
{
    char escape[5];
    size_t at = 0;

    put_text(text, "'");
    while (at < bytes.len && !text->cut) {
        size_t n = char_bytes(bytes.ptr + at, bytes.len - at);
        unsigned char lead = (unsigned char)bytes.ptr[at];
        if (n == 0 || lead < 0x20 || lead == 0x7f) {
            snprintf(escape, sizeof(escape), "\\x%02x", lead);
            put_text(text, escape);
            n = 1;
        } else {
            put(text, bytes.ptr + at, n);
        }
        at += n;
    }
    put_text(text, "'");
}

static void put_time(struct text *text, const struct fc_column_type *type,
                     const struct fc_cell *cell)
{
    char buffer[FC_TIME_TEXT_MAX];
    int64_t seconds =
        type->kind == FC_COLUMN_DATE ? cell->as.integer * INT64_C(86400) : cell->as.time.seconds;

    fc_time_format(seconds, type->kind == FC_COLUMN_DATE ? 0 : cell->as.time.nanos, buffer);
    if (type->kind == FC_COLUMN_DATE)
        buffer[strcspn(buffer, "T")] = '\0';
    else if (type->kind == FC_COLUMN_TIMESTAMP_NAIVE)
        buffer[strcspn(buffer, "Z")] = '\0';
    const char *from = buffer;
    if (type->kind == FC_COLUMN_TIME) {
        buffer[strcspn(buffer, "Z")] = '\0';
        from = buffer + strcspn(buffer, "T") + 1;
    }
    put_text(text, from);
}

static void put_cell(struct text *text, const struct fc_column_type *type,
                     const struct fc_cell *cell);

static void put_list(struct text *text, const struct fc_column_type *type,
                     const struct fc_cell *cell)
{
    const struct fc_column_type element = {
        .kind = type->element, .precision = type->precision, .scale = type->scale};

    put_text(text, "[");
    for (size_t i = 0; i < cell->as.list.count && !text->cut; i++) {
        if (i > 0)
            put_text(text, ", ");
        if (cell->as.list.items)
            put_cell(text, &element, &cell->as.list.items[i]);
        else
            put_text(text, "(nested)");
    }
    put_text(text, "]");
}

static void put_cell(struct text *text, const struct fc_column_type *type,
                     const struct fc_cell *cell)
{
    char buffer[FC_DECIMAL_TEXT_MAX];

    if (cell->null) {
        put_text(text, "null");
        return;
    }
    switch (type->kind) {
    case FC_COLUMN_BOOL:
        put_text(text, cell->as.boolean ? "true" : "false");
        break;
    case FC_COLUMN_UINT64:
        snprintf(buffer, sizeof(buffer), "%" PRIu64, cell->as.natural);
        put_text(text, buffer);
        break;
    case FC_COLUMN_FLOAT16:
    case FC_COLUMN_FLOAT32:
    case FC_COLUMN_FLOAT64:
        put_real(text, cell->as.real, type->kind != FC_COLUMN_FLOAT64);
        break;
    case FC_COLUMN_DECIMAL:
        fc_decimal_text(cell, type->scale, buffer);
        put_text(text, buffer);
        break;
    case FC_COLUMN_STRING:
    case FC_COLUMN_BINARY:
        put_bytes(text, cell->as.bytes);
        break;
    case FC_COLUMN_DATE:
    case FC_COLUMN_TIME:
    case FC_COLUMN_TIMESTAMP_UTC:
    case FC_COLUMN_TIMESTAMP_NAIVE:
        put_time(text, type, cell);
        break;
    case FC_COLUMN_LIST:
        put_list(text, type, cell);
        break;
    case FC_COLUMN_MAP:
    case FC_COLUMN_STRUCT:
    case FC_COLUMN_UNION:
    case FC_COLUMN_NULL:
    case FC_COLUMN_UNKNOWN:
        put_text(text, "(nested)");
        break;
    default:
        snprintf(buffer, sizeof(buffer), "%" PRId64, cell->as.integer);
        put_text(text, buffer);
        break;
    }
}

const char *fc_cell_text(const struct fc_column_type *type, const struct fc_cell *cell,
                         struct fc_arena *arena)
{
    struct text text = {.len = 0};

    put_cell(&text, type, cell);
    if (text.cut) {
        memcpy(text.chars + text.len, ELLIPSIS, strlen(ELLIPSIS));
        text.len += strlen(ELLIPSIS);
    }
    const char *copy = fc_arena_strndup(arena, text.chars, text.len);
    return copy ? copy : "?";
}

static int cmp_real(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int cmp_time(const struct fc_cell *a, const struct fc_cell *b)
{
    if (a->as.time.seconds != b->as.time.seconds)
        return a->as.time.seconds > b->as.time.seconds ? 1 : -1;
    return (a->as.time.nanos > b->as.time.nanos) - (a->as.time.nanos < b->as.time.nanos);
}

int fc_cell_cmp(const struct fc_column_type *type, const struct fc_cell *a, const struct fc_cell *b)
{
    switch (type->kind) {
    case FC_COLUMN_BOOL:
        return a->as.boolean - b->as.boolean;
    case FC_COLUMN_UINT64:
        return (a->as.natural > b->as.natural) - (a->as.natural < b->as.natural);
    case FC_COLUMN_FLOAT16:
    case FC_COLUMN_FLOAT32:
    case FC_COLUMN_FLOAT64:
        return cmp_real(a->as.real, b->as.real);
    case FC_COLUMN_DECIMAL:
        return fc_decimal_cmp(a, b);
    case FC_COLUMN_STRING:
    case FC_COLUMN_BINARY:
        return fc_str_cmp(a->as.bytes, b->as.bytes);
    case FC_COLUMN_TIME:
    case FC_COLUMN_TIMESTAMP_UTC:
    case FC_COLUMN_TIMESTAMP_NAIVE:
        return cmp_time(a, b);
    case FC_COLUMN_LIST:
    case FC_COLUMN_MAP:
    case FC_COLUMN_STRUCT:
    case FC_COLUMN_UNION:
    case FC_COLUMN_NULL:
    case FC_COLUMN_UNKNOWN:
        return 0;
    default:
        return (a->as.integer > b->as.integer) - (a->as.integer < b->as.integer);
    }
}

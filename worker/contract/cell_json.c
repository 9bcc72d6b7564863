/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/contract/cell_json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "base/utf8.h"
#include "worker/contract/decimal.h"

#define DAY_SECONDS 86400

static void put_char(struct fc_buf *out, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        fc_buf_printf(out, "\\%c", c);
        break;
    case '\n':
        fc_buf_puts(out, "\\n");
        break;
    default:
        if (c < 0x20)
            fc_buf_printf(out, "\\u%04x", c);
        else
            fc_buf_putc(out, (char)c);
        break;
    }
}

void fc_json_text(struct fc_buf *out, fc_str text)
{
    fc_buf_putc(out, '"');
    for (size_t at = 0; at < text.len; at++) {
        size_t valid = fc_utf8_valid_prefix(text.ptr + at, text.len - at);
        for (size_t end = at + valid; at < end; at++)
            put_char(out, (unsigned char)text.ptr[at]);
        if (at < text.len)
            fc_buf_puts(out, "\\ufffd");
    }
    fc_buf_putc(out, '"');
}

void fc_json_bytes(struct fc_buf *out, fc_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    fc_buf_putc(out, '"');
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t n = bytes.len - at < 3 ? bytes.len - at : 3;
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (i < n ? (unsigned char)bytes.ptr[at + i] : 0);
        for (size_t i = 0; i < 4; i++)
            fc_buf_putc(out, i <= n ? digits[group >> (18 - 6 * i) & 63] : '=');
    }
    fc_buf_putc(out, '"');
}

static void put_real(struct fc_buf *out, double real, bool single)
{
    if (isfinite(real))
        fc_buf_printf(out, "%.*g", single ? 9 : 17, real);
    else
        fc_buf_puts(out, isnan(real) ? "\"NaN\"" : real > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

static void put_time(struct fc_buf *out, int64_t seconds, int32_t nanos)
{
    char text[FC_TIME_TEXT_MAX];

    fc_time_format(seconds, nanos, text);
    fc_json_text(out, fc_str_from(text));
}

static void put_list(struct fc_buf *out, const struct fc_column_type *type,
                     const struct fc_cell *cell)
{
    const struct fc_column_type element = {
        .kind = type->element, .precision = type->precision, .scale = type->scale};

    if (!cell->as.list.items && cell->as.list.count > 0) {
        fc_buf_puts(out, "null");
        return;
    }
    fc_buf_putc(out, '[');
    for (size_t i = 0; i < cell->as.list.count; i++) {
        fc_buf_puts(out, i ? "," : "");
        fc_cell_json(out, &element, &cell->as.list.items[i]);
    }
    fc_buf_putc(out, ']');
}

void fc_cell_json(struct fc_buf *out, const struct fc_column_type *type, const struct fc_cell *cell)
{
    char decimal[FC_DECIMAL_TEXT_MAX];

    if (cell->null) {
        fc_buf_puts(out, "null");
        return;
    }
    switch (type->kind) {
    case FC_COLUMN_UNKNOWN:
    case FC_COLUMN_NULL:
    case FC_COLUMN_MAP:
    case FC_COLUMN_STRUCT:
    case FC_COLUMN_UNION:
        fc_buf_puts(out, "null");
        break;
    case FC_COLUMN_BOOL:
        fc_buf_puts(out, cell->as.boolean ? "true" : "false");
        break;
    case FC_COLUMN_UINT64:
        fc_buf_printf(out, "%" PRIu64, cell->as.natural);
        break;
    case FC_COLUMN_FLOAT16:
    case FC_COLUMN_FLOAT32:
    case FC_COLUMN_FLOAT64:
        put_real(out, cell->as.real, type->kind != FC_COLUMN_FLOAT64);
        break;
    case FC_COLUMN_DECIMAL:
        fc_decimal_text(cell, type->scale, decimal);
        fc_json_text(out, fc_str_from(decimal));
        break;
    case FC_COLUMN_STRING:
        fc_json_text(out, cell->as.bytes);
        break;
    case FC_COLUMN_BINARY:
        fc_json_bytes(out, cell->as.bytes);
        break;
    case FC_COLUMN_DATE:
        put_time(out, cell->as.integer * DAY_SECONDS, 0);
        break;
    case FC_COLUMN_TIME:
    case FC_COLUMN_TIMESTAMP_UTC:
    case FC_COLUMN_TIMESTAMP_NAIVE:
        put_time(out, cell->as.time.seconds, cell->as.time.nanos);
        break;
    case FC_COLUMN_LIST:
        put_list(out, type, cell);
        break;
    default:
        fc_buf_printf(out, "%" PRId64, cell->as.integer);
        break;
    }
}

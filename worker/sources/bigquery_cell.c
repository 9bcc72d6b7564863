/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/bigquery_cell.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/time.h"
#include "worker/sources/bigquery_decimal.h"

#define DAY_SECONDS 86400
#define US_PER_S    INT64_C(1000000)
#define TIME_OFFSET 11 /* of the time within "1970-01-01T12:34:56" */
#define TEXT_MAX    64 /* of a date or a time */

static enum fc_bq_result misfit(const char **ret, const char *expected)
{
    *ret = expected;
    return FC_BQ_MISFIT;
}

static bool read_whole(const char *text, int64_t *ret)
{
    char *end = NULL;

    if (text[0] != '-' && (text[0] < '0' || text[0] > '9'))
        return false;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static bool read_real(const char *text, double *ret)
{
    char *end = NULL;

    if (text[0] == '\0' || (text[0] >= '\t' && text[0] <= ' '))
        return false;
    *ret = strtod(text, &end);
    return *end == '\0';
}

static bool read_truth(const char *text, bool *ret)
{
    *ret = strcmp(text, "true") == 0;
    return *ret || strcmp(text, "false") == 0;
}

/* Microseconds since 1970, as asked for; servers that were not asked send seconds, with a fraction or an exponent. */
static bool read_timestamp(const char *text, struct fc_cell *ret)
{
    int64_t micros = 0;
    double seconds = 0;

    if (!read_whole(text, &micros)) {
        if (fc_time_parse(text, &ret->as.time.seconds, &ret->as.time.nanos))
            return true;
        if (!read_real(text, &seconds) || !isfinite(seconds) || fabs(seconds) > 1e12)
            return false;
        micros = llround(seconds * (double)US_PER_S);
    }
    int64_t rest = micros % US_PER_S;
    ret->as.time.seconds = micros / US_PER_S - (rest < 0);
    ret->as.time.nanos = (int32_t)((rest < 0 ? rest + US_PER_S : rest) * FC_NS_PER_US);
    return true;
}

/* Without a zone: what has one is no DATETIME. Some servers write a space for the T. */
static bool read_datetime(const char *text, struct fc_cell *ret)
{
    char copy[TEXT_MAX];
    size_t len = strlen(text);

    if (len < TIME_OFFSET || len >= sizeof(copy) || strpbrk(text + TIME_OFFSET, "Zz+-"))
        return false;
    memcpy(copy, text, len + 1);
    if (copy[TIME_OFFSET - 1] == ' ')
        copy[TIME_OFFSET - 1] = 'T';
    return fc_time_parse(copy, &ret->as.time.seconds, &ret->as.time.nanos);
}

static bool read_date(const char *text, struct fc_cell *ret)
{
    int64_t seconds = 0;
    int32_t nanos = 0;

    if (strlen(text) != TIME_OFFSET - 1 || !fc_time_parse(text, &seconds, &nanos))
        return false;
    ret->as.integer = seconds / DAY_SECONDS;
    return seconds % DAY_SECONDS == 0;
}

static bool read_time(const char *text, struct fc_cell *ret)
{
    char copy[TEXT_MAX] = "1970-01-01T";
    size_t len = strlen(text);

    if (len >= sizeof(copy) - TIME_OFFSET || strpbrk(text, "Zz+-"))
        return false;
    memcpy(copy + TIME_OFFSET, text, len + 1);
    return fc_time_parse(copy, &ret->as.time.seconds, &ret->as.time.nanos);
}

static int digit64(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c == '-' ? '+' : c == '_' ? '/' : c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static enum fc_bq_result read_bytes(fc_str text, struct fc_arena *arena, fc_str *ret,
                                    const char **why)
{
    char *out = fc_arena_alloc(arena, text.len / 4 * 3 + 4);
    uint32_t word = 0;
    unsigned bits = 0;
    size_t len = text.len;

    if (!out)
        return FC_BQ_NO_MEMORY;
    while (len > 0 && text.len - len < 2 && text.ptr[len - 1] == '=')
        len--;
    *ret = (fc_str){.ptr = out, .len = 0};
    for (size_t i = 0; i < len; i++) {
        int digit = digit64(text.ptr[i]);
        if (digit < 0)
            return misfit(why, "base64");
        word = word << 6 | (uint32_t)digit;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[ret->len++] = (char)(word >> bits);
        }
    }
    return len % 4 == 1 ? misfit(why, "base64") : FC_BQ_READ;
}

static enum fc_bq_result read_decimal(const struct fc_bq_field *field, fc_str text,
                                      struct fc_arena *arena, struct fc_cell *ret, const char **why)
{
    if (field->wide) {
        ret->as.bytes.ptr = fc_arena_strndup(arena, text.ptr, text.len);
        ret->as.bytes.len = text.len;
        return ret->as.bytes.ptr ? FC_BQ_READ : FC_BQ_NO_MEMORY;
    }
    if (!fc_bq_decimal_read(text, field->type.scale, ret))
        return misfit(why, "a decimal of its column's precision and scale");
    return FC_BQ_READ;
}

static enum fc_bq_result read_text(fc_str text, struct fc_arena *arena, fc_str *ret)
{
    ret->ptr = fc_arena_strndup(arena, text.ptr, text.len);
    ret->len = text.len;
    return ret->ptr ? FC_BQ_READ : FC_BQ_NO_MEMORY;
}

/* Kinds whose text has no NUL within. */
static bool read_plain(enum fc_column_kind kind, const char *text, struct fc_cell *ret,
                       const char **ret_expected)
{
    switch (kind) {
    case FC_COLUMN_INT64:
        *ret_expected = "a whole number of 64 bits";
        return read_whole(text, &ret->as.integer);
    case FC_COLUMN_FLOAT64:
        *ret_expected = "a number";
        return read_real(text, &ret->as.real);
    case FC_COLUMN_BOOL:
        *ret_expected = "true or false";
        return read_truth(text, &ret->as.boolean);
    case FC_COLUMN_TIMESTAMP_UTC:
        *ret_expected = "microseconds since 1970";
        return read_timestamp(text, ret);
    case FC_COLUMN_TIMESTAMP_NAIVE:
        *ret_expected = "a date and time without zone";
        return read_datetime(text, ret);
    case FC_COLUMN_DATE:
        *ret_expected = "a date";
        return read_date(text, ret);
    case FC_COLUMN_TIME:
        *ret_expected = "a time of day";
        return read_time(text, ret);
    default:
        return true; /* a type that is not known: there, and nothing else */
    }
}

static enum fc_bq_result read_scalar(const struct fc_bq_field *field, const json_t *value,
                                     struct fc_arena *arena, struct fc_cell *ret, const char **why)
{
    const char *expected = "";

    *ret = (struct fc_cell){.null = !value || json_is_null(value)};
    if (ret->null)
        return FC_BQ_READ;
    if (field->scalar == FC_COLUMN_STRUCT)
        return json_is_object(value) ? FC_BQ_READ : misfit(why, "a record");
    if (field->scalar == FC_COLUMN_UNKNOWN)
        return FC_BQ_READ;
    if (!json_is_string(value))
        return misfit(why, "a value written as a JSON string");
    const fc_str text = {.ptr = json_string_value(value), .len = json_string_length(value)};
    switch (field->scalar) {
    case FC_COLUMN_STRING:
        return read_text(text, arena, &ret->as.bytes);
    case FC_COLUMN_BINARY:
        return read_bytes(text, arena, &ret->as.bytes, why);
    case FC_COLUMN_DECIMAL:
        return read_decimal(field, text, arena, ret, why);
    default:
        break;
    }
    if (strlen(text.ptr) != text.len || !read_plain(field->scalar, text.ptr, ret, &expected))
        return misfit(why, expected[0] ? expected : "text without a NUL");
    return FC_BQ_READ;
}

/* Elements are {"v": …}; BigQuery has no null array, an empty one stands for it. */
static enum fc_bq_result read_list(const struct fc_bq_field *field, const json_t *value,
                                   struct fc_arena *arena, struct fc_cell *ret, const char **why)
{
    size_t count = json_array_size(value);
    enum fc_bq_result result = FC_BQ_READ;

    *ret = (struct fc_cell){.as.list = {.count = count}};
    if (value && !json_is_null(value) && !json_is_array(value))
        return misfit(why, "an array");
    if (field->scalar == FC_COLUMN_STRUCT || field->scalar == FC_COLUMN_UNKNOWN)
        return FC_BQ_READ;
    struct fc_cell *items = fc_arena_calloc(arena, count + 1, sizeof *items);
    if (!items)
        return FC_BQ_NO_MEMORY;
    ret->as.list.items = items;
    for (size_t i = 0; result == FC_BQ_READ && i < count; i++)
        result = read_scalar(field, json_object_get(json_array_get(value, i), "v"), arena,
                             &items[i], why);
    return result;
}

enum fc_bq_result fc_bq_cell_read(const struct fc_bq_field *field, const json_t *value,
                                  struct fc_arena *arena, struct fc_cell *ret,
                                  const char **ret_expected)
{
    return field->repeated ? read_list(field, value, arena, ret, ret_expected)
                           : read_scalar(field, value, arena, ret, ret_expected);
}

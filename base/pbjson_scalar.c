/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pbjson_scalar.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pbjson_internal.h"
#include "base/time.h"

static bool has_nul(fc_str text)
{
    return text.len > 0 && memchr(text.ptr, '\0', text.len);
}

/* A decimal number as JSON has it; a leading + and forms such as `.5` or `5.` are read too. */
static bool is_decimal(fc_str text)
{
    return text.len > 0 && !has_nul(text) && strspn(text.ptr, "0123456789+-.eE") == text.len &&
           strpbrk(text.ptr, "0123456789");
}

static bool read_double(const struct fc_node *node, double *ret)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"NaN", (double)NAN},     {".nan", (double)NAN}, {".NaN", (double)NAN},
                 {"Infinity", HUGE_VAL},   {".inf", HUGE_VAL},    {"+.inf", HUGE_VAL},
                 {"-Infinity", -HUGE_VAL}, {"-.inf", -HUGE_VAL}};
    char *end = NULL;

    for (size_t i = 0; i < FC_ARRAY_LEN(words); i++) {
        if (strcmp(node->text.ptr, words[i].word) == 0) {
            *ret = words[i].value;
            return true;
        }
    }
    if (!is_decimal(node->text))
        return false;
    *ret = strtod(node->text.ptr, &end);
    return *end == '\0' && isfinite(*ret);
}

static bool read_float(const struct fc_node *node, float *ret)
{
    double value;

    if (!read_double(node, &value))
        return false;
    *ret = isfinite(value) && !isnan(value) && fabs(value) <= (double)FLT_MAX
               ? strtof(node->text.ptr, NULL)
               : (float)value;
    return !isfinite(value) || isfinite(*ret);
}

/* `1e3` and `1.0` are whole numbers to protobuf's JSON; beyond 2^53 only plain digits are exact. */
static bool whole_of_real(const struct fc_node *node, double *ret)
{
    return read_double(node, ret) && isfinite(*ret) && floor(*ret) == *ret &&
           fabs(*ret) <= 9007199254740992.0;
}

static bool read_int(const struct fc_node *node, int64_t min, int64_t max, int64_t *ret)
{
    char *end = NULL;
    double real;

    if (!is_decimal(node->text))
        return false;
    errno = 0;
    *ret = strtoll(node->text.ptr, &end, 10);
    if (*end != '\0' && whole_of_real(node, &real)) {
        *ret = (int64_t)real;
        return *ret >= min && *ret <= max;
    }
    return errno == 0 && *end == '\0' && *ret >= min && *ret <= max;
}

static bool read_uint(const struct fc_node *node, uint64_t max, uint64_t *ret)
{
    char *end = NULL;
    double real;

    if (!is_decimal(node->text) || node->text.ptr[0] == '-')
        return false;
    errno = 0;
    *ret = strtoull(node->text.ptr, &end, 10);
    if (*end != '\0' && whole_of_real(node, &real)) {
        *ret = (uint64_t)real;
        return *ret <= max;
    }
    return errno == 0 && *end == '\0' && *ret <= max;
}

/* What YAML 1.1 reads as a truth value, which is what the files of the old command line were read by. */
static bool read_bool(const struct fc_node *node, protobuf_c_boolean *ret)
{
    static const char *const words[][2] = {{"true", "false"}, {"True", "False"}, {"TRUE", "FALSE"},
                                           {"yes", "no"},     {"Yes", "No"},     {"YES", "NO"},
                                           {"on", "off"},     {"On", "Off"},     {"ON", "OFF"}};

    for (size_t i = 0; i < (node->quoted ? 0 : FC_ARRAY_LEN(words)); i++) {
        for (int j = 0; j < 2; j++) {
            if (strcmp(node->text.ptr, words[i][j]) == 0) {
                *ret = j == 0;
                return true;
            }
        }
    }
    return false;
}

static enum fc_pbjson_result read_string(const struct fc_node *node, struct fc_arena *arena,
                                         char **ret)
{
    if (has_nul(node->text))
        return FC_PBJSON_HAS_NUL;
    *ret = fc_arena_strndup(arena, node->text.ptr, node->text.len);
    return *ret ? FC_PBJSON_READ : FC_PBJSON_NO_MEMORY;
}

/* Both alphabets of base64. */
static int digit64(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static enum fc_pbjson_result read_bytes(const struct fc_node *node, struct fc_arena *arena,
                                        ProtobufCBinaryData *ret)
{
    size_t len = node->text.len;
    uint8_t *data = fc_arena_alloc(arena, len / 4 * 3 + 4);
    uint32_t word = 0;
    unsigned bits = 0;

    if (!data)
        return FC_PBJSON_NO_MEMORY;
    while (len > 0 && node->text.len - len < 2 && node->text.ptr[len - 1] == '=')
        len--;
    ret->data = data;
    ret->len = 0;
    if (len % 4 == 1)
        return FC_PBJSON_WRONG;
    for (size_t i = 0; i < len; i++) {
        int digit = digit64(node->text.ptr[i]);
        if (digit < 0)
            return FC_PBJSON_WRONG;
        word = word << 6 | (uint32_t)digit;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            data[ret->len++] = (uint8_t)(word >> bits);
        }
    }
    return FC_PBJSON_READ;
}

static bool read_number(ProtobufCType type, const struct fc_node *node, void *at)
{
    int64_t number = 0;
    uint64_t natural = 0;
    bool good;

    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        good = read_int(node, INT32_MIN, INT32_MAX, &number);
        *(int32_t *)at = (int32_t)number;
        return good;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return read_int(node, INT64_MIN, INT64_MAX, at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        good = read_uint(node, UINT32_MAX, &natural);
        *(uint32_t *)at = (uint32_t)natural;
        return good;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_uint(node, UINT64_MAX, at);
    case PROTOBUF_C_TYPE_FLOAT:
        return read_float(node, at);
    case PROTOBUF_C_TYPE_DOUBLE:
        return read_double(node, at);
    default:
        return read_bool(node, at);
    }
}

enum fc_pbjson_result fc_pbjson_read_scalar(ProtobufCType type, const struct fc_node *node,
                                            struct fc_arena *arena, void *at)
{
    if (node->kind != FC_NODE_SCALAR)
        return FC_PBJSON_WRONG;
    if (type == PROTOBUF_C_TYPE_STRING)
        return read_string(node, arena, at);
    if (type == PROTOBUF_C_TYPE_BYTES)
        return read_bytes(node, arena, at);
    return read_number(type, node, at) ? FC_PBJSON_READ : FC_PBJSON_WRONG;
}

bool fc_pbjson_read_enum(const ProtobufCEnumDescriptor *type, const struct fc_node *node, int *ret)
{
    const ProtobufCEnumValue *value;
    int64_t number;

    if (node->kind != FC_NODE_SCALAR)
        return false;
    value = protobuf_c_enum_descriptor_get_value_by_name(type, node->text.ptr);
    if (value) {
        *ret = value->value;
        return true;
    }
    if (!read_int(node, INT32_MIN, INT32_MAX, &number))
        return false;
    *ret = (int)number;
    return true;
}

bool fc_pbjson_read_timestamp(const struct fc_node *node, int64_t *ret_seconds, int32_t *ret_nanos)
{
    return node->kind == FC_NODE_SCALAR && !has_nul(node->text) &&
           fc_time_parse(node->text.ptr, ret_seconds, ret_nanos) &&
           *ret_seconds >= FC_PBJSON_TIME_MIN && *ret_seconds < FC_PBJSON_TIME_END;
}

/* `-1.5s`: the form of protobuf, which has a sign and a wider range than durations of ours. */
static bool read_seconds(const char *text, int64_t *ret_seconds, int32_t *ret_nanos)
{
    bool negative = text[0] == '-';
    int32_t nanos = 0, place = 100000000;
    char *end = NULL;
    int64_t seconds;

    text += negative;
    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    seconds = strtoll(text, &end, 10);
    if (errno != 0 || seconds > FC_PBJSON_DURATION_MAX)
        return false;
    if (*end == '.')
        for (end++; isdigit((unsigned char)*end) && place > 0; end++, place /= 10)
            nanos += (*end - '0') * place;
    if (strcmp(end, "s") != 0)
        return false;
    *ret_seconds = negative ? -seconds : seconds;
    *ret_nanos = negative ? -nanos : nanos;
    return true;
}

bool fc_pbjson_read_duration(const struct fc_node *node, int64_t *ret_seconds, int32_t *ret_nanos)
{
    int64_t ns;

    if (node->kind != FC_NODE_SCALAR || has_nul(node->text))
        return false;
    if (read_seconds(node->text.ptr, ret_seconds, ret_nanos))
        return true;
    if (!fc_duration_parse(node->text.ptr, &ns))
        return false;
    *ret_seconds = ns / 1000000000;
    *ret_nanos = (int32_t)(ns % 1000000000);
    return true;
}

const char *fc_pbjson_wanted(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return "a whole number from -2147483648 to 2147483647";
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return "a whole number from 0 to 4294967295";
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return "a whole number of 64 bits";
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return "a whole number of 64 bits, not negative";
    case PROTOBUF_C_TYPE_FLOAT:
        return "a number that a FLOAT can hold";
    case PROTOBUF_C_TYPE_DOUBLE:
        return "a number";
    case PROTOBUF_C_TYPE_BOOL:
        return "true or false";
    case PROTOBUF_C_TYPE_STRING:
        return "a text";
    case PROTOBUF_C_TYPE_BYTES:
        return "base64";
    default:
        return "another value";
    }
}

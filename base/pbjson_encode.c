/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pbjson.h"
#include "base/pbjson_internal.h"
#include "base/time.h"
#include "base/utf8.h"

static json_t *encode_message(const ProtobufCMessage *message, unsigned flags);

static json_t *encode_int(int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    return json_string(text);
}

static json_t *encode_uint(uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    return json_string(text);
}

static json_t *encode_real(double value)
{
    if (isnan(value))
        return json_string("NaN");
    if (isinf(value))
        return json_string(value > 0 ? "Infinity" : "-Infinity");
    return json_real(value);
}

/* The double whose shortest text is the float's: 0.1f shows as 0.1, not as 0.10000000149011612. */
static json_t *encode_float(float value)
{
    char text[32];

    if (isnan(value) || isinf(value))
        return encode_real((double)value);
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    return json_real(strtod(text, NULL));
}

/* A peer may have sent what is no UTF-8; JSON cannot say it, so the bad octets show as U+FFFD. */
static json_t *encode_string(const char *text)
{
    static const char replacement[3] = {'\xef', '\xbf', '\xbd'};
    size_t len = text ? strlen(text) : 0;
    json_t *value;
    char *clean;
    size_t used = 0;

    if (len == 0)
        return json_string("");
    if (fc_utf8_valid(text, len))
        return json_stringn(text, len);
    clean = malloc(len * 3 + 1);
    if (!clean)
        return NULL;
    for (size_t i = 0; i < len;) {
        size_t good = fc_utf8_valid_prefix(text + i, len - i);
        memcpy(clean + used, text + i, good);
        used += good;
        i += good;
        if (i < len) {
            memcpy(clean + used, replacement, sizeof(replacement));
            used += sizeof(replacement);
            i++;
        }
    }
    value = json_stringn(clean, used);
    free(clean);
    return value;
}

static json_t *encode_bytes(const ProtobufCBinaryData *bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc((bytes->len + 2) / 3 * 4 + 1), *out = text;
    json_t *value;

    if (!text)
        return NULL;
    for (size_t i = 0; i < bytes->len; i += 3) {
        size_t left = bytes->len - i;
        uint32_t word = (uint32_t)bytes->data[i] << 16;
        if (left > 1)
            word |= (uint32_t)bytes->data[i + 1] << 8;
        if (left > 2)
            word |= bytes->data[i + 2];
        *out++ = alphabet[word >> 18];
        *out++ = alphabet[word >> 12 & 63];
        *out++ = left > 1 ? alphabet[word >> 6 & 63] : '=';
        *out++ = left > 2 ? alphabet[word & 63] : '=';
    }
    value = json_stringn(text, (size_t)(out - text));
    free(text);
    return value;
}

static json_t *encode_enum(const ProtobufCEnumDescriptor *type, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);

    return value ? json_string(value->name) : json_integer(number);
}

/* Timestamp and Duration have the same two fields, in this order. */
struct seconds_nanos {
    ProtobufCMessage base;
    int64_t seconds;
    int32_t nanos;
};

static json_t *encode_timestamp(const ProtobufCMessage *message)
{
    const struct seconds_nanos *time = (const struct seconds_nanos *)message;
    char text[FC_TIME_TEXT_MAX];

    fc_time_format(time->seconds, time->nanos, text);
    return json_string(text);
}

static json_t *encode_duration(const ProtobufCMessage *message)
{
    const struct seconds_nanos *time = (const struct seconds_nanos *)message;
    bool negative = time->seconds < 0 || time->nanos < 0;
    uint64_t seconds = time->seconds < 0 ? 0 - (uint64_t)time->seconds : (uint64_t)time->seconds;
    uint32_t nanos = time->nanos < 0 ? 0 - (uint32_t)time->nanos : (uint32_t)time->nanos;
    char text[64];

    if (nanos == 0)
        snprintf(text, sizeof(text), "%s%" PRIu64 "s", negative ? "-" : "", seconds);
    else if (nanos % 1000000 == 0)
        snprintf(text, sizeof(text), "%s%" PRIu64 ".%03" PRIu32 "s", negative ? "-" : "", seconds,
                 nanos / 1000000);
    else if (nanos % 1000 == 0)
        snprintf(text, sizeof(text), "%s%" PRIu64 ".%06" PRIu32 "s", negative ? "-" : "", seconds,
                 nanos / 1000);
    else
        snprintf(text, sizeof(text), "%s%" PRIu64 ".%09" PRIu32 "s", negative ? "-" : "", seconds,
                 nanos);
    return json_string(text);
}

static json_t *encode_value(const ProtobufCFieldDescriptor *field, const void *at, unsigned flags)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return encode_int(*(const int64_t *)at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return encode_uint(*(const uint64_t *)at);
    case PROTOBUF_C_TYPE_FLOAT:
        return encode_float(*(const float *)at);
    case PROTOBUF_C_TYPE_DOUBLE:
        return encode_real(*(const double *)at);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM:
        return encode_enum(field->descriptor, *(const int *)at);
    case PROTOBUF_C_TYPE_STRING:
        return encode_string(*(char *const *)at);
    case PROTOBUF_C_TYPE_BYTES:
        return encode_bytes(at);
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return encode_message(*(ProtobufCMessage *const *)at, flags);
}

static json_t *encode_list(const ProtobufCFieldDescriptor *field, const char *items, size_t count,
                           unsigned flags)
{
    size_t step = fc_pbjson_element_size(field->type);
    json_t *list = json_array();

    for (size_t i = 0; list && i < count; i++) {
        /* The array takes the reference, also of NULL (which it refuses). */
        if (json_array_append_new(list, encode_value(field, items + i * step, flags)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Keys of a JSON object are texts, whatever the key type of the map. */
static char *map_key(const ProtobufCFieldDescriptor *field, const void *at)
{
    json_t *value = encode_value(field, at, 0);
    char *text = NULL;

    if (json_is_string(value))
        text = strdup(json_string_value(value));
    else if (value)
        text = json_dumps(value, JSON_ENCODE_ANY);
    json_decref(value);
    return text;
}

struct pair {
    char *key;
    const void *value;
};

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void pairs_free(struct pair *pairs, size_t count)
{
    for (size_t i = 0; pairs && i < count; i++)
        free(pairs[i].key);
    free(pairs);
}

/* By key: the order on the wire means nothing, and output that is stable can be compared. */
static struct pair *sorted_pairs(const ProtobufCMessageDescriptor *entry,
                                 ProtobufCMessage *const *items, size_t count)
{
    struct pair *pairs = calloc(count ? count : 1, sizeof *pairs);

    for (size_t i = 0; pairs && i < count; i++) {
        const char *base = (const char *)items[i];
        pairs[i].key = map_key(&entry->fields[0], base + entry->fields[0].offset);
        pairs[i].value = base + entry->fields[1].offset;
        if (!pairs[i].key) {
            pairs_free(pairs, i);
            return NULL;
        }
    }
    if (pairs)
        qsort(pairs, count, sizeof *pairs, compare_pairs);
    return pairs;
}

static json_t *encode_map(const ProtobufCFieldDescriptor *field, ProtobufCMessage *const *items,
                          size_t count, unsigned flags)
{
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    struct pair *pairs = sorted_pairs(entry, items, count);
    json_t *object = pairs ? json_object() : NULL;

    for (size_t i = 0; object && i < count; i++) {
        if (json_object_set_new_nocheck(object, pairs[i].key,
                                        encode_value(&entry->fields[1], pairs[i].value, flags)) !=
            0) {
            json_decref(object);
            object = NULL;
        }
    }
    pairs_free(pairs, count);
    return object;
}

static bool is_zero(const ProtobufCFieldDescriptor *field, const void *at)
{
    static const char zeros[16];

    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(char *const *)at;
        return !text || text[0] == '\0';
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)at)->len == 0;
    /* By bits: -0.0 is a value of its own. */
    return memcmp(at, zeros, fc_pbjson_element_size(field->type)) == 0;
}

/* Whether a singular field is to be written. */
static bool is_present(const ProtobufCFieldDescriptor *field, const char *base, unsigned flags)
{
    const void *at = fc_pbjson_const_member(base, field->offset);
    bool is_pointer =
        field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING;

    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)fc_pbjson_const_member(base, field->quantifier_offset) ==
                   field->id &&
               (field->type != PROTOBUF_C_TYPE_MESSAGE || *(ProtobufCMessage *const *)at);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(ProtobufCMessage *const *)at != NULL;
    if (field->label == PROTOBUF_C_LABEL_REQUIRED)
        return true;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return is_pointer ? *(char *const *)at != NULL
                          : *(const protobuf_c_boolean *)fc_pbjson_const_member(
                                base, field->quantifier_offset) != 0;
    return (flags & FC_PBJSON_EMIT_DEFAULTS) || !is_zero(field, at);
}

/* NULL with *ret_skip set when the field is left out. */
static json_t *encode_field(const ProtobufCMessageDescriptor *type,
                            const ProtobufCFieldDescriptor *field, const char *base, unsigned flags,
                            bool *ret_skip)
{
    const void *at = fc_pbjson_const_member(base, field->offset);
    size_t count;

    *ret_skip = false;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        *ret_skip = !is_present(field, base, flags);
        return *ret_skip ? NULL : encode_value(field, at, flags);
    }
    count = *(const size_t *)fc_pbjson_const_member(base, field->quantifier_offset);
    *ret_skip = count == 0 && !(flags & FC_PBJSON_EMIT_DEFAULTS);
    if (*ret_skip)
        return NULL;
    if (fc_pbjson_is_map(type, field))
        return encode_map(field, *(ProtobufCMessage *const *const *)at, count, flags);
    return encode_list(field, *(const char *const *)at, count, flags);
}

static json_t *encode_fields(const ProtobufCMessage *message, unsigned flags)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    json_t *object = json_object();

    for (unsigned i = 0; object && i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        char camel[FC_PBJSON_NAME_MAX];
        const char *name = field->name;
        bool skip;
        json_t *value = encode_field(type, field, (const char *)message, flags, &skip);

        if (skip)
            continue;
        if (!(flags & FC_PBJSON_SNAKE_CASE)) {
            fc_pbjson_camel(name, camel);
            name = camel;
        }
        if (json_object_set_new_nocheck(object, name, value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *encode_message(const ProtobufCMessage *message, unsigned flags)
{
    if (!message)
        return json_object(); /* an entry of a map whose value was not on the wire */
    if (fc_pbjson_is_timestamp(message->descriptor))
        return encode_timestamp(message);
    if (fc_pbjson_is_duration(message->descriptor))
        return encode_duration(message);
    return encode_fields(message, flags);
}

json_t *fc_pbjson_encode(const ProtobufCMessage *message, unsigned flags)
{
    return encode_message(message, flags);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/slim.h"

#include <stdlib.h>

#include "worker/tasks/wire.h"

#define NAMES_MAX 255
#define AS_IT_WAS 0
#define SLIM      1
/* Tags of OnlineRow.features, Feature.name and Feature.value. */
#define ROW_FEATURE   0x0a
#define FEATURE_NAME  0x0a
#define FEATURE_VALUE 0x12

struct fc_slim {
    fc_str names[NAMES_MAX]; /**< with tag and length before them */
    size_t count;
};

struct fc_slim *fc_slim_new(void)
{
    return calloc(1, sizeof(struct fc_slim));
}

void fc_slim_free(struct fc_slim *slim)
{
    for (size_t i = 0; slim && i < slim->count; i++)
        free((char *)(uintptr_t)slim->names[i].ptr);
    free(slim);
}

static bool get_varint(const uint8_t **at, const uint8_t *end, size_t *ret)
{
    size_t value = 0;

    for (unsigned shift = 0; *at < end && shift < 28; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (size_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = value;
            return true;
        }
    }
    return false;
}

/* Names come in the same order in each row: the one after the last is tried first. */
static bool index_of(struct fc_slim *slim, size_t guess, const uint8_t *name, size_t len,
                     size_t *ret)
{
    const fc_str wanted = {.ptr = (const char *)name, .len = len};
    size_t i = 0;

    if (guess < slim->count && fc_str_eq(slim->names[guess], wanted)) {
        *ret = guess;
        return true;
    }
    while (i < slim->count && !fc_str_eq(slim->names[i], wanted))
        i++;
    *ret = i;
    if (i < slim->count)
        return true;
    char *copy = i < NAMES_MAX ? malloc(len) : NULL;
    if (!copy)
        return false;
    memcpy(copy, name, len);
    slim->names[slim->count++] = (fc_str){.ptr = copy, .len = len};
    return true;
}

/* One feature: where its name with tag and length, and its value are. */
struct feature {
    const uint8_t *name, *value;
    size_t name_len, value_len;
};

static bool get_feature(const uint8_t **at, const uint8_t *end, struct feature *ret)
{
    size_t len = 0, name = 0;

    if (*at == end || *(*at)++ != ROW_FEATURE || !get_varint(at, end, &len) ||
        len > (size_t)(end - *at))
        return false;
    const uint8_t *stop = *at + len;
    ret->name = *at;
    if (len == 0 || *(*at)++ != FEATURE_NAME || !get_varint(at, stop, &name) ||
        name >= (size_t)(stop - *at))
        return false;
    *at += name;
    ret->name_len = (size_t)(*at - ret->name);
    if (*(*at)++ != FEATURE_VALUE || !get_varint(at, stop, &ret->value_len) ||
        ret->value_len != (size_t)(stop - *at))
        return false;
    ret->value = *at;
    *at = stop;
    return true;
}

static bool pack(struct fc_slim *slim, fc_str features, struct fc_buf *out)
{
    const uint8_t *at = (const uint8_t *)features.ptr, *end = at + features.len;
    uint8_t *to = (uint8_t *)out->ptr;
    size_t index = 0;
    struct feature one;

    *to++ = SLIM;
    /* What is written of a feature is never longer than what is read of it. */
    for (size_t guess = 0; at < end; guess = index + 1) {
        if (!get_feature(&at, end, &one) || !index_of(slim, guess, one.name, one.name_len, &index))
            return false;
        *to++ = (uint8_t)index;
        to = fc_varint_put(to, one.value_len);
        if (one.value_len > 0)
            memcpy(to, one.value, one.value_len);
        to += one.value_len;
    }
    out->len = (size_t)(to - (uint8_t *)out->ptr);
    return true;
}

void fc_slim_pack(struct fc_slim *slim, fc_str features, struct fc_buf *out)
{
    fc_buf_clear(out);
    if (!fc_buf_reserve(out, features.len + 1) || (features.len > 0 && pack(slim, features, out)))
        return;
    fc_buf_putc(out, AS_IT_WAS);
    fc_buf_append(out, features.ptr, features.len);
}

void fc_slim_unpack(const struct fc_slim *slim, fc_str packed, struct fc_buf *out)
{
    const uint8_t *at = (const uint8_t *)packed.ptr, *end = at + packed.len;

    fc_buf_clear(out);
    if (*at++ == AS_IT_WAS) {
        fc_buf_append(out, at, packed.len - 1);
        return;
    }
    while (at < end) {
        const fc_str *name = &slim->names[*at++];
        size_t len = 0;
        if (!get_varint(&at, end, &len))
            return;
        size_t body = name->len + 1 + fc_varint_size(len) + len;
        if (!fc_buf_reserve(out, 1 + fc_varint_size(body) + body))
            return;
        uint8_t *to = (uint8_t *)out->ptr + out->len;
        *to++ = ROW_FEATURE;
        to = fc_varint_put(to, body);
        memcpy(to, name->ptr, name->len);
        to += name->len;
        *to++ = FEATURE_VALUE;
        to = fc_varint_put(to, len);
        memcpy(to, at, len);
        at += len;
        out->len = (size_t)(to + len - (uint8_t *)out->ptr);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/online/redis_layout.h"

#include <string.h>

#include "base/murmur3.h"
#include "base/sys.h"
#include "feast/types/Value.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"

#define TAG_BYTES_1 0x0a
#define TAG_BYTES_2 0x12
/* Stands for a created time that is not there: it sorts below every other. */
#define NO_TIME INT64_MIN

static const char *const layouts[] = {
    [FC_REDIS_LAYOUT_A] = "a", [FC_REDIS_LAYOUT_B] = "b", [FC_REDIS_LAYOUT_C] = "c"};

bool fc_redis_layout_from_text(const char *text, enum fc_redis_layout *ret)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(layouts); i++) {
        if (strcmp(text, layouts[i]) == 0) {
            *ret = (enum fc_redis_layout)i;
            return true;
        }
    }
    return false;
}

const char *fc_redis_layout_text(enum fc_redis_layout layout)
{
    return layouts[layout];
}

bool fc_redis_layout_takes(enum fc_redis_layout layout, int32_t value_type)
{
    return layout == FC_REDIS_LAYOUT_A || value_type == FEAST__TYPES__VALUE_TYPE__ENUM__INT32 ||
           value_type == FEAST__TYPES__VALUE_TYPE__ENUM__INT64 ||
           value_type == FEAST__TYPES__VALUE_TYPE__ENUM__STRING;
}

/* ---- Names of fields ---- */

static fc_rc too_large(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                   "names of online fields do not fit the memory of their request");
}

static bool hashed(const char *prefix, const char *rest, struct fc_arena *arena, fc_str *ret)
{
    const char *text = fc_arena_printf(arena, "%s:%s", prefix, rest);
    uint8_t *field = fc_arena_alloc(arena, FC_REDIS_FIELD_SIZE);

    if (!text || !field)
        return false;
    uint32_t hash = fc_murmur3_32(text, strlen(text), 0);
    for (size_t i = 0; i < FC_REDIS_FIELD_SIZE; i++)
        field[i] = (uint8_t)(hash >> (8 * i));
    *ret = (fc_str){.ptr = (const char *)field, .len = FC_REDIS_FIELD_SIZE};
    return true;
}

static bool plain(const char *prefix, const char *table, struct fc_arena *arena, fc_str *ret)
{
    *ret = fc_str_from(fc_arena_printf(arena, "%s:%s", prefix, table));
    return ret->ptr != NULL;
}

fc_rc fc_redis_fields(enum fc_redis_layout layout, const char *table, struct fc_arena *arena,
                      struct fc_redis_fields *ret, struct fc_error *err)
{
    bool done = plain("_fc", table, arena, &ret->order);

    ret->expiry = layout == FC_REDIS_LAYOUT_B ? FC_STR("_ex") : FC_STR("");
    if (layout == FC_REDIS_LAYOUT_A) {
        done = done && plain("_ts", table, arena, &ret->time) &&
               plain("_ex", table, arena, &ret->expiry);
    } else {
        done = done && hashed("_ts", table, arena, &ret->time);
    }
    return done ? FC_OK : too_large(err);
}

fc_rc fc_redis_feature_field(const char *table, const char *feature, struct fc_arena *arena,
                             fc_str *ret, struct fc_error *err)
{
    return hashed(table, feature, arena, ret) ? FC_OK : too_large(err);
}

/* ---- Times ---- */

size_t fc_redis_time_encode(int64_t seconds, char at[FC_REDIS_TIME_MAX])
{
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

    time.seconds = seconds;
    return google__protobuf__timestamp__pack(&time, (uint8_t *)at);
}

bool fc_redis_time_decode(fc_str bytes, int64_t *ret_seconds)
{
    Google__Protobuf__Timestamp *time =
        google__protobuf__timestamp__unpack(NULL, bytes.len, (const uint8_t *)bytes.ptr);

    if (!time)
        return false;
    *ret_seconds = time->seconds;
    google__protobuf__timestamp__free_unpacked(time, NULL);
    return true;
}

/* Cut to what 64 bits hold; the lowest number is kept for "none". */
static int64_t nanoseconds(const struct fc_online_time *time)
{
    int64_t ns = 0;

    if (!time->set)
        return NO_TIME;
    if (__builtin_mul_overflow(time->seconds, FC_NS_PER_S, &ns) ||
        __builtin_add_overflow(ns, (int64_t)time->nanos, &ns) || ns == NO_TIME)
        return time->seconds < 0 ? NO_TIME + 1 : INT64_MAX;
    return ns;
}

static void put_big_endian(int64_t number, char *at)
{
    for (size_t i = 0; i < 8; i++)
        at[i] = (char)(uint8_t)((uint64_t)number >> (56 - 8 * i));
}

static int64_t big_endian(const char *at)
{
    uint64_t number = 0;

    for (size_t i = 0; i < 8; i++)
        number = number << 8 | (uint8_t)at[i];
    return (int64_t)number;
}

void fc_redis_order_encode(const struct fc_online_time *event, const struct fc_online_time *created,
                           char at[FC_REDIS_ORDER_SIZE])
{
    put_big_endian(nanoseconds(event), at);
    put_big_endian(nanoseconds(created), at + 8);
}

static struct fc_online_time time_of(int64_t ns)
{
    int64_t seconds = ns / FC_NS_PER_S, nanos = ns % FC_NS_PER_S;

    if (nanos < 0) {
        seconds--;
        nanos += FC_NS_PER_S;
    }
    return (struct fc_online_time){.seconds = seconds, .nanos = (int32_t)nanos, .set = true};
}

void fc_redis_order_decode(fc_str bytes, int64_t seconds, struct fc_online_time *ret_event,
                           struct fc_online_time *ret_created)
{
    *ret_event = (struct fc_online_time){.seconds = seconds, .set = true};
    *ret_created = (struct fc_online_time){.set = false};
    if (bytes.len != FC_REDIS_ORDER_SIZE)
        return;
    struct fc_online_time event = time_of(big_endian(bytes.ptr));
    int64_t created = big_endian(bytes.ptr + 8);
    if (event.seconds != seconds)
        return;
    *ret_event = event;
    if (created != NO_TIME)
        *ret_created = time_of(created);
}

/* ---- Rows ---- */

/* `tag`, a length, so many bytes. */
static bool take(fc_str *rest, uint8_t tag, fc_str *ret)
{
    size_t at = 1, length = 0;
    unsigned shift = 0;

    if (rest->len < 2 || (uint8_t)rest->ptr[0] != tag)
        return false;
    for (bool more = true; more; at++, shift += 7) {
        if (at >= rest->len || shift > 28)
            return false;
        length |= (size_t)((uint8_t)rest->ptr[at] & 0x7f) << shift;
        more = ((uint8_t)rest->ptr[at] & 0x80) != 0;
    }
    if (length > rest->len - at)
        return false;
    *ret = (fc_str){.ptr = rest->ptr + at, .len = length};
    *rest = (fc_str){.ptr = rest->ptr + at + length, .len = rest->len - at - length};
    return true;
}

bool fc_redis_next_feature(fc_str *rest, fc_str *ret_name, fc_str *ret_value, bool *ret_valid)
{
    fc_str feature;

    *ret_valid = true;
    if (rest->len == 0)
        return false;
    *ret_valid = take(rest, TAG_BYTES_1, &feature) && take(&feature, TAG_BYTES_1, ret_name) &&
                 take(&feature, TAG_BYTES_2, ret_value) && feature.len == 0;
    return *ret_valid;
}

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What an online store in Redis looks like, byte for byte. Pure. A key is a hash that all feature tables with the same
 * entities share:
 *
 *                     a (default)                         b                          c
 *     key             RedisKeyV2 (online/key.h)           md5 in 32 hex digits of    as b
 *                                                         "project#e1#e2:v1#v2"
 *     feature         murmur3("table:feature"), 4 octets, little endian    -> feast.types.Value
 *     time            "_ts:table"                         murmur3("_ts:table")       as b
 *                                                         -> google.protobuf.Timestamp, whole seconds
 *     expiry          "_ex:table", one a table            "_ex", one a key           none
 *     full order      "_fc:table" -> event, created time: nanoseconds since 1970, 8 octets each, big endian, signed
 *
 * The full order is ours: readers of the peers ask for named fields and do not see it. Times beyond its range (the
 * years 1677 to 2262) are cut to it; an event time that does not lie in the second that the time field has is not
 * used, since another writer came between.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "storage/online/sqlite.h"

enum fc_redis_layout { FC_REDIS_LAYOUT_A, FC_REDIS_LAYOUT_B, FC_REDIS_LAYOUT_C };

#define FC_REDIS_FIELD_SIZE 4
#define FC_REDIS_ORDER_SIZE 16
#define FC_REDIS_TIME_MAX   11
/** Layout a's "never": the end of the year 9999. */
#define FC_REDIS_NEVER INT64_C(253402300799)

/** "a", "b" or "c". */
bool fc_redis_layout_from_text(const char *text, enum fc_redis_layout *ret);
const char *fc_redis_layout_text(enum fc_redis_layout layout);

/** Names of the fields that a table has beside its features; `expiry` is empty when the layout has none. */
struct fc_redis_fields {
    fc_str time, order, expiry;
};
FC_MUST fc_rc fc_redis_fields(enum fc_redis_layout layout, const char *table,
                              struct fc_arena *arena, struct fc_redis_fields *ret,
                              struct fc_error *err);

/** Name of a feature's field. REQUEST_TOO_LARGE when the arena is exhausted. */
FC_MUST fc_rc fc_redis_feature_field(const char *table, const char *feature, struct fc_arena *arena,
                                     fc_str *ret, struct fc_error *err);

/** Whether keys of the layout can hold an entity of this feast.types.ValueType. */
bool fc_redis_layout_takes(enum fc_redis_layout layout, int32_t value_type);

/** The key in this layout of what fc_online_key_encode made; layout a: the same bytes, not copied. */
FC_MUST fc_rc fc_redis_key(enum fc_redis_layout layout, fc_str key, struct fc_arena *arena,
                           fc_str *ret, struct fc_error *err);

/** A Timestamp of whole seconds into `at`; returns its size, 0 for 1970-01-01T00:00:00Z. */
size_t fc_redis_time_encode(int64_t seconds, char at[FC_REDIS_TIME_MAX]);
/** False when these bytes are no Timestamp. */
bool fc_redis_time_decode(fc_str bytes, int64_t *ret_seconds);

void fc_redis_order_encode(const struct fc_online_time *event, const struct fc_online_time *created,
                           char at[FC_REDIS_ORDER_SIZE]);
/**
 * The full times of a row whose time field holds `seconds`; without a usable order (`bytes` may be empty) the event has
 * whole seconds and created is unset.
 */
void fc_redis_order_decode(fc_str bytes, int64_t seconds, struct fc_online_time *ret_event,
                           struct fc_online_time *ret_created);

/**
 * Takes the next feature off a feast.storage.OnlineRow in the form that ingestion writes: its name and its serialized
 * value. False at the end, and with `*ret_valid` false when these bytes are something else.
 */
bool fc_redis_next_feature(fc_str *rest, fc_str *ret_name, fc_str *ret_value, bool *ret_valid);

/* SPDX-License-Identifier: Apache-2.0 */
/** What encoder and decoder of protobuf JSON share; not for users of it. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#define FC_PBJSON_NAME_MAX 128

/* 0001-01-01T00:00:00Z and the first second after year 9999: what a Timestamp may hold. */
#define FC_PBJSON_TIME_MIN (INT64_C(-62135596800))
#define FC_PBJSON_TIME_END INT64_C(253402300800)
/* Seconds of a Duration on either side of 0. */
#define FC_PBJSON_DURATION_MAX INT64_C(315576000000)

/** `file_url` becomes `fileUrl`. */
void fc_pbjson_camel(const char *name, char out[FC_PBJSON_NAME_MAX]);

/**
 * protobuf-c has no mark for map fields. protoc writes `map<K, V> field_mapping` as a repeated message
 * `FieldMappingEntry`, nested in the parent, with the fields key = 1 and value = 2: that is what this looks for.
 */
bool fc_pbjson_is_map(const ProtobufCMessageDescriptor *parent,
                      const ProtobufCFieldDescriptor *field);

bool fc_pbjson_is_timestamp(const ProtobufCMessageDescriptor *type);
bool fc_pbjson_is_duration(const ProtobufCMessageDescriptor *type);

/** Bytes that an element of the field takes in memory. */
size_t fc_pbjson_element_size(ProtobufCType type);

/** A member of a message in memory, by the offset that its descriptor has. */
static inline void *fc_pbjson_member(void *message, unsigned offset)
{
    return (char *)message + offset;
}

static inline const void *fc_pbjson_const_member(const void *message, unsigned offset)
{
    return (const char *)message + offset;
}

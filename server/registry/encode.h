/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Encoded messages: made once when an object is stored, then only copied. A stored object is wrapped into a response
 * as one length-delimited field, so that Get and List never unpack it.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/** The message as bytes in the arena; false when that is exhausted. */
FC_MUST bool fc_encode(struct fc_arena *arena, const ProtobufCMessage *message, fc_str *ret);

/** One length-delimited field number 1 to 15 with these bytes, in the arena; false when that is exhausted. */
FC_MUST bool fc_encode_field(struct fc_arena *arena, unsigned field, fc_str bytes, fc_str *ret);

/** Appends such a field to a buffer. */
void fc_buf_append_field(struct fc_buf *buf, unsigned field, fc_str bytes);

/** feast.core.Entity of an encoded spec. Times in whole seconds. */
FC_MUST bool fc_encode_entity(struct fc_arena *arena, fc_str spec, int64_t created_s,
                              int64_t updated_s, fc_str *ret);

/** feast.core.FeatureTable of an encoded spec. */
struct fc_table_meta {
    int64_t created_s, updated_s, revision;
    const char *hash;
};
FC_MUST bool fc_encode_table(struct fc_arena *arena, fc_str spec, const struct fc_table_meta *meta,
                             fc_str *ret);

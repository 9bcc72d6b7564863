/* SPDX-License-Identifier: Apache-2.0 */
/** Scalars of protobuf JSON from the text of a document or of a command line. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/node.h"

enum fc_pbjson_result {
    FC_PBJSON_READ,
    FC_PBJSON_WRONG,   /**< not of the type, or out of its range */
    FC_PBJSON_HAS_NUL, /**< a string that protobuf-c would cut */
    FC_PBJSON_NO_MEMORY,
};

/** Any type but messages and enums; `at` has the element's size. Strings and bytes live in the arena. */
enum fc_pbjson_result fc_pbjson_read_scalar(ProtobufCType type, const struct fc_node *node,
                                            struct fc_arena *arena, void *at);

/** By name or number. */
bool fc_pbjson_read_enum(const ProtobufCEnumDescriptor *type, const struct fc_node *node, int *ret);

bool fc_pbjson_read_timestamp(const struct fc_node *node, int64_t *ret_seconds, int32_t *ret_nanos);
bool fc_pbjson_read_duration(const struct fc_node *node, int64_t *ret_seconds, int32_t *ret_nanos);

/** "a whole number from 0 to 4294967295", for messages. */
const char *fc_pbjson_wanted(ProtobufCType type);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The key of an online row: a serialized feast.storage.RedisKeyV2, as the peers' layout A has it.
 *
 *     1: project   2: entity names, ascending   3: their values, in the same order
 *
 * All names come before all values. The value's oneof member is part of the key: int32 5 and int64 5 are two keys.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "feast/types/Value.pb-c.h"

struct fc_online_entity {
    const char *name;
    const Feast__Types__Value *value;
};

/** Sorts `entities` in place by name. */
FC_MUST fc_rc fc_online_key_encode(const char *project, struct fc_online_entity *entities,
                                   size_t count, struct fc_arena *arena, fc_str *ret_key,
                                   struct fc_error *err);

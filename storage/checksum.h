/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The checksum of a stored row: xxHash64 over its columns one after the other, each seeded with the sum so far.
 *
 * SQLite checks the structure of its pages, not their content: a flipped byte in a spec would be served as if nothing
 * were wrong. The sum covers every column but the row id, so that a flipped name or number is found as well. The kind
 * of row is the first seed: bytes of one table never pass for those of another.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum fc_sum_kind {
    FC_SUM_PROJECT = 1,
    FC_SUM_ENTITY = 2,
    FC_SUM_TABLE = 3,
    FC_SUM_STORE = 4,
    FC_SUM_REVISION = 5,
    FC_SUM_REPORT = 6,
    FC_SUM_JOB = 7,
    FC_SUM_MIGRATION = 8,
    FC_SUM_ONLINE = 9,
    FC_SUM_RECHECK = 10,
    FC_SUM_STREAM_POSITION = 11,
    FC_SUM_STREAM_HALT = 12,
    FC_SUM_SCHEDULE = 13,
};

/** Numbers are summed in little-endian order: a database can move between machines. */
uint64_t fc_sum_numbers(uint64_t sum, const int64_t *numbers, size_t count);
uint64_t fc_sum_bytes(uint64_t sum, fc_str bytes);

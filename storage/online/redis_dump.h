/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The fields of a hash in the two forms in which they travel to a Redis. Pure.
 *
 *     dump   what RESTORE takes: 4 (a hash), the number of pairs, names and values each behind its length, the version
 *            of this form (6: servers since 2.6 read it), CRC-64 of all that. Redis makes a key of it as quickly as can
 *            be, if there is none yet.
 *     pack   MessagePack strings, one behind the other, which a script gets at with one call
 */
#pragma once

#include "base/str.h"

/** Begins a dump at the end of `out`; check `out->failed` once at the end. */
void fc_redis_dump_begin(struct fc_buf *out, size_t pairs);
void fc_redis_dump_add(struct fc_buf *out, fc_str word);
/** Ends the dump that begins at `at`. */
void fc_redis_dump_end(struct fc_buf *out, size_t at);

/** Appends the names and values of a whole dump as a pack; false when it is none. */
bool fc_redis_dump_to_pack(fc_str dump, struct fc_buf *out);

void fc_redis_pack_add(struct fc_buf *out, fc_str word);

/** CRC-64 as Redis has it (Jones, reflected, begins with 0); "123456789" is 0xe9c6d914c4b8d9ca. */
uint64_t fc_redis_crc64(fc_str bytes);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The fields of a hash in the forms in which they travel to a Redis. Pure.
 *
 *     dump   what RESTORE takes, which makes a key of it if there is none yet: a type, the hash, a version, CRC-64 of
 *            all that. The hash is either plain (type 4, version 6: servers since 2.6), the number of pairs, then names
 *            and values each behind its length, or compact (type 16, version 10: servers since 7.0), a listpack, which
 *            is how they keep a small hash in memory and costs them half.
 *     pack   MessagePack strings, one behind the other, which a script gets at with one call
 */
#pragma once

#include "base/str.h"

struct fc_redis_pair {
    fc_str name, value;
};

/** Appends a dump, compact if it may and the pairs are few and short; check `out->failed`. */
void fc_redis_dump(struct fc_buf *out, const struct fc_redis_pair *pairs, size_t count,
                   bool compact);

/** Appends the names and values of a whole dump as a pack; false when it is none. */
bool fc_redis_dump_to_pack(fc_str dump, struct fc_buf *out);

void fc_redis_pack_add(struct fc_buf *out, fc_str word);

/** CRC-64 as Redis has it (Jones, reflected, begins with 0); "123456789" is 0xe9c6d914c4b8d9ca. */
uint64_t fc_redis_crc64(fc_str bytes);

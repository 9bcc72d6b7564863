/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rows held in memory without the names of their features, which are the same in each of them: half the room, and so
 * twice the keys that are held before they are written.
 *
 *     wire   ( 0a <len> 0a <len> name 12 <len> value )      a feature (worker/tasks/wire.h)
 *     slim   01 ( <index of name> <len> value )             or 00 and the row as it was
 */
#pragma once

#include "base/attr.h"
#include "base/str.h"

struct fc_slim;

/** NULL when memory is out. */
struct fc_slim *fc_slim_new(void);
void fc_slim_free(struct fc_slim *slim);

/** Replaces what is in `out`; any bytes come back from fc_slim_unpack as they were. Check `out->failed`. */
void fc_slim_pack(struct fc_slim *slim, fc_str features, struct fc_buf *out);
/** The same way back. The bytes are those of fc_slim_pack of this `slim`. */
void fc_slim_unpack(const struct fc_slim *slim, fc_str packed, struct fc_buf *out);

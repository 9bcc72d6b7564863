/* SPDX-License-Identifier: Apache-2.0 */
/** Values of protobuf fields as cells. */
#pragma once

#include "base/arena.h"
#include "worker/formats/proto_set.h"
#include "worker/formats/proto_wire.h"

/** The wire type that one value of the field has. */
unsigned fc_proto_wire_of(const struct fc_proto_field *field);

/** Whether values of the field may come packed into one run of bytes. */
bool fc_proto_packable(const struct fc_proto_field *field);

/**
 * One value that is no message: numbers, truth values, text, bytes; enums as their name, or as their number in digits
 * where they have none, which counts in `*unnamed`. False when the bytes end before it.
 */
FC_MUST bool fc_proto_scalar(const struct fc_proto_field *field, struct fc_proto_wire *wire,
                             struct fc_arena *arena, uint64_t *unnamed, struct fc_cell *ret);

/** A Timestamp or a wrapper. False when the bytes are no such message. */
FC_MUST bool fc_proto_known(enum fc_column_kind kind, fc_str bytes, struct fc_cell *ret);

/** What an absent field has: its declared default, else zero, "" or the first name of an enum. */
void fc_proto_default(const struct fc_proto_field *field, struct fc_arena *arena,
                      struct fc_cell *ret);

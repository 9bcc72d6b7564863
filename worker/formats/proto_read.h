/* SPDX-License-Identifier: Apache-2.0 */
/** A protobuf message, walked on the wire by its descriptor: the whole of it, so that what is broken anywhere shows. */
#pragma once

#include "base/error.h"
#include "worker/formats/proto_plan.h"

/** Oddities of the messages read so far. */
struct fc_proto_oddities {
    uint64_t unnamed;  /**< numbers of enums without a name */
    uint64_t mistyped; /**< values in another wire type than the field's: read as unknown fields */
    const char *mistyped_name; /**< the first such field */
};

/**
 * `cells` are those of the plan. SOURCE_INVALID when the bytes are no message of the type: cut short, a tag that is none,
 * a required field that is missing, nested too deep.
 */
FC_MUST fc_rc fc_proto_read(struct fc_proto_plan *plan, fc_str bytes, struct fc_arena *arena,
                            struct fc_cell *cells, struct fc_proto_oddities *oddities,
                            struct fc_error *err);

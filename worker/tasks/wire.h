/* SPDX-License-Identifier: Apache-2.0 */
/**
 * feast.storage.OnlineRow, written without building it first: ingestion packs one for each row it keeps. The bytes
 * are those that protobuf-c would pack.
 *
 *     0a <len> ( 0a <len> name  12 <len> value )    once a feature
 */
#pragma once

#include "base/str.h"
#include "feast/types/Value.pb-c.h"

/** A feature's name as it stands in each row; made once. */
struct fc_wire_name {
    const char *name;
    size_t len;
};

/** Appends one feature; check `row->failed` once at the end. */
void fc_wire_feature(struct fc_buf *row, const struct fc_wire_name *name,
                     const Feast__Types__Value *value);

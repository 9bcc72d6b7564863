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

/** Bytes of the longest varint, of 64 bits. */
#define FC_VARINT_MAX 10

/* Inline: several of them stand in each row. */
static inline size_t fc_varint_size(uint64_t value)
{
    size_t size = 1;

    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

/** Writes it at `at`, which has room; returns what comes after it. */
static inline uint8_t *fc_varint_put(uint8_t *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

/** A feature's name as it stands in each row; made once. */
struct fc_wire_name {
    const char *name;
    size_t len;
};

/** Appends one feature; check `row->failed` once at the end. */
void fc_wire_feature(struct fc_buf *row, const struct fc_wire_name *name,
                     const Feast__Types__Value *value);

/* SPDX-License-Identifier: Apache-2.0 */
/** Messages as columns, and which values of a message are wanted, as a tree along its fields. */
#pragma once

#include "worker/formats/columns.h"
#include "worker/formats/proto_set.h"

/** Well-known messages that are one value: Timestamp and the wrappers. UNKNOWN for all others. */
enum fc_column_kind fc_proto_known_kind(const char *message_name);

/** A field as a column. `text` is NULL when the arena is exhausted. */
struct fc_column_type fc_proto_column_type(const struct fc_proto_field *field,
                                           struct fc_arena *arena);

/** Whether the field is a map: a repeated entry, by what protoc says of the entry. */
bool fc_proto_is_map(const struct fc_proto_field *field);

/** All columns of the message, bounded. */
void fc_proto_list(const struct fc_proto_message *message, struct fc_columns *columns);

/** The field that a path leads to, NULL when there is none. */
const struct fc_proto_field *fc_proto_find(const struct fc_proto_message *message,
                                           const char *path);

#define FC_PROTO_NO_SLOT SIZE_MAX

struct fc_proto_key {
    fc_str key;                 /**< as text */
    struct fc_proto_plan *plan; /**< of the entry, of which the value is wanted */
};

/** A field with what it has so far, while a message is read. */
struct fc_proto_plan {
    const struct fc_proto_field *field;     /**< NULL at the root */
    const struct fc_proto_message *message; /**< whose `fields` these are; NULL for a leaf */
    struct fc_proto_plan **fields; /**< by the index of the field; NULL for those not wanted */
    struct fc_proto_key *keys;     /**< of a map */
    size_t key_count;
    size_t slot; /**< of the cell; FC_PROTO_NO_SLOT */
    struct fc_column_type column;
    bool seen;
    uint32_t *oneofs; /**< of the message: the number that each has now, 0 for none */
    struct fc_cell *items;
    size_t item_count, item_capacity;
};

/** NULL when the arena is exhausted. */
struct fc_proto_plan *fc_proto_plan_new(struct fc_arena *arena,
                                        const struct fc_proto_message *message);

/** The node of the column `path`; NULL when there is no such column or the arena is exhausted. */
struct fc_proto_plan *fc_proto_plan_add(struct fc_arena *arena, struct fc_proto_plan *root,
                                        const char *path);

/** Forgets what the node and all below have seen. */
void fc_proto_plan_reset(struct fc_proto_plan *plan, struct fc_cell *cells);

/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files that read descriptor sets. */
#pragma once

#include "worker/formats/proto_set.h"

/** Pointers to files, messages or enums. */
struct fc_proto_list {
    void **items;
    size_t count, capacity;
};

struct fc_proto_set {
    struct fc_arena *arena;
    struct fc_proto_list files;
    struct fc_proto_list messages, enums; /**< by name, once linked */
};

const struct fc_proto_message *fc_proto_set_message(const struct fc_proto_set *set,
                                                    const char *name);
const struct fc_proto_enum *fc_proto_set_enum(const struct fc_proto_set *set, const char *name);

/** Reads its fields and looks their types up; false when the arena is exhausted. */
bool fc_proto_link_message(const struct fc_proto_set *set, struct fc_proto_message *message);

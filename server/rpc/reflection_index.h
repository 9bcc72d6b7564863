/* SPDX-License-Identifier: Apache-2.0 */
/** Which file of a FileDescriptorSet declares a name. Belongs to reflection.c; constant once made, any thread may read it. */
#pragma once

#include "base/error.h"
#include "base/str.h"

struct fc_reflection_file {
    char *name;      /**< path of the proto file */
    fc_str bytes;    /**< serialised FileDescriptorProto, in the set */
    unsigned *needs; /**< indices of the files it imports */
    size_t need_count;
};

struct fc_reflection_symbol {
    char *name; /**< full name without a leading dot */
    unsigned file;
};

struct fc_reflection_index {
    struct fc_reflection_file *files;
    size_t file_count;
    struct fc_reflection_symbol *symbols; /**< by name */
    size_t symbol_count, symbol_capacity;
};

/** `descriptor_set` must outlive the index. */
FC_MUST fc_rc fc_reflection_index_init(struct fc_reflection_index *index, fc_str descriptor_set,
                                       struct fc_error *err);
void fc_reflection_index_done(struct fc_reflection_index *index);

/** NULL when there is none. */
const struct fc_reflection_file *fc_reflection_file_named(const struct fc_reflection_index *index,
                                                          const char *name);
const struct fc_reflection_file *fc_reflection_file_of(const struct fc_reflection_index *index,
                                                       const char *symbol);

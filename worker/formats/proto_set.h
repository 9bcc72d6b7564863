/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The messages of descriptor sets, found by their protobuf name or by the name of the Java class that protoc would
 * generate.
 *
 * protobuf-c unpacks the descriptors and nothing else: messages are walked on the wire (proto_read.h), since its own
 * decoder knows neither groups nor map entries, and recurses without a bound.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "worker/contract/column.h"

typedef Google__Protobuf__FieldDescriptorProto__Type fc_proto_type;
#define FC_PROTO_TYPE(word) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##word

struct fc_proto_set;
struct fc_proto_message;

struct fc_proto_enum {
    const char *name; /**< full, without the leading dot */
    const Google__Protobuf__EnumDescriptorProto *from;
};

struct fc_proto_field {
    const char *name;
    uint32_t number;
    fc_proto_type type;
    bool repeated, required;
    bool presence;         /**< absent is told apart from zero */
    int32_t oneof;         /**< index, -1 for none; an `optional` of proto3 is in none */
    uint64_t needs;        /**< a bit of its own for the first 64 required fields, else 0 */
    const char *type_name; /**< of MESSAGE, GROUP and ENUM */
    const struct fc_proto_message *message; /**< NULL when the set lacks it */
    const struct fc_proto_enum *enumeration;
    const char *default_text; /**< as the descriptor has it, NULL for none */
};

struct fc_proto_message {
    const char *name; /**< full, without the leading dot */
    const char *path; /**< the same without the package */
    const struct fc_proto_file *file;
    const Google__Protobuf__DescriptorProto *from;
    struct fc_proto_field *fields; /**< by number */
    size_t field_count, oneof_count;
    uint64_t needs; /**< of all its fields */
    bool map_entry;
};

struct fc_proto_file {
    const Google__Protobuf__FileDescriptorProto *from;
    const char *java_prefix; /**< what stands before `path` in the name of a class, dots and all */
    bool proto3;
};

/** NULL when the arena is exhausted. The set, and all it gives out, lives in the arena. */
struct fc_proto_set *fc_proto_set_new(struct fc_arena *arena);

/** Adds a FileDescriptorSet; files that are there already are passed over. `what` names it in errors: SOURCE_INVALID. */
FC_MUST fc_rc fc_proto_set_add(struct fc_proto_set *set, fc_str bytes, const char *what,
                               struct fc_error *err);

/** Connects types with each other; nothing is added afterwards. */
FC_MUST fc_rc fc_proto_set_link(struct fc_proto_set *set, struct fc_error *err);

/** By Java name first, then by protobuf name; NULL when there is none. Nested classes are joined by `.` or `$`. */
const struct fc_proto_message *fc_proto_set_find(const struct fc_proto_set *set, const char *name);

/** The name that is nearest, for "did you mean"; NULL when none is near. */
const char *fc_proto_set_nearest(const struct fc_proto_set *set, const char *name,
                                 struct fc_arena *arena);

size_t fc_proto_set_count(const struct fc_proto_set *set);

/** By number; NULL when there is none. */
const struct fc_proto_field *fc_proto_field(const struct fc_proto_message *message,
                                            uint32_t number);

/** What stands before the name of a class of this file: package, and outer class unless each has a file of its own. */
const char *fc_proto_java_prefix(const Google__Protobuf__FileDescriptorProto *file,
                                 struct fc_arena *arena);

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "worker/formats/proto_plan.h"

static const struct {
    const char *word;
    enum fc_column_kind kind;
} TYPES[] = {
    [FC_PROTO_TYPE(DOUBLE)] = {"double", FC_COLUMN_FLOAT64},
    [FC_PROTO_TYPE(FLOAT)] = {"float", FC_COLUMN_FLOAT32},
    [FC_PROTO_TYPE(INT64)] = {"int64", FC_COLUMN_INT64},
    [FC_PROTO_TYPE(UINT64)] = {"uint64", FC_COLUMN_UINT64},
    [FC_PROTO_TYPE(INT32)] = {"int32", FC_COLUMN_INT32},
    [FC_PROTO_TYPE(FIXED64)] = {"fixed64", FC_COLUMN_UINT64},
    [FC_PROTO_TYPE(FIXED32)] = {"fixed32", FC_COLUMN_UINT32},
    [FC_PROTO_TYPE(BOOL)] = {"bool", FC_COLUMN_BOOL},
    [FC_PROTO_TYPE(STRING)] = {"string", FC_COLUMN_STRING},
    [FC_PROTO_TYPE(GROUP)] = {"group", FC_COLUMN_STRUCT},
    [FC_PROTO_TYPE(MESSAGE)] = {"message", FC_COLUMN_STRUCT},
    [FC_PROTO_TYPE(BYTES)] = {"bytes", FC_COLUMN_BINARY},
    [FC_PROTO_TYPE(UINT32)] = {"uint32", FC_COLUMN_UINT32},
    [FC_PROTO_TYPE(ENUM)] = {"enum", FC_COLUMN_STRING},
    [FC_PROTO_TYPE(SFIXED32)] = {"sfixed32", FC_COLUMN_INT32},
    [FC_PROTO_TYPE(SFIXED64)] = {"sfixed64", FC_COLUMN_INT64},
    [FC_PROTO_TYPE(SINT32)] = {"sint32", FC_COLUMN_INT32},
    [FC_PROTO_TYPE(SINT64)] = {"sint64", FC_COLUMN_INT64},
};

static const struct {
    const char *name;
    enum fc_column_kind kind;
} KNOWN[] = {
    {"Timestamp", FC_COLUMN_TIMESTAMP_UTC}, {"DoubleValue", FC_COLUMN_FLOAT64},
    {"FloatValue", FC_COLUMN_FLOAT32},      {"Int64Value", FC_COLUMN_INT64},
    {"UInt64Value", FC_COLUMN_UINT64},      {"Int32Value", FC_COLUMN_INT32},
    {"UInt32Value", FC_COLUMN_UINT32},      {"BoolValue", FC_COLUMN_BOOL},
    {"StringValue", FC_COLUMN_STRING},      {"BytesValue", FC_COLUMN_BINARY},
};

enum fc_column_kind fc_proto_known_kind(const char *message_name)
{
    static const char package[] = "google.protobuf.";

    if (strncmp(message_name, package, sizeof(package) - 1) != 0)
        return FC_COLUMN_UNKNOWN;
    for (size_t i = 0; i < FC_ARRAY_LEN(KNOWN); i++)
        if (strcmp(message_name + sizeof(package) - 1, KNOWN[i].name) == 0)
            return KNOWN[i].kind;
    return FC_COLUMN_UNKNOWN;
}

bool fc_proto_is_map(const struct fc_proto_field *field)
{
    return field->repeated && field->message && field->message->map_entry &&
           fc_proto_field(field->message, 1) && fc_proto_field(field->message, 2);
}

static bool is_named(const struct fc_proto_field *field)
{
    return field->type == FC_PROTO_TYPE(MESSAGE) || field->type == FC_PROTO_TYPE(GROUP) ||
           field->type == FC_PROTO_TYPE(ENUM);
}

/* Of one value. */
static enum fc_column_kind kind_of(const struct fc_proto_field *field)
{
    enum fc_column_kind known = FC_COLUMN_UNKNOWN;

    if ((size_t)field->type >= FC_ARRAY_LEN(TYPES) || !TYPES[field->type].word)
        return FC_COLUMN_UNKNOWN;
    if (field->type != FC_PROTO_TYPE(MESSAGE))
        return TYPES[field->type].kind;
    known = fc_proto_known_kind(field->type_name);
    /* A type that the set lacks is bytes of unknown meaning. */
    return known != FC_COLUMN_UNKNOWN ? known
           : field->message           ? FC_COLUMN_STRUCT
                                      : FC_COLUMN_UNKNOWN;
}

static const char *word_of(const struct fc_proto_field *field, struct fc_arena *arena)
{
    if ((size_t)field->type >= FC_ARRAY_LEN(TYPES) || !TYPES[field->type].word)
        return "an unknown type";
    if (!is_named(field))
        return TYPES[field->type].word;
    if (field->type == FC_PROTO_TYPE(MESSAGE) &&
        fc_proto_known_kind(field->type_name) != FC_COLUMN_UNKNOWN)
        return field->type_name;
    return fc_arena_printf(arena, "%s %s", TYPES[field->type].word, field->type_name);
}

struct fc_column_type fc_proto_column_type(const struct fc_proto_field *field,
                                           struct fc_arena *arena)
{
    struct fc_column_type ret = {.kind = kind_of(field)};

    if (fc_proto_is_map(field)) {
        const char *key = word_of(fc_proto_field(field->message, 1), arena);
        const char *value = word_of(fc_proto_field(field->message, 2), arena);
        ret.kind = FC_COLUMN_MAP;
        ret.text = key && value ? fc_arena_printf(arena, "map<%s, %s>", key, value) : NULL;
        return ret;
    }
    ret.text = word_of(field, arena);
    if (field->repeated) {
        ret.element = ret.kind;
        ret.kind = FC_COLUMN_LIST;
        ret.text = ret.text ? fc_arena_printf(arena, "repeated %s", ret.text) : NULL;
    }
    return ret;
}

/* A message within itself is a column, but its fields are not listed again. */
struct within {
    const struct within *outer;
    const struct fc_proto_message *message;
    unsigned depth;
};

static void list_message(const struct fc_proto_message *message, const char *prefix,
                         const struct within *outer, struct fc_columns *columns)
{
    const struct within here = {
        .outer = outer, .message = message, .depth = outer ? outer->depth + 1 : 0};

    for (const struct within *at = outer; at; at = at->outer)
        if (at->message == message)
            return;
    if (here.depth >= FC_COLUMNS_DEPTH)
        return;
    for (size_t i = 0; i < message->field_count && !columns->failed; i++) {
        const struct fc_proto_field *field = &message->fields[i];
        struct fc_column_type type = fc_proto_column_type(field, columns->arena);
        const char *name = fc_columns_name(columns->arena, prefix, field->name);
        if (columns->count >= FC_COLUMNS_MAX)
            return;
        fc_columns_add(columns, name, &type, false);
        if (type.kind == FC_COLUMN_STRUCT && field->message)
            list_message(field->message, name, &here, columns);
    }
}

void fc_proto_list(const struct fc_proto_message *message, struct fc_columns *columns)
{
    list_message(message, NULL, NULL, columns);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "worker/formats/proto_set_internal.h"

static int cmp_field(const void *a, const void *b)
{
    const struct fc_proto_field *x = a;
    const struct fc_proto_field *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

const struct fc_proto_field *fc_proto_field(const struct fc_proto_message *message, uint32_t number)
{
    const struct fc_proto_field key = {.number = number};

    /* Nearly all messages number their fields from 1 without a gap. */
    if (number > 0 && number <= message->field_count &&
        message->fields[number - 1].number == number)
        return &message->fields[number - 1];
    return message->field_count > 0 ? bsearch(&key, message->fields, message->field_count,
                                              sizeof *message->fields, cmp_field)
                                    : NULL;
}

static bool is_nested(fc_proto_type type)
{
    return type == FC_PROTO_TYPE(MESSAGE) || type == FC_PROTO_TYPE(GROUP);
}

static void link_field(const struct fc_proto_set *set, const struct fc_proto_message *message,
                       const Google__Protobuf__FieldDescriptorProto *from,
                       struct fc_proto_field *field)
{
    bool synthetic = from->has_proto3_optional && from->proto3_optional;
    bool in_oneof = from->has_oneof_index && from->oneof_index >= 0 &&
                    (size_t)from->oneof_index < message->oneof_count;
    const char *type_name = from->type_name ? from->type_name : "";

    *field = (struct fc_proto_field){
        .name = from->name ? from->name : "",
        .number = (uint32_t)from->number,
        .type = from->type,
        .type_name = *type_name == '.' ? type_name + 1 : type_name,
        .repeated = from->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED,
        .required = from->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED,
        .oneof = in_oneof && !synthetic ? from->oneof_index : -1,
        .default_text = from->default_value,
    };
    if (is_nested(field->type))
        field->message = fc_proto_set_message(set, field->type_name);
    else if (field->type == FC_PROTO_TYPE(ENUM))
        field->enumeration = fc_proto_set_enum(set, field->type_name);
    field->presence =
        !field->repeated && (!message->file->proto3 || in_oneof || is_nested(field->type));
}

bool fc_proto_link_message(const struct fc_proto_set *set, struct fc_proto_message *message)
{
    const Google__Protobuf__DescriptorProto *from = message->from;
    uint64_t bit = 1;

    message->oneof_count = from->n_oneof_decl;
    message->fields = fc_arena_calloc(set->arena, from->n_field + 1, sizeof *message->fields);
    if (!message->fields)
        return false;
    for (size_t i = 0; i < from->n_field; i++) {
        /* A number that no tag can have is in no message. */
        if (from->field[i]->number < 1)
            continue;
        struct fc_proto_field *field = &message->fields[message->field_count++];
        link_field(set, message, from->field[i], field);
        if (field->required) {
            field->needs = bit;
            bit <<= 1;
            message->needs |= field->needs;
        }
    }
    if (message->field_count > 0)
        qsort(message->fields, message->field_count, sizeof *message->fields, cmp_field);
    return true;
}

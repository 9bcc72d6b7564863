/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/pbjson_internal.h"

void fc_pbjson_camel(const char *name, char out[FC_PBJSON_NAME_MAX])
{
    size_t used = 0;
    bool upper = false;

    for (; *name && used + 1 < FC_PBJSON_NAME_MAX; name++) {
        if (*name == '_') {
            upper = true;
            continue;
        }
        out[used++] = upper ? (char)toupper((unsigned char)*name) : *name;
        upper = false;
    }
    out[used] = '\0';
}

bool fc_pbjson_is_map(const ProtobufCMessageDescriptor *parent,
                      const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    size_t parent_len = strlen(parent->name);
    char camel[FC_PBJSON_NAME_MAX];
    size_t camel_len;
    const char *rest;

    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
        return false;
    if (entry->n_fields != 2 || entry->fields[0].id != 1 || entry->fields[1].id != 2 ||
        strcmp(entry->fields[0].name, "key") != 0 || strcmp(entry->fields[1].name, "value") != 0)
        return false;
    fc_pbjson_camel(field->name, camel);
    camel[0] = (char)toupper((unsigned char)camel[0]);
    camel_len = strlen(camel);
    if (strncmp(entry->name, parent->name, parent_len) != 0 || entry->name[parent_len] != '.')
        return false;
    rest = entry->name + parent_len + 1;
    return strncmp(rest, camel, camel_len) == 0 && strcmp(rest + camel_len, "Entry") == 0;
}

bool fc_pbjson_is_timestamp(const ProtobufCMessageDescriptor *type)
{
    return strcmp(type->name, "google.protobuf.Timestamp") == 0;
}

bool fc_pbjson_is_duration(const ProtobufCMessageDescriptor *type)
{
    return strcmp(type->name, "google.protobuf.Duration") == 0;
}

size_t fc_pbjson_element_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return sizeof(int32_t);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(int64_t);
    case PROTOBUF_C_TYPE_FLOAT:
        return sizeof(float);
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(double);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return sizeof(ProtobufCMessage *);
}

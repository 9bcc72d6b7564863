/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/wire.h"

#include <stdbool.h>

struct clash {
    uint32_t field;
    const char *tags; /* first bytes of the message reading */
};

static const struct clash clashes[] = {
    [FC_WIRE_TABLE_9] = {9, "\x08\x10"},            /* seconds, nanos */
    [FC_WIRE_BIGQUERY_2] = {2, "\x08\x12\x18\x22"}, /* driver and executor: cores, memory */
    [FC_WIRE_FILE_3] = {3, "\x08\x12\x18\x22"},
};

/* protobuf-c keeps the length prefix with an unknown field. */
static fc_str without_prefix(const ProtobufCMessageUnknownField *field)
{
    size_t prefix = 0;

    while (prefix < field->len && (field->data[prefix] & 0x80) != 0)
        prefix++;
    prefix += prefix < field->len;
    return (fc_str){(const char *)field->data + prefix, field->len - prefix};
}

static bool begins_text(char c)
{
    return (unsigned char)c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
}

enum fc_wire_reading fc_wire_read(enum fc_wire_clash clash, const ProtobufCMessage *message,
                                  fc_str *ret_payload)
{
    const ProtobufCMessageUnknownField *found = NULL;

    for (unsigned i = 0; i < message->n_unknown_fields; i++)
        if (message->unknown_fields[i].tag == clashes[clash].field)
            found = &message->unknown_fields[i];
    if (!found)
        return FC_WIRE_ABSENT;
    if (found->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
        return FC_WIRE_UNCLEAR;
    fc_str payload = without_prefix(found);
    if (ret_payload)
        *ret_payload = payload;
    if (payload.len == 0 || (payload.ptr[0] != '\0' && strchr(clashes[clash].tags, payload.ptr[0])))
        return FC_WIRE_MESSAGE;
    return begins_text(payload.ptr[0]) ? FC_WIRE_TEXT : FC_WIRE_UNCLEAR;
}

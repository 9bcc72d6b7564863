/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults as protoc writes them into descriptors: numbers in digits, bytes with C's escapes. */
#include <stdlib.h>
#include <string.h>

#include "worker/formats/proto_value.h"

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* The byte of an escape whose backslash was passed; moves on. */
static char unescape_one(const char **at)
{
    static const char letters[] = "abfnrtv";
    static const char bytes[] = "\a\b\f\n\r\t\v";
    const char *letter = **at ? strchr(letters, **at) : NULL;
    int value = 0;

    if (letter) {
        (*at)++;
        return bytes[letter - letters];
    }
    if (**at == 'x') {
        (*at)++;
        for (int i = 0; i < 2 && hex_digit(**at) >= 0; i++)
            value = value * 16 + hex_digit(*(*at)++);
        return (char)value;
    }
    if (**at < '0' || **at > '7')
        return **at ? *(*at)++ : '\\';
    for (int i = 0; i < 3 && **at >= '0' && **at <= '7'; i++)
        value = value * 8 + (*(*at)++ - '0');
    return (char)value;
}

static fc_str unescape(const char *text, struct fc_arena *arena)
{
    char *out = fc_arena_alloc(arena, strlen(text) + 1);
    size_t count = 0;

    while (out && *text) {
        if (*text != '\\') {
            out[count++] = *text++;
            continue;
        }
        text++;
        out[count++] = unescape_one(&text);
    }
    return (fc_str){.ptr = out, .len = count};
}

static const char *zero_text(const struct fc_proto_field *field)
{
    const Google__Protobuf__EnumDescriptorProto *from =
        field->enumeration ? field->enumeration->from : NULL;

    if (field->type == FC_PROTO_TYPE(ENUM))
        return from && from->n_value > 0 && from->value[0]->name ? from->value[0]->name : "0";
    return "";
}

void fc_proto_default(const struct fc_proto_field *field, struct fc_arena *arena,
                      struct fc_cell *ret)
{
    const char *text = field->default_text ? field->default_text : zero_text(field);

    *ret = (struct fc_cell){.null = false};
    switch (field->type) {
    case FC_PROTO_TYPE(DOUBLE):
        ret->as.real = strtod(text, NULL);
        break;
    case FC_PROTO_TYPE(FLOAT):
        ret->as.real = (double)strtof(text, NULL);
        break;
    case FC_PROTO_TYPE(UINT64):
    case FC_PROTO_TYPE(FIXED64):
        ret->as.natural = strtoull(text, NULL, 10);
        break;
    case FC_PROTO_TYPE(BOOL):
        ret->as.boolean = strcmp(text, "true") == 0;
        break;
    case FC_PROTO_TYPE(STRING):
    case FC_PROTO_TYPE(ENUM):
        ret->as.bytes = fc_str_from(text);
        break;
    case FC_PROTO_TYPE(BYTES):
        ret->as.bytes = unescape(text, arena);
        break;
    case FC_PROTO_TYPE(MESSAGE):
    case FC_PROTO_TYPE(GROUP):
        ret->null = true;
        break;
    default:
        ret->as.integer = strtoll(text, NULL, 10);
        break;
    }
}

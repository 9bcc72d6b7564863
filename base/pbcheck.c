/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pbcheck.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/utf8.h"

#define DEFAULT_DEPTH    64
#define DEFAULT_ELEMENTS ((size_t)1000000)

enum wire {
    WIRE_VARINT = 0,
    WIRE_FIXED64 = 1,
    WIRE_LENGTH = 2,
    WIRE_GROUP = 3,
    WIRE_GROUP_END = 4,
    WIRE_FIXED32 = 5
};

struct check {
    unsigned max_depth;
    size_t elements_left;
    size_t max_elements;
    struct fc_error *err;
};

/* One message on the way from the root to the bytes being looked at; the chain makes the path of an error. */
struct level {
    const struct level *parent;
    const ProtobufCMessageDescriptor *type;
    const uint8_t *start, *at, *end;
    const uint8_t *tag_at; /* where the current field began */
    uint32_t number;       /* of the current field */
    enum wire wire;
    const ProtobufCFieldDescriptor *field; /* NULL while unknown */
    uint64_t seen;                         /* single messages so far, by place in the descriptor */
    unsigned depth;
};

/* Tags and lengths have 32 bits; protobuf-c reads no further, even if only zeros follow. */
#define VARINT32_BYTES 5
#define VARINT64_BYTES 10

/* False when it is cut short or longer than `max_bytes`. */
static bool read_varint(struct level *level, unsigned max_bytes, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 7 * max_bytes && level->at < level->end; shift += 7) {
        uint8_t byte = *level->at++;
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool read_tag(struct level *level)
{
    uint64_t tag;

    level->tag_at = level->at;
    level->field = NULL;
    if (!read_varint(level, VARINT32_BYTES, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
        return false;
    level->number = (uint32_t)(tag >> 3);
    level->wire = (enum wire)(tag & 7);
    return true;
}

/* Passes over the value of the current field; what a length-prefixed one holds is in `*ret_body`. */
static bool read_value(struct level *level, fc_str *ret_body)
{
    uint64_t value;
    size_t size;

    *ret_body = (fc_str){0};
    switch (level->wire) {
    case WIRE_VARINT:
        return read_varint(level, VARINT64_BYTES, &value);
    case WIRE_FIXED64:
        size = 8;
        break;
    case WIRE_FIXED32:
        size = 4;
        break;
    case WIRE_LENGTH:
        if (!read_varint(level, VARINT32_BYTES, &value) ||
            value > (uint64_t)(level->end - level->at))
            return false;
        size = (size_t)value;
        *ret_body = (fc_str){.ptr = (const char *)level->at, .len = size};
        break;
    case WIRE_GROUP:
    case WIRE_GROUP_END:
    default:
        return false;
    }
    if ((size_t)(level->end - level->at) < size)
        return false;
    level->at += size;
    return true;
}

/* The place of the current field among its like. Counted anew, since only errors need it. */
static size_t repeated_index(const struct level *level)
{
    struct level again = *level;
    size_t index = 0;
    fc_str body;

    again.at = level->start;
    while (again.at < level->tag_at && read_tag(&again) && read_value(&again, &body))
        if (again.number == level->number)
            index++;
    return index;
}

static void put_path(const struct level *level, struct fc_buf *out)
{
    if (level->parent)
        put_path(level->parent, out);
    if (out->len > 0)
        fc_buf_putc(out, '.');
    if (!level->field) {
        fc_buf_printf(out, "#%" PRIu32, level->number);
        return;
    }
    fc_buf_puts(out, level->field->name);
    if (level->field->label == PROTOBUF_C_LABEL_REPEATED)
        fc_buf_printf(out, "[%zu]", repeated_index(level));
}

static fc_rc refuse(const struct check *check, const struct level *level, enum fc_reason reason,
                    const char *what)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf path = FC_BUF_INIT;
    const struct level *root = level;

    while (root->parent)
        root = root->parent;
    put_path(level, &path);
    return fc_fail_field(check->err, reason, fc_buf_text(&path), "%s: field %s %s",
                         root->type->name, fc_buf_text(&path), what);
}

static fc_rc malformed(const struct check *check, const struct level *level, const char *what)
{
    return refuse(check, level, FC_REASON_MALFORMED_MESSAGE, what);
}

static fc_rc count(struct check *check, const struct level *level, size_t elements)
{
    char what[80];

    if (elements > check->elements_left) {
        snprintf(what, sizeof(what), "brings the message over %zu values, the limit",
                 check->max_elements);
        return refuse(check, level, FC_REASON_REQUEST_TOO_LARGE, what);
    }
    check->elements_left -= elements;
    return FC_OK;
}

static enum wire wire_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LENGTH;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return WIRE_VARINT;
    }
}

static fc_rc check_string(const struct check *check, const struct level *level, fc_str body)
{
    char what[64];
    size_t valid;

    if (body.len > 0 && memchr(body.ptr, 0, body.len))
        return malformed(check, level, "is a string that holds a NUL character");
    valid = fc_utf8_valid_prefix(body.ptr, body.len);
    if (valid == body.len)
        return FC_OK;
    snprintf(what, sizeof(what), "is a string that is not UTF-8 at byte %zu", valid);
    return malformed(check, level, what);
}

static fc_rc check_packed(struct check *check, const struct level *level, fc_str body)
{
    struct level inner = {.at = (const uint8_t *)body.ptr,
                          .end = (const uint8_t *)body.ptr + body.len};
    enum wire wire = wire_of(level->field->type);
    size_t elements = 0;
    uint64_t value;

    if (body.len == 0)
        return FC_OK;
    if (wire != WIRE_VARINT) {
        size_t size = wire == WIRE_FIXED64 ? 8 : 4;
        if (body.len % size != 0)
            return malformed(check, level, "is a packed list that is cut short");
        return count(check, level, body.len / size);
    }
    for (; inner.at < inner.end; elements++)
        if (!read_varint(&inner, VARINT64_BYTES, &value))
            return malformed(check, level, "is a packed list with a bad number");
    return count(check, level, elements);
}

/*
 * Readers shall merge a message that stands twice, but protobuf-c fails when neither has a member of a oneof set, and
 * each merge copies what came before. No writer does it, so that it is refused, with words.
 */
static bool stands_twice(struct level *level)
{
    ptrdiff_t place = level->field - level->type->fields;
    uint64_t bit;

    if (level->field->label == PROTOBUF_C_LABEL_REPEATED || place >= 64)
        return false;
    bit = UINT64_C(1) << place;
    if (level->seen & bit)
        return true;
    level->seen |= bit;
    return false;
}

static fc_rc check_message(struct check *check, struct level *level);

static fc_rc check_known(struct check *check, struct level *level, fc_str body)
{
    ProtobufCType type = level->field->type;
    struct level inner;

    if (level->wire != wire_of(type)) {
        if (level->wire == WIRE_LENGTH && level->field->label == PROTOBUF_C_LABEL_REPEATED)
            return check_packed(check, level, body);
        return malformed(check, level, "is not encoded as its type is");
    }
    if (type == PROTOBUF_C_TYPE_STRING)
        return check_string(check, level, body);
    if (type != PROTOBUF_C_TYPE_MESSAGE)
        return FC_OK;
    if (level->depth >= check->max_depth)
        return malformed(check, level, "is nested too deeply");
    if (stands_twice(level))
        return malformed(check, level, "stands twice");
    inner = (struct level){
        .parent = level,
        .type = level->field->descriptor,
        .start = (const uint8_t *)body.ptr,
        .at = (const uint8_t *)body.ptr,
        .end = (const uint8_t *)body.ptr + body.len,
        .depth = level->depth + 1,
    };
    return body.len > 0 ? check_message(check, &inner) : FC_OK;
}

/* The tag itself cannot be read, so the error names the message that holds it. */
static fc_rc bad_tag(const struct check *check, const struct level *level)
{
    if (level->parent)
        return malformed(check, level->parent, "holds a bad field tag");
    return fc_fail(check->err, FC_REASON_MALFORMED_MESSAGE, "%s: a bad field tag at byte %zu",
                   level->type->name, (size_t)(level->tag_at - level->start));
}

static fc_rc check_message(struct check *check, struct level *level)
{
    fc_str body;

    while (level->at < level->end) {
        fc_rc rc;

        if (!read_tag(level))
            return bad_tag(check, level);
        level->field = protobuf_c_message_descriptor_get_field(level->type, level->number);
        if (level->wire == WIRE_GROUP || level->wire == WIRE_GROUP_END)
            return malformed(check, level, "is a group, which is not supported");
        if (level->wire > WIRE_FIXED32)
            return malformed(check, level, "has a wire type that does not exist");
        if (!read_value(level, &body))
            return malformed(check, level, "is cut short");
        rc = count(check, level, 1);
        if (rc == FC_OK && level->field)
            rc = check_known(check, level, body);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

fc_rc fc_pb_check(const ProtobufCMessageDescriptor *type, fc_str bytes,
                  const struct fc_pb_limits *limits, struct fc_error *err)
{
    size_t elements = limits && limits->max_elements ? limits->max_elements : DEFAULT_ELEMENTS;
    struct check check = {
        .max_depth = limits && limits->max_depth ? limits->max_depth : DEFAULT_DEPTH,
        .elements_left = elements,
        .max_elements = elements,
        .err = err,
    };
    struct level root = {.type = type, .depth = 1};

    if (bytes.len == 0)
        return FC_OK;
    root.start = root.at = (const uint8_t *)bytes.ptr;
    root.end = root.start + bytes.len;
    return check_message(&check, &root);
}

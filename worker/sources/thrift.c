/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/thrift.h"

#define DEPTH_MAX 32

static uint64_t fail(struct fc_thrift *thrift)
{
    thrift->failed = true;
    thrift->at = thrift->end;
    return 0;
}

static size_t left(const struct fc_thrift *thrift)
{
    return (size_t)(thrift->end - thrift->at);
}

static unsigned byte(struct fc_thrift *thrift)
{
    return left(thrift) > 0 ? *thrift->at++ : (unsigned)fail(thrift);
}

static uint64_t varint(struct fc_thrift *thrift)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned next = byte(thrift);
        value |= (uint64_t)(next & 0x7f) << shift;
        if (!(next & 0x80))
            return value;
    }
    return fail(thrift);
}

int64_t fc_thrift_int(struct fc_thrift *thrift)
{
    uint64_t value = varint(thrift);

    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

fc_str fc_thrift_binary(struct fc_thrift *thrift)
{
    uint64_t len = varint(thrift);

    if (len > left(thrift)) {
        fail(thrift);
        return (fc_str){.len = 0};
    }
    fc_str text = {.ptr = (const char *)thrift->at, .len = (size_t)len};
    thrift->at += len;
    return text;
}

/* The id is often a small step from the one before, which fits the byte of the type. */
bool fc_thrift_next(struct fc_thrift *thrift, struct fc_thrift_field *field)
{
    unsigned head = byte(thrift);

    if (thrift->failed || (head & 15) == FC_THRIFT_STOP)
        return false;
    field->type = (enum fc_thrift_type)(head & 15);
    if (head >> 4)
        field->id += (int32_t)(head >> 4);
    else
        field->id = (int16_t)fc_thrift_int(thrift);
    return !thrift->failed;
}

size_t fc_thrift_list(struct fc_thrift *thrift, enum fc_thrift_type *ret_type)
{
    unsigned head = byte(thrift);
    uint64_t count = head >> 4;

    *ret_type = (enum fc_thrift_type)(head & 15);
    if (count == 15)
        count = varint(thrift);
    /* Each element takes a byte at least: a count cannot promise more than is there. */
    return count <= left(thrift) ? (size_t)count : (size_t)fail(thrift);
}

static void skip_struct(struct fc_thrift *thrift)
{
    struct fc_thrift_field field = {.id = 0};

    while (fc_thrift_next(thrift, &field))
        fc_thrift_skip(thrift, field.type);
}

static void skip_list(struct fc_thrift *thrift)
{
    enum fc_thrift_type type = FC_THRIFT_STOP;
    size_t count = fc_thrift_list(thrift, &type);

    for (size_t i = 0; i < count && !thrift->failed; i++)
        if (type == FC_THRIFT_TRUE || type == FC_THRIFT_FALSE)
            (void)byte(thrift); /* within a list a boolean has a byte of its own */
        else
            fc_thrift_skip(thrift, type);
}

static void skip_map(struct fc_thrift *thrift)
{
    uint64_t count = varint(thrift);
    unsigned types = count > 0 ? byte(thrift) : 0;

    for (uint64_t i = 0; i < count && !thrift->failed; i++) {
        fc_thrift_skip(thrift, (enum fc_thrift_type)(types >> 4));
        fc_thrift_skip(thrift, (enum fc_thrift_type)(types & 15));
        if (left(thrift) == 0 && i + 1 < count)
            fail(thrift);
    }
}

void fc_thrift_skip(struct fc_thrift *thrift, enum fc_thrift_type type)
{
    if (++thrift->depth > DEPTH_MAX)
        fail(thrift);
    switch (thrift->failed ? FC_THRIFT_TRUE : type) {
    case FC_THRIFT_TRUE:
    case FC_THRIFT_FALSE:
        break;
    case FC_THRIFT_BYTE:
        (void)byte(thrift);
        break;
    case FC_THRIFT_I16:
    case FC_THRIFT_I32:
    case FC_THRIFT_I64:
        (void)varint(thrift);
        break;
    case FC_THRIFT_DOUBLE:
        thrift->at += left(thrift) >= 8 ? 8 : fail(thrift);
        break;
    case FC_THRIFT_BINARY:
        (void)fc_thrift_binary(thrift);
        break;
    case FC_THRIFT_LIST:
    case FC_THRIFT_SET:
        skip_list(thrift);
        break;
    case FC_THRIFT_MAP:
        skip_map(thrift);
        break;
    case FC_THRIFT_STRUCT:
        skip_struct(thrift);
        break;
    default:
        fail(thrift);
        break;
    }
    thrift->depth--;
}

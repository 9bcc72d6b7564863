/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/encode.h"

#include "feast/core/Entity.pb-c.h"
#include "feast/core/FeatureTable.pb-c.h"

#define VARINT_MAX    10
#define WIRE_TYPE_LEN 2u

bool fc_encode(struct fc_arena *arena, const ProtobufCMessage *message, fc_str *ret)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = fc_arena_alloc(arena, size);

    if (!bytes)
        return false;
    *ret = (fc_str){(const char *)bytes, protobuf_c_message_pack(message, bytes)};
    return true;
}

/* Tag and length before the payload of a field. */
static size_t put_header(uint8_t *out, unsigned field, size_t len)
{
    size_t used = 0;

    out[used++] = (uint8_t)(field << 3 | WIRE_TYPE_LEN);
    while (len >= 0x80) {
        out[used++] = (uint8_t)(len | 0x80);
        len >>= 7;
    }
    out[used++] = (uint8_t)len;
    return used;
}

bool fc_encode_field(struct fc_arena *arena, unsigned field, fc_str bytes, fc_str *ret)
{
    uint8_t header[1 + VARINT_MAX];
    size_t used = put_header(header, field, bytes.len);
    char *out = fc_arena_alloc(arena, used + bytes.len);

    if (!out)
        return false;
    memcpy(out, header, used);
    if (bytes.len > 0)
        memcpy(out + used, bytes.ptr, bytes.len);
    *ret = (fc_str){out, used + bytes.len};
    return true;
}

void fc_buf_append_field(struct fc_buf *buf, unsigned field, fc_str bytes)
{
    uint8_t header[1 + VARINT_MAX];

    fc_buf_append(buf, header, put_header(header, field, bytes.len));
    fc_buf_append(buf, bytes.ptr, bytes.len);
}

/* {1: spec, 2: meta}, the shape of both objects. */
static bool encode_object(struct fc_arena *arena, fc_str spec, const ProtobufCMessage *meta,
                          fc_str *ret)
{
    uint8_t header[2 * (1 + VARINT_MAX)];
    size_t meta_size = protobuf_c_message_get_packed_size(meta);
    size_t first = put_header(header, 1, spec.len);
    size_t second = put_header(header + first, 2, meta_size);
    char *out = fc_arena_alloc(arena, first + spec.len + second + meta_size);

    if (!out)
        return false;
    char *at = out;
    memcpy(at, header, first);
    at += first;
    if (spec.len > 0)
        memcpy(at, spec.ptr, spec.len);
    at += spec.len;
    memcpy(at, header + first, second);
    at += second;
    at += protobuf_c_message_pack(meta, (uint8_t *)at);
    *ret = (fc_str){out, (size_t)(at - out)};
    return true;
}

bool fc_encode_entity(struct fc_arena *arena, fc_str spec, int64_t created_s, int64_t updated_s,
                      fc_str *ret)
{
    Google__Protobuf__Timestamp created = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Google__Protobuf__Timestamp updated = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Feast__Core__EntityMeta meta = FEAST__CORE__ENTITY_META__INIT;

    created.seconds = created_s;
    updated.seconds = updated_s;
    meta.created_timestamp = &created;
    meta.last_updated_timestamp = &updated;
    return encode_object(arena, spec, &meta.base, ret);
}

bool fc_encode_table(struct fc_arena *arena, fc_str spec, const struct fc_table_meta *from,
                     fc_str *ret)
{
    Google__Protobuf__Timestamp created = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Google__Protobuf__Timestamp updated = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Feast__Core__FeatureTableMeta meta = FEAST__CORE__FEATURE_TABLE_META__INIT;

    created.seconds = from->created_s;
    updated.seconds = from->updated_s;
    meta.created_timestamp = &created;
    meta.last_updated_timestamp = &updated;
    meta.revision = from->revision;
    meta.hash = (char *)from->hash;
    return encode_object(arena, spec, &meta.base, ret);
}

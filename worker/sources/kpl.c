/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/kpl.h"

#include <openssl/evp.h>

#include "worker/formats/proto_wire.h"

#define DIGEST_SIZE 16
#define KEYS_MAX    4096

static const unsigned char MARK[] = {0xf3, 0x89, 0x9a, 0xc2};

/* AggregatedRecord, and its Record. */
enum { KEY_TABLE = 1, RECORDS = 3 };
enum { KEY_INDEX = 1, DATA = 3 };

/* The message between mark and digest. */
static fc_str inside(fc_str bytes)
{
    return (fc_str){.ptr = bytes.ptr + sizeof(MARK), .len = bytes.len - sizeof(MARK) - DIGEST_SIZE};
}

bool fc_kpl_is(fc_str bytes)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (bytes.len <= sizeof(MARK) + DIGEST_SIZE || memcmp(bytes.ptr, MARK, sizeof(MARK)) != 0)
        return false;
    fc_str message = inside(bytes);
    return EVP_Digest(message.ptr, message.len, digest, &size, EVP_md5(), NULL) == 1 &&
           size == DIGEST_SIZE && memcmp(digest, message.ptr + message.len, DIGEST_SIZE) == 0;
}

/* One field; `*ret` is empty for a number, which is in `*ret_value`. False at the end, or when it is none. */
static bool next(struct fc_proto_wire *wire, uint32_t *ret_number, fc_str *ret, uint64_t *ret_value,
                 bool *ret_broken)
{
    unsigned type = 0;
    bool read = false;

    *ret_broken = false;
    if (wire->at == wire->end)
        return false;
    *ret = (fc_str){.ptr = "", .len = 0};
    *ret_value = 0;
    if (fc_proto_tag(wire, ret_number, &type)) {
        if (type == FC_WIRE_BYTES)
            read = fc_proto_bytes(wire, ret);
        else if (type == FC_WIRE_VARINT)
            read = fc_proto_varint(wire, ret_value);
        else
            read = fc_proto_skip(wire, *ret_number, type, 0);
    }
    *ret_broken = !read;
    return read;
}

/* The keys that records refer to by number. Those beyond what is kept read as empty. */
static size_t read_keys(fc_str message, fc_str *keys)
{
    struct fc_proto_wire wire = fc_proto_wire(message);
    uint32_t number = 0;
    uint64_t value = 0;
    fc_str text;
    bool broken = false;
    size_t count = 0;

    while (next(&wire, &number, &text, &value, &broken))
        if (number == KEY_TABLE && count < KEYS_MAX)
            keys[count++] = text;
    return count;
}

static bool read_record(fc_str record, const fc_str *keys, size_t key_count, fc_str *ret_key,
                        fc_str *ret_data)
{
    struct fc_proto_wire wire = fc_proto_wire(record);
    uint32_t number = 0;
    uint64_t value = 0;
    fc_str text;
    bool broken = false;

    *ret_key = *ret_data = (fc_str){.ptr = "", .len = 0};
    while (next(&wire, &number, &text, &value, &broken))
        if (number == KEY_INDEX && value < key_count)
            *ret_key = keys[value];
        else if (number == DATA)
            *ret_data = text;
    return !broken;
}

fc_rc fc_kpl_read(fc_str bytes, fc_kpl_fn fn, void *ctx, struct fc_error *err)
{
    fc_str keys[KEYS_MAX];
    fc_str message = inside(bytes);
    size_t key_count = read_keys(message, keys);
    struct fc_proto_wire wire = fc_proto_wire(message);
    uint32_t number = 0;
    uint64_t value = 0;
    fc_str record, key, data;
    bool broken = false;

    while (next(&wire, &number, &record, &value, &broken)) {
        if (number != RECORDS)
            continue;
        broken = !read_record(record, keys, key_count, &key, &data);
        if (broken)
            break;
        fc_rc rc = fn(ctx, key, data, err);
        if (rc != FC_OK)
            return rc;
    }
    return broken ? fc_fail(err, FC_REASON_SOURCE_INVALID,
                            "a record of the Kinesis Producer Library is damaged")
                  : FC_OK;
}

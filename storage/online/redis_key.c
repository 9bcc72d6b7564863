/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of layouts b and c: a digest of the names and values as text. */
#include <inttypes.h>
#include <openssl/evp.h>

#include "feast/storage/Redis.pb-c.h"
#include "storage/online/redis_layout.h"

#define MD5_SIZE 16

static fc_rc add_value(const Feast__Types__Value *value, const char *name, struct fc_buf *text,
                       struct fc_error *err)
{
    switch (value->val_case) {
    case FEAST__TYPES__VALUE__VAL_INT32_VAL:
        fc_buf_printf(text, "%" PRId32, value->int32_val);
        return FC_OK;
    case FEAST__TYPES__VALUE__VAL_INT64_VAL:
        fc_buf_printf(text, "%" PRId64, value->int64_val);
        return FC_OK;
    case FEAST__TYPES__VALUE__VAL_STRING_VAL:
        fc_buf_puts(text, value->string_val);
        return FC_OK;
    default:
        return fc_fail(err, FC_REASON_FIELD_INVALID,
                       "entity %s: keys of layouts b and c hold INT32, INT64 and STRING alone",
                       name);
    }
}

static fc_rc add_all(const Feast__Storage__RedisKeyV2 *key, struct fc_buf *text,
                     struct fc_error *err)
{
    fc_buf_puts(text, key->project);
    for (size_t i = 0; i < key->n_entity_names; i++)
        fc_buf_printf(text, "#%s", key->entity_names[i]);
    for (size_t i = 0; i < key->n_entity_values; i++) {
        fc_buf_putc(text, i == 0 ? ':' : '#');
        fc_rc rc = add_value(key->entity_values[i], key->entity_names[i], text, err);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

static fc_rc digest(const struct fc_buf *text, struct fc_arena *arena, fc_str *ret,
                    struct fc_error *err)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char *made = fc_arena_alloc(arena, (size_t)2 * MD5_SIZE);

    if (!made || text->failed) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "an online key does not fit the memory of its request");
    }
    if (EVP_Digest(fc_buf_text(text), text->len, sum, &size, EVP_md5(), NULL) != 1 ||
        size != MD5_SIZE) {
        return fc_fail(err, FC_REASON_FIELD_INVALID,
                       "OpenSSL on this machine has no MD5, which keys of layouts b and c need");
    }
    for (size_t i = 0; i < MD5_SIZE; i++) {
        made[2 * i] = hex[sum[i] >> 4];
        made[2 * i + 1] = hex[sum[i] & 15];
    }
    *ret = (fc_str){.ptr = made, .len = (size_t)2 * MD5_SIZE};
    return FC_OK;
}

fc_rc fc_redis_key(enum fc_redis_layout layout, fc_str key, struct fc_arena *arena, fc_str *ret,
                   struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;

    if (layout == FC_REDIS_LAYOUT_A) {
        *ret = key;
        return FC_OK;
    }
    Feast__Storage__RedisKeyV2 *parts = feast__storage__redis_key_v2__unpack(
        fc_arena_allocator(arena), key.len, (const uint8_t *)key.ptr);
    if (!parts || parts->n_entity_names != parts->n_entity_values)
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE, "an online key cannot be read");
    fc_rc rc = add_all(parts, &text, err);
    return rc == FC_OK ? digest(&text, arena, ret, err) : rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <openssl/evp.h>
#include <string.h>

#include "worker/sources/kinesis.h"

/* False when the text is no base64. */
static bool decode(struct fc_arena *arena, const char *text, fc_str *ret)
{
    size_t length = strlen(text);
    unsigned char *bytes = fc_arena_alloc(arena, length / 4 * 3 + 1);

    *ret = (fc_str){.ptr = "", .len = 0};
    if (!bytes || length % 4 != 0 || length > INT32_MAX)
        return false;
    int size = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length);
    if (size < 0)
        return false;
    /* Padding is decoded as zeros. */
    for (size_t i = length; i > 0 && i + 2 > length && text[i - 1] == '='; i--)
        size--;
    *ret = (fc_str){.ptr = (const char *)bytes, .len = (size_t)size};
    return true;
}

fc_rc fc_kinesis_record(const struct fc_broker *self, const char *shard, const json_t *record,
                        struct fc_arena *arena, struct fc_message *ret, struct fc_error *err)
{
    const char *data = json_string_value(json_object_get(record, "Data"));
    const char *key = json_string_value(json_object_get(record, "PartitionKey"));
    const char *sequence = json_string_value(json_object_get(record, "SequenceNumber"));
    double time = json_number_value(json_object_get(record, "ApproximateArrivalTimestamp"));

    *ret = (struct fc_message){
        .key = fc_str_from(key),
        .partition = shard,
        .offset = sequence ? sequence : "",
        .time_ms = time > 0 && time < 1e12 ? llround(time * 1000) : -1,
    };
    if (!data || !decode(arena, data, &ret->value))
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: a record of %s is no base64",
                       fc_kinesis_name(self), shard);
    return FC_OK;
}

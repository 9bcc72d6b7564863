/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: what a Redis may send, one answer after the other. An answer that is an array is taken as that to CLUSTER
 * SLOTS, an error as a redirection, and all strings as stored times, orders, rows and dumps. Whatever they say, a slot
 * is with a node that is known, and times that are understood survive being written again. Arrays of millions, which
 * the library beneath makes room for before it has read them, are left out.
 */
#include "tests/fuzz/fuzz.h"

#include "storage/online/redis_dump.h"
#include "storage/online/redis_layout.h"
#include "storage/redis/internal.h"

enum { STREAM_MAX = 32 << 10, DIGITS_MAX = 5 };

static const struct fc_redis_node_name name = {.host = "h", .port = FC_REDIS_PORT};
static const struct fc_redis_config config = {
    .url = "redis+cluster://h", .nodes = &name, .node_count = 1, .cluster = true};

static bool has_large_arrays(fc_str stream)
{
    size_t digits = 0;
    bool array = false;

    for (size_t i = 0; i < stream.len; i++) {
        char c = stream.ptr[i];
        array = c == '*' || (array && c != '\r' && c != '\n');
        digits = array && c != '*' ? digits + 1 : 0;
        if (digits > DIGITS_MAX)
            return true;
    }
    return false;
}

static void check_slots(const struct fc_redis_client *client)
{
    for (size_t i = 0; client->slots && i < FC_REDIS_SLOTS; i++)
        FUZZ_CHECK(client->slots[i] <= client->node_count, "slot %zu is with nobody", i);
}

static void take_time(fc_str bytes)
{
    char text[FC_REDIS_TIME_MAX];
    int64_t seconds = 0, again = 0;
    struct fc_online_time event, created;

    if (fc_redis_time_decode(bytes, &seconds)) {
        size_t len = fc_redis_time_encode(seconds, text);
        FUZZ_CHECK(fc_redis_time_decode((fc_str){.ptr = text, .len = len}, &again) &&
                       again == seconds,
                   "a time changes");
    }
    fc_redis_order_decode(bytes, seconds, &event, &created);
    FUZZ_CHECK(event.set && event.seconds == seconds, "an order moves its event");
}

static void take_string(fc_str bytes)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf pack = FC_BUF_INIT;
    fc_str rest = bytes, feature, value;
    bool valid = true;

    take_time(bytes);
    (void)fc_redis_dump_to_pack(bytes, &pack);
    while (fc_redis_next_feature(&rest, &feature, &value, &valid))
        FUZZ_CHECK(feature.len + value.len < bytes.len, "a feature is longer than its row");
}

static void take_reply(struct fc_redis_client *client, const redisReply *reply)
{
    struct fc_error err = FC_ERROR_INIT;
    const struct fc_redis_node *asked = client->nodes[0];
    uint16_t slot = 0;
    size_t node = 0;

    if (reply->type == REDIS_REPLY_STRING) {
        take_string((fc_str){.ptr = reply->str, .len = reply->len});
    } else if (reply->type == REDIS_REPLY_ARRAY) {
        FUZZ_CHECK(fc_redis_slots_take(client, asked, reply, &err) == FC_OK ||
                       err.message[0] != '\0',
                   "a refusal without words");
        check_slots(client);
        for (size_t i = 0; i < reply->elements; i++)
            take_reply(client, reply->element[i]);
    } else if (reply->type == REDIS_REPLY_ERROR &&
               fc_redis_redirection(client, asked, reply->str, &slot, &node)) {
        FUZZ_CHECK(slot < FC_REDIS_SLOTS && node < client->node_count, "nowhere to go");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fc_str stream = {.ptr = (const char *)data, .len = size < STREAM_MAX ? size : STREAM_MAX};
    FC_CLEANUP(fc_redis_client_freep) struct fc_redis_client *client = NULL;
    struct fc_error err = FC_ERROR_INIT;
    void *reply = NULL;

    take_string(stream);
    if (has_large_arrays(stream))
        return 0;
    FUZZ_CHECK(fc_redis_client_new(&config, &client, &err) == FC_OK, "%s", err.message);
    redisReader *reader = redisReaderCreate();
    FUZZ_CHECK(reader != NULL, "no memory");
    FUZZ_CHECK(redisReaderFeed(reader, stream.ptr, stream.len) == REDIS_OK, "no memory");
    while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply) {
        take_reply(client, reply);
        freeReplyObject(reply);
    }
    redisReaderFree(reader);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The layouts of Redis byte by byte, the URL of a Redis, slots of a cluster, commands on the wire. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "feast/storage/OnlineRow.pb-c.h"
#include "storage/online/key.h"
#include "storage/online/redis_dump.h"
#include "storage/online/redis_layout.h"
#include "storage/redis/config.h"
#include "storage/redis/slot.h"
#include "storage/redis/wire.h"

#define TABLE "driver_statistics"

struct fixture {
    struct fc_arena *arena;
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    fixture->arena = fc_arena_new(1 << 20);
    *state = fixture;
    return fixture->arena ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    fc_arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static void assert_ok(struct fixture *fixture, fc_rc rc)
{
    if (rc != FC_OK)
        fail_msg("%s: %s", fc_rc_name(rc), fixture->err.message);
}

static void assert_hex(fc_str bytes, const char *hex)
{
    char text[256] = "";

    assert_true(bytes.len * 2 < sizeof text);
    for (size_t i = 0; i < bytes.len; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", (uint8_t)bytes.ptr[i]);
    assert_string_equal(text, hex);
}

static void assert_text(fc_str bytes, const char *text)
{
    assert_int_equal(bytes.len, strlen(text));
    assert_memory_equal(bytes.ptr, text, bytes.len);
}

static Feast__Types__Value int64_value(int64_t number)
{
    Feast__Types__Value value = FEAST__TYPES__VALUE__INIT;
    value.val_case = FEAST__TYPES__VALUE__VAL_INT64_VAL;
    value.int64_val = number;
    return value;
}

static Feast__Types__Value string_value(char *text)
{
    Feast__Types__Value value = FEAST__TYPES__VALUE__INIT;
    value.val_case = FEAST__TYPES__VALUE__VAL_STRING_VAL;
    value.string_val = text;
    return value;
}

/* ---- Keys ---- */

static fc_str key_of(struct fixture *fixture, enum fc_redis_layout layout,
                     struct fc_online_entity *entities, size_t count)
{
    fc_str key, made = FC_STR("");

    assert_ok(fixture, fc_online_key_encode("default", entities, count, fixture->arena, &key,
                                            &fixture->err));
    assert_ok(fixture, fc_redis_key(layout, key, fixture->arena, &made, &fixture->err));
    return made;
}

static void keys(void **state)
{
    char sin[] = "SIN", aaa[] = "aaa";
    Feast__Types__Value driver = int64_value(1001), city = string_value(sin),
                        customer = string_value(aaa);
    struct fc_online_entity one[] = {{"driver_id", &driver}};
    struct fc_online_entity two[] = {{"driver_id", &driver}, {"city", &city}};
    struct fc_online_entity text[] = {{"customer", &customer}};

    assert_hex(key_of(*state, FC_REDIS_LAYOUT_A, one, 1),
               "0a0764656661756c7412096472697665725f69641a0320e907");
    assert_hex(key_of(*state, FC_REDIS_LAYOUT_A, two, 2), "0a0764656661756c74"
                                                          "120463697479"
                                                          "12096472697665725f6964"
                                                          "1a05120353494e"
                                                          "1a0320e907");
    assert_text(key_of(*state, FC_REDIS_LAYOUT_B, one, 1), "6ce7c607d42dc6403a957eadb4428cec");
    assert_text(key_of(*state, FC_REDIS_LAYOUT_B, two, 2), "e08a9caeec9a7cddc5d62d5b5a3e33cf");
    assert_text(key_of(*state, FC_REDIS_LAYOUT_C, text, 1), "dd05d5248e20d4b0a681904a06bdc697");
}

static void keys_of_digests_take_three_types(void **state)
{
    struct fixture *fixture = *state;
    Feast__Types__Value yes = FEAST__TYPES__VALUE__INIT;
    struct fc_online_entity entities[] = {{"flag", &yes}};
    fc_str key, made;

    yes.val_case = FEAST__TYPES__VALUE__VAL_BOOL_VAL;
    yes.bool_val = true;
    assert_ok(fixture,
              fc_online_key_encode("default", entities, 1, fixture->arena, &key, &fixture->err));
    assert_int_equal(fc_redis_key(FC_REDIS_LAYOUT_B, key, fixture->arena, &made, &fixture->err),
                     FC_INVALID_ARGUMENT);
    assert_true(fc_redis_layout_takes(FC_REDIS_LAYOUT_A, FEAST__TYPES__VALUE_TYPE__ENUM__BOOL));
    assert_false(fc_redis_layout_takes(FC_REDIS_LAYOUT_C, FEAST__TYPES__VALUE_TYPE__ENUM__BOOL));
    assert_true(fc_redis_layout_takes(FC_REDIS_LAYOUT_C, FEAST__TYPES__VALUE_TYPE__ENUM__INT32));
}

/* ---- Fields ---- */

static void assert_feature(struct fixture *fixture, const char *table, const char *name,
                           const char *hex)
{
    fc_str field;

    assert_ok(fixture, fc_redis_feature_field(table, name, fixture->arena, &field, &fixture->err));
    assert_hex(field, hex);
}

static void fields(void **state)
{
    struct fixture *fixture = *state;
    struct fc_redis_fields names;

    assert_feature(fixture, TABLE, "avg_daily_trips", "77543f6b");
    assert_feature(fixture, TABLE, "conv_rate", "d94bdfda");
    /* Seen in a live Redis of a peer. */
    assert_feature(fixture, "transactions", "item_quantity", "68d134a8");

    assert_ok(fixture,
              fc_redis_fields(FC_REDIS_LAYOUT_A, TABLE, fixture->arena, &names, &fixture->err));
    assert_text(names.time, "_ts:" TABLE);
    assert_text(names.expiry, "_ex:" TABLE);
    assert_text(names.order, "_fc:" TABLE);
    assert_ok(fixture,
              fc_redis_fields(FC_REDIS_LAYOUT_B, TABLE, fixture->arena, &names, &fixture->err));
    assert_hex(names.time, "f603f9db");
    assert_text(names.expiry, "_ex");
    assert_ok(fixture,
              fc_redis_fields(FC_REDIS_LAYOUT_C, "test-fs", fixture->arena, &names, &fixture->err));
    assert_hex(names.time, "2389338d");
    assert_text(names.expiry, "");
}

static void layouts_by_name(void **state FC_UNUSED)
{
    enum fc_redis_layout layout = FC_REDIS_LAYOUT_A;

    assert_true(fc_redis_layout_from_text("c", &layout));
    assert_int_equal(layout, FC_REDIS_LAYOUT_C);
    assert_string_equal(fc_redis_layout_text(FC_REDIS_LAYOUT_B), "b");
    assert_false(fc_redis_layout_from_text("d", &layout));
    assert_false(fc_redis_layout_from_text("A", &layout));
}

/* ---- Times ---- */

static void assert_time(int64_t seconds, const char *hex)
{
    char bytes[FC_REDIS_TIME_MAX];
    int64_t back = 1;
    size_t len = fc_redis_time_encode(seconds, bytes);

    assert_hex((fc_str){.ptr = bytes, .len = len}, hex);
    assert_true(fc_redis_time_decode((fc_str){.ptr = bytes, .len = len}, &back));
    assert_true(back == seconds);
}

static void times(void **state FC_UNUSED)
{
    int64_t seconds = 0;

    assert_time(1609459200, "0880ccb9ff05");
    assert_time(1609545600, "0880efbeff05");
    assert_time(FC_REDIS_NEVER, "08ff82d1ffaf07");
    assert_time(0, "");
    assert_time(-1, "08ffffffffffffffffff01");
    assert_false(fc_redis_time_decode(FC_STR("\x0f"), &seconds));
}

static void assert_order(struct fc_online_time event, struct fc_online_time created,
                         const char *hex)
{
    char bytes[FC_REDIS_ORDER_SIZE];
    struct fc_online_time event_back, created_back;

    fc_redis_order_encode(&event, &created, bytes);
    assert_hex((fc_str){.ptr = bytes, .len = sizeof bytes}, hex);
    fc_redis_order_decode((fc_str){.ptr = bytes, .len = sizeof bytes}, event.seconds, &event_back,
                          &created_back);
    assert_true(event_back.seconds == event.seconds && event_back.nanos == event.nanos);
    assert_true(created_back.set == created.set);
    assert_true(!created.set ||
                (created_back.seconds == created.seconds && created_back.nanos == created.nanos));
}

static void full_order(void **state FC_UNUSED)
{
    const struct fc_online_time none = {.set = false};
    const struct fc_online_time zero = {.set = true}, one = {.nanos = 1, .set = true};
    const struct fc_online_time before = {.seconds = -1, .nanos = 999999999, .set = true};
    const struct fc_online_time far = {.seconds = INT64_C(60000000000), .set = true};
    struct fc_online_time event, created;
    char bytes[FC_REDIS_ORDER_SIZE];

    assert_order(one, none, "00000000000000018000000000000000");
    assert_order(zero, one, "00000000000000000000000000000001");
    assert_order(before, zero, "ffffffffffffffff0000000000000000");
    /* Beyond what 64 bits hold: cut, and then only the time field counts. */
    fc_redis_order_encode(&far, &none, bytes);
    assert_hex((fc_str){.ptr = bytes, .len = sizeof bytes}, "7fffffffffffffff8000000000000000");
    fc_redis_order_decode((fc_str){.ptr = bytes, .len = sizeof bytes}, far.seconds, &event,
                          &created);
    assert_true(event.seconds == far.seconds && event.nanos == 0 && !created.set);
    /* Another writer set the time field since. */
    fc_redis_order_encode(&one, &one, bytes);
    fc_redis_order_decode((fc_str){.ptr = bytes, .len = sizeof bytes}, 5, &event, &created);
    assert_true(event.seconds == 5 && event.nanos == 0 && !created.set);
}

/* ---- Rows ---- */

static void features_of_a_row(void **state FC_UNUSED)
{
    Feast__Storage__OnlineRow row = FEAST__STORAGE__ONLINE_ROW__INIT;
    Feast__Storage__OnlineRow__Feature trips = FEAST__STORAGE__ONLINE_ROW__FEATURE__INIT, text;
    Feast__Storage__OnlineRow__Feature *features[] = {&trips, &text};
    char empty[] = "", trips_name[] = "trips", text_name[] = "text";
    Feast__Types__Value number = int64_value(137), nothing = string_value(empty);
    uint8_t bytes[64];
    fc_str name, value;
    bool valid = false;

    text = trips;
    trips.name = trips_name;
    trips.value = &number;
    text.name = text_name;
    text.value = &nothing;
    row.features = features;
    row.n_features = 2;
    fc_str rest = {.ptr = (char *)bytes, .len = feast__storage__online_row__pack(&row, bytes)};
    assert_true(fc_redis_next_feature(&rest, &name, &value, &valid) && valid);
    assert_text(name, "trips");
    assert_hex(value, "208901");
    assert_true(fc_redis_next_feature(&rest, &name, &value, &valid) && valid);
    assert_text(name, "text");
    assert_hex(value, "1200");
    assert_false(fc_redis_next_feature(&rest, &name, &value, &valid));
    assert_true(valid);
    for (size_t cut = 1; cut < 10; cut++) {
        rest = (fc_str){.ptr = (char *)bytes, .len = cut};
        assert_false(fc_redis_next_feature(&rest, &name, &value, &valid) && valid);
        assert_false(valid);
    }
}

/* ---- The way there ---- */

static void urls(void **state)
{
    struct fixture *fixture = *state;
    struct fc_redis_config config = {.timeout_ns = 7};

    assert_ok(fixture,
              fc_redis_config_parse("redis://localhost", fixture->arena, &config, &fixture->err));
    assert_string_equal(config.nodes[0].host, "localhost");
    assert_int_equal(config.nodes[0].port, 6379);
    assert_false(config.tls || config.cluster);
    assert_true(config.timeout_ns == 7);
    assert_ok(fixture, fc_redis_config_parse("rediss://app@[::1]:7000/15", fixture->arena, &config,
                                             &fixture->err));
    assert_string_equal(config.nodes[0].host, "::1");
    assert_int_equal(config.nodes[0].port, 7000);
    assert_string_equal(config.username, "app");
    assert_int_equal(config.database, 15);
    assert_true(config.tls);
    assert_ok(fixture, fc_redis_config_parse("redis+cluster://a:1,b,c:3", fixture->arena, &config,
                                             &fixture->err));
    assert_true(config.cluster && !config.tls);
    assert_int_equal(config.node_count, 3);
    assert_string_equal(config.nodes[1].host, "b");
    assert_int_equal(config.nodes[2].port, 3);
    assert_int_equal(config.database, 0);
}

static void wrong_urls(void **state)
{
    static const char *const wrong[] = {"localhost",           "http://a",        "redis://",
                                        "redis://a:0",         "redis://a:65536", "redis://a:x",
                                        "redis://a,b",         "redis://a/x",     "redis://a/-1",
                                        "redis+cluster://a/1", "redis://[::1",    "redis://a:1/2/3",
                                        "redis://u:geheim@a"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(wrong); i++) {
        struct fc_redis_config config = {.node_count = 0};
        if (fc_redis_config_parse(wrong[i], fixture->arena, &config, &fixture->err) !=
            FC_INVALID_ARGUMENT)
            fail_msg("%s is taken", wrong[i]);
        assert_null(strstr(fixture->err.message, "geheim"));
    }
}

static void slots(void **state FC_UNUSED)
{
    assert_int_equal(fc_redis_slot(FC_STR("123456789")), 12739);
    assert_int_equal(fc_redis_slot(FC_STR("")), 0);
    assert_int_equal(fc_redis_slot(FC_STR("a{foo}b")), fc_redis_slot(FC_STR("foo")));
    assert_int_equal(fc_redis_slot(FC_STR("foo")), 12182);
    assert_int_equal(fc_redis_slot(FC_STR("foo{}{bar}")), 8363);
    assert_int_equal(fc_redis_slot(FC_STR("foo{{bar}}zap")), fc_redis_slot(FC_STR("{bar")));
}

static void commands(void **state FC_UNUSED)
{
    struct fc_buf out = FC_BUF_INIT;

    fc_redis_begin(&out, 4);
    fc_redis_word(&out, FC_STR("SET"));
    fc_redis_word(&out, FC_STR("\0\r\n"));
    fc_redis_word(&out, FC_STR(""));
    fc_redis_number(&out, INT64_MIN);
    assert_text((fc_str){.ptr = out.ptr + 13, .len = 2}, "$3");
    assert_int_equal(out.len, 4 + 9 + 9 + 6 + 27);
    assert_memory_equal(out.ptr, "*4\r\n$3\r\nSET\r\n$3\r\n\0\r\n\r\n$0\r\n\r\n", 28);
    assert_string_equal(out.ptr + 28, "$20\r\n-9223372036854775808\r\n");
    fc_buf_done(&out);
}

static void assert_packs(fc_str dump, const char *hex)
{
    struct fc_buf pack = FC_BUF_INIT;

    assert_true(fc_redis_dump_to_pack(dump, &pack));
    assert_hex((fc_str){.ptr = pack.ptr, .len = pack.len}, hex);
    for (size_t len = 0; len < dump.len; len++)
        assert_false(fc_redis_dump_to_pack((fc_str){.ptr = dump.ptr, .len = len}, &pack));
    fc_buf_done(&pack);
}

/* That servers take them is in tests/sources/redis_sink.py. */
static void dumps(void **state FC_UNUSED)
{
    static const struct fc_redis_pair pairs[] = {{FC_STR("ab"), FC_STR("")},
                                                 {FC_STR("c"), FC_STR("\0\xff")}};
    struct fc_buf out = FC_BUF_INIT;

    assert_true(fc_redis_crc64(FC_STR("123456789")) == UINT64_C(0xe9c6d914c4b8d9ca));
    assert_true(fc_redis_crc64(FC_STR("")) == 0);
    fc_buf_putc(&out, 'x');
    fc_redis_dump(&out, pairs, 2, false);
    size_t plain = out.len;
    fc_redis_dump(&out, pairs, 2, true);
    assert_int_equal(plain, 1 + 11 + 10);
    assert_hex((fc_str){.ptr = out.ptr + 1, .len = 13}, "0402026162000163"
                                                        "0200ff"
                                                        "0600");
    assert_packs((fc_str){.ptr = out.ptr + 1, .len = plain - 1}, "a26162a0a163a200ff");
    assert_int_equal(out.len - plain, 2 + 20 + 10);
    assert_hex((fc_str){.ptr = out.ptr + plain, .len = 24}, "1014140000000400"
                                                            "82616203"
                                                            "8001"
                                                            "816302"
                                                            "8200ff03"
                                                            "ff"
                                                            "0a00");
    assert_packs((fc_str){.ptr = out.ptr + plain, .len = out.len - plain}, "a26162a0a163a200ff");
    fc_buf_done(&out);
}

static void lengths_of_dumps_and_packs(void **state FC_UNUSED)
{
    static const struct {
        size_t len;
        const char *dump, *pack;
        bool compact;
    } lengths[] = {{31, "1f", "bf", true},
                   {32, "20", "da0020", true},
                   {63, "3f", "da003f", true},
                   {64, "4040", "da0040", false},
                   {16383, "7fff", "da3fff", false},
                   {16384, "8000004000", "da4000", false},
                   {65535, "800000ffff", "daffff", false},
                   {65536, "8000010000", "db00010000", false}};

    for (size_t i = 0; i < FC_ARRAY_LEN(lengths); i++) {
        struct fc_buf out = FC_BUF_INIT, pack = FC_BUF_INIT;
        char *text = calloc(1, lengths[i].len);
        assert_non_null(text);
        const struct fc_redis_pair pair = {.name = FC_STR(""),
                                           .value = {.ptr = text, .len = lengths[i].len}};
        size_t head = strlen(lengths[i].dump) / 2;
        fc_redis_dump(&out, &pair, 1, false);
        assert_hex((fc_str){.ptr = out.ptr + 3, .len = head}, lengths[i].dump);
        assert_int_equal(out.len, 3 + head + lengths[i].len + 10);
        assert_true(fc_redis_dump_to_pack((fc_str){.ptr = out.ptr, .len = out.len}, &pack));
        head = strlen(lengths[i].pack) / 2;
        assert_hex((fc_str){.ptr = pack.ptr + 1, .len = head}, lengths[i].pack);
        assert_int_equal(pack.len, 1 + head + lengths[i].len);
        fc_buf_clear(&out);
        fc_redis_dump(&out, &pair, 1, true);
        assert_int_equal(out.ptr[0], lengths[i].compact ? 16 : 4);
        fc_buf_done(&pack);
        fc_buf_done(&out);
        free(text);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static const struct CMUnitTest cases[] = {
    CASE(keys),
    CASE(keys_of_digests_take_three_types),
    CASE(fields),
    CASE(layouts_by_name),
    CASE(times),
    CASE(full_order),
    CASE(features_of_a_row),
    CASE(urls),
    CASE(wrong_urls),
    CASE(slots),
    CASE(commands),
    CASE(dumps),
    CASE(lengths_of_dumps_and_packs),
};

FC_TEST_MAIN(cases)

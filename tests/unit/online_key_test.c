/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the online store, byte by byte. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "storage/online/key.h"

struct fixture {
    struct fc_arena *arena;
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    fixture->arena = fc_arena_new(65536);
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

static void check_ok(struct fixture *fixture, fc_rc rc, int line)
{
    if (rc != FC_OK)
        fail_msg("line %d: %s: %s", line, fc_rc_name(rc), fixture->err.message);
}
#define assert_ok(fixture, rc) check_ok((fixture), (rc), __LINE__)

static Feast__Types__Value int64_value(int64_t number)
{
    Feast__Types__Value value = FEAST__TYPES__VALUE__INIT;
    value.val_case = FEAST__TYPES__VALUE__VAL_INT64_VAL;
    value.int64_val = number;
    return value;
}

static Feast__Types__Value int32_value(int32_t number)
{
    Feast__Types__Value value = FEAST__TYPES__VALUE__INIT;
    value.val_case = FEAST__TYPES__VALUE__VAL_INT32_VAL;
    value.int32_val = number;
    return value;
}

static Feast__Types__Value string_value(char *text)
{
    Feast__Types__Value value = FEAST__TYPES__VALUE__INIT;
    value.val_case = FEAST__TYPES__VALUE__VAL_STRING_VAL;
    value.string_val = text;
    return value;
}

static void assert_key(struct fixture *fixture, struct fc_online_entity *entities, size_t count,
                       const char *hex)
{
    char got[400] = "";
    fc_str key;

    assert_ok(fixture, fc_online_key_encode("default", entities, count, fixture->arena, &key,
                                            &fixture->err));
    for (size_t i = 0; i < key.len; i++)
        (void)snprintf(got + 2 * i, 3, "%02x", (unsigned char)key.ptr[i]);
    assert_string_equal(got, hex);
}

#define DEFAULT_HEX "0a0764656661756c74"
#define DRIVER_HEX  "12096472697665725f6964"

static void keys_are_the_bytes_that_the_peers_write(void **state)
{
    struct fixture *fixture = *state;
    char sin[] = "SIN";
    Feast__Types__Value driver = int64_value(1001), city = string_value(sin);
    struct fc_online_entity one[] = {{"driver_id", &driver}};
    struct fc_online_entity two[] = {{"driver_id", &driver}, {"city", &city}};

    assert_key(fixture, one, 1, DEFAULT_HEX DRIVER_HEX "1a0320e907");
    /* Sorted by name, all names before all values. */
    assert_key(fixture, two, 2, DEFAULT_HEX "120463697479" DRIVER_HEX "1a05120353494e1a0320e907");
    assert_string_equal(two[0].name, "city");
}

static void zero_empty_and_false_are_values(void **state)
{
    struct fixture *fixture = *state;
    Feast__Types__Value value = int32_value(0);
    struct fc_online_entity one[] = {{"driver_id", &value}};
    char empty[] = "";

    assert_key(fixture, one, 1, DEFAULT_HEX DRIVER_HEX "1a021800");
    value = int32_value(-1);
    assert_key(fixture, one, 1, DEFAULT_HEX DRIVER_HEX "1a0b18ffffffffffffffffff01");
    value = string_value(empty);
    assert_key(fixture, one, 1, DEFAULT_HEX DRIVER_HEX "1a021200");
    value = string_value((char *)protobuf_c_empty_string);
    assert_key(fixture, one, 1, DEFAULT_HEX DRIVER_HEX "1a021200");
    feast__types__value__init(&value);
    value.val_case = FEAST__TYPES__VALUE__VAL_BOOL_VAL;
    assert_key(fixture, one, 1, DEFAULT_HEX DRIVER_HEX "1a023800");
    uint8_t bytes[] = {0xde, 0xad};
    feast__types__value__init(&value);
    value.val_case = FEAST__TYPES__VALUE__VAL_BYTES_VAL;
    value.bytes_val = (ProtobufCBinaryData){.len = 2, .data = bytes};
    assert_key(fixture, one, 1, DEFAULT_HEX DRIVER_HEX "1a040a02dead");
}

static void the_type_of_a_value_is_part_of_the_key(void **state)
{
    struct fixture *fixture = *state;
    Feast__Types__Value small = int32_value(5), large = int64_value(5);
    struct fc_online_entity a[] = {{"id", &small}}, b[] = {{"id", &large}};
    fc_str left, right;

    assert_ok(fixture, fc_online_key_encode("p", a, 1, fixture->arena, &left, &fixture->err));
    assert_ok(fixture, fc_online_key_encode("p", b, 1, fixture->arena, &right, &fixture->err));
    assert_false(fc_str_eq(left, right));
}

static void a_key_without_all_its_values_is_refused(void **state)
{
    struct fixture *fixture = *state;
    Feast__Types__Value unset = FEAST__TYPES__VALUE__INIT, value = int64_value(1);
    struct fc_online_entity missing[] = {{"driver_id", NULL}}, null[] = {{"driver_id", &unset}};
    struct fc_online_entity twice[] = {{"a", &value}, {"b", &value}, {"a", &value}};
    fc_str key;

    assert_int_equal(fc_online_key_encode("p", NULL, 0, fixture->arena, &key, &fixture->err),
                     FC_INVALID_ARGUMENT);
    assert_int_equal(fc_online_key_encode("p", missing, 1, fixture->arena, &key, &fixture->err),
                     FC_INVALID_ARGUMENT);
    assert_int_equal(fc_online_key_encode("p", null, 1, fixture->arena, &key, &fixture->err),
                     FC_INVALID_ARGUMENT);
    assert_non_null(strstr(fixture->err.message, "driver_id"));
    assert_int_equal(fc_online_key_encode("p", twice, 3, fixture->arena, &key, &fixture->err),
                     FC_INVALID_ARGUMENT);
    assert_int_equal(fixture->err.reason, FC_REASON_NAME_CLASH);

    struct fc_arena *small = fc_arena_new(32);
    assert_int_equal(fc_online_key_encode("p", twice, 1, small, &key, &fixture->err),
                     FC_RESOURCE_EXHAUSTED);
    fc_arena_free(small);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(keys_are_the_bytes_that_the_peers_write, setup, teardown),
    cmocka_unit_test_setup_teardown(zero_empty_and_false_are_values, setup, teardown),
    cmocka_unit_test_setup_teardown(the_type_of_a_value_is_part_of_the_key, setup, teardown),
    cmocka_unit_test_setup_teardown(a_key_without_all_its_values_is_refused, setup, teardown),
};

FC_TEST_MAIN(cases)

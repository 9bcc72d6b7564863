/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "server/address.h"

static void loopback_is_told_from_the_world(void **state FC_UNUSED)
{
    static const char *const near[] = {
        "127.0.0.1:6565", "127.9.9.9:0", "[::1]:6565", "localhost:1", "unix:/tmp/socket",
    };
    static const char *const far[] = {
        "0.0.0.0:6565", "[::]:6565",   "10.0.0.1:6565",           "example.org:6565",
        "127.0.0.1",    "128.0.0.1:1", "localhost.example.org:1",
    };
    for (size_t i = 0; i < FC_ARRAY_LEN(near); i++)
        assert_true(fc_address_is_loopback(near[i]));
    for (size_t i = 0; i < FC_ARRAY_LEN(far); i++)
        assert_false(fc_address_is_loopback(far[i]));
}

static void malformed_addresses_are_named(void **state FC_UNUSED)
{
    static const char *const wrong[] = {
        "",
        "6565",
        "localhost",
        "localhost:",
        "localhost:x",
        "localhost:70000",
        "localhost:-1",
        "::1:6565",
        ":6565",
        "unix:",
        "localhost:1x",
    };
    struct fc_error err = FC_ERROR_INIT;

    for (size_t i = 0; i < FC_ARRAY_LEN(wrong); i++) {
        assert_int_equal(fc_address_check(wrong[i], &err), FC_INVALID_ARGUMENT);
        assert_int_equal(err.reason, FC_REASON_CONFIG_INVALID);
        assert_non_null(strstr(err.message, wrong[i]));
        assert_string_equal(err.field, "listen");
    }
    assert_int_equal(fc_address_check("[::1]:0", &err), FC_OK);
    assert_int_equal(fc_address_check("unix:/run/feast.sock", &err), FC_OK);
    assert_int_equal(fc_address_check("host.example.org:6565", &err), FC_OK);
}

static void bound_port_replaces_zero(void **state FC_UNUSED)
{
    char text[64];

    fc_address_with_port("127.0.0.1:0", 45123, text, sizeof text);
    assert_string_equal(text, "127.0.0.1:45123");
    fc_address_with_port("[::1]:0", 7, text, sizeof text);
    assert_string_equal(text, "[::1]:7");
    fc_address_with_port("unix:/tmp/s", 7, text, sizeof text);
    assert_string_equal(text, "unix:/tmp/s");
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test(loopback_is_told_from_the_world),
        cmocka_unit_test(malformed_addresses_are_named),
        cmocka_unit_test(bound_port_replaces_zero),
    };
    return fc_test_run(argc, argv, cases, FC_ARRAY_LEN(cases), NULL, NULL);
}

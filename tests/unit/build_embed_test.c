/* SPDX-License-Identifier: Apache-2.0 */
/* What the build generates: files as arrays (cmake/Embed.cmake) and the descriptor set. */
#include "tests/unit/harness.h"

#include "base/embedded_file.h"
#include "base/version.h"
#include "protos/descriptor_set.h"

extern const unsigned char fc_test_embedded_file[];
extern const size_t fc_test_embedded_file_size;
extern const struct fc_embedded_file fc_test_embedded_table[];
extern const size_t fc_test_embedded_table_count;

static const char second_txt[] = "two lines;\nand [brackets]\n";

static void one_file_keeps_every_byte(void **state)
{
    (void)state;
    assert_int_equal(fc_test_embedded_file_size, sizeof(second_txt) - 1);
    assert_memory_equal(fc_test_embedded_file, second_txt, sizeof(second_txt));
}

static void table_keeps_order_names_and_bytes(void **state)
{
    static const unsigned char first_bin[] = {0x00, 0xff, ';', '\n', '"', '\\', ']'};

    (void)state;
    assert_int_equal(fc_test_embedded_table_count, 2);
    assert_string_equal(fc_test_embedded_table[0].name, "first.bin");
    assert_int_equal(fc_test_embedded_table[0].size, sizeof(first_bin));
    assert_memory_equal(fc_test_embedded_table[0].data, first_bin, sizeof(first_bin));
    assert_string_equal(fc_test_embedded_table[1].name, "second.txt");
    assert_string_equal((const char *)fc_test_embedded_table[1].data, second_txt);
}

/* A FileDescriptorSet is a run of length-delimited fields number 1, first tag 0x0a. */
static void descriptor_set_is_not_empty(void **state)
{
    (void)state;
    assert_true(fc_descriptor_set_size > 1000);
    assert_int_equal(fc_descriptor_set[0], 0x0a);
}

static void version_has_three_parts(void **state)
{
    const char *rest = FC_VERSION;

    (void)state;
    for (int part = 0; part < 3; part++) {
        size_t digits = strspn(rest, "0123456789");

        assert_true(digits > 0);
        rest += digits;
        assert_int_equal(*rest, part < 2 ? '.' : '\0');
        rest++;
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(one_file_keeps_every_byte),
    cmocka_unit_test(table_keeps_order_names_and_bytes),
    cmocka_unit_test(descriptor_set_is_not_empty),
    cmocka_unit_test(version_has_three_parts),
};

FC_TEST_MAIN(cases)

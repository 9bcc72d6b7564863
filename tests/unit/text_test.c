/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "worker/text.h"

static void put_tells_whether_it_is_news(void **state FC_UNUSED)
{
    char at[8] = "";

    assert_false(fc_text_put(at, sizeof at, ""));
    assert_false(fc_text_put(at, sizeof at, NULL));
    assert_true(fc_text_put(at, sizeof at, "away"));
    assert_false(fc_text_put(at, sizeof at, "away"));
    assert_true(fc_text_put(at, sizeof at, "aw"));
    assert_string_equal(at, "aw");
    assert_true(fc_text_put(at, sizeof at, "full"));
    assert_true(fc_text_put(at, sizeof at, NULL));
    assert_string_equal(at, "");
}

/* Of long texts the beginning counts, and no character is cut in two. */
static void put_keeps_what_there_is_room_for(void **state FC_UNUSED)
{
    char at[8] = "";

    assert_true(fc_text_put(at, sizeof at, "123456789"));
    assert_string_equal(at, "1234567");
    assert_false(fc_text_put(at, sizeof at, "1234567 and more"));
    assert_true(fc_text_put(at, sizeof at, "12345\xe2\x82\xac"));
    assert_string_equal(at, "12345");
    assert_true(fc_text_put(at, sizeof at, "1234\xe2\x82\xac"));
    assert_string_equal(at, "1234\xe2\x82\xac");
    assert_true(fc_text_put(at, sizeof at,
                            "12\xff"
                            "45"));
    assert_string_equal(at, "12");
}

static void clean_text_is_utf8_without_controls(void **state FC_UNUSED)
{
    struct fc_arena *arena = fc_arena_new(1 << 16);

    assert_non_null(arena);
    assert_string_equal(fc_text_clean(arena, NULL), "");
    assert_string_equal(fc_text_clean(arena, "a\xff\xe2\x82\xac\n\x1b\x7f"), "a?\xe2\x82\xac ??");
    fc_arena_free(arena);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(put_tells_whether_it_is_news),
    cmocka_unit_test(put_keeps_what_there_is_room_for),
    cmocka_unit_test(clean_text_is_utf8_without_controls),
};

FC_TEST_MAIN(cases)

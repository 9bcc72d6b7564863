/* SPDX-License-Identifier: Apache-2.0 */
/* URLs for people, and text within them. */
#include "tests/unit/harness.h"

#include "base/url.h"

static void urls_for_people(void **state FC_UNUSED)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)1 << 20);

    assert_string_equal(fc_url_public("https://u:p@h/a?b=c#d", arena), "https://***@h/a?***");
    assert_string_equal(fc_url_public("https://h/a@b?c", arena), "https://h/a@b?***");
    assert_string_equal(fc_url_public("s3://bucket/a?b@c", arena), "s3://bucket/a?b@c");
    assert_string_equal(fc_url_public("/a/b?c", arena), "/a/b?c");
    assert_string_equal(fc_url_public("a/b://c@d", arena), "a/b://c@d");
}

static void assert_escaped(const char *text, const char *kept, const char *escaped)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf out = FC_BUF_INIT;

    fc_url_escape(&out, text, kept);
    assert_string_equal(fc_buf_text(&out), escaped);
}

static void text_within_them(void **state FC_UNUSED)
{
    assert_escaped("", "", "");
    assert_escaped("AZaz09-._~", "", "AZaz09-._~");
    assert_escaped("a b+c&d=e%f", "", "a%20b%2Bc%26d%3De%25f");
    assert_escaped("caf\xc3\xa9\x7f", "", "caf%C3%A9%7F");
    assert_escaped("a/b?c", "", "a%2Fb%3Fc");
    assert_escaped("a/b?c", "/", "a/b%3Fc");
}

static void a_form(void **state FC_UNUSED)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf form = FC_BUF_INIT;

    fc_url_form_add(&form, "grant_type", "urn:x");
    fc_url_form_add(&form, "scope", "");
    fc_url_form_add(&form, "path", "a/b");
    assert_string_equal(fc_buf_text(&form), "grant_type=urn%3Ax&scope=&path=a%2Fb");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(urls_for_people),
    cmocka_unit_test(text_within_them),
    cmocka_unit_test(a_form),
};

FC_TEST_MAIN(cases)

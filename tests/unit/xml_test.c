/* SPDX-License-Identifier: Apache-2.0 */
/* XML answers, and what is none of theirs. */
#include "tests/unit/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "worker/net/xml.h"

static fc_rc take(void *ctx, const char *path, const char *text, struct fc_error *err)
{
    (void)err;
    fc_buf_printf(ctx, "%s=%s;", path, text);
    return FC_OK;
}

static void read_into(struct fc_buf *seen, const struct fc_buf *xml, fc_rc expected)
{
    const fc_str text = {.ptr = xml->ptr, .len = xml->len};
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(fc_xml_read(text, "it", take, seen, &err), expected);
}

static void elements_come_with_their_paths(void **state)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf xml = FC_BUF_INIT, seen = FC_BUF_INIT;

    (void)state;
    fc_buf_puts(&xml, "<a xmlns:n=\"u\"><n:b>1</n:b><c/></a>");
    read_into(&seen, &xml, FC_OK);
    assert_string_equal(fc_buf_text(&seen), "a/b=1;a/c=;a=;");
}

/* An element without content ends at once, also when its beginning was refused. */
static void a_name_that_is_too_long(void **state)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf xml = FC_BUF_INIT, seen = FC_BUF_INIT;

    (void)state;
    fc_buf_printf(&xml, "<%02000d/>", 0);
    memset(xml.ptr + 1, 'a', 2000);
    read_into(&seen, &xml, FC_INVALID_ARGUMENT);
    assert_string_equal(fc_buf_text(&seen), "");
}

static void elements_that_are_nested_too_deep(void **state)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf xml = FC_BUF_INIT, seen = FC_BUF_INIT;

    (void)state;
    for (int i = 0; i < 32; i++)
        fc_buf_puts(&xml, "<a>");
    fc_buf_puts(&xml, "<b/>");
    for (int i = 0; i < 32; i++)
        fc_buf_puts(&xml, "</a>");
    read_into(&seen, &xml, FC_INVALID_ARGUMENT);
    assert_string_equal(fc_buf_text(&seen), "");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(elements_come_with_their_paths),
    cmocka_unit_test(a_name_that_is_too_long),
    cmocka_unit_test(elements_that_are_nested_too_deep),
};

FC_TEST_MAIN(cases)

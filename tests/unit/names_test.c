/* SPDX-License-Identifier: Apache-2.0 */
/* Forms of names (facts: plain, dash, class path, BigQuery reference), their limit and their texts. */
#include "server/registry/names.h"

#include "base/bigquery.h"
#include "tests/unit/rules_fixture.h"

static void plain_names(void **state)
{
    static const char *const good[] = {"a", "_", "A9", "driver_id", "_x1", "Z"};
    static const char *const bad[] = {"",    "1a",       "a-b", "a.b",       "a b",
                                      "a\n", "\xc3\xa4", "*",   "driver:id", "a\t"};

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(good); i++)
        assert_true(fc_name_has_form(FC_NAME_PLAIN, good[i]));
    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++)
        assert_false(fc_name_has_form(FC_NAME_PLAIN, bad[i]));
}

static void dash_names(void **state)
{
    (void)state;
    assert_true(fc_name_has_form(FC_NAME_DASH, "my-project"));
    assert_true(fc_name_has_form(FC_NAME_DASH, "_-"));
    assert_true(fc_name_has_form(FC_NAME_DASH, "a--9"));
    assert_false(fc_name_has_form(FC_NAME_DASH, "-a"));
    assert_false(fc_name_has_form(FC_NAME_DASH, "9a"));
    assert_false(fc_name_has_form(FC_NAME_DASH, ""));
    assert_false(fc_name_has_form(FC_NAME_DASH, "*"));
    assert_false(fc_name_has_form(FC_NAME_DASH, "a.b"));
}

static void class_paths(void **state)
{
    (void)state;
    assert_true(fc_name_has_form(FC_NAME_CLASS_PATH, "Trip"));
    assert_true(fc_name_has_form(FC_NAME_CLASS_PATH, "com.example.Trip1"));
    assert_false(fc_name_has_form(FC_NAME_CLASS_PATH, "com..Trip"));
    assert_false(fc_name_has_form(FC_NAME_CLASS_PATH, ".Trip"));
    assert_false(fc_name_has_form(FC_NAME_CLASS_PATH, "com.Trip."));
    assert_false(fc_name_has_form(FC_NAME_CLASS_PATH, "com.1Trip"));
    assert_false(fc_name_has_form(FC_NAME_CLASS_PATH, "com.Trip$In"));
    assert_false(fc_name_has_form(FC_NAME_CLASS_PATH, ""));
}

static void texts_are_those_of_the_peers(void **state)
{
    struct rules *rules = *state;

    fc_name_check(&rules->found, FC_NAME_PLAIN, "entity", "name", "a-b");
    assert_only(rules, FC_REASON_NAME_INVALID, "name",
                "invalid value for entity resource, a-b: argument must only contain alphanumeric "
                "characters and underscores.");
    forget(rules);
    fc_name_check(&rules->found, FC_NAME_PLAIN, "Feature", "f", "1st");
    assert_only(rules, FC_REASON_NAME_INVALID, "f",
                "underscores. It must begin with a letter or an underscore.");
    forget(rules);
    fc_name_check(&rules->found, FC_NAME_DASH, "project", "project", "*");
    assert_only(rules, FC_REASON_NAME_INVALID, "project",
                "invalid value for project resource, *: ");
    forget(rules);
    fc_name_check(&rules->found, FC_NAME_PLAIN, "entity", "name", "");
    assert_only(rules, FC_REASON_NAME_INVALID, "name", "is empty");
}

static void limit_is_255_characters(void **state)
{
    struct rules *rules = *state;
    char name[300];

    memset(name, 'a', sizeof name);
    name[255] = '\0';
    fc_name_check(&rules->found, FC_NAME_PLAIN, "entity", "name", name);
    assert_fine(rules);
    name[255] = 'a';
    name[256] = '\0';
    fc_name_check(&rules->found, FC_NAME_PLAIN, "entity", "name", name);
    assert_only(rules, FC_REASON_NAME_INVALID, "name", "256 characters, at most 255");
    assert_true(strlen(rules->found.items[0].message) < 250);
}

/* `count` times the character, in the arena. */
static const char *repeat(struct rules *rules, const char *character, size_t count)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;

    for (size_t i = 0; i < count; i++)
        fc_buf_puts(&text, character);
    return fc_arena_strdup(rules->arena, fc_buf_text(&text));
}

static void length_counts_characters_not_bytes(void **state)
{
    struct rules *rules = *state;

    fc_length_check(&rules->found, "batch_source", "f", repeat(rules, "\xc3\xa4", 255));
    assert_fine(rules);
    fc_length_check(&rules->found, "batch_source", "f", repeat(rules, "\xc3\xa4", 256));
    assert_only(rules, FC_REASON_FIELD_INVALID, "f", "256 characters");
}

static void excerpts_are_short_and_harmless(void **state)
{
    struct rules *rules = *state;

    assert_string_equal(fc_excerpt(rules->arena, "a\nb\x7f"), "a?b?");
    assert_string_equal(fc_excerpt(rules->arena, ""), "");
    const char *cut = fc_excerpt(rules->arena, repeat(rules, "\xe2\x82\xac", 60));
    assert_int_equal(strlen(cut), 78 + 3); /* 26 whole characters of three bytes */
    assert_string_equal(cut + 78, "...");
}

static void assert_ref(const char *text, const char *project, const char *dataset,
                       const char *table)
{
    struct fc_bigquery_ref ref;

    assert_true(fc_bigquery_ref_parse(text, &ref));
    assert_true(fc_str_eq(ref.project, fc_str_from(project)));
    assert_true(fc_str_eq(ref.dataset, fc_str_from(dataset)));
    assert_true(fc_str_eq(ref.table, fc_str_from(table)));
}

static void bigquery_references(void **state)
{
    static const char *const bad[] = {
        "",       "t",       "d.t",    "p:d",     "p:d.",    ":d.t",           "p:.t",    "p::d.t",
        "p:d..t", "a.b.c.d", "p:d.t ", "p d:d.t", "p:d.t;x", "nodomain:p:d.t", "p:d\n.t", "p/x:d.t",
    };

    (void)state;
    assert_ref("project:dataset.table", "project", "dataset", "table");
    assert_ref("my-project.data_set.ta-ble", "my-project", "data_set", "ta-ble");
    assert_ref("example.com:my-project:ds.t", "example.com:my-project", "ds", "t");
    assert_ref("example.com:my-project.ds.t", "example.com:my-project", "ds", "t");
    assert_ref("p:d.events_*", "p", "d", "events_*");
    assert_ref("p:d.events$20210101", "p", "d", "events$20210101");
    assert_ref("p:d.Stra\xc3\x9f"
               "e",
               "p", "d",
               "Stra\xc3\x9f"
               "e");
    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++) {
        struct fc_bigquery_ref ref;
        if (fc_bigquery_ref_parse(bad[i], &ref))
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(plain_names),
    cmocka_unit_test(dash_names),
    cmocka_unit_test(class_paths),
    RULES_CASE(texts_are_those_of_the_peers),
    RULES_CASE(limit_is_255_characters),
    RULES_CASE(length_counts_characters_not_bytes),
    RULES_CASE(excerpts_are_short_and_harmless),
    cmocka_unit_test(bigquery_references),
};

FC_TEST_MAIN(cases)

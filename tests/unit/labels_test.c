/* SPDX-License-Identifier: Apache-2.0 */
/* String maps: normal form, lookup, filters. */
#include "server/registry/map.h"

#include "tests/unit/rules_fixture.h"

static void normal_form_is_sorted_and_last_wins(void **state)
{
    struct rules *rules = *state;
    Feast__Core__EntitySpecV2 *spec =
        test_entity(rules->arena, "e", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);

    TEST_ENTITY_LABEL(rules->arena, spec, "team", "first");
    TEST_ENTITY_LABEL(rules->arena, spec, "b", "2");
    TEST_ENTITY_LABEL(rules->arena, spec, "team", "second");
    TEST_ENTITY_LABEL(rules->arena, spec, "a", "1");
    TEST_ENTITY_LABEL(rules->arena, spec, "team", "third");
    assert_true(fc_map_normalise(rules->arena, &spec->n_labels, spec->labels));
    assert_int_equal(spec->n_labels, 3);
    assert_string_equal(spec->labels[0]->key, "a");
    assert_string_equal(spec->labels[1]->key, "b");
    assert_string_equal(spec->labels[2]->key, "team");
    assert_string_equal(spec->labels[2]->value, "third");
    assert_true(fc_map_normalise(rules->arena, &spec->n_labels, spec->labels));
    assert_int_equal(spec->n_labels, 3);
}

static void empty_map_is_normal(void **state)
{
    struct rules *rules = *state;
    size_t count = 0;

    assert_true(fc_map_normalise(rules->arena, &count, NULL));
    assert_int_equal(count, 0);
    assert_null(fc_map_get((struct fc_map){0, NULL}, "a"));
}

static void normalising_fails_when_the_arena_is_exhausted(void **state)
{
    struct rules *rules = *state;
    FC_CLEANUP(fc_arena_freep) struct fc_arena *tiny = fc_arena_new(16);
    Feast__Core__EntitySpecV2 *spec =
        test_entity(rules->arena, "e", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);

    TEST_ENTITY_LABEL(rules->arena, spec, "b", "");
    TEST_ENTITY_LABEL(rules->arena, spec, "a", "");
    assert_false(fc_map_normalise(tiny, &spec->n_labels, spec->labels));
}

static void lookup_finds_each_key(void **state)
{
    struct rules *rules = *state;
    Feast__Core__EntitySpecV2 *spec =
        test_entity(rules->arena, "e", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    char key[8], value[8];

    for (int i = 0; i < 50; i++) {
        (void)snprintf(key, sizeof key, "k%02d", (i * 7) % 50);
        (void)snprintf(value, sizeof value, "v%02d", (i * 7) % 50);
        TEST_ENTITY_LABEL(rules->arena, spec, key, value);
    }
    assert_true(fc_map_normalise(rules->arena, &spec->n_labels, spec->labels));
    struct fc_map map = FC_MAP(spec, labels);
    assert_int_equal(map.count, 50);
    for (int i = 0; i < 50; i++) {
        (void)snprintf(key, sizeof key, "k%02d", i);
        (void)snprintf(value, sizeof value, "v%02d", i);
        assert_string_equal(fc_map_get(map, key), value);
    }
    assert_null(fc_map_get(map, "k"));
    assert_null(fc_map_get(map, "k99"));
    assert_null(fc_map_get(map, ""));
}

/* AND over all pairs, exact key and value, an empty filter matches all, no wildcards. */
static void filters_match_all_pairs_exactly(void **state)
{
    struct rules *rules = *state;
    Feast__Core__EntitySpecV2 *spec =
        test_entity(rules->arena, "e", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    Feast__Core__EntitySpecV2 *filter =
        test_entity(rules->arena, "f", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);

    TEST_ENTITY_LABEL(rules->arena, spec, "env", "prod");
    TEST_ENTITY_LABEL(rules->arena, spec, "team", "a");
    assert_true(fc_map_contains(FC_MAP(spec, labels), FC_MAP(filter, labels)));
    TEST_ENTITY_LABEL(rules->arena, filter, "team", "a");
    assert_true(fc_map_contains(FC_MAP(spec, labels), FC_MAP(filter, labels)));
    TEST_ENTITY_LABEL(rules->arena, filter, "env", "prod");
    assert_true(fc_map_contains(FC_MAP(spec, labels), FC_MAP(filter, labels)));
    filter->labels[1]->value = spec->labels[1]->value;
    assert_false(fc_map_contains(FC_MAP(spec, labels), FC_MAP(filter, labels)));
    filter->n_labels = 1;
    filter->labels[0]->key = spec->name;
    assert_false(fc_map_contains(FC_MAP(spec, labels), FC_MAP(filter, labels)));
    assert_false(fc_map_contains((struct fc_map){0, NULL}, FC_MAP(filter, labels)));
}

static void star_is_no_wildcard(void **state)
{
    struct rules *rules = *state;
    Feast__Core__EntitySpecV2 *spec =
        test_entity(rules->arena, "e", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    Feast__Core__EntitySpecV2 *filter =
        test_entity(rules->arena, "f", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);

    TEST_ENTITY_LABEL(rules->arena, spec, "env", "prod");
    TEST_ENTITY_LABEL(rules->arena, filter, "env", "*");
    assert_false(fc_map_contains(FC_MAP(spec, labels), FC_MAP(filter, labels)));
}

static void empty_key_is_refused_empty_value_is_not(void **state)
{
    struct rules *rules = *state;
    Feast__Core__EntitySpecV2 *spec =
        test_entity(rules->arena, "e", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);

    TEST_ENTITY_LABEL(rules->arena, spec, "any thing \xc3\xa4", "");
    fc_labels_check(&rules->found, "Entity \"e\"", "spec.labels", FC_MAP(spec, labels));
    assert_fine(rules);
    TEST_ENTITY_LABEL(rules->arena, spec, "", "x");
    fc_labels_check(&rules->found, "Entity \"e\"", "spec.labels", FC_MAP(spec, labels));
    assert_only(rules, FC_REASON_LABEL_INVALID, "spec.labels",
                "Entity \"e\": a label has an empty");
}

static const struct CMUnitTest cases[] = {
    RULES_CASE(normal_form_is_sorted_and_last_wins),
    RULES_CASE(empty_map_is_normal),
    RULES_CASE(normalising_fails_when_the_arena_is_exhausted),
    RULES_CASE(lookup_finds_each_key),
    RULES_CASE(filters_match_all_pairs_exactly),
    RULES_CASE(star_is_no_wildcard),
    RULES_CASE(empty_key_is_refused_empty_value_is_not),
};

FC_TEST_MAIN(cases)

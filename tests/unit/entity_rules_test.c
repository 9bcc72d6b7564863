/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of entities. */
#include "server/registry/entity.h"

#include "tests/unit/rules_fixture.h"

#define INT64 FEAST__TYPES__VALUE_TYPE__ENUM__INT64

static void check(struct rules *rules, Feast__Core__EntitySpecV2 *spec)
{
    assert_true(fc_entity_normalise(rules->arena, spec));
    fc_entity_check(spec, &rules->found);
}

static void every_value_type_is_taken(void **state)
{
    static const int types[] = {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17};
    struct rules *rules = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(types); i++)
        check(rules, test_entity(rules->arena, "e", (Feast__Types__ValueType__Enum)types[i]));
    assert_fine(rules);
}

static void unset_and_unknown_value_types_are_refused(void **state)
{
    static const int unknown[] = {8, 9, 10, 18, 19, 48, 1000, -1};
    struct rules *rules = *state;

    check(rules, test_entity(rules->arena, "e", FEAST__TYPES__VALUE_TYPE__ENUM__INVALID));
    assert_only(rules, FC_REASON_VALUE_TYPE_INVALID, "spec.value_type",
                "Entity \"e\": value_type is not set, expected one of BYTES");
    for (size_t i = 0; i < FC_ARRAY_LEN(unknown); i++) {
        forget(rules);
        check(rules, test_entity(rules->arena, "e", (Feast__Types__ValueType__Enum)unknown[i]));
        assert_only(rules, FC_REASON_VALUE_TYPE_INVALID, "spec.value_type", "is not known");
    }
}

static void name_is_required_and_plain(void **state)
{
    struct rules *rules = *state;

    check(rules, test_entity(rules->arena, "", INT64));
    assert_only(rules, FC_REASON_NAME_INVALID, "spec.name", "is empty");
    forget(rules);
    check(rules, test_entity(rules->arena, "driver-id", INT64));
    assert_only(rules, FC_REASON_NAME_INVALID, "spec.name",
                "invalid value for entity resource, driver-id: argument must only contain "
                "alphanumeric characters and underscores.");
}

static void spec_is_required(void **state)
{
    struct rules *rules = *state;

    fc_entity_check(NULL, &rules->found);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "spec", NULL);
}

static void all_violations_come_at_once(void **state)
{
    struct rules *rules = *state;
    Feast__Core__EntitySpecV2 *spec =
        test_entity(rules->arena, "1", FEAST__TYPES__VALUE_TYPE__ENUM__INVALID);
    struct fc_error err = FC_ERROR_INIT;

    TEST_ENTITY_LABEL(rules->arena, spec, "", "x");
    check(rules, spec);
    assert_int_equal(rules->found.count, 3);
    assert_violated(rules, FC_REASON_NAME_INVALID, "spec.name", NULL);
    assert_violated(rules, FC_REASON_VALUE_TYPE_INVALID, "spec.value_type", NULL);
    assert_violated(rules, FC_REASON_LABEL_INVALID, "spec.labels", NULL);
    assert_int_equal(fc_violations_to_error(&rules->found, &err), FC_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "value_type is not set"));
    assert_non_null(strstr(err.message, "empty key"));
}

static void type_is_fixed(void **state)
{
    struct rules *rules = *state;
    Feast__Core__EntitySpecV2 *spec =
        test_entity(rules->arena, "e", FEAST__TYPES__VALUE_TYPE__ENUM__STRING);

    fc_entity_check_change("ride", FEAST__TYPES__VALUE_TYPE__ENUM__STRING, spec, &rules->found);
    assert_fine(rules);
    fc_entity_check_change("ride", INT64, spec, &rules->found);
    assert_only(rules, FC_REASON_ENTITY_TYPE_CHANGED, "spec.value_type", NULL);
    assert_string_equal(rules->found.items[0].message,
                        "You are attempting to change the type of this entity in ride project from "
                        "INT64 to STRING. This isn't allowed. Please create a new entity.");
}

static const struct CMUnitTest cases[] = {
    RULES_CASE(every_value_type_is_taken),   RULES_CASE(unset_and_unknown_value_types_are_refused),
    RULES_CASE(name_is_required_and_plain),  RULES_CASE(spec_is_required),
    RULES_CASE(all_violations_come_at_once), RULES_CASE(type_is_fixed),
};

FC_TEST_MAIN(cases)

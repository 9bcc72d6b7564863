/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of feature tables, without their sources (source_rules_test.c). */
#include "server/registry/feature_table.h"

#include "tests/unit/rules_fixture.h"

#define STRING_TYPE FEAST__TYPES__VALUE_TYPE__ENUM__STRING

static void check_in(struct rules *rules, Feast__Core__FeatureTableSpec *spec, const char *project)
{
    assert_true(fc_table_normalise(rules->arena, spec));
    fc_table_check(spec, project, &rules->found);
}

static void check(struct rules *rules, Feast__Core__FeatureTableSpec *spec)
{
    check_in(rules, spec, "default");
}

static void valid_table_has_no_violation(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    check(rules, spec);
    spec->stream_source = test_kafka_source(rules->arena);
    check_in(rules, spec, "my-project_2");
    assert_fine(rules);
}

static void project_allows_dashes_only_inside(void **state)
{
    struct rules *rules = *state;

    check_in(rules, test_table(rules->arena), "-ride");
    assert_only(rules, FC_REASON_NAME_INVALID, "project", "invalid value for project resource, -r");
    forget(rules);
    check_in(rules, test_table(rules->arena), "*");
    assert_only(rules, FC_REASON_NAME_INVALID, "project", NULL);
}

static void spec_is_required(void **state)
{
    struct rules *rules = *state;

    fc_table_check(NULL, "default", &rules->found);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "table_spec", NULL);
}

static void table_name_is_plain(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);
    char name[] = "driver-trips";

    spec->name = name;
    check(rules, spec);
    assert_only(rules, FC_REASON_NAME_INVALID, "table_spec.name",
                "invalid value for FeatureTable resource, driver-trips: argument must only contain "
                "alphanumeric characters and underscores.");
    forget(rules);
    spec->name[0] = '\0';
    check(rules, spec);
    assert_only(rules, FC_REASON_NAME_INVALID, "table_spec.name", "is empty");
}

static void entities_features_and_batch_source_are_required(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    spec->n_entities = 0;
    check(rules, spec);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "table_spec.entities", "at least one entity");
    forget(rules);
    spec = test_table(rules->arena);
    spec->n_features = 0;
    check(rules, spec);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "table_spec.features", "at least one feature");
    forget(rules);
    spec = test_table(rules->arena);
    spec->batch_source = NULL;
    check(rules, spec);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "table_spec.batch_source", NULL);
}

static void names_of_entities_and_features_are_plain(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    test_add_entity(rules->arena, spec, "customer-id");
    (void)test_add_feature(rules->arena, spec, "3rd", STRING_TYPE);
    (void)test_add_feature(rules->arena, spec, "", STRING_TYPE);
    check(rules, spec);
    assert_int_equal(rules->found.count, 3);
    assert_violated(rules, FC_REASON_NAME_INVALID, "table_spec.entities[1]", "entity resource");
    assert_violated(rules, FC_REASON_NAME_INVALID, "table_spec.features[2].name",
                    "invalid value for Feature resource, 3rd:");
    assert_violated(rules, FC_REASON_NAME_INVALID, "table_spec.features[3].name", "is empty");
}

static void feature_types_must_be_set_and_known(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    (void)test_add_feature(rules->arena, spec, "a", FEAST__TYPES__VALUE_TYPE__ENUM__INVALID);
    (void)test_add_feature(rules->arena, spec, "b", (Feast__Types__ValueType__Enum)8);
    check(rules, spec);
    assert_int_equal(rules->found.count, 2);
    assert_violated(rules, FC_REASON_VALUE_TYPE_INVALID, "table_spec.features[2].value_type",
                    "Feature \"a\": value_type is not set");
    assert_violated(rules, FC_REASON_VALUE_TYPE_INVALID, "table_spec.features[3].value_type",
                    "Feature \"b\": value_type 8 is not known");
}

static void label_keys_must_not_be_empty(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    TEST_TABLE_LABEL(rules->arena, spec, "", "x");
    TEST_FEATURE_LABEL(rules->arena, spec->features[1], "", "y");
    check(rules, spec);
    assert_int_equal(rules->found.count, 2);
    assert_violated(rules, FC_REASON_LABEL_INVALID, "table_spec.labels", NULL);
    assert_violated(rules, FC_REASON_LABEL_INVALID, "table_spec.features[1].labels", NULL);
}

/* The two that the peers enforce; those that only their documents list stay accepted. */
static void reserved_names(void **state)
{
    static const char text[] = "Reserved names has been used as Feature(s) names. Reserved: "
                               "[event_timestamp, created_timestamp]";
    static const char *const free_names[] = {"datetime", "ingestion_id", "job_id", "ts"};
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    test_add_entity(rules->arena, spec, "created_timestamp");
    (void)test_add_feature(rules->arena, spec, "event_timestamp", STRING_TYPE);
    check(rules, spec);
    assert_int_equal(rules->found.count, 2);
    assert_violated(rules, FC_REASON_NAME_RESERVED, "table_spec.entities[1]", text);
    assert_violated(rules, FC_REASON_NAME_RESERVED, "table_spec.features[2].name", text);
    forget(rules);
    spec = test_table(rules->arena);
    for (size_t i = 0; i < FC_ARRAY_LEN(free_names); i++)
        (void)test_add_feature(rules->arena, spec, free_names[i], STRING_TYPE);
    check(rules, spec);
    assert_fine(rules);
}

static void names_are_unique_among_entities_and_features(void **state)
{
    static const char text[] = "Entity and Feature names within a Feature Table should be unique.";
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    test_add_entity(rules->arena, spec, "driver_id");
    (void)test_add_feature(rules->arena, spec, "rating", STRING_TYPE);
    check(rules, spec);
    assert_int_equal(rules->found.count, 2);
    assert_violated(rules, FC_REASON_NAME_CLASH, "table_spec.entities[1]", text);
    assert_violated(rules, FC_REASON_NAME_CLASH, "table_spec.features[2].name", text);
    forget(rules);
    spec = test_table(rules->arena);
    (void)test_add_feature(rules->arena, spec, "driver_id", STRING_TYPE);
    check(rules, spec);
    assert_only(rules, FC_REASON_NAME_CLASH, "table_spec.features[2].name",
                "(feature \"driver_id\" is also an entity)");
}

static void max_age_is_not_negative(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    spec->max_age->seconds = -1;
    check(rules, spec);
    assert_only(rules, FC_REASON_FIELD_INVALID, "table_spec.max_age", "max_age is -1 s");
    forget(rules);
    spec->max_age->seconds = 0;
    spec->max_age->nanos = -1;
    check(rules, spec);
    assert_only(rules, FC_REASON_FIELD_INVALID, "table_spec.max_age", NULL);
    forget(rules);
    spec->max_age->seconds = INT64_MAX;
    spec->max_age->nanos = 0;
    check(rules, spec);
    assert_only(rules, FC_REASON_FIELD_INVALID, "table_spec.max_age", NULL);
    forget(rules);
    spec->max_age->seconds = INT64_C(315576000000);
    check(rules, spec);
    assert_fine(rules);
}

static void max_age_is_always_there_in_whole_seconds(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    spec->max_age->nanos = 999999999;
    check(rules, spec);
    assert_int_equal(spec->max_age->seconds, 3600);
    assert_int_equal(spec->max_age->nanos, 0);
    spec->max_age = NULL;
    check(rules, spec);
    assert_non_null(spec->max_age);
    assert_int_equal(spec->max_age->seconds, 0);
    assert_fine(rules);
}

static void empty_online_store_is_unset(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);
    Feast__Core__OnlineStore store = FEAST__CORE__ONLINE_STORE__INIT;
    char name[] = "redis";

    spec->online_store = &store;
    check(rules, spec);
    assert_null(spec->online_store);
    assert_fine(rules);
    store.type = FEAST__CORE__STORE_TYPE__REDIS;
    spec->online_store = &store;
    check(rules, spec);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "table_spec.online_store.name", NULL);
    forget(rules);
    store.name = name;
    check(rules, spec);
    assert_ptr_equal(spec->online_store, &store);
    assert_fine(rules);
}

static void empty_stream_source_is_none(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);
    Feast__Core__DataSource empty = FEAST__CORE__DATA_SOURCE__INIT;

    spec->stream_source = &empty;
    check(rules, spec);
    assert_null(spec->stream_source);
    assert_fine(rules);
}

static void order_is_kept_and_maps_are_sorted(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    test_add_entity(rules->arena, spec, "area_id");
    TEST_TABLE_LABEL(rules->arena, spec, "b", "2");
    TEST_TABLE_LABEL(rules->arena, spec, "a", "1");
    TEST_FEATURE_LABEL(rules->arena, spec->features[0], "z", "2");
    TEST_FEATURE_LABEL(rules->arena, spec->features[0], "y", "1");
    TEST_MAPPING(rules->arena, spec->batch_source, "trips", "t");
    TEST_MAPPING(rules->arena, spec->batch_source, "rating", "r");
    check(rules, spec);
    assert_fine(rules);
    assert_string_equal(spec->entities[0], "driver_id");
    assert_string_equal(spec->entities[1], "area_id");
    assert_string_equal(spec->features[0]->name, "trips");
    assert_string_equal(spec->labels[0]->key, "a");
    assert_string_equal(spec->features[0]->labels[0]->key, "y");
    assert_string_equal(spec->batch_source->field_mapping[0]->key, "rating");
}

/* Field 9: a Duration to one generation, the project to another. */
static void project_within_the_spec_must_not_differ(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    void *same = test_with_bytes(rules->arena, &spec->base, "\x4a\x04ride", 6);
    check_in(rules, same, "ride");
    void *duration = test_with_bytes(rules->arena, &spec->base, "\x4a\x02\x08\x3c", 4);
    check_in(rules, duration, "ride");
    void *empty = test_with_bytes(rules->arena, &spec->base, "\x4a\x00", 2);
    check_in(rules, empty, "ride");
    void *number = test_with_bytes(rules->arena, &spec->base, "\x48\x07", 2);
    check_in(rules, number, "ride");
    assert_fine(rules);
    check_in(rules, same, "default");
    assert_only(rules, FC_REASON_FIELD_INVALID, "table_spec.project",
                "the spec is for project \"ride\", the request for project \"default\"");
}

static void texts_for_what_the_state_decides(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);
    Feast__Core__OnlineStore store = FEAST__CORE__ONLINE_STORE__INIT;
    char name[] = "redis";

    fc_table_entity_unknown(spec, 0, "ride", &rules->found);
    assert_only(rules, FC_REASON_ENTITY_UNKNOWN, "table_spec.entities[0]",
                "Feature Table refers to no existent Entity: (table: driver_trips, entity: "
                "driver_id, project: ride)");
    forget(rules);
    store.name = name;
    spec->online_store = &store;
    fc_table_online_store_unusable(spec, false, &rules->found);
    assert_only(rules, FC_REASON_ONLINE_STORE_UNKNOWN, "table_spec.online_store.name",
                "online store \"redis\" is not registered");
    forget(rules);
    fc_table_online_store_unusable(spec, true, &rules->found);
    assert_only(rules, FC_REASON_ONLINE_STORE_UNKNOWN, "table_spec.online_store.name",
                "is archived");
}

static void everything_wrong_is_told_at_once(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);
    struct fc_error err = FC_ERROR_INIT;
    char name[] = "9";

    spec->name = name;
    spec->n_entities = 0;
    spec->max_age->seconds = -5;
    spec->features[0]->value_type = FEAST__TYPES__VALUE_TYPE__ENUM__INVALID;
    spec->batch_source->event_timestamp_column = name + 1;
    spec->stream_source = test_file_source(rules->arena);
    check_in(rules, spec, "a b");
    assert_int_equal(rules->found.count, 7);
    assert_int_equal(fc_violations_to_error(&rules->found, &err), FC_INVALID_ARGUMENT);
    assert_string_equal(err.field, "project"); /* the peers' order of looking */
}

static const struct CMUnitTest cases[] = {
    RULES_CASE(valid_table_has_no_violation),
    RULES_CASE(project_allows_dashes_only_inside),
    RULES_CASE(spec_is_required),
    RULES_CASE(table_name_is_plain),
    RULES_CASE(entities_features_and_batch_source_are_required),
    RULES_CASE(names_of_entities_and_features_are_plain),
    RULES_CASE(feature_types_must_be_set_and_known),
    RULES_CASE(label_keys_must_not_be_empty),
    RULES_CASE(reserved_names),
    RULES_CASE(names_are_unique_among_entities_and_features),
    RULES_CASE(max_age_is_not_negative),
    RULES_CASE(max_age_is_always_there_in_whole_seconds),
    RULES_CASE(empty_online_store_is_unset),
    RULES_CASE(empty_stream_source_is_none),
    RULES_CASE(order_is_kept_and_maps_are_sorted),
    RULES_CASE(project_within_the_spec_must_not_differ),
    RULES_CASE(texts_for_what_the_state_decides),
    RULES_CASE(everything_wrong_is_told_at_once),
};

FC_TEST_MAIN(cases)

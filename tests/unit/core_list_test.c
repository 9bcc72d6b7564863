/* SPDX-License-Identifier: Apache-2.0 */
/* ListFeatureTables and ListFeatures: order, filters, what is hidden, many tables. */
#include "tests/unit/core_fixture.h"

static Feast__Core__FeatureTable *must_apply(struct core_server *server, const char *project,
                                             Feast__Core__FeatureTableSpec *spec)
{
    Feast__Core__FeatureTable *table = core_apply_table_in(server, project, spec);

    core_must(server, table, "ApplyFeatureTable");
    return table;
}

static Feast__Core__FeatureTableSpec *named_table(struct core_server *server, const char *name)
{
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);

    spec->name = fc_arena_strdup(server->arena, name);
    return spec;
}

static Feast__Core__ListFeatureTablesResponse *
list_tables(struct core_server *server, Feast__Core__ListFeatureTablesRequest__Filter *filter)
{
    Feast__Core__ListFeatureTablesRequest request = FEAST__CORE__LIST_FEATURE_TABLES_REQUEST__INIT;

    request.filter = filter;
    return CORE_CALL(server, "ListFeatureTables", &request, list_feature_tables_response);
}

static void tables_are_listed_by_name_and_labels(void **state)
{
    static const char *const names[] = {"zulu", "alpha", "mike"};
    struct core_server *server = *state;
    Feast__Core__ListFeatureTablesRequest__Filter filter =
        FEAST__CORE__LIST_FEATURE_TABLES_REQUEST__FILTER__INIT;
    char other[] = "other", star[] = "*", nowhere[] = "nowhere";

    have_driver(server, "");
    have_driver(server, "other");
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        Feast__Core__FeatureTableSpec *spec = named_table(server, names[i]);
        TEST_TABLE_LABEL(server->arena, spec, "team", i == 2 ? "b" : "a");
        TEST_TABLE_LABEL(server->arena, spec, "n", "1");
        (void)must_apply(server, "", spec);
    }
    (void)must_apply(server, "other", named_table(server, "elsewhere"));
    Feast__Core__ListFeatureTablesResponse *all = list_tables(server, NULL);
    assert_answered(server, all);
    assert_int_equal(all->n_tables, 3);
    assert_string_equal(all->tables[0]->spec->name, "alpha");
    assert_string_equal(all->tables[1]->spec->name, "mike");
    assert_string_equal(all->tables[2]->spec->name, "zulu");
    assert_int_equal(all->tables[2]->meta->revision, 0);
    TEST_PUT(server->arena, feast__core__list_feature_tables_request__filter__labels_entry, &filter,
             labels, "team", "a");
    TEST_PUT(server->arena, feast__core__list_feature_tables_request__filter__labels_entry, &filter,
             labels, "n", "1");
    Feast__Core__ListFeatureTablesResponse *some = list_tables(server, &filter);
    assert_answered(server, some);
    assert_int_equal(some->n_tables, 2);
    filter.n_labels = 0;
    filter.project = other;
    some = list_tables(server, &filter);
    assert_answered(server, some);
    assert_int_equal(some->n_tables, 1);
    filter.project = nowhere;
    some = list_tables(server, &filter);
    assert_answered(server, some);
    assert_int_equal(some->n_tables, 0);
    filter.project = star;
    assert_null(list_tables(server, &filter));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID, "project resource, *");
}

static void deleted_tables_and_their_features_are_hidden(void **state)
{
    struct core_server *server = *state;
    Feast__Core__ListFeaturesRequest request = FEAST__CORE__LIST_FEATURES_REQUEST__INIT;

    have_driver(server, "");
    (void)must_apply(server, "", named_table(server, "one"));
    (void)must_apply(server, "", named_table(server, "two"));
    assert_true(core_delete_table_in(server, "", "one"));
    Feast__Core__ListFeatureTablesResponse *tables = list_tables(server, NULL);
    assert_answered(server, tables);
    assert_int_equal(tables->n_tables, 1);
    Feast__Core__ListFeaturesResponse *features =
        CORE_CALL(server, "ListFeatures", &request, list_features_response);
    assert_answered(server, features);
    assert_int_equal(features->n_features, 2);
    assert_string_equal(features->features[0]->key, "two:trips");
    assert_string_equal(features->features[1]->key, "two:rating");
    assert_string_equal(features->features[1]->value->name, "rating");
    assert_int_equal(features->features[1]->value->value_type,
                     FEAST__TYPES__VALUE_TYPE__ENUM__FLOAT);
}

static size_t count_features(struct core_server *server, char **entities, size_t entity_count,
                             const char *label, const char *value)
{
    Feast__Core__ListFeaturesRequest request = FEAST__CORE__LIST_FEATURES_REQUEST__INIT;
    Feast__Core__ListFeaturesRequest__Filter filter =
        FEAST__CORE__LIST_FEATURES_REQUEST__FILTER__INIT;

    filter.entities = entities;
    filter.n_entities = entity_count;
    if (label) {
        TEST_PUT(server->arena, feast__core__list_features_request__filter__labels_entry, &filter,
                 labels, label, value);
    }
    request.filter = &filter;
    Feast__Core__ListFeaturesResponse *answer =
        CORE_CALL(server, "ListFeatures", &request, list_features_response);
    core_must(server, answer, "ListFeatures");
    return answer->n_features;
}

/* The entities of a table must be exactly those of the filter; the labels are those of the feature. */
static void features_are_filtered_by_entities_and_labels(void **state)
{
    struct core_server *server = *state;
    char driver[] = "driver_id", area[] = "area";
    char *both[] = {area, driver, area}, *one[] = {driver}, *unused[] = {area};
    Feast__Core__FeatureTableSpec *pair = named_table(server, "pair");

    have_driver(server, "");
    assert_answered(
        server, core_apply_entity_in(server, "", test_entity(server->arena, "area", STRING_TYPE)));
    (void)must_apply(server, "", named_table(server, "single"));
    test_add_entity(server->arena, pair, "area");
    TEST_FEATURE_LABEL(server->arena, pair->features[0], "unit", "count");
    TEST_TABLE_LABEL(server->arena, pair, "team", "a");
    (void)must_apply(server, "", pair);
    assert_int_equal(count_features(server, NULL, 0, NULL, NULL), 4);
    assert_int_equal(count_features(server, one, 1, NULL, NULL), 2);
    assert_int_equal(count_features(server, both, 3, NULL, NULL), 2);
    assert_int_equal(count_features(server, unused, 1, NULL, NULL), 0);
    assert_int_equal(count_features(server, NULL, 0, "unit", "count"), 1);
    assert_int_equal(count_features(server, NULL, 0, "team", "a"), 0); /* of the table */
    assert_int_equal(count_features(server, one, 1, "unit", "count"), 0);
}

static void strange_projects_have_no_features(void **state)
{
    struct core_server *server = *state;
    Feast__Core__ListFeaturesRequest request = FEAST__CORE__LIST_FEATURES_REQUEST__INIT;
    Feast__Core__ListFeaturesRequest__Filter filter =
        FEAST__CORE__LIST_FEATURES_REQUEST__FILTER__INIT;
    char nowhere[] = "nowhere", star[] = "*";

    request.filter = &filter;
    filter.project = nowhere;
    Feast__Core__ListFeaturesResponse *none =
        CORE_CALL(server, "ListFeatures", &request, list_features_response);
    assert_answered(server, none);
    assert_int_equal(none->n_features, 0);
    filter.project = star;
    assert_null(CORE_CALL(server, "ListFeatures", &request, list_features_response));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID, "project resource, *");
}

static void a_thousand_tables_are_listed(void **state)
{
    enum { TABLES = 1000 };
    struct core_server *server = *state;
    char name[32];

    have_driver(server, "");
    for (int i = 0; i < TABLES; i++) {
        (void)snprintf(name, sizeof name, "table_%04d", (i * 7) % TABLES);
        (void)must_apply(server, "", named_table(server, name));
    }
    Feast__Core__ListFeatureTablesResponse *all = list_tables(server, NULL);
    assert_answered(server, all);
    assert_int_equal(all->n_tables, TABLES);
    for (int i = 0; i < TABLES; i++) {
        (void)snprintf(name, sizeof name, "table_%04d", i);
        assert_string_equal(all->tables[i]->spec->name, name);
    }
}

static const struct CMUnitTest cases[] = {
    CORE_CASE(tables_are_listed_by_name_and_labels),
    CORE_CASE(deleted_tables_and_their_features_are_hidden),
    CORE_CASE(features_are_filtered_by_entities_and_labels),
    CORE_CASE(strange_projects_have_no_features),
    CORE_CASE(a_thousand_tables_are_listed),
};

FC_TEST_MAIN(cases)

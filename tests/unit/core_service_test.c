/* SPDX-License-Identifier: Apache-2.0 */
/* CoreService over a real connection: projects, entities, stores. Feature tables: core_table_test.c. */
#include "tests/unit/core_fixture.h"

static void version_is_told(void **state)
{
    struct core_server *server = *state;
    Feast__Core__GetFeastCoreVersionRequest request =
        FEAST__CORE__GET_FEAST_CORE_VERSION_REQUEST__INIT;
    Feast__Core__GetFeastCoreVersionResponse *answer =
        CORE_CALL(server, "GetFeastCoreVersion", &request, get_feast_core_version_response);

    assert_answered(server, answer);
    assert_string_equal(answer->version, "1.2.3");
}

static void removed_methods_are_unimplemented(void **state)
{
    struct core_server *server = *state;
    Feast__Core__GetFeastCoreVersionRequest request =
        FEAST__CORE__GET_FEAST_CORE_VERSION_REQUEST__INIT;

    assert_null(CORE_CALL(server, "GetFeatureSet", &request, get_feast_core_version_response));
    assert_int_equal(server->err.rc, FC_UNIMPLEMENTED);
}

/* Projects */

static void assert_projects(struct core_server *server, const char *expected)
{
    Feast__Core__ListProjectsRequest request = FEAST__CORE__LIST_PROJECTS_REQUEST__INIT;
    Feast__Core__ListProjectsResponse *answer =
        CORE_CALL(server, "ListProjects", &request, list_projects_response);
    FC_CLEANUP(fc_buf_done) struct fc_buf names = FC_BUF_INIT;

    assert_answered(server, answer);
    for (size_t i = 0; i < answer->n_projects; i++)
        fc_buf_printf(&names, "%s%s", i == 0 ? "" : " ", answer->projects[i]);
    assert_string_equal(fc_buf_text(&names), expected);
}

static void projects_are_created_listed_and_archived(void **state)
{
    struct core_server *server = *state;

    assert_projects(server, "default");
    assert_true(core_create_project_named(server, "ride"));
    assert_true(core_create_project_named(server, "a-b_c"));
    assert_projects(server, "a-b_c default ride");
    assert_true(core_archive_project_named(server, "ride"));
    assert_projects(server, "a-b_c default");
    assert_true(core_archive_project_named(server, "ride")); /* again is no mistake */
    core_server_restart(server);
    assert_projects(server, "a-b_c default");
}

static void project_names_are_checked(void **state)
{
    struct core_server *server = *state;

    assert_false(core_create_project_named(server, ""));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID, "name is empty");
    assert_false(core_create_project_named(server, "a b"));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID,
                  "invalid value for project resource, a b: ");
    assert_string_equal(server->err.field, "name");
}

static void existing_projects_are_told(void **state)
{
    struct core_server *server = *state;

    assert_false(core_create_project_named(server, "default"));
    assert_failed(server, FC_ALREADY_EXISTS, FC_REASON_PROJECT_EXISTS,
                  "Project already exists: default");
    assert_true(core_create_project_named(server, "ride"));
    assert_true(core_archive_project_named(server, "ride"));
    assert_false(core_create_project_named(server, "ride"));
    assert_failed(server, FC_ALREADY_EXISTS, FC_REASON_PROJECT_EXISTS,
                  "Project already exists: ride");
}

static void archiving_needs_an_existing_other_project(void **state)
{
    struct core_server *server = *state;

    assert_false(core_archive_project_named(server, "nowhere"));
    assert_failed(server, FC_NOT_FOUND, FC_REASON_PROJECT_NOT_FOUND,
                  "Could not find project: \"nowhere\"");
    assert_false(core_archive_project_named(server, "default"));
    assert_failed(server, FC_UNIMPLEMENTED, FC_REASON_PROJECT_PROTECTED, "default");
}

/* Entities */

static Feast__Core__Entity *get_entity(struct core_server *server, const char *project,
                                       const char *name)
{
    Feast__Core__GetEntityRequest request = FEAST__CORE__GET_ENTITY_REQUEST__INIT;

    request.project = (char *)project;
    request.name = (char *)name;
    Feast__Core__GetEntityResponse *answer =
        CORE_CALL(server, "GetEntity", &request, get_entity_response);
    return !answer ? NULL : answer->entity;
}

static void entity_is_created_and_read(void **state)
{
    struct core_server *server = *state;
    Feast__Core__EntitySpecV2 *spec = test_entity(server->arena, "driver_id", INT64_TYPE);
    char description[] = "who drives \xc3\xa4";

    spec->description = description;
    TEST_ENTITY_LABEL(server->arena, spec, "team", "matchmaking");
    Feast__Core__Entity *made = core_apply_entity_in(server, "", spec);
    assert_answered(server, made);
    Feast__Core__Entity *read = get_entity(server, "default", "driver_id");
    assert_answered(server, read);
    assert_string_equal(read->spec->name, "driver_id");
    assert_int_equal(read->spec->value_type, INT64_TYPE);
    assert_string_equal(read->spec->description, description);
    assert_int_equal(read->spec->n_labels, 1);
    assert_string_equal(read->spec->labels[0]->value, "matchmaking");
    assert_int_equal(made->meta->created_timestamp->seconds, 1600000000);
    assert_int_equal(made->meta->created_timestamp->nanos, 0);
    assert_int_equal(made->meta->last_updated_timestamp->seconds, 1600000000);
    assert_int_equal(read->meta->created_timestamp->seconds, 1600000000);
}

static void entity_reads_name_what_is_missing(void **state)
{
    struct core_server *server = *state;

    assert_null(get_entity(server, "", "driver_id"));
    assert_failed(server, FC_NOT_FOUND, FC_REASON_ENTITY_NOT_FOUND,
                  "Entity with name \"driver_id\" could not be found.");
    assert_null(get_entity(server, "", ""));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID, "name is empty");
    assert_null(get_entity(server, "*", "driver-id"));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID,
                  "invalid value for entity resource, driver-id: argument must only contain "
                  "alphanumeric characters and underscores.");
    assert_true(told(server, "name"));
    assert_true(told(server, "project"));
}

static void entity_apply_creates_its_project(void **state)
{
    struct core_server *server = *state;

    have_driver(server, "new-project");
    assert_projects(server, "default new-project");
    assert_null(get_entity(server, "", "driver_id"));
    assert_answered(server, get_entity(server, "new-project", "driver_id"));
}

static void identical_entity_changes_nothing(void **state)
{
    struct core_server *server = *state;
    Feast__Core__EntitySpecV2 *one = test_entity(server->arena, "e", INT64_TYPE);
    Feast__Core__EntitySpecV2 *two = test_entity(server->arena, "e", INT64_TYPE);

    TEST_ENTITY_LABEL(server->arena, one, "a", "1");
    TEST_ENTITY_LABEL(server->arena, one, "b", "2");
    TEST_ENTITY_LABEL(server->arena, two, "b", "2");
    TEST_ENTITY_LABEL(server->arena, two, "a", "1");
    assert_answered(server, core_apply_entity_in(server, "", one));
    pass_seconds(server, 60);
    Feast__Core__Entity *again = core_apply_entity_in(server, "", two);
    assert_answered(server, again);
    assert_int_equal(again->meta->last_updated_timestamp->seconds, 1600000000);
}

static void entity_labels_and_description_are_replaced(void **state)
{
    struct core_server *server = *state;
    Feast__Core__EntitySpecV2 *spec = test_entity(server->arena, "e", INT64_TYPE);

    TEST_ENTITY_LABEL(server->arena, spec, "a", "1");
    assert_answered(server, core_apply_entity_in(server, "", spec));
    pass_seconds(server, 60);
    spec = test_entity(server->arena, "e", INT64_TYPE);
    TEST_ENTITY_LABEL(server->arena, spec, "b", "2");
    Feast__Core__Entity *changed = core_apply_entity_in(server, "", spec);
    assert_answered(server, changed);
    assert_int_equal(changed->spec->n_labels, 1);
    assert_string_equal(changed->spec->labels[0]->key, "b");
    assert_int_equal(changed->meta->created_timestamp->seconds, 1600000000);
    assert_int_equal(changed->meta->last_updated_timestamp->seconds, 1600000060);
}

static void entity_type_is_fixed(void **state)
{
    struct core_server *server = *state;

    have_driver(server, "ride");
    assert_null(
        core_apply_entity_in(server, "ride", test_entity(server->arena, "driver_id", STRING_TYPE)));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_ENTITY_TYPE_CHANGED,
                  "You are attempting to change the type of this entity in ride project from INT64 "
                  "to STRING. This isn't allowed. Please create a new entity.");
}

static void entity_mistakes_come_together(void **state)
{
    struct core_server *server = *state;
    Feast__Core__EntitySpecV2 *spec =
        test_entity(server->arena, "driver-id", FEAST__TYPES__VALUE_TYPE__ENUM__INVALID);

    TEST_ENTITY_LABEL(server->arena, spec, "", "x");
    assert_null(core_apply_entity_in(server, "a b", spec));
    assert_int_equal(server->err.rc, FC_INVALID_ARGUMENT);
    assert_int_equal(server->reply.violations.count, 4);
    assert_true(told(server, "spec.name"));
    assert_true(told(server, "spec.value_type"));
    assert_true(told(server, "spec.labels"));
    assert_true(told(server, "project"));
    assert_null(core_apply_entity_in(server, "", NULL));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_FIELD_REQUIRED, "no spec");
}

static void archived_project_takes_no_entity(void **state)
{
    struct core_server *server = *state;

    have_driver(server, "ride");
    assert_true(core_archive_project_named(server, "ride"));
    assert_null(
        core_apply_entity_in(server, "ride", test_entity(server->arena, "driver_id", INT64_TYPE)));
    assert_failed(server, FC_FAILED_PRECONDITION, FC_REASON_PROJECT_ARCHIVED,
                  "Project is archived: ride");
    assert_answered(server, get_entity(server, "ride", "driver_id")); /* reads go on */
}

static void unknown_fields_of_entities_survive(void **state)
{
    static const char join_key[] = "\x22\x03key\x4a\x04ride"; /* 4 and 9 of a later generation */
    struct core_server *server = *state;
    ProtobufCMessage *spec =
        test_with_bytes(server->arena, &test_entity(server->arena, "e", INT64_TYPE)->base, join_key,
                        sizeof join_key - 1);

    assert_answered(server, core_apply_entity_in(server, "", (void *)spec));
    core_server_restart(server);
    Feast__Core__Entity *read = get_entity(server, "", "e");
    assert_answered(server, read);
    assert_int_equal(read->spec->base.n_unknown_fields, 2);
    assert_int_equal(read->spec->base.unknown_fields[0].tag, 4);
    assert_memory_equal(read->spec->base.unknown_fields[0].data, "\x03key", 4);
    pass_seconds(server, 5);
    Feast__Core__Entity *again = core_apply_entity_in(server, "", (void *)spec);
    assert_answered(server, again);
    assert_int_equal(again->meta->last_updated_timestamp->seconds, 1600000000);
}

static Feast__Core__ListEntitiesResponse *
list_entities(struct core_server *server, Feast__Core__ListEntitiesRequest__Filter *filter)
{
    Feast__Core__ListEntitiesRequest request = FEAST__CORE__LIST_ENTITIES_REQUEST__INIT;

    request.filter = filter;
    return CORE_CALL(server, "ListEntities", &request, list_entities_response);
}

static void entities_are_listed_by_name_and_labels(void **state)
{
    static const char *const names[] = {"zone", "area", "driver", "Area"};
    struct core_server *server = *state;
    Feast__Core__ListEntitiesRequest__Filter filter =
        FEAST__CORE__LIST_ENTITIES_REQUEST__FILTER__INIT;

    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        Feast__Core__EntitySpecV2 *spec = test_entity(server->arena, names[i], INT64_TYPE);
        TEST_ENTITY_LABEL(server->arena, spec, "kind", i % 2 == 0 ? "even" : "odd");
        assert_answered(server, core_apply_entity_in(server, "", spec));
    }
    have_driver(server, "other");
    Feast__Core__ListEntitiesResponse *all = list_entities(server, NULL);
    assert_answered(server, all);
    assert_int_equal(all->n_entities, 4);
    assert_string_equal(all->entities[0]->spec->name, "Area");
    assert_string_equal(all->entities[3]->spec->name, "zone");
    assert_int_equal(all->entities[0]->meta->created_timestamp->seconds, 1600000000);
    TEST_PUT(server->arena, feast__core__list_entities_request__filter__labels_entry, &filter,
             labels, "kind", "odd");
    Feast__Core__ListEntitiesResponse *odd = list_entities(server, &filter);
    assert_answered(server, odd);
    assert_int_equal(odd->n_entities, 2);
    assert_string_equal(odd->entities[0]->spec->name, "Area");
    assert_string_equal(odd->entities[1]->spec->name, "area");
}

static void lists_of_strange_projects(void **state)
{
    struct core_server *server = *state;
    Feast__Core__ListEntitiesRequest__Filter filter =
        FEAST__CORE__LIST_ENTITIES_REQUEST__FILTER__INIT;
    char unknown[] = "nowhere", star[] = "*";

    filter.project = unknown;
    Feast__Core__ListEntitiesResponse *none = list_entities(server, &filter);
    assert_answered(server, none);
    assert_int_equal(none->n_entities, 0);
    filter.project = star;
    assert_null(list_entities(server, &filter));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID,
                  "invalid value for project resource, *: ");
}

static void dry_run_of_an_entity_writes_nothing(void **state)
{
    static const struct fc_channel_metadata dry = {"feast-dry-run", "true"};
    static const struct fc_channel_metadata odd = {"feast-dry-run", "maybe"};
    struct core_server *server = *state;

    server->metadata = &dry;
    server->metadata_count = 1;
    Feast__Core__Entity *shown =
        core_apply_entity_in(server, "new", test_entity(server->arena, "e", INT64_TYPE));
    assert_answered(server, shown);
    assert_int_equal(shown->meta->created_timestamp->seconds, 1600000000);
    assert_null(get_entity(server, "new", "e"));
    assert_projects(server, "default");
    server->metadata = &odd;
    assert_null(core_apply_entity_in(server, "new", test_entity(server->arena, "e", INT64_TYPE)));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_REQUEST_INVALID,
                  "feast-dry-run is \"maybe\", expected true or false");
}

static const struct CMUnitTest cases[] = {
    CORE_CASE(version_is_told),
    CORE_CASE(removed_methods_are_unimplemented),
    CORE_CASE(projects_are_created_listed_and_archived),
    CORE_CASE(project_names_are_checked),
    CORE_CASE(existing_projects_are_told),
    CORE_CASE(archiving_needs_an_existing_other_project),
    CORE_CASE(entity_is_created_and_read),
    CORE_CASE(entity_reads_name_what_is_missing),
    CORE_CASE(entity_apply_creates_its_project),
    CORE_CASE(identical_entity_changes_nothing),
    CORE_CASE(entity_labels_and_description_are_replaced),
    CORE_CASE(entity_type_is_fixed),
    CORE_CASE(entity_mistakes_come_together),
    CORE_CASE(archived_project_takes_no_entity),
    CORE_CASE(unknown_fields_of_entities_survive),
    CORE_CASE(entities_are_listed_by_name_and_labels),
    CORE_CASE(lists_of_strange_projects),
    CORE_CASE(dry_run_of_an_entity_writes_nothing),
};

FC_TEST_MAIN(cases)

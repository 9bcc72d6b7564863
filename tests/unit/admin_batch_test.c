/* SPDX-License-Identifier: Apache-2.0 */
/* feast.admin.v1: many objects at once, lists in pages. Over real gRPC. */
#include "tests/unit/whole_fixture.h"

#include <stdlib.h>

#include "feast/admin/v1/admin.pb-c.h"

#define ADMIN "/feast.admin.v1.AdminService/"

#define CALL(server, method, request, response_)                                                   \
    whole_call((server), ADMIN method, &(request)->base,                                           \
               &feast__admin__v1__##response_##__descriptor)
#define BECAME(answer, i, word)                                                                    \
    assert_int_equal((answer)->results[i]->change, FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__##word)

typedef Feast__Admin__V1__ApplyBatchRequest batch_request;
typedef Feast__Admin__V1__ApplyBatchResponse batch_response;
typedef Feast__Admin__V1__BatchObject batch_object;
typedef Feast__Admin__V1__ListObjectsRequest list_request;
typedef Feast__Admin__V1__ListObjectsResponse list_response;

/* ---- Batches ---- */

static batch_object *add(struct whole_server *server, batch_request *request, const char *project)
{
    batch_object *object = fc_arena_alloc(server->arena, sizeof *object);

    if (!request->objects)
        request->objects = fc_arena_calloc(server->arena, 1000, sizeof(batch_object *));
    feast__admin__v1__batch_object__init(object);
    object->project = (char *)project;
    request->objects[request->n_objects++] = object;
    return object;
}

static void add_project(struct whole_server *server, batch_request *request, const char *name)
{
    batch_object *object = add(server, request, "");

    object->object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_NEW_PROJECT;
    object->new_project = (char *)name;
}

static void add_entity(struct whole_server *server, batch_request *request, const char *project,
                       const char *name, Feast__Types__ValueType__Enum type)
{
    batch_object *object = add(server, request, project);

    object->object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_ENTITY;
    object->entity = fc_arena_alloc(server->arena, sizeof *object->entity);
    feast__core__entity_spec_v2__init(object->entity);
    object->entity->name = (char *)name;
    object->entity->value_type = type;
}

static Feast__Core__FeatureTableSpec *add_table(struct whole_server *server, batch_request *request,
                                                const char *project, const char *name)
{
    batch_object *object = add(server, request, project);

    object->object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_FEATURE_TABLE;
    object->feature_table = test_table(server->arena);
    object->feature_table->name = (char *)name;
    return object->feature_table;
}

static void add_deletion(struct whole_server *server, batch_request *request, const char *name)
{
    batch_object *object = add(server, request, "");

    object->object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_DELETED_FEATURE_TABLE;
    object->deleted_feature_table = (char *)name;
}

static batch_response *apply(struct whole_server *server, const batch_request *request)
{
    return must_answer(server, CALL(server, "ApplyBatch", request, apply_batch_response));
}

static list_response *list(struct whole_server *server, const list_request *request)
{
    return CALL(server, "ListObjects", request, list_objects_response);
}

static size_t tables_of(struct whole_server *server, const char *project)
{
    list_request request = FEAST__ADMIN__V1__LIST_OBJECTS_REQUEST__INIT;

    request.kind = FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE;
    request.project = (char *)project;
    const list_response *answer = must_answer(server, list(server, &request));
    assert_non_null(answer);
    return answer->n_objects;
}

static void objects_see_those_before_them_in_whatever_order(void **state)
{
    struct whole_server *server = *state;
    batch_request request = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;

    (void)add_table(server, &request, "rides", "trips");
    add_entity(server, &request, "rides", "driver_id", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    add_project(server, &request, "rides");
    const batch_response *answer = apply(server, &request);
    assert_true(answer->applied);
    BECAME(answer, 0, CREATED);
    BECAME(answer, 1, CREATED);
    BECAME(answer, 2, CREATED);
    assert_int_equal(answer->results[0]->verdict, FEAST__ADMIN__V1__VERDICT__OK);
    assert_int_equal(answer->results[0]->report->n_sources, 1);
    assert_int_equal(strlen(answer->results[0]->report->spec_hash), 8);
    assert_int_equal(tables_of(server, "rides"), 1);

    answer = apply(server, &request);
    BECAME(answer, 0, UNCHANGED);
    BECAME(answer, 1, UNCHANGED);
    BECAME(answer, 2, UNCHANGED);
    assert_null(answer->results[0]->report);
    request.objects[0]->feature_table->max_age->seconds = 7;
    answer = apply(server, &request);
    BECAME(answer, 0, UPDATED);
    assert_int_equal(answer->results[0]->revision, 1);
}

static void a_dry_run_tells_all_and_changes_nothing(void **state)
{
    struct whole_server *server = *state;
    batch_request request = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;

    request.dry_run = true;
    add_project(server, &request, "rides");
    add_entity(server, &request, "rides", "driver_id", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    (void)add_table(server, &request, "rides", "trips");
    const batch_response *answer = apply(server, &request);
    assert_false(answer->applied);
    BECAME(answer, 2, CREATED);
    assert_int_equal(answer->results[2]->verdict, FEAST__ADMIN__V1__VERDICT__OK);
    assert_int_equal(tables_of(server, "rides"), 0);
    assert_int_equal(apply(server, &request)->results[0]->change,
                     FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__CREATED);
}

static void one_refusal_refuses_an_atomic_batch(void **state)
{
    struct whole_server *server = *state;
    batch_request request = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;

    (void)add_table(server, &request, "", "good");
    Feast__Core__FeatureTableSpec *bad = add_table(server, &request, "", "bad");
    test_add_entity(server->arena, bad, "absent");
    (void)test_add_feature(server->arena, bad, "not-a-name", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    request.atomic = true;
    const batch_response *answer = apply(server, &request);
    assert_false(answer->applied);
    BECAME(answer, 0, CREATED);
    BECAME(answer, 1, REFUSED);
    assert_int_equal(answer->results[1]->n_violations, 1);
    assert_non_null(strstr(answer->results[1]->violations[0]->description, "not-a-name"));
    assert_int_equal(tables_of(server, ""), 0);
    assert_int_equal(test_lines(test_path(&server->scratch, "orders")), 0);

    bad->n_features--;
    answer = apply(server, &request);
    assert_string_equal(answer->results[1]->reason, "ENTITY_UNKNOWN");
    assert_string_equal(answer->results[1]->violations[0]->field, "table_spec.entities[1]");
    assert_int_equal(tables_of(server, ""), 0);

    request.atomic = false;
    answer = apply(server, &request);
    assert_true(answer->applied);
    BECAME(answer, 0, CREATED);
    BECAME(answer, 1, REFUSED);
    assert_int_equal(tables_of(server, ""), 1);
}

static void sources_that_cannot_be_looked_at_depend_on_the_mode(void **state)
{
    struct whole_server *server = *state;
    batch_request request = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;

    for (size_t i = 0; i < 20; i++) {
        Feast__Core__FeatureTableSpec *spec =
            add_table(server, &request, "", fc_arena_printf(server->arena, "table_%02zu", i));
        if (i == 7)
            spec->batch_source = test_bigquery_source(server->arena, "p:d.t");
    }
    request.atomic = true;
    request.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__STRICT;
    const batch_response *answer = apply(server, &request);
    assert_false(answer->applied);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(
            answer->results[i]->change == FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__REFUSED, i == 7);
    assert_int_equal(answer->results[7]->verdict, FEAST__ADMIN__V1__VERDICT__UNVERIFIED);
    request.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__DEFAULT;
    answer = apply(server, &request);
    assert_true(answer->applied);
    assert_int_equal(answer->results[7]->verdict, FEAST__ADMIN__V1__VERDICT__UNVERIFIED);
    assert_int_equal(answer->results[8]->verdict, FEAST__ADMIN__V1__VERDICT__OK);
}

static void each_project_may_have_a_mode(void **state)
{
    struct whole_server *server = *state;
    Feast__Admin__V1__SetProjectValidationRequest set =
        FEAST__ADMIN__V1__SET_PROJECT_VALIDATION_REQUEST__INIT;
    batch_request request = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;

    set.project = (char *)"default";
    set.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF;
    (void)must_answer(server,
                      CALL(server, "SetProjectValidation", &set, set_project_validation_response));
    add_entity(server, &request, "rides", "driver_id", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    (void)add_table(server, &request, "", "trips");
    (void)add_table(server, &request, "rides", "trips");
    const batch_response *answer = apply(server, &request);
    assert_true(answer->applied);
    assert_int_equal(answer->results[1]->verdict, FEAST__ADMIN__V1__VERDICT__NOT_CHECKED);
    assert_int_equal(answer->results[2]->verdict, FEAST__ADMIN__V1__VERDICT__OK);
    /* What the request asks for counts more. */
    request.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__STRICT;
    answer = apply(server, &request);
    assert_int_equal(answer->results[1]->verdict, FEAST__ADMIN__V1__VERDICT__OK);
}

static void deletions_come_last(void **state)
{
    struct whole_server *server = *state;
    batch_request request = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;

    request.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF;
    add_deletion(server, &request, "trips");
    add_deletion(server, &request, "never_there");
    (void)add_table(server, &request, "", "trips");
    const batch_response *answer = apply(server, &request);
    BECAME(answer, 0, DELETED);
    BECAME(answer, 1, REFUSED);
    assert_string_equal(answer->results[1]->reason, "TABLE_NOT_FOUND");
    BECAME(answer, 2, CREATED);
    assert_int_equal(tables_of(server, ""), 0);
    request.n_objects = 1;
    BECAME(apply(server, &request), 0, UNCHANGED);
}

static void batches_of_nothing_are_refused(void **state)
{
    struct whole_server *server = *state;
    batch_request request = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;

    must_fail(server, CALL(server, "ApplyBatch", &request, apply_batch_response), FIELD_REQUIRED,
              "objects is empty");
    (void)add(server, &request, "");
    const batch_response *answer = apply(server, &request);
    BECAME(answer, 0, REFUSED);
    assert_string_equal(answer->results[0]->violations[0]->field, "object");
    request.mode = (Feast__Admin__V1__ValidationReport__Mode)77;
    must_fail(server, CALL(server, "ApplyBatch", &request, apply_batch_response), FIELD_INVALID,
              "mode is 77");
}

/* ---- Lists ---- */

static void lists_come_in_pages(void **state)
{
    struct whole_server *server = *state;
    list_request request = FEAST__ADMIN__V1__LIST_OBJECTS_REQUEST__INIT;
    batch_request batch = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;
    size_t seen = 0;

    add_entity(server, &batch, "rides", "driver_id", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    for (size_t i = 0; i < 25; i++)
        (void)add_table(server, &batch, i % 2 ? "rides" : "",
                        fc_arena_printf(server->arena, "table_%02zu", i));
    batch.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF;
    assert_true(apply(server, &batch)->applied);

    request.kind = FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE;
    request.all_projects = true;
    request.page_size = 4;
    for (;;) {
        list_response *answer = must_answer(server, list(server, &request));
        for (size_t i = 0; i < answer->n_objects; i++, seen++) {
            char name[16];
            snprintf(name, sizeof name, "table_%02zu", seen < 13 ? seen * 2 : (seen - 13) * 2 + 1);
            assert_string_equal(answer->objects[i]->project, seen < 13 ? "default" : "rides");
            assert_string_equal(answer->objects[i]->feature_table->spec->name, name);
        }
        request.page_token = answer->next_page_token;
        if (answer->next_page_token[0] == '\0')
            break;
        assert_int_equal(answer->n_objects, 4);
    }
    assert_int_equal(seen, 25);
    /* A page that ends with the list says so. */
    request.page_token = (char *)"";
    request.all_projects = false;
    request.project = (char *)"rides";
    request.page_size = 12;
    list_response *answer = must_answer(server, list(server, &request));
    assert_int_equal(answer->n_objects, 12);
    assert_string_equal(answer->next_page_token, "");
    test_archive_project(server->store, "rides");
    request.all_projects = true;
    answer = must_answer(server, list(server, &request));
    assert_int_equal(answer->n_objects, 12);
    assert_string_equal(answer->objects[11]->project, "default");
}

static void lists_are_selected_by_labels(void **state)
{
    struct whole_server *server = *state;
    list_request request = FEAST__ADMIN__V1__LIST_OBJECTS_REQUEST__INIT;
    batch_request batch = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;

    for (size_t i = 0; i < 9; i++) {
        Feast__Core__FeatureTableSpec *spec =
            add_table(server, &batch, "", fc_arena_printf(server->arena, "table_%zu", i));
        TEST_TABLE_LABEL(server->arena, spec, "team", i % 3 ? "ops" : "ml");
    }
    batch.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF;
    assert_true(apply(server, &batch)->applied);
    request.kind = FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE;
    TEST_PUT(server->arena, feast__admin__v1__list_objects_request__labels_entry, &request, labels,
             "team", "ml");
    request.page_size = 3;
    list_response *answer = must_answer(server, list(server, &request));
    assert_int_equal(answer->n_objects, 3);
    assert_string_equal(answer->next_page_token, "");
    assert_string_equal(answer->objects[2]->feature_table->spec->name, "table_6");
    request.kind = FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_ENTITY;
    answer = must_answer(server, list(server, &request));
    assert_int_equal(answer->n_objects, 0);
    request.n_labels = 0;
    answer = must_answer(server, list(server, &request));
    assert_string_equal(answer->objects[0]->entity->spec->name, "driver_id");
}

static void wrong_lists_are_refused(void **state)
{
    struct whole_server *server = *state;
    list_request request = FEAST__ADMIN__V1__LIST_OBJECTS_REQUEST__INIT;

    must_fail(server, list(server, &request), FIELD_INVALID, "kind is 0");
    request.kind = FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_ENTITY;
    request.page_token = (char *)"x";
    must_fail(server, list(server, &request), FIELD_INVALID, "page_token is \"x\"");
    request.page_token = (char *)"other/x";
    must_fail(server, list(server, &request), FIELD_INVALID, "page_token");
    request.page_token = (char *)"";
    request.project = (char *)"not a name";
    must_fail(server, list(server, &request), NAME_INVALID, "not a name");
}

/* ---- Logs ---- */

static void logs_of_no_job_are_refused(void **state)
{
    struct whole_server *server = *state;
    Feast__Admin__V1__ReadJobLogRequest request = FEAST__ADMIN__V1__READ_JOB_LOG_REQUEST__INIT;

    must_fail(server, CALL(server, "ReadJobLog", &request, read_job_log_response), FIELD_REQUIRED,
              "job_id");
    request.job_id = (char *)"absent";
    must_fail(server, CALL(server, "ReadJobLog", &request, read_job_log_response), JOB_NOT_FOUND,
              "absent");
}

static const struct CMUnitTest cases[] = {
    WHOLE_CASE(objects_see_those_before_them_in_whatever_order),
    WHOLE_CASE(a_dry_run_tells_all_and_changes_nothing),
    WHOLE_CASE(one_refusal_refuses_an_atomic_batch),
    WHOLE_CASE(sources_that_cannot_be_looked_at_depend_on_the_mode),
    WHOLE_CASE(each_project_may_have_a_mode),
    WHOLE_CASE(deletions_come_last),
    WHOLE_CASE(batches_of_nothing_are_refused),
    WHOLE_CASE(lists_come_in_pages),
    WHOLE_CASE(lists_are_selected_by_labels),
    WHOLE_CASE(wrong_lists_are_refused),
    WHOLE_CASE(logs_of_no_job_are_refused),
};

FC_TEST_MAIN(cases)

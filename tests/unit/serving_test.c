/* SPDX-License-Identifier: Apache-2.0 */
/* Online reads over real gRPC from files that the writer of the online store made. */
#include "tests/unit/whole_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "feast/serving/ServingService.pb-c.h"
#include "feast/storage/OnlineRow.pb-c.h"
#include "server/services/online_cache.h"
#include "storage/online/key.h"
#include "storage/online/sqlite.h"

#define STATUS(word) FEAST__SERVING__FIELD_STATUS__##word
#define TYPE(word)   FEAST__TYPES__VALUE_TYPE__ENUM__##word
#define EVENT_S      1600000000

typedef Feast__Types__Value value_t;
typedef Feast__Serving__GetOnlineFeaturesRequestV2 request_t;
typedef Feast__Serving__GetOnlineFeaturesRequestV2__EntityRow row_t;
typedef Feast__Serving__GetOnlineFeaturesResponse__FieldValues values_t;

/* ---- Values ---- */

static value_t *value_new(struct fc_arena *arena, Feast__Types__Value__ValCase arm)
{
    value_t *value = fc_arena_alloc(arena, sizeof *value);

    feast__types__value__init(value);
    value->val_case = arm;
    return value;
}

static value_t *int64_value(struct fc_arena *arena, int64_t number)
{
    value_t *value = value_new(arena, FEAST__TYPES__VALUE__VAL_INT64_VAL);

    value->int64_val = number;
    return value;
}

static value_t *int32_value(struct fc_arena *arena, int32_t number)
{
    value_t *value = value_new(arena, FEAST__TYPES__VALUE__VAL_INT32_VAL);

    value->int32_val = number;
    return value;
}

static value_t *float_value(struct fc_arena *arena, float number)
{
    value_t *value = value_new(arena, FEAST__TYPES__VALUE__VAL_FLOAT_VAL);

    value->float_val = number;
    return value;
}

static value_t *text_value(struct fc_arena *arena, const char *text)
{
    value_t *value = value_new(arena, FEAST__TYPES__VALUE__VAL_STRING_VAL);

    value->string_val = fc_arena_strdup(arena, text);
    return value;
}

static value_t *null_value(struct fc_arena *arena)
{
    return value_new(arena, FEAST__TYPES__VALUE__VAL__NOT_SET);
}

/* ---- The store ---- */

static void must(fc_rc rc, const struct fc_error *err)
{
    if (rc != FC_OK)
        fail_msg("%s", err->message);
}

static const char *online_path(struct whole_server *server, const char *table)
{
    struct fc_error err = FC_ERROR_INIT;
    const char *path;

    must(fc_online_sqlite_path(server->services.online_root, "default", table, server->arena, &path,
                               &err),
         &err);
    return path;
}

/* One row of `trips` and `rating`; NULL leaves a feature out. */
static void write_row(struct whole_server *server, const char *table, value_t *key, value_t *trips,
                      value_t *rating)
{
    struct fc_arena *arena = server->arena;
    struct fc_online_entity entity = {.name = "driver_id", .value = key};
    Feast__Storage__OnlineRow row = FEAST__STORAGE__ONLINE_ROW__INIT;
    Feast__Storage__OnlineRow__Feature features[2] = {FEAST__STORAGE__ONLINE_ROW__FEATURE__INIT,
                                                      FEAST__STORAGE__ONLINE_ROW__FEATURE__INIT};
    Feast__Storage__OnlineRow__Feature *list[2];
    struct fc_online_row stored = {.event = {.seconds = EVENT_S, .set = true}};
    FC_CLEANUP(fc_online_writer_closep) struct fc_online_writer *writer = NULL;
    struct fc_error err = FC_ERROR_INIT;
    bool written = false;

    features[0].name = (char *)"trips";
    features[0].value = trips;
    features[1].name = (char *)"rating";
    features[1].value = rating;
    row.features = list;
    for (size_t i = 0; i < 2; i++)
        if (features[i].value)
            list[row.n_features++] = &features[i];
    size_t size = feast__storage__online_row__get_packed_size(&row);
    uint8_t *bytes = fc_arena_alloc(arena, size + 1);
    stored.features =
        (fc_str){.ptr = (const char *)bytes, .len = feast__storage__online_row__pack(&row, bytes)};
    must(fc_online_key_encode("default", &entity, 1, arena, &stored.key, &err), &err);
    must(fc_online_writer_open(online_path(server, table), &writer, &err), &err);
    must(fc_online_writer_begin(writer, &err), &err);
    must(fc_online_writer_put(writer, &stored, &written, &err), &err);
    must(fc_online_writer_commit(writer, &err), &err);
    assert_true(written);
}

/* ---- Requests ---- */

static request_t *ask(struct whole_server *server)
{
    request_t *request = fc_arena_alloc(server->arena, sizeof *request);

    feast__serving__get_online_features_request_v2__init(request);
    request->features = fc_arena_calloc(server->arena, 16, sizeof(void *));
    request->entity_rows = fc_arena_calloc(server->arena, 16, sizeof(void *));
    return request;
}

static void ask_feature(struct whole_server *server, request_t *request, const char *table,
                        const char *name)
{
    Feast__Serving__FeatureReferenceV2 *ref = fc_arena_alloc(server->arena, sizeof *ref);

    feast__serving__feature_reference_v2__init(ref);
    ref->feature_table = (char *)table;
    ref->name = (char *)name;
    request->features[request->n_features++] = ref;
}

static row_t *ask_row(struct whole_server *server, request_t *request)
{
    row_t *row = fc_arena_alloc(server->arena, sizeof *row);

    feast__serving__get_online_features_request_v2__entity_row__init(row);
    row->fields = fc_arena_calloc(server->arena, 16, sizeof(void *));
    request->entity_rows[request->n_entity_rows++] = row;
    return row;
}

static void add_field(struct whole_server *server, row_t *row, const char *name, value_t *value)
{
    Feast__Serving__GetOnlineFeaturesRequestV2__EntityRow__FieldsEntry *entry =
        fc_arena_alloc(server->arena, sizeof *entry);

    feast__serving__get_online_features_request_v2__entity_row__fields_entry__init(entry);
    entry->key = (char *)name;
    entry->value = value;
    row->fields[row->n_fields++] = entry;
}

static row_t *ask_driver(struct whole_server *server, request_t *request, value_t *driver)
{
    row_t *row = ask_row(server, request);

    add_field(server, row, "driver_id", driver);
    return row;
}

static Feast__Serving__GetOnlineFeaturesResponse *by_rows(struct whole_server *server,
                                                          const request_t *request)
{
    return whole_call(server, "/feast.serving.ServingService/GetOnlineFeaturesV2", &request->base,
                      &feast__serving__get_online_features_response__descriptor);
}

static Feast__Serving__GetOnlineFeaturesResponseV2 *by_columns(struct whole_server *server,
                                                               const request_t *request)
{
    return whole_call(server, "/feast.serving.ServingService/GetOnlineFeatures", &request->base,
                      &feast__serving__get_online_features_response_v2__descriptor);
}

static Feast__Serving__FieldStatus status_of(const values_t *row, const char *key)
{
    for (size_t i = 0; i < row->n_statuses; i++)
        if (strcmp(row->statuses[i]->key, key) == 0)
            return row->statuses[i]->value;
    return STATUS(INVALID);
}

static const value_t *value_of(const values_t *row, const char *key)
{
    for (size_t i = 0; i < row->n_fields; i++)
        if (strcmp(row->fields[i]->key, key) == 0)
            return row->fields[i]->value;
    return NULL;
}

/* Status of driver_trips:trips for one driver. */
static Feast__Serving__FieldStatus status_for(struct whole_server *server, const char *feature,
                                              value_t *driver, int64_t at_s)
{
    request_t *request = ask(server);
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    const char *key = fc_arena_printf(server->arena, "driver_trips:%s", feature);

    ask_feature(server, request, "driver_trips", feature);
    row_t *row = ask_driver(server, request, driver);
    at.seconds = at_s;
    row->timestamp = &at;
    Feast__Serving__GetOnlineFeaturesResponse *answer =
        must_answer(server, by_rows(server, request));
    const value_t *value = value_of(answer->field_values[0], key);
    Feast__Serving__FieldStatus status = status_of(answer->field_values[0], key);
    bool set = value && value->val_case != FEAST__TYPES__VALUE__VAL__NOT_SET;
    assert_int_equal(set, status == STATUS(PRESENT));
    return status;
}

/* driver_trips of driver 7: trips INT32 and rating FLOAT, max_age 1 h. */
static void have_trips(struct whole_server *server)
{
    struct fc_arena *arena = server->arena;

    test_put_table(server->store, "default", test_table(arena));
    write_row(server, "driver_trips", int64_value(arena, 7), int32_value(arena, 40), NULL);
}

/* ---- Cases ---- */

static void each_status_has_its_cause(void **state)
{
    struct whole_server *server = *state;
    struct fc_arena *arena = server->arena;

    have_trips(server);
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), EVENT_S), STATUS(PRESENT));
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), EVENT_S + 3600),
                     STATUS(PRESENT));
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), EVENT_S + 3601),
                     STATUS(OUTSIDE_MAX_AGE));
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), EVENT_S - 1000000),
                     STATUS(PRESENT));
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), INT64_MIN),
                     STATUS(PRESENT));
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), INT64_MAX),
                     STATUS(OUTSIDE_MAX_AGE));
    /* 0 is now, long after the event. */
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), 0),
                     STATUS(OUTSIDE_MAX_AGE));
    assert_int_equal(status_for(server, "trips", int64_value(arena, 8), EVENT_S),
                     STATUS(NOT_FOUND));
    assert_int_equal(status_for(server, "trips", null_value(arena), EVENT_S), STATUS(NOT_FOUND));
    assert_int_equal(status_for(server, "rating", int64_value(arena, 7), EVENT_S),
                     STATUS(NULL_VALUE));
    assert_int_equal(status_for(server, "rating", int64_value(arena, 7), EVENT_S + 3601),
                     STATUS(OUTSIDE_MAX_AGE));
    assert_int_equal(status_for(server, "unknown", int64_value(arena, 7), EVENT_S),
                     STATUS(NOT_FOUND));
    write_row(server, "driver_trips", int64_value(arena, 9), float_value(arena, 1.5F),
              float_value(arena, 0));
    assert_int_equal(status_for(server, "trips", int64_value(arena, 9), EVENT_S),
                     STATUS(NOT_FOUND));
    assert_int_equal(status_for(server, "rating", int64_value(arena, 9), EVENT_S), STATUS(PRESENT));
}

static void values_come_as_stored_and_entities_as_sent(void **state)
{
    struct whole_server *server = *state;
    struct fc_arena *arena = server->arena;
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    request_t *request = ask(server);

    have_trips(server);
    at.seconds = EVENT_S;
    ask_feature(server, request, "driver_trips", "trips");
    ask_feature(server, request, "driver_trips", "rating");
    ask_feature(server, request, "driver_trips", "trips");
    row_t *row = ask_driver(server, request, int32_value(arena, 7));
    add_field(server, row, "extra", text_value(arena, ""));
    add_field(server, row, "nothing", null_value(arena));
    row->timestamp = &at;
    (void)ask_driver(server, request, int64_value(arena, 8));
    Feast__Serving__GetOnlineFeaturesResponse *answer =
        must_answer(server, by_rows(server, request));
    assert_int_equal(answer->n_field_values, 2);
    const values_t *first = answer->field_values[0];
    assert_int_equal(first->n_fields, 5);
    assert_int_equal(first->n_statuses, 5);
    assert_int_equal(value_of(first, "driver_trips:trips")->int32_val, 40);
    /* Looked up as INT64, as the entity is declared; echoed as it came. */
    assert_int_equal(value_of(first, "driver_id")->val_case, FEAST__TYPES__VALUE__VAL_INT32_VAL);
    assert_int_equal(status_of(first, "driver_id"), STATUS(PRESENT));
    assert_int_equal(value_of(first, "extra")->val_case, FEAST__TYPES__VALUE__VAL_STRING_VAL);
    assert_int_equal(status_of(first, "extra"), STATUS(PRESENT));
    assert_int_equal(status_of(first, "nothing"), STATUS(NULL_VALUE));
    assert_int_equal(answer->field_values[1]->n_fields, 3);
}

static void columns_hold_the_same(void **state)
{
    struct whole_server *server = *state;
    struct fc_arena *arena = server->arena;
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    request_t *request = ask(server);

    have_trips(server);
    at.seconds = EVENT_S;
    ask_feature(server, request, "driver_trips", "rating");
    ask_feature(server, request, "driver_trips", "trips");
    row_t *row = ask_driver(server, request, int64_value(arena, 8));
    add_field(server, row, "extra", int64_value(arena, 1));
    ask_driver(server, request, int64_value(arena, 7))->timestamp = &at;
    Feast__Serving__GetOnlineFeaturesResponseV2 *answer =
        must_answer(server, by_columns(server, request));
    const Feast__Serving__FieldList *names = answer->metadata->field_names;
    static const char *const expected[] = {"driver_id", "extra", "driver_trips:rating",
                                           "driver_trips:trips"};
    static const Feast__Serving__FieldStatus statuses[2][4] = {
        {STATUS(PRESENT), STATUS(PRESENT), STATUS(NOT_FOUND), STATUS(NOT_FOUND)},
        {STATUS(PRESENT), STATUS(NOT_FOUND), STATUS(NULL_VALUE), STATUS(PRESENT)},
    };
    assert_int_equal(names->n_val, 4);
    assert_int_equal(answer->n_results, 2);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(names->val[i], expected[i]);
    for (size_t r = 0; r < 2; r++) {
        assert_int_equal(answer->results[r]->n_values, 4);
        assert_int_equal(answer->results[r]->n_statuses, 4);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(answer->results[r]->statuses[i], statuses[r][i]);
    }
    assert_int_equal(answer->results[1]->values[3]->int32_val, 40);
}

static void a_request_without_anything_is_refused(void **state)
{
    struct whole_server *server = *state;

    must_fail(server, by_rows(server, ask(server)), FIELD_REQUIRED, "features");
    assert_int_equal(server->reply.violations.count, 2);
    must_fail(server, by_columns(server, ask(server)), FIELD_REQUIRED, "entity_rows");
    request_t *request = ask(server);
    ask_feature(server, request, "", "trips");
    ask_feature(server, request, "driver_trips", "");
    (void)ask_row(server, request);
    must_fail(server, by_rows(server, request), FIELD_REQUIRED, "features[0].feature_table");
    assert_string_equal(server->reply.violations.items[1].field, "features[1].name");
}

static void tables_that_are_not_there_are_named(void **state)
{
    struct whole_server *server = *state;
    request_t *request = ask(server);

    have_trips(server);
    test_delete_table(server->store, "default", "driver_trips");
    ask_feature(server, request, "absent", "x");
    ask_feature(server, request, "driver_trips", "trips");
    (void)ask_row(server, request);
    must_fail(server, by_rows(server, request), TABLE_NOT_FOUND,
              "No such Feature Table: (project: default, name: absent)");
    assert_non_null(strstr(server->err.message, "Feature Table has been deleted: (project: "
                                                "default, name: driver_trips)"));
    request->project = (char *)"elsewhere";
    must_fail(server, by_rows(server, request), TABLE_NOT_FOUND, "project: elsewhere");
}

static void keys_of_another_kind_are_refused(void **state)
{
    struct whole_server *server = *state;
    struct fc_arena *arena = server->arena;
    request_t *request = ask(server);

    have_trips(server);
    ask_feature(server, request, "driver_trips", "trips");
    (void)ask_row(server, request);
    (void)ask_driver(server, request, text_value(arena, "7"));
    (void)ask_driver(server, request, float_value(arena, 7));
    (void)ask_driver(server, request, int64_value(arena, 7));
    must_fail(server, by_rows(server, request), FIELD_REQUIRED,
              "entity_rows[0] has no entity \"driver_id\", which feature table \"driver_trips\" "
              "needs");
    assert_non_null(strstr(server->err.message, "entity \"driver_id\" is sent as STRING, declared "
                                                "INT64"));
    assert_int_equal(server->reply.violations.count, 3);
    assert_string_equal(server->reply.violations.items[2].field,
                        "entity_rows[2].fields[\"driver_id\"]");
}

static void whole_numbers_convert_when_they_fit(void **state)
{
    struct whole_server *server = *state;
    struct fc_arena *arena = server->arena;
    Feast__Core__FeatureTableSpec *spec = test_table(arena);
    request_t *request = ask(server);

    test_put_entity(server->store, "default", "zone", TYPE(INT32));
    spec->name = (char *)"zones";
    spec->n_entities = 0;
    test_add_entity(arena, spec, "zone");
    test_put_table(server->store, "default", spec);
    ask_feature(server, request, "zones", "trips");
    add_field(server, ask_row(server, request), "zone", int64_value(arena, INT32_MAX));
    (void)must_answer(server, by_rows(server, request));
    add_field(server, ask_row(server, request), "zone", int64_value(arena, INT64_C(2147483648)));
    add_field(server, ask_row(server, request), "zone", int64_value(arena, INT64_C(-2147483649)));
    must_fail(server, by_rows(server, request), FIELD_INVALID,
              "\"zone\" is 2147483648, which is out of range of INT32");
    assert_int_equal(server->reply.violations.count, 2);
}

static void a_new_or_replaced_file_is_noticed(void **state)
{
    struct whole_server *server = *state;
    struct fc_arena *arena = server->arena;

    test_put_table(server->store, "default", test_table(arena));
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), EVENT_S),
                     STATUS(NOT_FOUND));
    have_trips(server);
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), EVENT_S), STATUS(PRESENT));
    const char *path = online_path(server, "driver_trips");
    assert_int_equal(unlink(path), 0);
    (void)unlink(fc_arena_printf(arena, "%s-wal", path));
    (void)unlink(fc_arena_printf(arena, "%s-shm", path));
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), EVENT_S),
                     STATUS(NOT_FOUND));
    write_row(server, "driver_trips", int64_value(arena, 9), int32_value(arena, 1), NULL);
    assert_int_equal(status_for(server, "trips", int64_value(arena, 7), EVENT_S),
                     STATUS(NOT_FOUND));
    assert_int_equal(status_for(server, "trips", int64_value(arena, 9), EVENT_S), STATUS(PRESENT));
}

static void a_file_that_is_none_is_told(void **state)
{
    struct whole_server *server = *state;
    request_t *request = ask(server);

    have_trips(server);
    const char *path = online_path(server, "driver_trips");
    test_write(path, "this is no database, and it is long enough to be taken for one if nobody "
                     "looks at how it begins");
    (void)unlink(fc_arena_printf(server->arena, "%s-wal", path));
    ask_feature(server, request, "driver_trips", "trips");
    (void)ask_driver(server, request, int64_value(server->arena, 7));
    assert_null(by_rows(server, request));
    assert_int_not_equal(server->err.rc, FC_OK);
    assert_non_null(strstr(server->err.message, "driver_trips"));
}

/* More files than a thread keeps open. */
static void the_cache_lets_go_of_the_oldest(void **state)
{
    struct whole_server *server = *state;
    struct fc_arena *arena = server->arena;
    struct fc_online_reader *reader = NULL, *again = NULL;
    struct fc_error err = FC_ERROR_INIT;
    const size_t count = FC_ONLINE_CACHE_READERS + 3;

    for (size_t i = 0; i < count; i++) {
        write_row(server, fc_arena_printf(arena, "table_%zu", i), int64_value(arena, 7),
                  int32_value(arena, 1), NULL);
    }
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++) {
            const char *path = online_path(server, fc_arena_printf(arena, "table_%zu", i));
            must(fc_online_cache_get(path, &reader, &err), &err);
            assert_non_null(reader);
            must(fc_online_cache_get(path, &again, &err), &err);
            assert_ptr_equal(reader, again);
            if (i % 10 == 0)
                fc_online_cache_drop(path);
        }
    }
    must(fc_online_cache_get("/nowhere/at/all.db", &reader, &err), &err);
    assert_null(reader);
}

static void the_server_says_what_it_is(void **state)
{
    struct whole_server *server = *state;
    Feast__Serving__GetFeastServingInfoRequest request =
        FEAST__SERVING__GET_FEAST_SERVING_INFO_REQUEST__INIT;
    Feast__Serving__GetFeastServingInfoResponse *answer = must_answer(
        server,
        whole_call(server, "/feast.serving.ServingService/GetFeastServingInfo", &request.base,
                   &feast__serving__get_feast_serving_info_response__descriptor));

    assert_string_equal(answer->version, "1.2.3");
    assert_int_equal(answer->type, FEAST__SERVING__FEAST_SERVING_TYPE__FEAST_SERVING_TYPE_ONLINE);
}

static const struct CMUnitTest cases[] = {
    WHOLE_CASE(each_status_has_its_cause),
    WHOLE_CASE(values_come_as_stored_and_entities_as_sent),
    WHOLE_CASE(columns_hold_the_same),
    WHOLE_CASE(a_request_without_anything_is_refused),
    WHOLE_CASE(tables_that_are_not_there_are_named),
    WHOLE_CASE(keys_of_another_kind_are_refused),
    WHOLE_CASE(whole_numbers_convert_when_they_fit),
    WHOLE_CASE(a_new_or_replaced_file_is_noticed),
    WHOLE_CASE(a_file_that_is_none_is_told),
    WHOLE_CASE(the_cache_lets_go_of_the_oldest),
    WHOLE_CASE(the_server_says_what_it_is),
};

FC_TEST_MAIN(cases)

/* SPDX-License-Identifier: Apache-2.0 */
/* Feature tables of CoreService over a real connection: apply, revisions, delete and revive, lists, features. */
#include "tests/unit/core_fixture.h"

#include <pthread.h>

static Feast__Core__FeatureTable *must_apply(struct core_server *server, const char *project,
                                             Feast__Core__FeatureTableSpec *spec)
{
    Feast__Core__FeatureTable *table = core_apply_table_in(server, project, spec);

    core_must(server, table, "ApplyFeatureTable");
    return table;
}

static void table_is_created_and_read(void **state)
{
    struct core_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);

    have_driver(server, "");
    spec->max_age->nanos = 7;
    spec->stream_source = test_kafka_source(server->arena);
    Feast__Core__FeatureTable *made = must_apply(server, "", spec);
    Feast__Core__FeatureTable *read = core_get_table_in(server, "default", "driver_trips");
    assert_answered(server, read);
    assert_int_equal(made->meta->revision, 0);
    assert_int_equal(strlen(made->meta->hash), 8);
    assert_int_equal(made->meta->created_timestamp->seconds, 1600000000);
    assert_int_equal(made->meta->last_updated_timestamp->seconds, 1600000000);
    assert_int_equal(made->meta->created_timestamp->nanos, 0);
    assert_string_equal(read->meta->hash, made->meta->hash);
    assert_int_equal(read->spec->max_age->seconds, 3600);
    assert_int_equal(read->spec->max_age->nanos, 0);
    assert_string_equal(read->spec->features[0]->name, "trips"); /* as applied */
    assert_string_equal(read->spec->features[1]->name, "rating");
    assert_string_equal(read->spec->batch_source->file_options->file_url,
                        "file:///data/trips.parquet");
    assert_int_equal(read->spec->batch_source->file_options->file_format->format_case,
                     FEAST__CORE__FILE_FORMAT__FORMAT_PARQUET_FORMAT);
    assert_string_equal(read->spec->stream_source->kafka_options->topic, "trips");
    assert_string_equal(!core_trailer(server, "feast-validation-verdict") ? "none" : "some",
                        "none"); /* of a read */
}

static void apply_tells_the_verdict(void **state)
{
    struct core_server *server = *state;

    have_driver(server, "");
    (void)must_apply(server, "", test_table(server->arena));
    assert_string_equal(core_trailer(server, "feast-validation-verdict"), "NOT_CHECKED");
}

static void absent_parts_stay_absent(void **state)
{
    struct core_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);
    Feast__Core__DataSource empty = FEAST__CORE__DATA_SOURCE__INIT;

    have_driver(server, "");
    spec->max_age = NULL;
    spec->stream_source = &empty;
    Feast__Core__FeatureTable *made = must_apply(server, "", spec);
    assert_non_null(made->spec->max_age); /* the one that is always there */
    assert_int_equal(made->spec->max_age->seconds, 0);
    assert_null(made->spec->stream_source);
    assert_null(made->spec->online_store);
}

static void revisions_count_effective_changes(void **state)
{
    struct core_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);

    have_driver(server, "");
    (void)must_apply(server, "", spec);
    pass_seconds(server, 10);
    Feast__Core__FeatureTable *again = must_apply(server, "", spec);
    assert_int_equal(again->meta->revision, 0);
    assert_int_equal(again->meta->last_updated_timestamp->seconds, 1600000000);
    Feast__Core__FeatureSpecV2 *first = spec->features[0];
    spec->features[0] = spec->features[1];
    spec->features[1] = first;
    again = must_apply(server, "", spec); /* the order alone is no change */
    assert_int_equal(again->meta->revision, 0);
    assert_string_equal(again->spec->features[0]->name, "trips");
    spec->max_age->seconds = 60;
    Feast__Core__FeatureTable *changed = must_apply(server, "", spec);
    assert_int_equal(changed->meta->revision, 1);
    assert_int_equal(changed->meta->created_timestamp->seconds, 1600000000);
    assert_int_equal(changed->meta->last_updated_timestamp->seconds, 1600000010);
    assert_string_not_equal(changed->meta->hash, again->meta->hash);
    TEST_TABLE_LABEL(server->arena, spec, "a", "b");
    Feast__Core__FeatureTable *labelled = must_apply(server, "", spec);
    assert_int_equal(labelled->meta->revision, 2);
    assert_string_equal(labelled->meta->hash, changed->meta->hash); /* labels are not in it */
}

static void features_and_entities_may_change(void **state)
{
    struct core_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);

    have_driver(server, "");
    assert_answered(
        server, core_apply_entity_in(server, "", test_entity(server->arena, "area", STRING_TYPE)));
    (void)must_apply(server, "", spec);
    spec->n_features = 1; /* dropped */
    (void)must_apply(server, "", spec);
    (void)test_add_feature(server->arena, spec, "rating", STRING_TYPE); /* back with another type */
    test_add_entity(server->arena, spec, "area");
    Feast__Core__FeatureTable *table = must_apply(server, "", spec);
    assert_int_equal(table->meta->revision, 2);
    assert_int_equal(table->spec->n_entities, 2);
    assert_int_equal(table->spec->features[1]->value_type, STRING_TYPE);
}

static void delete_and_revive_take_a_revision_each(void **state)
{
    struct core_server *server = *state;

    have_driver(server, "");
    (void)must_apply(server, "", test_table(server->arena));
    assert_true(core_delete_table_in(server, "", "driver_trips"));
    assert_null(core_get_table_in(server, "", "driver_trips"));
    assert_failed(server, FC_NOT_FOUND, FC_REASON_TABLE_NOT_FOUND,
                  "Feature Table has been deleted: (project: default, name: driver_trips)");
    assert_true(core_delete_table_in(server, "", "driver_trips")); /* again is no mistake */
    pass_seconds(server, 10);
    Feast__Core__FeatureTable *table = must_apply(server, "", test_table(server->arena));
    assert_int_equal(table->meta->revision, 2); /* identical, yet revived */
    assert_int_equal(table->meta->created_timestamp->seconds, 1600000000);
    assert_int_equal(table->meta->last_updated_timestamp->seconds, 1600000010);
    assert_answered(server, core_get_table_in(server, "", "driver_trips"));
    assert_true(core_delete_table_in(server, "", "driver_trips"));
    core_server_restart(server);
    Feast__Core__FeatureTableSpec *changed = test_table(server->arena);
    changed->max_age->seconds = 1;
    table = must_apply(server, "", changed);
    assert_int_equal(table->meta->revision, 4);
}

static void table_reads_name_what_is_missing(void **state)
{
    struct core_server *server = *state;

    assert_null(core_get_table_in(server, "", "trips"));
    assert_failed(server, FC_NOT_FOUND, FC_REASON_TABLE_NOT_FOUND,
                  "No such Feature Table: (project: default, name: trips)");
    assert_false(core_delete_table_in(server, "ride", "trips"));
    assert_failed(server, FC_NOT_FOUND, FC_REASON_TABLE_NOT_FOUND,
                  "No such Feature Table: (project: ride, name: trips)");
    assert_null(core_get_table_in(server, "*", "a-b"));
    assert_int_equal(server->err.rc, FC_INVALID_ARGUMENT);
    assert_true(told(server, "project"));
    assert_true(told(server, "name"));
    assert_false(core_delete_table_in(server, "", ""));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID, "featureTable resource");
}

static void entities_must_exist_in_the_project(void **state)
{
    struct core_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);

    assert_null(core_apply_table_in(server, "ride", spec));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_ENTITY_UNKNOWN,
                  "Feature Table refers to no existent Entity: (table: driver_trips, entity: "
                  "driver_id, project: ride)");
    have_driver(server, "");
    assert_null(core_apply_table_in(server, "ride", spec)); /* another project's do not count */
    (void)must_apply(server, "", spec);
    test_add_entity(server->arena, spec, "area");
    test_add_entity(server->arena, spec, "zone");
    assert_null(core_apply_table_in(server, "", spec));
    assert_int_equal(server->reply.violations.count, 2);
    assert_true(told(server, "table_spec.entities[1]"));
    assert_true(told(server, "table_spec.entities[2]"));
}

static void mistakes_of_request_and_state_come_together(void **state)
{
    struct core_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);

    have_driver(server, "ride");
    assert_true(core_archive_project_named(server, "ride"));
    spec->max_age->seconds = -1;
    test_add_entity(server->arena, spec, "area");
    assert_null(core_apply_table_in(server, "ride", spec));
    assert_int_equal(server->err.rc, FC_INVALID_ARGUMENT);
    assert_int_equal(server->reply.violations.count, 3);
    assert_true(told(server, "table_spec.max_age"));
    assert_true(told(server, "project"));
    assert_true(told(server, "table_spec.entities[1]"));
    assert_null(core_apply_table_in(server, "", NULL));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_FIELD_REQUIRED, "no table_spec");
}

static void many_violations_fit_into_an_answer(void **state)
{
    struct core_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);
    char name[32];

    have_driver(server, "");
    for (int i = 0; i < 500; i++) {
        (void)snprintf(name, sizeof name, "bad-feature-%d", i);
        (void)test_add_feature(server->arena, spec, name, INT64_TYPE);
    }
    assert_null(core_apply_table_in(server, "", spec));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_NAME_INVALID, "bad-feature-0");
    assert_non_null(strstr(server->err.message, " more"));
    assert_true(server->reply.violations.count > 10);
}

/* As many mistakes as a message of 4 MiB holds: a clear refusal, and the server goes on. */
static void a_flood_of_mistakes_is_refused(void **state)
{
    enum { FEATURES = 400000 };
    struct core_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);
    Feast__Core__FeatureSpecV2 bad = FEAST__CORE__FEATURE_SPEC_V2__INIT;
    char name[] = "b-d";

    have_driver(server, "");
    bad.name = name;
    spec->n_features = FEATURES;
    spec->features = fc_arena_calloc(server->arena, FEATURES, sizeof *spec->features);
    for (size_t i = 0; i < FEATURES; i++)
        spec->features[i] = &bad;
    assert_null(core_apply_table_in(server, "", spec));
    assert_true(server->err.rc == FC_RESOURCE_EXHAUSTED || server->err.rc == FC_INVALID_ARGUMENT);
    assert_non_null(core_apply_table_in(server, "", test_table(server->arena)));
}

static void archived_project_takes_no_table_but_deletes(void **state)
{
    struct core_server *server = *state;

    have_driver(server, "ride");
    (void)must_apply(server, "ride", test_table(server->arena));
    assert_true(core_archive_project_named(server, "ride"));
    assert_null(core_apply_table_in(server, "ride", test_table(server->arena)));
    assert_failed(server, FC_FAILED_PRECONDITION, FC_REASON_PROJECT_ARCHIVED,
                  "Project is archived: ride");
    assert_answered(server, core_get_table_in(server, "ride", "driver_trips"));
    assert_true(core_delete_table_in(server, "ride", "driver_trips"));
}

/* Field 9 as a Duration and as a text, and an option field of a later generation: all come back as sent. */
static void unknown_fields_of_tables_survive(void **state)
{
    static const char *const field_9[] = {"\x4a\x02\x08\x3c", "\x4a\x04ride"};
    struct core_server *server = *state;

    have_driver(server, "ride");
    for (size_t i = 0; i < FC_ARRAY_LEN(field_9); i++) {
        Feast__Core__FeatureTableSpec *spec = test_table(server->arena);
        Feast__Core__DataSource *batch = spec->batch_source;
        batch->file_options = (void *)test_with_bytes(server->arena, &batch->file_options->base,
                                                      "\x1a\x02\x08\x01", 4);
        ProtobufCMessage *with =
            test_with_bytes(server->arena, &spec->base, field_9[i], i == 0 ? 4 : 6);
        Feast__Core__FeatureTable *made = must_apply(server, "ride", (void *)with);
        assert_int_equal(made->meta->revision, i);
        made = must_apply(server, "ride", (void *)with);
        assert_int_equal(made->meta->revision, i);
        core_server_restart(server);
        Feast__Core__FeatureTable *read = core_get_table_in(server, "ride", "driver_trips");
        assert_answered(server, read);
        assert_int_equal(read->spec->base.n_unknown_fields, 1);
        assert_int_equal(read->spec->base.unknown_fields[0].tag, 9);
        assert_memory_equal(read->spec->base.unknown_fields[0].data, field_9[i] + 1,
                            i == 0 ? 3 : 5);
        const ProtobufCMessage *options = &read->spec->batch_source->file_options->base;
        assert_int_equal(options->n_unknown_fields, 1);
        assert_memory_equal(options->unknown_fields[0].data, "\x02\x08\x01", 3);
    }
}

struct racer {
    struct core_server *server;
    pthread_t thread;
    int index;
    fc_rc entity_rc, table_rc;
    char message[256];
};

static fc_rc call_once(struct racer *racer, const char *path, const ProtobufCMessage *request,
                       const ProtobufCMessageDescriptor *response, struct fc_arena *arena)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_channel_reply reply;
    struct fc_channel_request call = {
        .path = path, .message = request, .response = response, .arena = arena};
    fc_rc rc = fc_channel_call(racer->server->channel, &call, &reply, &err);

    if (rc != FC_OK)
        (void)snprintf(racer->message, sizeof racer->message, "%.250s", err.message);
    return rc;
}

static void *race(void *ctx)
{
    struct racer *racer = ctx;
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)1 << 20);
    Feast__Core__ApplyEntityRequest entity = FEAST__CORE__APPLY_ENTITY_REQUEST__INIT;
    Feast__Core__ApplyFeatureTableRequest table = FEAST__CORE__APPLY_FEATURE_TABLE_REQUEST__INIT;
    char project[] = "brand-new";

    entity.project = table.project = project;
    entity.spec = test_entity(arena, "driver_id", INT64_TYPE);
    table.table_spec = test_table(arena);
    table.table_spec->max_age->seconds = racer->index; /* no two alike */
    racer->entity_rc = call_once(racer, "/feast.core.CoreService/ApplyEntity", &entity.base,
                                 &feast__core__apply_entity_response__descriptor, arena);
    racer->table_rc = call_once(racer, "/feast.core.CoreService/ApplyFeatureTable", &table.base,
                                &feast__core__apply_feature_table_response__descriptor, arena);
    return NULL;
}

static void concurrent_first_applies_all_succeed(void **state)
{
    enum { RACERS = 16 };
    struct core_server *server = *state;
    struct racer racers[RACERS];

    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.server = server, .index = i};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    for (int i = 0; i < RACERS; i++)
        if (racers[i].entity_rc != FC_OK || racers[i].table_rc != FC_OK)
            fail_msg("racer %d: %s", i, racers[i].message);
    Feast__Core__FeatureTable *table = core_get_table_in(server, "brand-new", "driver_trips");
    assert_answered(server, table);
    assert_int_equal(table->meta->revision, RACERS - 1); /* each took one, none got lost */
}

static void dry_run_shows_and_writes_nothing(void **state)
{
    static const struct fc_channel_metadata dry = {"feast-dry-run", "true"};
    struct core_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);

    have_driver(server, "");
    server->metadata = &dry;
    server->metadata_count = 1;
    Feast__Core__FeatureTable *shown = must_apply(server, "", spec);
    assert_int_equal(shown->meta->revision, 0);
    assert_null(core_get_table_in(server, "", "driver_trips"));
    server->metadata_count = 0;
    Feast__Core__FeatureTable *made = must_apply(server, "", spec);
    assert_string_equal(made->meta->hash, shown->meta->hash);
    server->metadata_count = 1;
    spec->max_age->seconds++;
    shown = must_apply(server, "", spec);
    assert_int_equal(shown->meta->revision, 1);
    server->metadata_count = 0;
    made = core_get_table_in(server, "", "driver_trips");
    assert_answered(server, made);
    assert_int_equal(made->meta->revision, 0);
}

static void words_of_the_metadata_are_checked(void **state)
{
    static const struct fc_channel_metadata odd[] = {{"feast-validation", "ENFORCE"},
                                                     {"feast-dry-run", "1"}};
    static const struct fc_channel_metadata fine[] = {{"feast-validation", "off"},
                                                      {"feast-dry-run", "false"}};
    struct core_server *server = *state;

    have_driver(server, "");
    server->metadata = odd;
    server->metadata_count = 2;
    assert_null(core_apply_table_in(server, "", test_table(server->arena)));
    assert_failed(server, FC_INVALID_ARGUMENT, FC_REASON_REQUEST_INVALID,
                  "feast-validation is \"ENFORCE\", expected enforce, strict, warn or off");
    assert_int_equal(server->reply.violations.count, 2);
    server->metadata = fine;
    (void)must_apply(server, "", test_table(server->arena));
}

static const struct CMUnitTest cases[] = {
    CORE_CASE(table_is_created_and_read),
    CORE_CASE(apply_tells_the_verdict),
    CORE_CASE(absent_parts_stay_absent),
    CORE_CASE(revisions_count_effective_changes),
    CORE_CASE(features_and_entities_may_change),
    CORE_CASE(delete_and_revive_take_a_revision_each),
    CORE_CASE(table_reads_name_what_is_missing),
    CORE_CASE(entities_must_exist_in_the_project),
    CORE_CASE(mistakes_of_request_and_state_come_together),
    CORE_CASE(many_violations_fit_into_an_answer),
    CORE_CASE(a_flood_of_mistakes_is_refused),
    CORE_CASE(archived_project_takes_no_table_but_deletes),
    CORE_CASE(unknown_fields_of_tables_survive),
    CORE_CASE(concurrent_first_applies_all_succeed),
    CORE_CASE(dry_run_shows_and_writes_nothing),
    CORE_CASE(words_of_the_metadata_are_checked),
};

FC_TEST_MAIN(cases)

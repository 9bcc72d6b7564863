/* SPDX-License-Identifier: Apache-2.0 */
/* What stream jobs leave behind: places in their sources, and that they were cancelled. */
#include "tests/unit/store_fixture.h"

#include "storage/jobs.h"
#include "storage/streams.h"

static fc_rc run_position(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_stream_position_put(txn, ctx, err);
}

static fc_rc run_halt(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_stream_halt_put(txn, ctx, err);
}

static fc_rc run_halt_remove(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct fc_stream_halt *row = ctx;

    return fc_stream_halt_remove(txn, row->project, row->table_name, err);
}

static fc_rc run_job(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_job_insert(txn, ctx, err);
}

static void put(struct store_fixture *fixture, const char *source, const char *store,
                const char *positions)
{
    struct fc_stream_position row = {.project = FC_STR("default"),
                                     .table_name = FC_STR("trips"),
                                     .source = fc_str_from(source),
                                     .store = fc_str_from(store),
                                     .positions = fc_str_from(positions)};

    assert_ok(fixture, store_run(fixture, run_position, &row));
}

static struct fc_stream_position find(struct store_fixture *fixture, const char *source,
                                      const char *store)
{
    const struct fc_stream_position key = {.project = FC_STR("default"),
                                           .table_name = FC_STR("trips"),
                                           .source = fc_str_from(source),
                                           .store = fc_str_from(store)};
    struct fc_stream_position row;

    assert_ok(fixture, fc_stream_position_find(store_reader(fixture), &key, fixture->arena, &row,
                                               &fixture->err));
    return row;
}

static void another_source_or_store_has_places_of_its_own(void **state)
{
    struct store_fixture *fixture = *state;

    assert_int_equal(find(fixture, "kafka a", "sqlite").source.len, 0);
    put(fixture, "kafka a", "sqlite", "one");
    put(fixture, "kafka b", "sqlite", "two");
    put(fixture, "kafka a", "redis", "three");
    put(fixture, "kafka a", "sqlite", "four");
    assert_str(find(fixture, "kafka a", "sqlite").positions, FC_STR("four"));
    assert_str(find(fixture, "kafka b", "sqlite").positions, FC_STR("two"));
    assert_str(find(fixture, "kafka a", "redis").positions, FC_STR("three"));
    assert_int_equal(find(fixture, "kafka b", "redis").source.len, 0);
    assert_true(find(fixture, "kafka a", "sqlite").updated_ns > 0);
}

static void flipped_places_are_found(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_stream_position row = {.project = FC_STR("default"),
                                     .table_name = FC_STR("trips"),
                                     .source = FC_STR("kafka a"),
                                     .store = FC_STR("sqlite")};

    put(fixture, "kafka a", "sqlite", "one");
    store_fixture_close(fixture);
    store_raw_sql(fixture, "UPDATE stream_position SET positions = x'00'");
    store_fixture_open(fixture);
    assert_int_equal(
        fc_stream_position_find(store_reader(fixture), &row, fixture->arena, &row, &fixture->err),
        FC_DATA_LOSS);
    assert_message_has(fixture, "stream of feature table trips in project default");
}

static void a_halt_is_one_a_table(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_stream_halt row = {.project = FC_STR("default"),
                                 .table_name = FC_STR("trips"),
                                 .hash = FC_STR("h1")},
                          *rows = NULL, found;
    size_t count = 0;

    assert_ok(fixture, store_run(fixture, run_halt, &row));
    row.hash = FC_STR("h2");
    assert_ok(fixture, store_run(fixture, run_halt, &row));
    row.table_name = FC_STR("fares");
    assert_ok(fixture, store_run(fixture, run_halt, &row));
    assert_ok(fixture, fc_stream_halt_list(store_reader(fixture), fixture->arena, &rows, &count,
                                           &fixture->err));
    assert_int_equal(count, 2);
    assert_str(rows[0].table_name, FC_STR("fares"));
    assert_str(rows[1].hash, FC_STR("h2"));
    assert_ok(fixture, store_run(fixture, run_halt_remove, &row));
    assert_ok(fixture, store_run(fixture, run_halt_remove, &row));
    assert_ok(fixture, fc_stream_halt_find(store_reader(fixture), FC_STR("default"),
                                           FC_STR("fares"), fixture->arena, &found, &fixture->err));
    assert_int_equal(found.hash.len, 0);
    assert_ok(fixture, fc_stream_halt_find(store_reader(fixture), FC_STR("default"),
                                           FC_STR("trips"), fixture->arena, &found, &fixture->err));
    assert_str(found.hash, FC_STR("h2"));
}

static void the_last_stream_jobs_come_without_the_batch_jobs_between(void **state)
{
    struct store_fixture *fixture = *state;
    static const enum fc_job_type types[] = {FC_JOB_STREAM_INGESTION, FC_JOB_BATCH_INGESTION,
                                             FC_JOB_STREAM_INGESTION, FC_JOB_BATCH_INGESTION,
                                             FC_JOB_STREAM_INGESTION};
    struct fc_job_row *rows = NULL;
    size_t count = 0;

    for (size_t i = 0; i < FC_ARRAY_LEN(types); i++) {
        char id[33];
        (void)snprintf(id, sizeof id, "%032zu", i);
        struct fc_job_row row = {.id = fc_str_from(id),
                                 .type = types[i],
                                 .state = FC_JOB_PENDING,
                                 .project = FC_STR("default"),
                                 .table_name = FC_STR("trips"),
                                 .created_ns = 1};
        assert_ok(fixture, store_run(fixture, run_job, &row));
    }
    assert_ok(fixture, fc_stream_job_last(store_reader(fixture), FC_STR("default"), FC_STR("trips"),
                                          2, fixture->arena, &rows, &count, &fixture->err));
    assert_int_equal(count, 2);
    assert_str(rows[0].id, FC_STR("00000000000000000000000000000004"));
    assert_str(rows[1].id, FC_STR("00000000000000000000000000000002"));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(another_source_or_store_has_places_of_its_own, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(flipped_places_are_found, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_halt_is_one_a_table, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(the_last_stream_jobs_come_without_the_batch_jobs_between,
                                    store_setup, store_teardown),
};

FC_TEST_MAIN(cases)

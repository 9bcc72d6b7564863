/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules as rows: one a table, revisions that go on, what is due. */
#include "tests/unit/store_fixture.h"

#include "storage/schedules.h"

static struct fc_schedule_row nightly(const char *table)
{
    return (struct fc_schedule_row){
        .project = FC_STR("default"),
        .table_name = fc_str_from(table),
        .cron = FC_STR("0 3 * * *"),
        .timespan_days = 2,
        .created_ns = 10,
        .updated_ns = 20,
        .next_ns = 1000,
        .last_job = FC_STR(""),
        .reason = FC_STR(""),
        .message = FC_STR(""),
    };
}

static fc_rc run_put(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_schedule_put(txn, ctx, err);
}

static fc_rc run_update(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_schedule_update(txn, ctx, err);
}

struct removal {
    struct fc_arena *arena;
    const char *table;
    bool removed;
};

static fc_rc run_remove(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct removal *removal = ctx;

    return fc_schedule_remove(txn, FC_STR("default"), fc_str_from(removal->table), removal->arena,
                              &removal->removed, err);
}

static bool remove_schedule(struct store_fixture *fixture, const char *table)
{
    struct removal removal = {.arena = fixture->arena, .table = table};

    assert_ok(fixture, store_run(fixture, run_remove, &removal));
    return removal.removed;
}

static struct fc_schedule_row find(struct store_fixture *fixture, const char *table)
{
    struct fc_schedule_row row;

    assert_ok(fixture, fc_schedule_find(store_reader(fixture), FC_STR("default"),
                                        fc_str_from(table), fixture->arena, &row, &fixture->err));
    return row;
}

static size_t list(struct store_fixture *fixture, const char *project, const char *table)
{
    const struct fc_schedule_filter filter = {fc_str_from(project), fc_str_from(table)};
    struct fc_schedule_row *rows;
    size_t count = 0;

    assert_ok(fixture, fc_schedule_list(store_reader(fixture), &filter, fixture->arena, &rows,
                                        &count, &fixture->err));
    return count;
}

static int64_t changes(struct store_fixture *fixture)
{
    int64_t seq = 0;
    size_t count = 0;

    assert_ok(fixture,
              fc_outbox_old(store_reader(fixture), INT64_MAX, 1000, &seq, &count, &fixture->err));
    return seq;
}

static void a_table_has_one(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_schedule_row row = nightly("trips"), twin = nightly("trips");

    assert_int_equal(find(fixture, "trips").id, 0);
    assert_ok(fixture, store_run(fixture, run_put, &row));
    assert_int_not_equal(row.id, 0);
    row = find(fixture, "trips");
    assert_true(fc_str_eq(row.cron, FC_STR("0 3 * * *")));
    assert_int_equal(row.timespan_days, 2);
    assert_int_equal(row.next_ns, 1000);
    assert_int_not_equal(store_run(fixture, run_put, &twin), FC_OK);
    row.cron = FC_STR("@daily");
    row.revision++;
    assert_ok(fixture, store_run(fixture, run_put, &row));
    assert_true(fc_str_eq(find(fixture, "trips").cron, FC_STR("@daily")));
    assert_int_equal(list(fixture, "", ""), 1);
}

static void a_removed_one_keeps_its_number(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_schedule_row row = nightly("trips");

    assert_false(remove_schedule(fixture, "trips"));
    assert_ok(fixture, store_run(fixture, run_put, &row));
    int64_t before = changes(fixture);
    assert_true(remove_schedule(fixture, "trips"));
    assert_true(changes(fixture) > before);
    assert_false(remove_schedule(fixture, "trips"));
    assert_int_equal(list(fixture, "", ""), 0);
    row = find(fixture, "trips");
    assert_true(row.deleted);
    assert_int_equal(row.revision, 1);
    row.deleted = false;
    row.revision++;
    assert_ok(fixture, store_run(fixture, run_put, &row));
    assert_int_equal(find(fixture, "trips").revision, 2);
}

static void a_run_does_not_undo_a_change(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_schedule_row row = nightly("trips"), stale;

    assert_ok(fixture, store_run(fixture, run_put, &row));
    stale = row;
    row.next_ns = 2000;
    assert_ok(fixture, store_run(fixture, run_update, &row));
    row.revision++;
    row.next_ns = 500;
    assert_ok(fixture, store_run(fixture, run_put, &row));
    assert_int_equal(store_run(fixture, run_update, &stale), FC_CANCELLED);
    assert_int_equal(find(fixture, "trips").next_ns, 500);
    assert_true(remove_schedule(fixture, "trips"));
    assert_int_equal(store_run(fixture, run_update, &row), FC_CANCELLED);
}

static void what_is_due(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_schedule_row one = nightly("one"), two = nightly("two"), three = nightly("three");
    struct fc_schedule_row *rows = NULL;
    struct fc_reader *reader;
    size_t count = 0;
    int64_t first = 0, number = 0;

    two.next_ns = 500;
    three.next_ns = 5000;
    three.project = FC_STR("other");
    assert_ok(fixture, store_run(fixture, run_put, &one));
    assert_ok(fixture, store_run(fixture, run_put, &two));
    assert_ok(fixture, store_run(fixture, run_put, &three));
    reader = store_reader(fixture);
    assert_ok(fixture,
              fc_schedule_due(reader, 1000, 10, fixture->arena, &rows, &count, &fixture->err));
    assert_int_equal(count, 2);
    assert_true(fc_str_eq(rows[0].table_name, FC_STR("two")));
    assert_ok(fixture,
              fc_schedule_due(reader, 1000, 1, fixture->arena, &rows, &count, &fixture->err));
    assert_int_equal(count, 1);
    assert_ok(fixture, fc_schedule_first(reader, 1000, &first, &fixture->err));
    assert_int_equal(first, 5000);
    assert_ok(fixture, fc_schedule_first(reader, 5000, &first, &fixture->err));
    assert_true(first == INT64_MAX);
    assert_ok(fixture, fc_schedule_count(reader, &number, &fixture->err));
    assert_int_equal(number, 3);
    assert_int_equal(list(fixture, "other", ""), 1);
    assert_int_equal(list(fixture, "", "two"), 1);
    assert_int_equal(list(fixture, "other", "two"), 0);
    assert_ok(fixture, fc_schedule_get(reader, one.id, fixture->arena, &two, &fixture->err));
    assert_true(fc_str_eq(two.table_name, FC_STR("one")));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(a_table_has_one, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_removed_one_keeps_its_number, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_run_does_not_undo_a_change, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(what_is_due, store_setup, store_teardown),
};

FC_TEST_MAIN(cases)

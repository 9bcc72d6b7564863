/* SPDX-License-Identifier: Apache-2.0 */
/* When sources are looked at again, how verdicts are counted, and the mode of a project. */
#include "tests/unit/store_fixture.h"

#include "storage/recheck.h"

static fc_rc run_put(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_recheck_put(txn, ctx, err);
}

static fc_rc run_remove(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_recheck_remove(txn, *(int64_t *)ctx, err);
}

static void put(struct store_fixture *fixture, int64_t table_id, int64_t next_ns, int64_t failures)
{
    struct fc_recheck_row row = {.table_id = table_id, .next_ns = next_ns, .failures = failures};

    assert_ok(fixture, store_run(fixture, run_put, &row));
}

static size_t due(struct store_fixture *fixture, int64_t now_ns, struct fc_recheck_row **ret)
{
    size_t count = 0;

    assert_ok(fixture, fc_recheck_due(store_reader(fixture), now_ns, 2, fixture->arena, ret, &count,
                                      &fixture->err));
    return count;
}

static void the_longest_overdue_come_first(void **state)
{
    struct store_fixture *fixture = *state;
    int64_t a = store_add_table(fixture, "a"), b = store_add_table(fixture, "b"),
            c = store_add_table(fixture, "c"), first = 0;
    struct fc_recheck_row *rows = NULL;

    assert_ok(fixture, fc_recheck_first(store_reader(fixture), &first, &fixture->err));
    assert_true(first == INT64_MAX);
    put(fixture, a, 300, 0);
    put(fixture, b, 100, 2);
    put(fixture, c, 200, 1);
    assert_ok(fixture, fc_recheck_first(store_reader(fixture), &first, &fixture->err));
    assert_int_equal(first, 100);
    assert_int_equal(due(fixture, 99, &rows), 0);
    assert_int_equal(due(fixture, 100, &rows), 1);
    assert_int_equal(rows[0].table_id, b);
    assert_int_equal(rows[0].failures, 2);
    assert_str(rows[0].project, FC_STR("default"));
    assert_str(rows[0].name, FC_STR("b"));
    assert_int_equal(due(fixture, 1000, &rows), 2); /* the limit */
    assert_int_equal(rows[1].table_id, c);
    put(fixture, b, 400, 3);
    assert_int_equal(due(fixture, 300, &rows), 2);
    assert_int_equal(rows[0].table_id, c);
    assert_int_equal(rows[1].table_id, a);
}

static void rows_survive_and_go(void **state)
{
    struct store_fixture *fixture = *state;
    int64_t table = store_add_table(fixture, "a");
    struct fc_recheck_row row;

    put(fixture, table, 7, 1);
    store_fixture_reopen(fixture);
    assert_ok(fixture, fc_recheck_find(store_reader(fixture), table, &row, &fixture->err));
    assert_int_equal(row.table_id, table);
    assert_int_equal(row.next_ns, 7);
    assert_int_equal(row.failures, 1);
    assert_ok(fixture, store_run(fixture, run_remove, &table));
    assert_ok(fixture, store_run(fixture, run_remove, &table));
    assert_ok(fixture, fc_recheck_find(store_reader(fixture), table, &row, &fixture->err));
    assert_int_equal(row.table_id, 0);
}

static void a_flipped_time_is_found(void **state)
{
    struct store_fixture *fixture = *state;
    int64_t table = store_add_table(fixture, "a");
    struct fc_recheck_row row;

    put(fixture, table, 7, 1);
    store_fixture_close(fixture);
    store_raw_sql(fixture, "UPDATE recheck SET next_ns = 8");
    store_fixture_open(fixture);
    assert_int_equal(fc_recheck_find(store_reader(fixture), table, &row, &fixture->err),
                     FC_DATA_LOSS);
    assert_int_equal(fixture->err.reason, FC_REASON_STORE_CORRUPT);
}

struct verdict {
    int64_t table_id;
    int32_t verdict;
};

static fc_rc run_verdict(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct verdict *verdict = ctx;

    return fc_table_set_verdict(txn, verdict->table_id, verdict->verdict, FC_STR("enforce"), 0,
                                err);
}

static void judge(struct store_fixture *fixture, int64_t table_id, int32_t verdict)
{
    struct verdict set = {.table_id = table_id, .verdict = verdict};

    assert_ok(fixture, store_run(fixture, run_verdict, &set));
}

static void tables_without_a_time_are_found_by_their_verdict(void **state)
{
    struct store_fixture *fixture = *state;
    int64_t fits = store_add_table(fixture, "fits"), waits = store_add_table(fixture, "waits"),
            off = store_add_table(fixture, "off"), ids[4];
    size_t count = 0;

    judge(fixture, fits, 1);
    judge(fixture, waits, 2);
    judge(fixture, off, 0);
    assert_ok(fixture,
              fc_recheck_missing(store_reader(fixture), 1, 4, 4, ids, &count, &fixture->err));
    assert_int_equal(count, 2);
    assert_ok(fixture,
              fc_recheck_missing(store_reader(fixture), 2, 4, 4, ids, &count, &fixture->err));
    assert_int_equal(count, 1);
    assert_int_equal(ids[0], waits);
    assert_ok(fixture,
              fc_recheck_missing(store_reader(fixture), 1, 4, 1, ids, &count, &fixture->err));
    assert_int_equal(count, 1);
    put(fixture, waits, 1, 1);
    put(fixture, fits, 1, 0);
    assert_ok(fixture,
              fc_recheck_missing(store_reader(fixture), 1, 4, 4, ids, &count, &fixture->err));
    assert_int_equal(count, 0);
}

static void live_tables_are_counted_by_verdict(void **state)
{
    struct store_fixture *fixture = *state;
    int64_t counts[FC_VERDICTS];

    judge(fixture, store_add_table(fixture, "a"), 1);
    judge(fixture, store_add_table(fixture, "b"), 1);
    judge(fixture, store_add_table(fixture, "c"), 4);
    assert_ok(fixture, fc_registry_count_verdicts(store_reader(fixture), counts, &fixture->err));
    assert_int_equal(counts[0], 0);
    assert_int_equal(counts[1], 2);
    assert_int_equal(counts[2], 0);
    assert_int_equal(counts[4], 1);
}

struct mode {
    int64_t project_id;
    const char *mode;
};

static fc_rc run_mode(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct mode *mode = ctx;

    return fc_project_set_validation(txn, mode->project_id, fc_str_from(mode->mode), err);
}

static void a_project_has_a_mode_of_its_own(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_project_row row;
    struct mode set = {.project_id = store_default_project(fixture), .mode = "warn"};
    const fc_str name = FC_STR("default");

    assert_ok(fixture,
              fc_project_find(store_reader(fixture), name, fixture->arena, &row, &fixture->err));
    assert_int_equal(row.validation.len, 0);
    assert_ok(fixture, store_run(fixture, run_mode, &set));
    store_fixture_reopen(fixture);
    assert_ok(fixture,
              fc_project_find(store_reader(fixture), name, fixture->arena, &row, &fixture->err));
    assert_str(row.validation, FC_STR("warn"));
    set.mode = "";
    assert_ok(fixture, store_run(fixture, run_mode, &set));
    assert_ok(fixture,
              fc_project_find(store_reader(fixture), name, fixture->arena, &row, &fixture->err));
    assert_int_equal(row.validation.len, 0);
    set.project_id = 999;
    assert_int_equal(store_run(fixture, run_mode, &set), FC_NOT_FOUND);
    store_fixture_close(fixture);
    store_raw_sql(fixture, "UPDATE project SET validation = 'off'");
    assert_int_equal(store_fixture_open_fails(fixture), FC_DATA_LOSS);
    assert_int_equal(fixture->err.reason, FC_REASON_STORE_CORRUPT);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(the_longest_overdue_come_first, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(rows_survive_and_go, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_flipped_time_is_found, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(tables_without_a_time_are_found_by_their_verdict, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(live_tables_are_counted_by_verdict, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_project_has_a_mode_of_its_own, store_setup, store_teardown),
};

FC_TEST_MAIN(cases)

/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of jobs: every transition, every column, the filters of the list. */
#include "tests/unit/store_fixture.h"

static fc_rc run_insert(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_job_insert(txn, ctx, err);
}

static fc_rc run_update(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_job_update(txn, ctx, err);
}

static struct fc_job_row job_row(const char *id, const char *project, const char *table)
{
    return (struct fc_job_row){
        .id = fc_str_from(id),
        .type = FC_JOB_BATCH_INGESTION,
        .state = FC_JOB_PENDING,
        .project = fc_str_from(project),
        .table_name = fc_str_from(table),
        .hash = FC_STR("hash"),
        .order = FC_STR("order"),
        .created_ns = 1600000000000000001,
        .log_uri = FC_STR("file:///log"),
    };
}

static struct fc_job_row find(struct store_fixture *fixture, const char *id)
{
    struct fc_job_row row;
    assert_ok(fixture, fc_job_find(store_reader(fixture), fc_str_from(id), fixture->arena, &row,
                                   &fixture->err));
    return row;
}

static void the_table_of_transitions(void **state)
{
    (void)state;
    /* from, then to: P R D E C */
    static const char *const allowed[] = {"01011", "10111", "00000", "00000", "00000"};
    for (int from = 1; from <= 5; from++) {
        for (int to = 1; to <= 5; to++) {
            assert_int_equal(
                fc_job_transition_allowed((enum fc_job_state)from, (enum fc_job_state)to),
                allowed[from - 1][to - 1] == '1');
        }
        assert_false(fc_job_transition_allowed((enum fc_job_state)from, (enum fc_job_state)0));
        assert_false(fc_job_transition_allowed((enum fc_job_state)6, (enum fc_job_state)from));
    }
}

static void every_column_comes_back(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_job_row put = job_row("0123", "default", "trips"), got;

    put.type = FC_JOB_RETRIEVAL;
    assert_ok(fixture, store_run(fixture, run_insert, &put));
    put.state = FC_JOB_RUNNING;
    put.started_ns = 2;
    put.next_try_ns = 3;
    put.attempts = 4;
    put.progress = FC_STR("progress\0with a NUL");
    put.hash = FC_STR("another hash");
    assert_ok(fixture, store_run(fixture, run_update, &put));
    assert_ok(fixture, store_run(fixture, run_update, &put)); /* the same state again is progress */
    put.state = FC_JOB_ERROR;
    put.ended_ns = 5;
    put.receipt = FC_STR("receipt");
    put.reason = FC_STR("WORKER_FAILED");
    put.error_message = FC_STR("it died");
    put.log_uri = FC_STR("");
    assert_ok(fixture, store_run(fixture, run_update, &put));
    store_fixture_reopen(fixture);

    got = find(fixture, "0123");
    assert_str(got.id, put.id);
    assert_int_equal(got.type, FC_JOB_RETRIEVAL);
    assert_int_equal(got.state, FC_JOB_ERROR);
    assert_str(got.project, put.project);
    assert_str(got.table_name, put.table_name);
    assert_str(got.hash, put.hash);
    assert_str(got.order, put.order);
    assert_int_equal(got.created_ns, put.created_ns);
    assert_int_equal(got.started_ns, 2);
    assert_int_equal(got.ended_ns, 5);
    assert_int_equal(got.next_try_ns, 3);
    assert_int_equal(got.attempts, 4);
    assert_str(got.progress, put.progress);
    assert_str(got.receipt, put.receipt);
    assert_str(got.reason, put.reason);
    assert_str(got.error_message, put.error_message);
    assert_int_equal(got.log_uri.len, 0);
    assert_int_equal(find(fixture, "4567").id.len, 0);
}

static void what_the_table_forbids_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_job_row row = job_row("a", "default", "trips");

    row.state = FC_JOB_RUNNING;
    assert_int_equal(store_run(fixture, run_insert, &row), FC_INTERNAL);
    row.state = FC_JOB_PENDING;
    assert_ok(fixture, store_run(fixture, run_insert, &row));
    assert_int_equal(store_run(fixture, run_insert, &row), FC_INTERNAL); /* the id is taken */
    row.state = FC_JOB_DONE;
    assert_int_equal(store_run(fixture, run_update, &row), FC_INTERNAL);
    assert_message_has(fixture, "PENDING");
    assert_message_has(fixture, "DONE");
    row.state = FC_JOB_CANCELLED;
    assert_ok(fixture, store_run(fixture, run_update, &row));
    row.state = FC_JOB_RUNNING;
    assert_int_equal(store_run(fixture, run_update, &row), FC_INTERNAL);
    assert_int_equal(find(fixture, "a").state, FC_JOB_CANCELLED);

    row.state = FC_JOB_CANCELLED;
    row.created_ns++;
    assert_int_equal(store_run(fixture, run_update, &row), FC_INTERNAL);
    row = job_row("b", "default", "trips");
    assert_int_equal(store_run(fixture, run_update, &row), FC_NOT_FOUND);
    assert_int_equal(fixture->err.reason, FC_REASON_JOB_NOT_FOUND);
}

static void assert_listed(struct store_fixture *fixture, struct fc_job_filter filter,
                          const char *expected)
{
    struct fc_job_row *rows = NULL;
    char ids[64] = "";
    size_t count = 0;

    assert_ok(fixture, fc_job_list(store_reader(fixture), &filter, fixture->arena, &rows, &count,
                                   &fixture->err));
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(ids);
        (void)snprintf(ids + used, sizeof ids - used, "%.*s", (int)rows[i].id.len, rows[i].id.ptr);
    }
    assert_string_equal(ids, expected);
}

static void a_brief_list_leaves_out_what_is_large(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_job_row row = job_row("a", "default", "trips"), *rows = NULL;
    struct fc_job_filter filter = {.with_terminated = false};
    size_t count = 0;

    row.progress = row.receipt = FC_STR("large");
    assert_ok(fixture, store_run(fixture, run_insert, &row));
    for (unsigned i = 0; i < 2; i++) {
        filter.brief = i == 1;
        assert_ok(fixture, fc_job_list(store_reader(fixture), &filter, fixture->arena, &rows,
                                       &count, &fixture->err));
        assert_int_equal(count, 1);
        assert_str(rows[0].order, filter.brief ? FC_STR("") : row.order);
        assert_str(rows[0].progress, filter.brief ? FC_STR("") : row.progress);
        assert_str(rows[0].receipt, filter.brief ? FC_STR("") : row.receipt);
        assert_str(rows[0].table_name, row.table_name);
    }
}

static void filters_are_conjunctive_and_newest_comes_first(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_job_row rows[] = {job_row("a", "default", "trips"), job_row("b", "default", "riders"),
                                job_row("c", "other", "trips"), job_row("d", "default", "trips")};

    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++)
        assert_ok(fixture, store_run(fixture, run_insert, &rows[i]));
    rows[0].state = FC_JOB_ERROR;
    assert_ok(fixture, store_run(fixture, run_update, &rows[0]));
    rows[1].state = FC_JOB_RUNNING;
    assert_ok(fixture, store_run(fixture, run_update, &rows[1]));

    assert_listed(fixture, (struct fc_job_filter){.with_terminated = false}, "dcb");
    assert_listed(fixture, (struct fc_job_filter){.with_terminated = true}, "dcba");
    assert_listed(fixture, (struct fc_job_filter){.project = FC_STR("default")}, "db");
    assert_listed(fixture,
                  (struct fc_job_filter){.project = FC_STR("default"), .with_terminated = true},
                  "dba");
    assert_listed(fixture,
                  (struct fc_job_filter){.table_name = FC_STR("trips"), .with_terminated = true},
                  "dca");
    assert_listed(fixture, (struct fc_job_filter){.table_name = FC_STR("trips")}, "dc");
    struct fc_job_filter both = {
        .project = FC_STR("default"), .table_name = FC_STR("trips"), .with_terminated = true};
    assert_listed(fixture, both, "da");
    both.with_terminated = false;
    assert_listed(fixture, both, "d");
    assert_listed(
        fixture, (struct fc_job_filter){.project = FC_STR("nowhere"), .with_terminated = true}, "");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(the_table_of_transitions),
    cmocka_unit_test_setup_teardown(every_column_comes_back, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(what_the_table_forbids_is_refused, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_brief_list_leaves_out_what_is_large, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(filters_are_conjunctive_and_newest_comes_first, store_setup,
                                    store_teardown),
};

FC_TEST_MAIN(cases)

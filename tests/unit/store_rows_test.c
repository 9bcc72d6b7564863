/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the registry: what is written is what is read, in the order promised, with its history. */
#include "tests/unit/store_fixture.h"

#include <sqlite3.h>

/* ---- Projects ---- */

struct archive {
    int64_t id;
    bool archived;
};

static fc_rc run_archive(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct archive *archive = ctx;
    return fc_project_set_archived(txn, archive->id, archive->archived, err);
}

static void projects_are_listed_by_name_and_archived(void **state)
{
    struct store_fixture *fixture = *state;
    struct put_project zebra = {.name = "zebra"}, apple = {.name = "Apple"},
                       again = {.name = "zebra"};
    struct fc_project_row *rows = NULL, row;
    size_t count = 0;

    assert_ok(fixture, store_run(fixture, run_put_project, &zebra));
    assert_ok(fixture, store_run(fixture, run_put_project, &apple));
    assert_int_equal(store_run(fixture, run_put_project, &again), FC_ALREADY_EXISTS);
    assert_int_equal(fixture->err.reason, FC_REASON_PROJECT_EXISTS);
    assert_message_has(fixture, "zebra");

    struct archive archive = {.id = apple.id, .archived = true};
    assert_ok(fixture, store_run(fixture, run_archive, &archive));
    assert_ok(fixture, store_run(fixture, run_archive, &archive)); /* twice is once */
    assert_ok(fixture, fc_project_list(store_reader(fixture), false, fixture->arena, &rows, &count,
                                       &fixture->err));
    assert_int_equal(count, 2);
    assert_str(rows[0].name, FC_STR("default"));
    assert_str(rows[1].name, FC_STR("zebra"));
    assert_ok(fixture, fc_project_list(store_reader(fixture), true, fixture->arena, &rows, &count,
                                       &fixture->err));
    assert_int_equal(count, 3);
    assert_str(rows[0].name, FC_STR("Apple"));
    assert_true(rows[0].archived);

    assert_ok(fixture, fc_project_find(store_reader(fixture), FC_STR("Apple"), fixture->arena, &row,
                                       &fixture->err));
    assert_int_equal(row.id, apple.id);
    assert_true(row.archived);
    assert_ok(fixture, fc_project_find(store_reader(fixture), FC_STR("apple"), fixture->arena, &row,
                                       &fixture->err));
    assert_int_equal(row.id, 0);

    archive.archived = false;
    assert_ok(fixture, store_run(fixture, run_archive, &archive));
    struct fc_revision_row *revisions = NULL;
    assert_ok(fixture,
              fc_revision_list(store_reader(fixture), FC_OBJECT_PROJECT, apple.id, FC_REVISIONS_ALL,
                               fixture->arena, &revisions, &count, &fixture->err));
    assert_int_equal(count, 3);
    assert_int_equal(revisions[0].revision, 2);
    assert_false(revisions[0].deleted);
    assert_true(revisions[1].deleted);

    archive.id = 999;
    assert_int_equal(store_run(fixture, run_archive, &archive), FC_NOT_FOUND);
}

/* ---- Entities ---- */

static void an_entity_comes_back_as_it_was_put(void **state)
{
    struct store_fixture *fixture = *state;
    static const char spec[] = "\x00\x01 spec with \xff any byte", reply[] = "reply\x00";
    struct put_entity put = {
        .project_id = store_default_project(fixture),
        .row = {.name = FC_STR("driver"),
                .value_type = 14,
                .created_s = 1600000001,
                .updated_s = 1600000002,
                .spec = {spec, sizeof spec},
                .reply = {reply, sizeof reply}},
    };
    struct fc_entity_row row;

    assert_ok(fixture, store_run(fixture, run_put_entity, &put));
    assert_ok(fixture, fc_entity_find(store_reader(fixture), FC_STR("default"), FC_STR("driver"),
                                      fixture->arena, &row, &fixture->err));
    assert_int_equal(row.id, put.row.id);
    assert_str(row.project, FC_STR("default"));
    assert_str(row.name, FC_STR("driver"));
    assert_int_equal(row.value_type, 14);
    assert_int_equal(row.revision, 0);
    assert_int_equal(row.created_s, 1600000001);
    assert_int_equal(row.updated_s, 1600000002);
    assert_str(row.spec, put.row.spec);
    assert_str(row.reply, put.row.reply);

    assert_ok(fixture, fc_entity_find(store_reader(fixture), FC_STR("other"), FC_STR("driver"),
                                      fixture->arena, &row, &fixture->err));
    assert_int_equal(row.id, 0);
    assert_ok(fixture, fc_entity_find(store_reader(fixture), FC_STR("default"), FC_STR(""),
                                      fixture->arena, &row, &fixture->err));
    assert_int_equal(row.id, 0);
}

static void an_update_takes_the_next_revision_and_no_other(void **state)
{
    struct store_fixture *fixture = *state;
    struct put_entity put = {.project_id = store_default_project(fixture),
                             .row = store_entity_row("driver", "0")};
    struct fc_revision_row *revisions = NULL;
    size_t count = 0;

    put.row.revision = 1;
    assert_int_equal(store_run(fixture, run_put_entity, &put), FC_INTERNAL);
    put.row.revision = 0;
    assert_ok(fixture, store_run(fixture, run_put_entity, &put));
    int64_t id = put.row.id;

    static const int64_t wrong[] = {0, 2, -1, 7};
    for (size_t i = 0; i < FC_ARRAY_LEN(wrong); i++) {
        put.row.revision = wrong[i];
        assert_int_equal(store_run(fixture, run_put_entity, &put), FC_INTERNAL);
    }
    put.row = store_entity_row("driver", "1");
    put.row.id = id;
    put.row.revision = 1;
    assert_ok(fixture, store_run(fixture, run_put_entity, &put));
    /* Name and project are fixed. */
    put.row = store_entity_row("rider", "2");
    put.row.id = id;
    put.row.revision = 2;
    assert_int_equal(store_run(fixture, run_put_entity, &put), FC_INTERNAL);

    assert_ok(fixture,
              fc_revision_list(store_reader(fixture), FC_OBJECT_ENTITY, id, FC_REVISIONS_ALL,
                               fixture->arena, &revisions, &count, &fixture->err));
    assert_int_equal(count, 2);
    assert_int_equal(revisions[0].revision, 1);
    assert_str(revisions[0].spec, FC_STR("entity driver 1"));
    assert_int_equal(revisions[1].revision, 0);
    assert_str(revisions[1].spec, FC_STR("entity driver 0"));
    assert_true(revisions[0].at_ns >= revisions[1].at_ns);
}

struct names {
    char text[256];
    size_t count;
    size_t stop_after;
};

static void add_name(struct names *names, fc_str name)
{
    size_t used = strlen(names->text);
    (void)snprintf(names->text + used, sizeof names->text - used, "%.*s ", (int)name.len, name.ptr);
    names->count++;
}

static fc_rc collect_entity(void *ctx, const struct fc_entity_row *row, struct fc_error *err)
{
    struct names *names = ctx;
    add_name(names, row->name);
    return names->count == names->stop_after ? fc_fail(err, FC_REASON_CANCELLED, "enough") : FC_OK;
}

static fc_rc collect_table(void *ctx, const struct fc_table_row *row,
                           struct fc_error *err FC_UNUSED)
{
    add_name(ctx, row->name);
    return FC_OK;
}

static void entities_are_walked_in_byte_order(void **state)
{
    struct store_fixture *fixture = *state;
    static const char *const in[] = {"b", "a_", "B", "a", "aa", "a1"};
    struct names names = {.count = 0};
    struct put_project other = {.name = "another"};

    for (size_t i = 0; i < FC_ARRAY_LEN(in); i++)
        (void)store_add_entity(fixture, in[i]);
    assert_ok(fixture, store_run(fixture, run_put_project, &other));
    struct put_entity put = {.project_id = other.id, .row = store_entity_row("c", "x")};
    assert_ok(fixture, store_run(fixture, run_put_entity, &put));

    assert_ok(fixture, fc_entity_each(store_reader(fixture), FC_STR("default"), collect_entity,
                                      &names, &fixture->err));
    assert_string_equal(names.text, "B a a1 a_ aa b ");
    names = (struct names){.count = 0};
    assert_ok(fixture, fc_entity_each(store_reader(fixture), FC_STR(""), collect_entity, &names,
                                      &fixture->err));
    assert_string_equal(names.text, "c B a a1 a_ aa b ");
    names = (struct names){.stop_after = 2};
    assert_int_equal(fc_entity_each(store_reader(fixture), FC_STR("default"), collect_entity,
                                    &names, &fixture->err),
                     FC_CANCELLED);
    assert_string_equal(names.text, "B a ");
    /* The walk that was cut short left nothing behind. */
    names = (struct names){.count = 0};
    assert_ok(fixture, fc_entity_each(store_reader(fixture), FC_STR("default"), collect_entity,
                                      &names, &fixture->err));
    assert_int_equal(names.count, 6);
}

/* A walk inside a walk and a find inside both, on one reader: each needs a statement of its own. */
struct inner {
    struct store_fixture *fixture;
    size_t outer, inner;
};

static fc_rc walk_again(void *ctx, const struct fc_entity_row *row, struct fc_error *err)
{
    struct inner *inner = ctx;
    struct fc_reader *reader = NULL;
    struct names names = {.count = 0};
    struct fc_entity_row found;

    inner->outer++;
    fc_rc rc = fc_store_reader(inner->fixture->store, &reader, err);
    if (rc == FC_OK)
        rc = fc_entity_each(reader, FC_STR("default"), collect_entity, &names, err);
    inner->inner += names.count;
    if (rc == FC_OK) {
        rc = fc_entity_find(reader, FC_STR("default"), row->name, inner->fixture->arena, &found,
                            err);
    }
    return rc == FC_OK && found.id != row->id ? fc_fail(err, FC_REASON_INTERNAL, "another row")
                                              : rc;
}

static void a_walk_may_read_on(void **state)
{
    struct store_fixture *fixture = *state;
    struct inner inner = {.fixture = fixture};

    (void)store_add_entity(fixture, "a");
    (void)store_add_entity(fixture, "b");
    (void)store_add_entity(fixture, "c");
    assert_ok(fixture, fc_entity_each(store_reader(fixture), FC_STR("default"), walk_again, &inner,
                                      &fixture->err));
    assert_int_equal(inner.outer, 3);
    assert_int_equal(inner.inner, 9);
}

/* ---- Feature tables ---- */

static void a_table_is_deleted_and_revived_with_its_history(void **state)
{
    struct store_fixture *fixture = *state;
    struct put_table put = {.project_id = store_default_project(fixture),
                            .row = store_table_row("trips", "0")};
    struct fc_table_row row;
    struct fc_revision_row *revisions = NULL;
    struct fc_registry_counts counts;
    struct names names = {.count = 0};
    size_t count = 0;

    (void)store_add_table(fixture, "alive");
    assert_ok(fixture, store_run(fixture, run_put_table, &put));
    int64_t id = put.row.id;
    put.row.deleted = true;
    put.row.revision = 1;
    assert_ok(fixture, store_run(fixture, run_put_table, &put));

    assert_ok(fixture, fc_table_find(store_reader(fixture), FC_STR("default"), FC_STR("trips"),
                                     fixture->arena, &row, &fixture->err));
    assert_int_equal(row.id, id);
    assert_true(row.deleted);
    assert_ok(fixture, fc_table_each(store_reader(fixture), FC_STR("default"), false, collect_table,
                                     &names, &fixture->err));
    assert_string_equal(names.text, "alive ");
    assert_ok(fixture, fc_table_each(store_reader(fixture), FC_STR(""), true, collect_table, &names,
                                     &fixture->err));
    assert_string_equal(names.text, "alive alive trips ");
    assert_ok(fixture, fc_registry_count(store_reader(fixture), &counts, &fixture->err));
    assert_int_equal(counts.tables, 1);

    put.row = store_table_row("trips", "2");
    put.row.id = id;
    put.row.revision = 2;
    assert_ok(fixture, store_run(fixture, run_put_table, &put));
    assert_ok(fixture,
              fc_revision_list(store_reader(fixture), FC_OBJECT_TABLE, id, FC_REVISIONS_ALL,
                               fixture->arena, &revisions, &count, &fixture->err));
    assert_int_equal(count, 3);
    assert_false(revisions[0].deleted);
    assert_str(revisions[0].spec, FC_STR("table trips 2"));
    assert_true(revisions[1].deleted);
    assert_false(revisions[2].deleted);
    assert_ok(fixture, fc_registry_count(store_reader(fixture), &counts, &fixture->err));
    assert_int_equal(counts.tables, 2);

    store_fixture_close(fixture);
    /* put, delete, put: what a consumer of the outbox sees of it. */
    assert_int_equal(
        store_raw_number(fixture, "SELECT group_concat(change, '') FROM (SELECT change FROM outbox "
                                  "WHERE kind = 3 AND object_id = 2 ORDER BY seq)"),
        121);
}

struct verdict {
    int64_t table_id, report_id;
    int32_t verdict;
    const char *body;
};

static fc_rc run_verdict(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct verdict *verdict = ctx;
    fc_rc rc = fc_report_insert(txn, verdict->table_id, verdict->verdict,
                                fc_str_from(verdict->body), &verdict->report_id, err);
    return rc == FC_OK ? fc_table_set_verdict(txn, verdict->table_id, verdict->verdict,
                                              FC_STR("strict"), verdict->report_id, err)
                       : rc;
}

static fc_rc run_forget(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_report_remove(txn, *(const int64_t *)ctx, err);
}

static void the_newest_report_stays_with_its_table(void **state)
{
    struct store_fixture *fixture = *state;
    struct verdict first = {
        .table_id = store_add_table(fixture, "trips"), .verdict = 3, .body = "first"};
    struct verdict other = {
        .table_id = store_add_table(fixture, "other"), .verdict = 1, .body = "other"};
    struct verdict later = {.table_id = first.table_id, .verdict = 5, .body = "later"};
    struct verdict last = {.table_id = first.table_id, .verdict = 2, .body = "last"};
    struct fc_table_row row;
    fc_str body;

    assert_ok(fixture, store_run(fixture, run_verdict, &first));
    assert_ok(fixture, store_run(fixture, run_verdict, &other));
    assert_ok(fixture, store_run(fixture, run_verdict, &later));
    assert_ok(fixture, store_run(fixture, run_verdict, &last));
    assert_ok(fixture, fc_table_find(store_reader(fixture), FC_STR("default"), FC_STR("trips"),
                                     fixture->arena, &row, &fixture->err));
    assert_int_equal(row.verdict, 2);
    assert_str(row.mode, FC_STR("strict"));
    assert_int_equal(row.report_id, last.report_id);
    assert_int_equal(row.revision, 0);
    assert_ok(fixture, fc_report_find(store_reader(fixture), last.report_id, fixture->arena, &body,
                                      &fixture->err));
    assert_str(body, FC_STR("last"));
    assert_ok(fixture, fc_report_find(store_reader(fixture), first.report_id, fixture->arena, &body,
                                      &fixture->err));
    assert_str(body, FC_STR("first"));
    assert_ok(fixture, fc_report_find(store_reader(fixture), other.report_id, fixture->arena, &body,
                                      &fixture->err));
    assert_str(body, FC_STR("other"));

    struct verdict nowhere = {.table_id = 999, .body = ""};
    assert_int_equal(store_run(fixture, run_verdict, &nowhere), FC_INTERNAL);
}

static fc_rc run_verdict_alone(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_table_set_verdict(txn, *(int64_t *)ctx, 1, FC_STR("warn"), 0, err);
}

static void reports_are_a_history_with_an_end(void **state)
{
    struct store_fixture *fixture = *state;
    struct verdict first = {
        .table_id = store_add_table(fixture, "trips"), .verdict = 1, .body = "0"};
    struct verdict one = first;
    struct fc_report_row *rows = NULL;
    char text[8];
    size_t count = 0;

    assert_ok(fixture, store_run(fixture, run_verdict, &first));
    one.body = text;
    for (int i = 1; i <= FC_REPORTS_KEPT + 3; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        assert_ok(fixture, store_run(fixture, run_verdict, &one));
    }
    assert_ok(fixture, fc_report_list(store_reader(fixture), one.table_id, INT64_MAX, 100,
                                      fixture->arena, &rows, &count, &fixture->err));
    assert_int_equal(count, FC_REPORTS_KEPT);
    assert_int_equal(rows[0].id, one.report_id);
    assert_str(rows[0].body, fc_str_from(text));
    assert_str(rows[FC_REPORTS_KEPT - 1].body, FC_STR("4"));
    assert_ok(fixture, fc_report_list(store_reader(fixture), one.table_id, rows[0].id, 2,
                                      fixture->arena, &rows, &count, &fixture->err));
    assert_int_equal(count, 2);
    assert_str(rows[0].body, FC_STR("22"));
    assert_ok(fixture, store_run(fixture, run_forget, &rows[0].id));
    assert_ok(fixture, fc_report_list(store_reader(fixture), one.table_id, INT64_MAX, 100,
                                      fixture->arena, &rows, &count, &fixture->err));
    assert_int_equal(count, FC_REPORTS_KEPT - 1);
    assert_str(rows[1].body, FC_STR("21"));
}

static void a_verdict_needs_its_table(void **state)
{
    struct store_fixture *fixture = *state;
    int64_t nowhere = 999;

    assert_int_equal(store_run(fixture, run_verdict_alone, &nowhere), FC_NOT_FOUND);
    assert_int_equal(fixture->err.reason, FC_REASON_TABLE_NOT_FOUND);
}

/* ---- Stores ---- */

struct put_store {
    enum fc_store_kind kind;
    struct fc_store_row row;
};

static fc_rc run_put_store(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct put_store *put = ctx;
    return fc_store_row_put(txn, put->kind, &put->row, err);
}

static void stores_of_two_kinds_do_not_meet(void **state)
{
    struct store_fixture *fixture = *state;
    struct put_store legacy = {FC_STORE_LEGACY, {.name = FC_STR("main"), .body = FC_STR("legacy")}};
    struct put_store online = {FC_STORE_ONLINE, {.name = FC_STR("main"), .body = FC_STR("online")}};
    struct put_store second = {FC_STORE_ONLINE, {.name = FC_STR("a"), .body = FC_STR("")}};
    struct fc_store_row row, *rows = NULL;
    size_t count = 0;

    assert_ok(fixture, store_run(fixture, run_put_store, &legacy));
    assert_ok(fixture, store_run(fixture, run_put_store, &online));
    assert_ok(fixture, store_run(fixture, run_put_store, &second));
    online.row.archived = true;
    online.row.body = FC_STR("online, archived");
    assert_ok(fixture, store_run(fixture, run_put_store, &online));

    assert_ok(fixture, fc_store_row_find(store_reader(fixture), FC_STORE_LEGACY, FC_STR("main"),
                                         fixture->arena, &row, &fixture->err));
    assert_str(row.body, FC_STR("legacy"));
    assert_ok(fixture, fc_store_row_find(store_reader(fixture), FC_STORE_ONLINE, FC_STR("main"),
                                         fixture->arena, &row, &fixture->err));
    assert_str(row.body, FC_STR("online, archived"));
    assert_true(row.archived);
    assert_ok(fixture, fc_store_row_find(store_reader(fixture), FC_STORE_ONLINE, FC_STR("b"),
                                         fixture->arena, &row, &fixture->err));
    assert_int_equal(row.id, 0);
    assert_ok(fixture, fc_store_row_list(store_reader(fixture), FC_STORE_ONLINE, false,
                                         fixture->arena, &rows, &count, &fixture->err));
    assert_int_equal(count, 1);
    assert_str(rows[0].name, FC_STR("a"));
    assert_ok(fixture, fc_store_row_list(store_reader(fixture), FC_STORE_ONLINE, true,
                                         fixture->arena, &rows, &count, &fixture->err));
    assert_int_equal(count, 2);
    assert_str(rows[1].name, FC_STR("main"));

    /* A row id that is not the name's. */
    online.row.name = FC_STR("a");
    assert_int_equal(store_run(fixture, run_put_store, &online), FC_INTERNAL);
}

/* ---- Limits ---- */

static void a_row_too_large_for_its_arena_is_an_error(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_arena *small = fc_arena_new(64);
    struct fc_entity_row row = {.id = 77};

    (void)store_add_entity(fixture, "driver");
    assert_int_equal(fc_entity_find(store_reader(fixture), FC_STR("default"), FC_STR("driver"),
                                    small, &row, &fixture->err),
                     FC_RESOURCE_EXHAUSTED);
    assert_int_equal(row.id, 77); /* not clobbered */
    fc_arena_free(small);
}

/* The promise that a put is O(log n) and a list streams in name order, read from SQLite's own plans. */
static void every_statement_uses_an_index_and_none_sorts(void **state)
{
    struct store_fixture *fixture = *state;
    static const struct {
        const char *name, *sql;
    } statements[] = {
#define FC_STATEMENT(name, text) {#name, text},
#include "storage/statements.def"
#undef FC_STATEMENT
    };
    /* Walks of a whole table on purpose. */
    static const char walks[] =
        " PROJECT_LIST ENTITY_LIST_ALL TABLE_LIST_ALL REVISION_ALL REPORT_ALL JOB_LIST_ALL "
        "JOB_LIST_ACTIVE JOB_OLD COUNTS RECHECK_ALL COUNT_VERDICTS STREAM_POSITION_ALL "
        "STREAM_HALT_ALL SCHEDULE_ALL SCHEDULE_LIST SCHEDULE_COUNT ";
    sqlite3 *db = NULL;

    store_fixture_close(fixture);
    assert_int_equal(sqlite3_open(store_path(fixture, "registry.db"), &db), SQLITE_OK);
    for (size_t i = 0; i < FC_ARRAY_LEN(statements); i++) {
        char sql[1200], name[64];
        sqlite3_stmt *stmt = NULL;
        (void)snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", statements[i].sql);
        (void)snprintf(name, sizeof name, " %s ", statements[i].name);
        if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
            fail_msg("%s: %s", statements[i].name, sqlite3_errmsg(db));
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            const char *plan = (const char *)sqlite3_column_text(stmt, 3);
            if (strstr(plan, "TEMP B-TREE"))
                fail_msg("%s sorts: %s", statements[i].name, plan);
            if (strncmp(plan, "SCAN", 4) == 0 && !strstr(plan, "CONSTANT ROW") &&
                !strstr(walks, name))
                fail_msg("%s walks a table: %s", statements[i].name, plan);
        }
        (void)sqlite3_finalize(stmt);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(projects_are_listed_by_name_and_archived, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(an_entity_comes_back_as_it_was_put, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(an_update_takes_the_next_revision_and_no_other, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(entities_are_walked_in_byte_order, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_walk_may_read_on, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_table_is_deleted_and_revived_with_its_history, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(the_newest_report_stays_with_its_table, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(reports_are_a_history_with_an_end, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_verdict_needs_its_table, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(stores_of_two_kinds_do_not_meet, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_row_too_large_for_its_arena_is_an_error, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(every_statement_uses_an_index_and_none_sorts, store_setup,
                                    store_teardown),
};

FC_TEST_MAIN(cases)

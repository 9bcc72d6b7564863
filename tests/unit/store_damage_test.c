/* SPDX-License-Identifier: Apache-2.0 */
/* Damage: what is wrong with the files is found, named, and left as it was found. */
#include "tests/unit/store_fixture.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    char *bytes;
    size_t size;
};

static struct file read_file(const char *path)
{
    struct file file = {.bytes = NULL};
    struct stat info;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return file;
    assert_int_equal(fstat(fd, &info), 0);
    file.size = (size_t)info.st_size;
    file.bytes = malloc(file.size + 1);
    assert_non_null(file.bytes);
    assert_int_equal(read(fd, file.bytes, file.size), file.size);
    (void)close(fd);
    return file;
}

static void write_file(const char *path, const char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    (void)close(fd);
}

static void mark_unclean(struct store_fixture *fixture)
{
    write_file(store_path(fixture, "LOCK"), "12345\n", 6);
}

/* Opening fails with this reason and changes neither database nor WAL. */
static void assert_refused(struct store_fixture *fixture, enum fc_reason reason)
{
    struct file db = read_file(store_path(fixture, "registry.db"));
    struct file wal = read_file(store_path(fixture, "registry.db-wal"));

    /* Twice: the first refusal must not make the second opening believe that all is well. */
    for (int i = 0; i < 2; i++) {
        (void)store_fixture_open_fails(fixture);
        if (fixture->err.reason != reason)
            fail_msg("%s: %s", fc_reason_info(fixture->err.reason)->word, fixture->err.message);
        struct file db_after = read_file(store_path(fixture, "registry.db"));
        struct file wal_after = read_file(store_path(fixture, "registry.db-wal"));
        assert_int_equal(db.size, db_after.size);
        assert_int_equal(wal.size, wal_after.size);
        if (db.size > 0)
            assert_memory_equal(db.bytes, db_after.bytes, db.size);
        if (wal.size > 0)
            assert_memory_equal(wal.bytes, wal_after.bytes, wal.size);
        free(db_after.bytes);
        free(wal_after.bytes);
    }
    free(db.bytes);
    free(wal.bytes);
}

/* ---- Files that are not what they should be ---- */

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    static char text[8192];

    memset(text, 'x', sizeof text);
    write_file(store_path(fixture, "registry.db"), text, sizeof text);
    assert_refused(fixture, FC_REASON_STORE_CORRUPT);
    assert_message_has(fixture, "restore a backup");
    assert_message_has(fixture, fixture->dir);
}

static void a_database_of_another_program_is_refused(void **state)
{
    struct store_fixture *fixture = *state;

    store_raw_sql(fixture, "CREATE TABLE t (a); INSERT INTO t VALUES (1);");
    assert_refused(fixture, FC_REASON_STORE_CORRUPT);
    assert_message_has(fixture, "application_id");
    store_raw_sql(fixture, "PRAGMA application_id = 42");
    assert_refused(fixture, FC_REASON_STORE_CORRUPT);
    assert_message_has(fixture, "0x0000002a");
}

static void a_newer_schema_is_refused_with_both_versions(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_close(fixture);
    store_raw_sql(fixture, "PRAGMA user_version = 4711");
    assert_refused(fixture, FC_REASON_STORE_TOO_NEW);
    assert_message_has(fixture, "4711");
    assert_message_has(fixture, "up to 4");
}

static void a_migration_with_another_text_is_refused(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_close(fixture);
    store_raw_sql(fixture, "UPDATE schema_migration SET checksum = checksum + 1");
    assert_refused(fixture, FC_REASON_STORE_CORRUPT);
    assert_message_has(fixture, "0001_registry.sql");
}

static void a_wal_without_its_database_is_refused(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_close(fixture);
    write_file(store_path(fixture, "registry.db-wal"), "changes", 7);
    assert_int_equal(unlink(store_path(fixture, "registry.db")), 0);
    assert_refused(fixture, FC_REASON_STORE_CORRUPT);
    assert_message_has(fixture, "registry.db-wal");
    write_file(store_path(fixture, "registry.db"), "", 0);
    assert_refused(fixture, FC_REASON_STORE_CORRUPT);
}

/* ---- After an unclean stop ---- */

static void fill(struct store_fixture *fixture, int tables)
{
    static char names[512][16];
    for (int i = 0; i < tables; i++) {
        (void)snprintf(names[i], sizeof names[i], "t%d", i);
        (void)store_add_table(fixture, names[i]);
    }
}

/* Pages in the middle of the file overwritten, as a broken disk would. */
static void damage_structure(struct store_fixture *fixture)
{
    static char junk[4096 * 3];
    int fd = open(store_path(fixture, "registry.db"), O_WRONLY);
    assert_true(fd >= 0);
    memset(junk, 0x5a, sizeof junk);
    assert_int_equal(pwrite(fd, junk, sizeof junk, (off_t)4096 * 3), sizeof junk);
    (void)close(fd);
}

static void an_unclean_stop_is_checked_and_forgiven(void **state)
{
    struct store_fixture *fixture = *state;

    fill(fixture, 20);
    store_fixture_close(fixture);
    mark_unclean(fixture);
    store_fixture_open(fixture);
    (void)store_add_table(fixture, "later");
}

static void damage_after_an_unclean_stop_is_refused(void **state)
{
    struct store_fixture *fixture = *state;

    fill(fixture, 100);
    store_fixture_close(fixture);
    damage_structure(fixture);
    mark_unclean(fixture);
    assert_refused(fixture, FC_REASON_STORE_CORRUPT);
    assert_message_has(fixture, "quick_check");
    assert_message_has(fixture, "was left as it is");
}

/* The state of a process that was killed: the files copied while it runs. */
static void copy_file(const struct store_fixture *from, const struct store_fixture *to,
                      const char *name)
{
    struct file file = read_file(store_path(from, name));
    if (file.bytes)
        write_file(store_path(to, name), file.bytes, file.size);
    free(file.bytes);
}

static void a_wal_left_behind_is_recovered(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_table_row row;
    void *other_state = NULL;

    assert_int_equal(store_setup_closed(&other_state), 0);
    struct store_fixture *other = other_state;
    fill(fixture, 20);
    copy_file(fixture, other, "registry.db");
    copy_file(fixture, other, "registry.db-wal");
    /* Half of what was being appended when the power went. */
    int fd = open(store_path(other, "registry.db-wal"), O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "torn", 4), 4);
    (void)close(fd);

    store_fixture_open(other);
    assert_ok(other, fc_table_find(store_reader(other), FC_STR("default"), FC_STR("t19"),
                                   other->arena, &row, &other->err));
    assert_int_not_equal(row.id, 0);
    assert_int_equal(store_teardown(&other_state), 0);
}

/* ---- Flipped bytes in content ---- */

/* Changes one byte of the only place in the file where the text stands. */
static void flip(struct store_fixture *fixture, const char *text)
{
    struct file file = read_file(store_path(fixture, "registry.db"));
    if (!file.bytes) {
        fail_msg("there is no registry.db");
        return;
    }
    char *at = memmem(file.bytes, file.size, text, strlen(text));
    assert_non_null(at);
    do {
        at[1] ^= 1;
        at = memmem(file.bytes, file.size, text, strlen(text));
    } while (at);
    write_file(store_path(fixture, "registry.db"), file.bytes, file.size);
    free(file.bytes);
}

static fc_rc run_report(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    int64_t id;
    return fc_report_insert(txn, *(int64_t *)ctx, 1, FC_STR("PAYLOAD-report"), &id, err);
}

static fc_rc run_job(struct fc_txn *txn, void *ctx FC_UNUSED, struct fc_error *err)
{
    const struct fc_job_row row = {.id = FC_STR("j1"),
                                   .type = FC_JOB_RETRIEVAL,
                                   .state = FC_JOB_PENDING,
                                   .order = FC_STR("PAYLOAD-job")};
    return fc_job_insert(txn, &row, err);
}

static fc_rc run_store(struct fc_txn *txn, void *ctx FC_UNUSED, struct fc_error *err)
{
    struct fc_store_row row = {.name = FC_STR("main"), .body = FC_STR("PAYLOAD-store")};
    return fc_store_row_put(txn, FC_STORE_ONLINE, &row, err);
}

static void make_payloads(struct store_fixture *fixture)
{
    struct put_entity entity = {.project_id = store_default_project(fixture),
                                .row = store_entity_row("driver", "")};
    struct put_table table = {.project_id = entity.project_id, .row = store_table_row("trips", "")};

    entity.row.spec = FC_STR("PAYLOAD-entity-spec");
    entity.row.reply = FC_STR("PAYLOAD-entity-reply");
    table.row.spec = FC_STR("PAYLOAD-table-spec");
    table.row.reply = FC_STR("PAYLOAD-table-reply");
    table.row.hash = FC_STR("PAYLOAD-hash");
    assert_ok(fixture, store_run(fixture, run_put_entity, &entity));
    assert_ok(fixture, store_run(fixture, run_put_table, &table));
    assert_ok(fixture, store_run(fixture, run_report, &table.row.id));
    assert_ok(fixture, store_run(fixture, run_job, NULL));
    assert_ok(fixture, store_run(fixture, run_store, NULL));
}

static fc_rc read_by(struct store_fixture *fixture, const char *what)
{
    struct fc_reader *reader = store_reader(fixture);
    union {
        struct fc_entity_row entity;
        struct fc_table_row table;
        struct fc_job_row job;
        struct fc_store_row store;
        fc_str body;
    } row;

    if (strstr(what, "entity")) {
        return fc_entity_find(reader, FC_STR("default"), FC_STR("driver"), fixture->arena,
                              &row.entity, &fixture->err);
    }
    if (strstr(what, "table") || strstr(what, "hash")) {
        return fc_table_find(reader, FC_STR("default"), FC_STR("trips"), fixture->arena, &row.table,
                             &fixture->err);
    }
    if (strstr(what, "job"))
        return fc_job_find(reader, FC_STR("j1"), fixture->arena, &row.job, &fixture->err);
    if (strstr(what, "store")) {
        return fc_store_row_find(reader, FC_STORE_ONLINE, FC_STR("main"), fixture->arena,
                                 &row.store, &fixture->err);
    }
    return fc_report_find(reader, 1, fixture->arena, &row.body, &fixture->err);
}

static void a_flipped_byte_is_found_and_the_object_named(void **state)
{
    struct store_fixture *fixture = *state;
    static const struct {
        const char *payload, *named;
    } objects[] = {
        {"PAYLOAD-entity-spec", "entity driver of project default"},
        {"PAYLOAD-entity-reply", "entity driver of project default"},
        {"PAYLOAD-table-spec", "feature table trips of project default"},
        {"PAYLOAD-table-reply", "feature table trips of project default"},
        {"PAYLOAD-hash", "feature table trips of project default"},
        {"PAYLOAD-report", "validation report 1"},
        {"PAYLOAD-job", "job j1"},
        {"PAYLOAD-store", "online store main"},
    };

    make_payloads(fixture);
    store_fixture_close(fixture);
    struct file whole = read_file(store_path(fixture, "registry.db"));
    for (size_t i = 0; i < FC_ARRAY_LEN(objects); i++) {
        int64_t bytes;
        flip(fixture, objects[i].payload);
        store_fixture_open(fixture); /* SQLite sees nothing wrong */
        assert_int_equal(read_by(fixture, objects[i].payload), FC_DATA_LOSS);
        assert_int_equal(fixture->err.reason, FC_REASON_STORE_CORRUPT);
        assert_message_has(fixture, objects[i].named);
        /* A backup of it would be none. */
        assert_int_equal(
            fc_store_backup(fixture->store, store_path(fixture, "copy.db"), &bytes, &fixture->err),
            FC_DATA_LOSS);
        assert_message_has(fixture, objects[i].named);
        assert_int_not_equal(access(store_path(fixture, "copy.db"), F_OK), 0);
        assert_int_not_equal(access(store_path(fixture, "copy.db.tmp"), F_OK), 0);
        store_fixture_close(fixture);
        write_file(store_path(fixture, "registry.db"), whole.bytes, whole.size);
    }
    free(whole.bytes);
}

/* The numbers and names beside the blobs are covered as well. */
static void a_changed_column_is_found(void **state)
{
    struct store_fixture *fixture = *state;
    static const struct {
        const char *sql, *object;
    } changes[] = {
        {"UPDATE entity SET value_type = value_type + 1", "entity"},
        {"UPDATE entity SET updated_s = updated_s + 1", "entity"},
        {"UPDATE feature_table SET verdict = verdict + 1", "table"},
        {"UPDATE feature_table SET deleted = 1", "table"},
        {"UPDATE feature_table SET mode = 'warn'", "table"},
        {"UPDATE store SET archived = 1", "store"},
        {"UPDATE job SET state = 2", "job"},
        {"UPDATE validation_report SET verdict = verdict + 1", "report"},
    };

    make_payloads(fixture);
    store_fixture_close(fixture);
    struct file whole = read_file(store_path(fixture, "registry.db"));
    for (size_t i = 0; i < FC_ARRAY_LEN(changes); i++) {
        store_raw_sql(fixture, changes[i].sql);
        store_fixture_open(fixture);
        assert_int_equal(read_by(fixture, changes[i].object), FC_DATA_LOSS);
        store_fixture_close(fixture);
        (void)unlink(store_path(fixture, "registry.db-wal"));
        write_file(store_path(fixture, "registry.db"), whole.bytes, whole.size);
    }
    free(whole.bytes);
}

static void a_flipped_byte_in_the_history_is_found(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_revision_row *rows = NULL;
    size_t count;

    make_payloads(fixture);
    store_fixture_close(fixture);
    store_raw_sql(fixture,
                  "UPDATE revision SET spec = CAST('PAYLOAD-other' AS BLOB) WHERE kind = 3");
    store_fixture_open(fixture);
    assert_int_equal(fc_revision_list(store_reader(fixture), FC_OBJECT_TABLE, 1, FC_REVISIONS_ALL,
                                      fixture->arena, &rows, &count, &fixture->err),
                     FC_DATA_LOSS);
    assert_message_has(fixture, "revision 0");
}

/* ---- Keys of indexes: rows are whole, but not found ---- */

enum { INDEX_LEAF = 10 };

/* Flips a bit of `key` where it stands in an index. */
static void flip_key(struct store_fixture *fixture, const char *key)
{
    struct file file = read_file(store_path(fixture, "registry.db"));
    size_t flipped = 0;

    if (!file.bytes) {
        fail_msg("there is no registry.db");
        return;
    }
    size_t page = (size_t)(unsigned char)file.bytes[16] << 8 | (unsigned char)file.bytes[17];

    for (size_t at = page; at + page <= file.size; at += page) {
        char *found =
            file.bytes[at] == INDEX_LEAF ? memmem(file.bytes + at, page, key, strlen(key)) : NULL;
        if (found) {
            found[strlen(key) - 1] ^= 1;
            flipped++;
        }
    }
    assert_true(flipped > 0);
    write_file(store_path(fixture, "registry.db"), file.bytes, file.size);
    free(file.bytes);
}

static bool was_checked(void *store)
{
    struct fc_store_checks checks;
    fc_store_checks(store, &checks);
    return checks.done > 0;
}

static void damage_that_hides_a_row_is_found_while_serving(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_store_checks checks;

    make_payloads(fixture);
    fixture->options.check_interval_ns = FC_NS_PER_MS;
    store_fixture_reopen(fixture);
    store_wait(was_checked, fixture->store);
    fc_store_checks(fixture->store, &checks);
    assert_false(checks.damaged);
    assert_string_equal(checks.finding, "");
    store_fixture_close(fixture);

    flip_key(fixture, "driver");
    store_fixture_open(fixture);
    store_wait(was_checked, fixture->store);
    fc_store_checks(fixture->store, &checks);
    assert_true(checks.damaged);
    if (!strstr(checks.finding, "index"))
        fail_msg("the index is not named: %s", checks.finding);
}

static void checks_see_rows_as_well(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_store_checks checks;

    make_payloads(fixture);
    store_fixture_close(fixture);
    flip(fixture, "PAYLOAD-report");
    fixture->options.check_interval_ns = FC_NS_PER_MS;
    store_fixture_open(fixture);
    store_wait(was_checked, fixture->store);
    fc_store_checks(fixture->store, &checks);
    assert_true(checks.damaged);
    assert_non_null(strstr(checks.finding, "validation report 1"));
}

/* The start looks for this project, and would add another one. */
static void a_damaged_key_of_the_default_project_is_refused(void **state)
{
    struct store_fixture *fixture = *state;

    make_payloads(fixture);
    store_fixture_close(fixture);
    flip_key(fixture, "default");
    assert_refused(fixture, FC_REASON_STORE_CORRUPT);
    assert_message_has(fixture, "restore a backup");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(a_file_that_is_no_database_is_refused, store_setup_closed,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_database_of_another_program_is_refused, store_setup_closed,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_newer_schema_is_refused_with_both_versions, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_migration_with_another_text_is_refused, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_wal_without_its_database_is_refused, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(an_unclean_stop_is_checked_and_forgiven, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(damage_after_an_unclean_stop_is_refused, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_wal_left_behind_is_recovered, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_flipped_byte_is_found_and_the_object_named, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_changed_column_is_found, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_flipped_byte_in_the_history_is_found, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(damage_that_hides_a_row_is_found_while_serving, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(checks_see_rows_as_well, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_damaged_key_of_the_default_project_is_refused, store_setup,
                                    store_teardown),
};

FC_TEST_MAIN(cases)

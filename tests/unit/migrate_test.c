/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations: numbered, whole or not at all, checked by their text, copied before. */
#include "tests/unit/store_fixture.h"

#include <dirent.h>
#include <stdlib.h>

#include "storage/internal.h"
#include "storage/migrate.h"

#define MIGRATION(name, text)                                                                      \
    {                                                                                              \
        name, (const unsigned char *)(text), sizeof(text) - 1                                      \
    }

static const struct fc_embedded_file three[] = {
    MIGRATION("0001_one.sql", "CREATE TABLE one (a TEXT) STRICT; INSERT INTO one VALUES ('kept');"),
    MIGRATION("0002_two.sql", "ALTER TABLE one ADD COLUMN b INTEGER;"),
    MIGRATION("0003_three.sql", "CREATE INDEX one_by_a ON one (a);"),
};
static const struct fc_embedded_file broken[] = {
    MIGRATION("0001_one.sql", "CREATE TABLE one (a TEXT) STRICT; INSERT INTO one VALUES ('kept');"),
    MIGRATION("0002_broken.sql", "CREATE TABLE half (a); INSERT INTO nowhere VALUES (1);"),
};

static fc_rc migrate(struct store_fixture *fixture, const struct fc_embedded_file *files,
                     size_t count)
{
    FC_CLEANUP(fc_db_close) struct fc_db db = {.handle = NULL};
    const struct fc_migrations migrations = {.files = files, .count = count};

    assert_ok(fixture,
              fc_db_open(store_path(fixture, "registry.db"), FC_SQLITE_WRITER, &db, &fixture->err));
    return fc_schema_migrate(&db, migrations, fc_sys_real(), fixture->dir, &fixture->err);
}

/* Copies made before a change, and the version that the last one found holds. */
static int count_copies(struct store_fixture *fixture, char *ret_path, size_t size)
{
    DIR *dir = opendir(fixture->dir);
    struct dirent *entry;
    int count = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (strstr(entry->d_name, ".bak")) {
            count++;
            (void)snprintf(ret_path, size, "%s/%s", fixture->dir, entry->d_name);
        }
    }
    (void)closedir(dir);
    return count;
}

static void files_are_numbered_from_one(void **state)
{
    (void)state;
    struct fc_migrations built_in = fc_migrations_built_in();
    assert_true(built_in.count >= 1);
    for (size_t i = 0; i < built_in.count; i++) {
        assert_int_equal(strtol(built_in.files[i].name, NULL, 10), (long)i + 1);
        /* SQLite stops at a NUL. */
        assert_int_equal(strlen((const char *)built_in.files[i].data), built_in.files[i].size);
    }
}

static void each_runs_once_and_is_noted(void **state)
{
    struct store_fixture *fixture = *state;
    char copy[512];

    assert_ok(fixture, migrate(fixture, three, 3));
    assert_ok(fixture, migrate(fixture, three, 3));
    assert_int_equal(store_raw_number(fixture, "PRAGMA user_version"), 3);
    assert_int_equal(store_raw_number(fixture, "PRAGMA application_id"), FC_APPLICATION_ID);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM schema_migration"), 3);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM one"), 1);
    assert_int_equal(count_copies(fixture, copy, sizeof copy), 0); /* there was nothing to lose */
}

static void a_database_with_content_is_copied_before(void **state)
{
    struct store_fixture *fixture = *state;
    FC_CLEANUP(fc_db_close) struct fc_db db = {.handle = NULL};
    char copy[512] = "";
    int64_t version = 0, rows = 0;

    assert_ok(fixture, migrate(fixture, three, 1));
    assert_ok(fixture, migrate(fixture, three, 3));
    assert_int_equal(store_raw_number(fixture, "PRAGMA user_version"), 3);
    assert_int_equal(count_copies(fixture, copy, sizeof copy), 1);
    assert_ok(fixture, fc_db_open(copy, FC_SQLITE_READER, &db, &fixture->err));
    assert_ok(fixture, fc_db_number(&db, "PRAGMA user_version", &version, &fixture->err));
    assert_int_equal(version, 1);
    assert_ok(fixture,
              fc_db_number(&db, "SELECT count(*) FROM one WHERE a = 'kept'", &rows, &fixture->err));
    assert_int_equal(rows, 1);
}

static void one_that_fails_changes_nothing(void **state)
{
    struct store_fixture *fixture = *state;

    assert_ok(fixture, migrate(fixture, broken, 1));
    assert_int_not_equal(migrate(fixture, broken, 2), FC_OK);
    assert_message_has(fixture, "migration 2 (0002_broken.sql)");
    assert_message_has(fixture, "nowhere");
    assert_int_equal(store_raw_number(fixture, "PRAGMA user_version"), 1);
    assert_int_equal(
        store_raw_number(fixture, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
    /* Mended, it goes on from there. */
    assert_ok(fixture, migrate(fixture, three, 3));
    assert_int_equal(store_raw_number(fixture, "PRAGMA user_version"), 3);
}

static void the_first_that_fails_leaves_an_empty_database(void **state)
{
    struct store_fixture *fixture = *state;

    assert_int_not_equal(migrate(fixture, broken + 1, 1), FC_OK);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM sqlite_schema"), 0);
    assert_int_equal(store_raw_number(fixture, "PRAGMA application_id"), 0);
    assert_ok(fixture, migrate(fixture, three, 3));
}

static void an_edited_text_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_embedded_file edited[3] = {three[0], three[1], three[2]};

    assert_ok(fixture, migrate(fixture, three, 2));
    edited[1] =
        (struct fc_embedded_file)MIGRATION("0002_two.sql", "ALTER TABLE one ADD COLUMN c INTEGER;");
    assert_int_equal(migrate(fixture, edited, 3), FC_DATA_LOSS);
    assert_message_has(fixture, "migration 2 (0002_two.sql)");
    assert_int_equal(store_raw_number(fixture, "PRAGMA user_version"), 2);
}

static void a_newer_database_is_refused(void **state)
{
    struct store_fixture *fixture = *state;

    assert_ok(fixture, migrate(fixture, three, 3));
    assert_int_equal(migrate(fixture, three, 2), FC_FAILED_PRECONDITION);
    assert_int_equal(fixture->err.reason, FC_REASON_STORE_TOO_NEW);
    assert_message_has(fixture, "schema version 3");
    assert_message_has(fixture, "up to 2");
}

/* What a STRICT table is for: a value of another type is refused when it is written, not found when it is read. */
static void every_table_is_strict(void **state)
{
    struct store_fixture *fixture = *state;
    store_fixture_reopen(fixture);
    store_fixture_close(fixture);
    assert_int_equal(
        store_raw_number(fixture, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' "
                                  "AND type = 'table' AND name NOT LIKE 'sqlite_%' AND NOT strict"),
        0);
    assert_true(store_raw_number(fixture, "SELECT count(*) FROM pragma_table_list WHERE strict") >=
                10);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(files_are_numbered_from_one),
    cmocka_unit_test_setup_teardown(each_runs_once_and_is_noted, store_setup_closed,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_database_with_content_is_copied_before, store_setup_closed,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(one_that_fails_changes_nothing, store_setup_closed,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(the_first_that_fails_leaves_an_empty_database,
                                    store_setup_closed, store_teardown),
    cmocka_unit_test_setup_teardown(an_edited_text_is_refused, store_setup_closed, store_teardown),
    cmocka_unit_test_setup_teardown(a_newer_database_is_refused, store_setup_closed,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(every_table_is_strict, store_setup_closed, store_teardown),
};

FC_TEST_MAIN(cases)

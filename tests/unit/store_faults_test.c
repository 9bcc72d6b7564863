/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full or fails, a WAL that must stay small, and copies made while all goes on. */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/shim_vfs.h"

/* What the disk refuses at the moment. */
static struct {
    atomic_int write_code, sync_code, truncate_code;
    atomic_int writes_left; /* before write_code holds; negative: none */
    atomic_int syncs;
} disk;

static bool is_ours(const char *path)
{
    return strstr(path, "registry.db") != NULL;
}

static int on_write(void *ctx FC_UNUSED, const char *path, const void *data FC_UNUSED,
                    int size FC_UNUSED, int64_t offset FC_UNUSED)
{
    int code = atomic_load(&disk.write_code);
    return code != SQLITE_OK && is_ours(path) && atomic_fetch_sub(&disk.writes_left, 1) <= 0
               ? code
               : SQLITE_OK;
}

static int on_truncate(void *ctx FC_UNUSED, const char *path, int64_t size FC_UNUSED)
{
    return is_ours(path) ? atomic_load(&disk.truncate_code) : SQLITE_OK;
}

static int on_sync(void *ctx FC_UNUSED, const char *path)
{
    atomic_fetch_add(&disk.syncs, 1);
    return is_ours(path) ? atomic_load(&disk.sync_code) : SQLITE_OK;
}

static void heal(void)
{
    atomic_store(&disk.write_code, SQLITE_OK);
    atomic_store(&disk.sync_code, SQLITE_OK);
    atomic_store(&disk.truncate_code, SQLITE_OK);
    atomic_store(&disk.writes_left, 0);
}

static int faults_setup(void **state)
{
    static const struct test_vfs_hooks hooks = {
        .write = on_write, .truncate = on_truncate, .sync = on_sync};
    heal();
    test_vfs_install(&hooks);
    return store_setup(state);
}

static int faults_teardown(void **state)
{
    heal();
    int code = store_teardown(state);
    test_vfs_install(NULL);
    return code;
}

static bool is_writable(void *ctx)
{
    return fc_store_writable(((struct store_fixture *)ctx)->store);
}

static fc_rc try_add(struct store_fixture *fixture, const char *name)
{
    struct put_entity put = {.project_id = 1, .row = store_entity_row(name, "x")};
    return store_run(fixture, run_put_entity, &put);
}

static bool has_entity(struct store_fixture *fixture, const char *name)
{
    struct fc_entity_row row;
    assert_ok(fixture, fc_entity_find(store_reader(fixture), FC_STR("default"), fc_str_from(name),
                                      fixture->arena, &row, &fixture->err));
    return row.id != 0;
}

static void assert_unavailable(struct store_fixture *fixture, fc_rc rc)
{
    assert_int_equal(rc, FC_UNAVAILABLE);
    assert_int_equal(fixture->err.reason, FC_REASON_STORE_UNAVAILABLE);
    assert_true(fixture->err.retryable);
    assert_message_has(fixture, "the registry could not write");
    assert_false(fc_store_writable(fixture->store));
}

/* ---- Full disk, I/O errors ---- */

static void a_full_disk_refuses_writes_and_serves_reads(void **state)
{
    struct store_fixture *fixture = *state;

    assert_ok(fixture, try_add(fixture, "before"));
    atomic_store(&disk.write_code, SQLITE_FULL);
    for (int i = 0; i < 3; i++) {
        assert_unavailable(fixture, try_add(fixture, "refused"));
        assert_message_has(fixture, "full");
        assert_true(has_entity(fixture, "before"));
        assert_false(has_entity(fixture, "refused"));
    }
    heal();
    store_wait(is_writable, fixture); /* by itself, without a request */
    assert_ok(fixture, try_add(fixture, "after"));
    store_fixture_reopen(fixture);
    assert_true(has_entity(fixture, "before"));
    assert_true(has_entity(fixture, "after"));
    assert_false(has_entity(fixture, "refused"));
}

static void a_request_finds_out_that_the_disk_is_well_again(void **state)
{
    struct store_fixture *fixture = *state;

    atomic_store(&disk.write_code, SQLITE_IOERR_WRITE);
    assert_unavailable(fixture, try_add(fixture, "refused"));
    heal();
    assert_ok(fixture, try_add(fixture, "after"));
    assert_true(fc_store_writable(fixture->store));
}

static void a_failing_sync_fails_the_whole_group(void **state)
{
    struct store_fixture *fixture = *state;

    assert_ok(fixture, try_add(fixture, "before"));
    atomic_store(&disk.sync_code, SQLITE_IOERR_FSYNC);
    assert_unavailable(fixture, try_add(fixture, "lost"));
    assert_false(has_entity(fixture, "lost"));
    heal();
    assert_ok(fixture, try_add(fixture, "after"));
    assert_ok(fixture, try_add(fixture, "lost")); /* the name is still free */
    store_fixture_close(fixture);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM entity"), 3);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM revision WHERE kind = 2"), 3);
}

/* The disk fills up anywhere inside a commit: a request is there or it is not, never half. */
static void a_disk_that_fills_up_in_a_commit_leaves_no_half(void **state)
{
    struct store_fixture *fixture = *state;
    static char names[60][16];
    int kept = 0;

    for (int i = 0; i < 60; i++) {
        (void)snprintf(names[i], sizeof names[i], "e%d", i);
        atomic_store(&disk.writes_left, i);
        atomic_store(&disk.write_code, i % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE);
        fc_rc rc = try_add(fixture, names[i]);
        heal();
        assert_int_equal(has_entity(fixture, names[i]), rc == FC_OK);
        kept += rc == FC_OK;
    }
    assert_in_range(kept, 1, 59);
    store_fixture_close(fixture);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM entity"), kept);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM revision WHERE kind = 2"),
                     kept);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM outbox WHERE kind = 2"), kept);
    assert_int_equal(
        store_raw_number(fixture, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

/* On a full disk the reserve is given up so that the last checkpoint finds room. */
static void closing_on_a_full_disk_gives_up_the_reserve(void **state)
{
    struct store_fixture *fixture = *state;

    assert_ok(fixture, try_add(fixture, "kept"));
    assert_int_equal(access(store_path(fixture, "RESERVE"), F_OK), 0);
    atomic_store(&disk.write_code, SQLITE_FULL);
    store_fixture_close(fixture);
    assert_int_not_equal(access(store_path(fixture, "RESERVE"), F_OK), 0);
    heal();
    /* Even if that did not help: the WAL has it, and the next opening checks. */
    store_fixture_open(fixture);
    assert_true(has_entity(fixture, "kept"));
    assert_int_equal(access(store_path(fixture, "RESERVE"), F_OK), 0);
}

static void every_acknowledged_commit_was_synced(void **state)
{
    struct store_fixture *fixture = *state;
    static char names[50][16];

    for (int i = 0; i < 50; i++) {
        (void)snprintf(names[i], sizeof names[i], "e%d", i);
        int before = atomic_load(&disk.syncs);
        assert_ok(fixture, try_add(fixture, names[i]));
        assert_true(atomic_load(&disk.syncs) > before);
    }
}

/* ---- The WAL ---- */

static fc_rc run_many(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    static char spec[100000];
    static int next;
    char name[32];
    fc_rc rc = FC_OK;

    memset(spec, 's', sizeof spec);
    for (int i = 0; i < *(int *)ctx && rc == FC_OK; i++) {
        (void)snprintf(name, sizeof name, "many%d", next++);
        struct fc_entity_row row = store_entity_row(name, "");
        row.spec = (fc_str){spec, sizeof spec};
        rc = fc_entity_put(txn, 1, &row, err);
    }
    return rc;
}

static int64_t wal_bytes(struct store_fixture *fixture)
{
    struct fc_store_stats stats;
    fc_store_stats(fixture->store, &stats);
    return stats.wal_bytes;
}

static fc_rc write_while_reading(void *ctx, const struct fc_entity_row *row FC_UNUSED,
                                 struct fc_error *err)
{
    struct store_fixture *fixture = ctx;
    int count = 20;
    for (int i = 0; i < 25; i++) {
        fc_rc rc = fc_store_run(fixture->store, run_many, &count, err);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

static void the_wal_shrinks_when_a_long_read_ends(void **state)
{
    struct store_fixture *fixture = *state;
    int count = 5;

    assert_ok(fixture, try_add(fixture, "a"));
    /* 100 MB are written during one walk, which needs the old pages: the WAL holds them all. */
    assert_ok(fixture, fc_entity_each(store_reader(fixture), FC_STR("default"), write_while_reading,
                                      fixture, &fixture->err));
    int64_t held = wal_bytes(fixture);
    assert_true(held > (int64_t)80 * 1024 * 1024);
    for (int i = 0; i < 40; i++)
        assert_ok(fixture, store_run(fixture, run_many, &count));
    assert_true(wal_bytes(fixture) <= (int64_t)24 * 1024 * 1024);
}

static void the_wal_stays_small_under_writes_and_short_reads(void **state)
{
    struct store_fixture *fixture = *state;
    int count = 10;
    int64_t most = 0;

    for (int i = 0; i < 100; i++) {
        assert_ok(fixture, store_run(fixture, run_many, &count));
        assert_false(has_entity(fixture, "nobody"));
        int64_t now = wal_bytes(fixture);
        most = now > most ? now : most;
    }
    assert_true(most <= (int64_t)24 * 1024 * 1024);
}

/* ---- Backups ---- */

static void assert_whole_copy(struct store_fixture *fixture, const char *name)
{
    void *state = NULL;
    char path[600];
    struct fc_registry_counts counts;

    assert_int_equal(store_setup_closed(&state), 0);
    struct store_fixture *other = state;
    (void)snprintf(path, sizeof path, "%s", store_path(other, "registry.db"));
    assert_int_equal(rename(store_path(fixture, name), path), 0);
    store_fixture_open(other);
    assert_ok(other, fc_registry_count(store_reader(other), &counts, &other->err));
    assert_true(counts.entities >= 20);
    assert_ok(other, try_add(other, "in the copy"));
    assert_int_equal(store_teardown(&state), 0);
}

static void a_backup_is_a_registry_of_its_own(void **state)
{
    struct store_fixture *fixture = *state;
    static char names[20][16];
    struct stat info;
    int64_t bytes = 0;

    for (int i = 0; i < 20; i++) {
        (void)snprintf(names[i], sizeof names[i], "e%d", i);
        assert_ok(fixture, try_add(fixture, names[i]));
    }
    assert_ok(fixture, fc_store_backup(fixture->store, store_path(fixture, "copy.db"), &bytes,
                                       &fixture->err));
    assert_int_equal(stat(store_path(fixture, "copy.db"), &info), 0);
    assert_int_equal(info.st_size, bytes);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_not_equal(access(store_path(fixture, "copy.db.tmp"), F_OK), 0);
    assert_int_not_equal(access(store_path(fixture, "copy.db-wal"), F_OK), 0);

    assert_int_equal(
        fc_store_backup(fixture->store, store_path(fixture, "copy.db"), &bytes, &fixture->err),
        FC_INVALID_ARGUMENT);
    assert_message_has(fixture, "is there already");
    assert_int_equal(
        fc_store_backup(fixture->store, store_path(fixture, "registry.db"), &bytes, &fixture->err),
        FC_INVALID_ARGUMENT);
    assert_int_equal(
        fc_store_backup(fixture->store, store_path(fixture, "no/dir/x.db"), &bytes, &fixture->err),
        FC_UNAVAILABLE);
    assert_int_equal(fixture->err.reason, FC_REASON_IO_FAILED);
    assert_true(fc_store_writable(fixture->store));
    assert_whole_copy(fixture, "copy.db");
}

static atomic_bool stop_writing;

static void *keep_writing(void *ctx)
{
    struct store_fixture *fixture = ctx;
    struct fc_error err = FC_ERROR_INIT;
    int failures = 0;

    for (int i = 0; !atomic_load(&stop_writing); i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "w%d", i);
        struct put_entity put = {.project_id = 1,
                                 .row = {.name = fc_str_from(name), .spec = FC_STR("s")}};
        failures += fc_store_run(fixture->store, run_put_entity, &put, &err) != FC_OK;
    }
    return failures == 0 ? fixture : NULL;
}

static void a_backup_is_made_while_others_write(void **state)
{
    struct store_fixture *fixture = *state;
    pthread_t thread;
    void *well = NULL;
    int count = 100;
    int64_t bytes;

    assert_ok(fixture, store_run(fixture, run_many, &count));
    atomic_store(&stop_writing, false);
    assert_int_equal(pthread_create(&thread, NULL, keep_writing, fixture), 0);
    for (int i = 0; i < 5; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "copy%d.db", i);
        assert_ok(fixture, fc_store_backup(fixture->store, store_path(fixture, name), &bytes,
                                           &fixture->err));
        assert_whole_copy(fixture, name);
    }
    atomic_store(&stop_writing, true);
    assert_int_equal(pthread_join(thread, &well), 0);
    assert_non_null(well);
}

static int no_room(void *ctx FC_UNUSED, const char *path, const void *data FC_UNUSED,
                   int size FC_UNUSED, int64_t offset FC_UNUSED)
{
    return strstr(path, "copy.db") ? SQLITE_FULL : SQLITE_OK;
}

static void a_backup_without_room_leaves_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    static const struct test_vfs_hooks hooks = {.write = no_room};
    int64_t bytes;

    test_vfs_install(&hooks);
    assert_int_equal(
        fc_store_backup(fixture->store, store_path(fixture, "copy.db"), &bytes, &fixture->err),
        FC_UNAVAILABLE);
    assert_int_equal(fixture->err.reason, FC_REASON_IO_FAILED);
    assert_message_has(fixture, "full");
    assert_int_not_equal(access(store_path(fixture, "copy.db"), F_OK), 0);
    assert_int_not_equal(access(store_path(fixture, "copy.db.tmp"), F_OK), 0);
    assert_true(fc_store_writable(fixture->store));
}

static int refuse_sync_dir(void *ctx FC_UNUSED, const char *path FC_UNUSED)
{
    return -EIO;
}

/* Who was told that there is no backup may ask for it by the same name again. */
static void a_backup_whose_name_cannot_be_synced_leaves_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_sys sys = *fc_sys_real();
    int64_t bytes;

    fixture->options.sys = &sys;
    store_fixture_open(fixture);
    sys.sync_dir = refuse_sync_dir;
    assert_int_equal(
        fc_store_backup(fixture->store, store_path(fixture, "copy.db"), &bytes, &fixture->err),
        FC_UNAVAILABLE);
    assert_int_equal(fixture->err.reason, FC_REASON_IO_FAILED);
    assert_int_not_equal(access(store_path(fixture, "copy.db"), F_OK), 0);
    sys.sync_dir = fc_sys_real()->sync_dir;
    assert_ok(fixture, fc_store_backup(fixture->store, store_path(fixture, "copy.db"), &bytes,
                                       &fixture->err));
    store_fixture_close(fixture);
}

static int64_t always_now(void *ctx FC_UNUSED)
{
    return 1700000000 * FC_NS_PER_S;
}

/* Two restores within a second: what the second one moves aside does not take the place of what the first one did. */
static void each_restore_keeps_what_was_there(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_sys sys = *fc_sys_real();
    int64_t bytes;
    bool done;
    glob_t kept;

    sys.now_ns = always_now;
    store_fixture_open(fixture);
    for (int i = 0; i < 3; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "copy%d.db", i);
        assert_ok(fixture, fc_store_backup(fixture->store, store_path(fixture, name), &bytes,
                                           &fixture->err));
    }
    store_fixture_close(fixture);
    for (int i = 0; i < 3; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "copy%d.db", i);
        assert_ok(fixture, fc_store_restore(fixture->dir, store_path(fixture, name), &sys, &done,
                                            &fixture->err));
        assert_true(done);
    }
    assert_int_equal(glob(store_path(fixture, "registry.db.before-restore-*"), 0, NULL, &kept), 0);
    assert_int_equal(kept.gl_pathc, 3);
    globfree(&kept);
}

/* As if the program had been killed at the renaming of a file with this end of its name. */
static const char *cut_off_at;

static int cut_off(void *ctx, const char *from, const char *to)
{
    size_t len = strlen(from), end = strlen(cut_off_at);

    return len >= end && strcmp(from + len - end, cut_off_at) == 0
               ? -EIO
               : fc_sys_real()->rename(ctx, from, to);
}

static int64_t a_year_later(void *ctx FC_UNUSED)
{
    return (1700000000 + INT64_C(365) * 86400) * FC_NS_PER_S;
}

static fc_rc restore_copy(struct store_fixture *fixture, const struct fc_sys *sys)
{
    bool done;
    return fc_store_restore(fixture->dir, store_path(fixture, "copy.db"), sys, &done,
                            &fixture->err);
}

static void with_copy(struct store_fixture *fixture)
{
    int64_t bytes;

    store_fixture_open(fixture);
    assert_ok(fixture, try_add(fixture, "in the copy"));
    assert_ok(fixture, fc_store_backup(fixture->store, store_path(fixture, "copy.db"), &bytes,
                                       &fixture->err));
}

/* What was there is moved away and the copy has no name yet: an empty registry would pass for the restored one. */
static void a_restore_cut_off_is_no_empty_registry(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_sys sys = *fc_sys_real();

    sys.rename = cut_off;
    cut_off_at = ".restoring";
    with_copy(fixture);
    store_fixture_close(fixture);
    assert_int_equal(restore_copy(fixture, &sys), FC_UNAVAILABLE);
    assert_int_equal(store_fixture_open_fails(fixture), FC_DATA_LOSS);
    assert_int_equal(fixture->err.reason, FC_REASON_STORE_CORRUPT);
    assert_message_has(fixture, "run the same restore again");
    assert_ok(fixture, restore_copy(fixture, fc_sys_real()));
    store_fixture_open(fixture);
    assert_true(has_entity(fixture, "in the copy"));
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");

    assert_non_null(in);
    assert_non_null(out);
    size_t len = fread(bytes, 1, sizeof bytes, in);
    assert_in_range(len, 1, sizeof bytes - 1);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
    (void)fclose(in);
}

/* The kept database and its log find each other, also when two restores moved one of them each. */
static void a_restore_cut_off_parts_no_log_from_its_database(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_sys sys = *fc_sys_real();
    char log[600];
    glob_t kept;

    with_copy(fixture);
    assert_ok(fixture, try_add(fixture, "in the log"));
    copy_file(store_path(fixture, "registry.db"), store_path(fixture, "kept"));
    copy_file(store_path(fixture, "registry.db-wal"), store_path(fixture, "kept-wal"));
    store_fixture_close(fixture);
    assert_int_equal(rename(store_path(fixture, "kept"), store_path(fixture, "registry.db")), 0);
    assert_int_equal(
        rename(store_path(fixture, "kept-wal"), store_path(fixture, "registry.db-wal")), 0);
    sys.rename = cut_off;
    sys.now_ns = always_now;
    cut_off_at = "registry.db-wal";
    assert_int_equal(restore_copy(fixture, &sys), FC_UNAVAILABLE);
    sys = *fc_sys_real();
    sys.now_ns = a_year_later;
    assert_ok(fixture, restore_copy(fixture, &sys));
    assert_int_equal(glob(store_path(fixture, "registry.db.before-restore-*"), 0, NULL, &kept), 0);
    assert_int_equal(kept.gl_pathc, 2);
    (void)snprintf(log, sizeof log, "%s-wal", kept.gl_pathv[0]);
    assert_string_equal(kept.gl_pathv[1], log);
    assert_int_equal(rename(kept.gl_pathv[0], store_path(fixture, "registry.db")), 0);
    assert_int_equal(rename(log, store_path(fixture, "registry.db-wal")), 0);
    globfree(&kept);
    store_fixture_open(fixture);
    assert_true(has_entity(fixture, "in the log"));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(a_full_disk_refuses_writes_and_serves_reads, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(a_request_finds_out_that_the_disk_is_well_again, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(a_failing_sync_fails_the_whole_group, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(a_disk_that_fills_up_in_a_commit_leaves_no_half, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(closing_on_a_full_disk_gives_up_the_reserve, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(every_acknowledged_commit_was_synced, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(the_wal_shrinks_when_a_long_read_ends, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(the_wal_stays_small_under_writes_and_short_reads, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(a_backup_is_a_registry_of_its_own, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(a_backup_is_made_while_others_write, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(a_backup_without_room_leaves_nothing, faults_setup,
                                    faults_teardown),
    cmocka_unit_test_setup_teardown(a_backup_whose_name_cannot_be_synced_leaves_nothing,
                                    store_setup_closed, store_teardown),
    cmocka_unit_test_setup_teardown(each_restore_keeps_what_was_there, store_setup_closed,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_restore_cut_off_is_no_empty_registry, store_setup_closed,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_restore_cut_off_parts_no_log_from_its_database,
                                    store_setup_closed, store_teardown),
};

FC_TEST_MAIN(cases)

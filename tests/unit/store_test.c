/* SPDX-License-Identifier: Apache-2.0 */
/* The store itself: opening and closing, the lock, the queue and its groups, what a transaction sees. */
#include "tests/unit/store_fixture.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- Opening and closing ---- */

static void a_new_directory_gets_a_registry(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_registry_counts counts;
    char nested[200];

    (void)snprintf(nested, sizeof nested, "%s/a/b//c", fixture->dir);
    fixture->options.data_dir = nested;
    store_fixture_open(fixture);
    assert_int_equal(mode_of(store_path(fixture, "a/b/c/registry.db")), 0640);
    assert_int_equal(mode_of(store_path(fixture, "a/b/c/LOCK")), 0640);
    assert_ok(fixture, fc_registry_count(store_reader(fixture), &counts, &fixture->err));
    assert_int_equal(counts.projects, 1);
    assert_int_equal(counts.entities, 0);
    assert_int_equal(counts.tables, 0);
    assert_true(fc_store_writable(fixture->store));
    store_fixture_close(fixture);

    /* An orderly stop leaves one file with everything in it, and no mark of a holder. */
    assert_false(exists(store_path(fixture, "a/b/c/registry.db-wal")));
    assert_false(exists(store_path(fixture, "a/b/c/registry.db-shm")));
    struct stat info;
    assert_int_equal(stat(store_path(fixture, "a/b/c/LOCK"), &info), 0);
    assert_int_equal(info.st_size, 0);
    fixture->options.data_dir = fixture->dir;
}

static void rows_outlive_the_store(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_entity_row row;
    int64_t id = store_add_entity(fixture, "driver");

    store_fixture_reopen(fixture);
    assert_ok(fixture, fc_entity_find(store_reader(fixture), FC_STR("default"), FC_STR("driver"),
                                      fixture->arena, &row, &fixture->err));
    assert_int_equal(row.id, id);
    assert_str(row.spec, FC_STR("entity driver first"));
}

static void a_second_server_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_store *second = NULL;
    char pid[32];

    (void)snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_int_equal(fc_store_open(&fixture->options, &second, &fixture->err),
                     FC_FAILED_PRECONDITION);
    assert_int_equal(fixture->err.reason, FC_REASON_STORE_LOCKED);
    assert_message_has(fixture, fixture->dir);
    assert_message_has(fixture, pid);
    assert_null(second);
    /* The first one was not disturbed. */
    (void)store_add_entity(fixture, "driver");
}

static void a_path_that_is_no_directory_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    FILE *file = fopen(store_path(fixture, "plain"), "w");

    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    fixture->options.data_dir = store_path(fixture, "plain/data");
    assert_int_equal(store_fixture_open_fails(fixture), FC_UNAVAILABLE);
    assert_int_equal(fixture->err.reason, FC_REASON_IO_FAILED);
    fixture->options.data_dir = "";
    assert_int_equal(store_fixture_open_fails(fixture), FC_INVALID_ARGUMENT);
    fixture->options.data_dir = fixture->dir;
}

/* In a process of its own, since root may write everywhere. The exit code is the reason. */
static int open_as_nobody(struct store_fixture *fixture)
{
    pid_t child = fork();
    if (child == 0) {
        struct fc_store *store = NULL;
        struct fc_error err = FC_ERROR_INIT;
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(255);
        fc_rc rc = fc_store_open(&fixture->options, &store, &err);
        fc_store_close(store);
        _exit(rc == FC_OK ? 0 : (int)err.reason);
    }
    int status = 0;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_directory_without_write_permission_is_refused(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_close(fixture);
    assert_int_equal(chmod(fixture->dir, 0555), 0);
    assert_int_equal(open_as_nobody(fixture), FC_REASON_STORE_READ_ONLY);
    assert_int_equal(chmod(fixture->dir, 0777), 0);
    assert_int_equal(unlink(store_path(fixture, "LOCK")), 0);
    assert_int_equal(chmod(store_path(fixture, "registry.db"), 0444), 0);
    assert_int_equal(open_as_nobody(fixture), FC_REASON_STORE_READ_ONLY);
    assert_int_equal(unlink(store_path(fixture, "LOCK")), 0);
}

/* ---- Requests ---- */

/* A request that holds the writer until it is let go, so that what is submitted meanwhile is one group. */
struct gate {
    sem_t entered, open;
};

static void gate_init(struct gate *gate)
{
    assert_int_equal(sem_init(&gate->entered, 0, 0), 0);
    assert_int_equal(sem_init(&gate->open, 0, 0), 0);
}

static fc_rc run_gate(struct fc_txn *txn FC_UNUSED, void *ctx, struct fc_error *err FC_UNUSED)
{
    struct gate *gate = ctx;
    (void)sem_post(&gate->entered);
    (void)sem_wait(&gate->open);
    return FC_OK;
}

static void gate_close(struct store_fixture *fixture, struct gate *gate)
{
    gate_init(gate);
    fc_store_submit(fixture->store, run_gate, NULL, gate);
    (void)sem_wait(&gate->entered);
}

/* One request of a group: what it does and what became of it. */
struct member {
    struct put_entity put;
    bool fail_after;
    atomic_int done;
    fc_rc rc;
    enum fc_reason reason;
    int place; /* in the order of the answers */
    atomic_int *answered;
};

static fc_rc run_member(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct member *member = ctx;
    fc_rc rc = fc_entity_put(txn, member->put.project_id, &member->put.row, err);
    return rc == FC_OK && member->fail_after
               ? fc_fail(err, FC_REASON_ENTITY_TYPE_CHANGED, "refused after the write")
               : rc;
}

static void member_done(void *ctx, const struct fc_error *err)
{
    struct member *member = ctx;
    member->rc = err ? err->rc : FC_OK;
    member->reason = err ? err->reason : FC_REASON_NONE;
    if (member->answered)
        member->place = atomic_fetch_add(member->answered, 1);
    atomic_fetch_add(&member->done, 1);
}

static bool member_is_done(void *ctx)
{
    return atomic_load(&((struct member *)ctx)->done) > 0;
}

static bool has_entity(struct store_fixture *fixture, const char *name)
{
    struct fc_entity_row row;
    assert_ok(fixture, fc_entity_find(store_reader(fixture), FC_STR("default"), fc_str_from(name),
                                      fixture->arena, &row, &fixture->err));
    return row.id != 0;
}

static void a_failing_request_harms_no_neighbour(void **state)
{
    struct store_fixture *fixture = *state;
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    struct member members[5] = {0};
    struct fc_store_stats before, after;
    struct gate gate;
    atomic_int answered = 0;
    int64_t project = store_default_project(fixture);

    fc_store_stats(fixture->store, &before);
    gate_close(fixture, &gate);
    for (size_t i = 0; i < 5; i++) {
        members[i].put =
            (struct put_entity){.project_id = project, .row = store_entity_row(names[i], "x")};
        members[i].fail_after = i % 2 == 1;
        members[i].answered = &answered;
        fc_store_submit(fixture->store, run_member, member_done, &members[i]);
    }
    (void)sem_post(&gate.open);
    store_wait(member_is_done, &members[4]);
    fc_store_stats(fixture->store, &after);

    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(atomic_load(&members[i].done), 1);
        assert_int_equal(members[i].place, i);
        assert_int_equal(members[i].rc, i % 2 == 1 ? FC_INVALID_ARGUMENT : FC_OK);
        assert_int_equal(has_entity(fixture, names[i]), i % 2 == 0);
    }
    /* The gate alone, then all five together. */
    assert_int_equal(after.commits - before.commits, 2);
    assert_int_equal(after.requests - before.requests, 6);
    assert_int_equal(after.failures - before.failures, 2);
    /* A failed request leaves no history behind. */
    store_fixture_close(fixture);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM revision WHERE kind = 2"), 3);
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM outbox WHERE kind = 2"), 3);
}

static fc_rc run_constraint(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct put_entity *put = ctx;
    struct fc_entity_row again = put->row;
    fc_rc rc = fc_entity_put(txn, put->project_id, &put->row, err);
    again.id = 0;
    return rc == FC_OK ? fc_entity_put(txn, put->project_id, &again, err) : rc;
}

static void what_sqlite_refuses_is_rolled_back_alone(void **state)
{
    struct store_fixture *fixture = *state;
    struct put_entity put = {.project_id = store_default_project(fixture),
                             .row = store_entity_row("twice", "x")};

    assert_int_equal(store_run(fixture, run_constraint, &put), FC_INTERNAL);
    assert_false(has_entity(fixture, "twice"));
    put = (struct put_entity){.project_id = 4711, .row = store_entity_row("orphan", "x")};
    assert_int_equal(store_run(fixture, run_put_entity, &put), FC_INTERNAL);
    assert_false(has_entity(fixture, "orphan"));
    assert_true(fc_store_writable(fixture->store));
}

static void a_full_queue_refuses_and_answers_each_once(void **state)
{
    struct store_fixture *fixture = *state;
    static struct member members[40];
    struct gate gate;
    char names[40][8];
    int refused = 0;

    fixture->options.queue_limit = 10;
    fixture->options.group_limit = 3;
    store_fixture_reopen(fixture);
    memset(members, 0, sizeof members);
    gate_close(fixture, &gate);
    for (size_t i = 0; i < 40; i++) {
        (void)snprintf(names[i], sizeof names[i], "e%zu", i);
        members[i].put =
            (struct put_entity){.project_id = 1, .row = store_entity_row(names[i], "x")};
        fc_store_submit(fixture->store, run_member, member_done, &members[i]);
        refused += atomic_load(&members[i].done); /* at once, on this thread */
    }
    assert_int_equal(refused, 30);
    struct fc_store_stats stats;
    fc_store_stats(fixture->store, &stats);
    assert_int_equal(stats.queue_depth, 10);
    (void)sem_post(&gate.open);
    store_fixture_close(fixture);
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(atomic_load(&members[i].done), 1);
        assert_int_equal(members[i].rc, i < 10 ? FC_OK : FC_UNAVAILABLE);
    }
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM entity"), 10);
}

static void closing_finishes_what_is_queued(void **state)
{
    struct store_fixture *fixture = *state;
    static struct member members[1000];
    static char names[1000][8];

    memset(members, 0, sizeof members);
    for (size_t i = 0; i < 1000; i++) {
        (void)snprintf(names[i], sizeof names[i], "e%zu", i);
        members[i].put =
            (struct put_entity){.project_id = 1, .row = store_entity_row(names[i], "x")};
        fc_store_submit(fixture->store, run_member, member_done, &members[i]);
    }
    store_fixture_close(fixture);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(atomic_load(&members[i].done), 1);
        assert_int_equal(members[i].rc, FC_OK);
    }
    assert_int_equal(store_raw_number(fixture, "SELECT count(*) FROM entity"), 1000);
}

/* Submits itself again until the store refuses. */
struct insistent {
    struct store_fixture *fixture;
    atomic_int refused;
};

static fc_rc run_nothing(struct fc_txn *txn FC_UNUSED, void *ctx FC_UNUSED,
                         struct fc_error *err FC_UNUSED)
{
    return FC_OK;
}

static void insist(void *ctx, const struct fc_error *err)
{
    struct insistent *insistent = ctx;
    if (!err) {
        fc_store_submit(insistent->fixture->store, run_nothing, insist, ctx);
    } else {
        assert_int_equal(err->reason, FC_REASON_SHUTTING_DOWN);
        atomic_fetch_add(&insistent->refused, 1);
    }
}

static void a_closing_store_takes_nothing_more(void **state)
{
    struct store_fixture *fixture = *state;
    struct insistent insistent = {.fixture = fixture};

    fc_store_submit(fixture->store, run_nothing, insist, &insistent);
    store_fixture_close(fixture);
    assert_int_equal(atomic_load(&insistent.refused), 1);
}

struct nested {
    struct store_fixture *fixture;
    fc_rc rc;
};

static fc_rc run_nested(struct fc_txn *txn FC_UNUSED, void *ctx, struct fc_error *err)
{
    struct nested *nested = ctx;
    nested->rc = fc_store_run(nested->fixture->store, run_nothing, NULL, err);
    return FC_OK;
}

static void waiting_on_the_writers_thread_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    struct nested nested = {.fixture = fixture};

    assert_ok(fixture, store_run(fixture, run_nested, &nested));
    assert_int_equal(nested.rc, FC_INTERNAL);
}

/* ---- What a transaction sees ---- */

struct look {
    struct store_fixture *fixture;
    struct fc_arena *arena;
    bool inside_before, inside_after;
    sem_t written, go_on;
};

static fc_rc run_look(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct look *look = ctx;
    struct fc_entity_row row, put = store_entity_row("seen", "x");
    struct fc_reader *reader = fc_txn_reader(txn);

    fc_rc rc = fc_entity_find(reader, FC_STR("default"), FC_STR("seen"), look->arena, &row, err);
    look->inside_before = row.id != 0;
    if (rc == FC_OK)
        rc = fc_entity_put(txn, 1, &put, err);
    if (rc == FC_OK) {
        rc = fc_entity_find(reader, FC_STR("default"), FC_STR("seen"), look->arena, &row, err);
        look->inside_after = row.id != 0;
    }
    (void)sem_post(&look->written);
    (void)sem_wait(&look->go_on);
    return rc;
}

static void a_request_sees_its_own_changes_and_others_do_not(void **state)
{
    struct store_fixture *fixture = *state;
    struct look look = {.fixture = fixture, .arena = fc_arena_new(65536)};
    struct member last = {0};

    assert_int_equal(sem_init(&look.written, 0, 0), 0);
    assert_int_equal(sem_init(&look.go_on, 0, 0), 0);
    fc_store_submit(fixture->store, run_look, NULL, &look);
    (void)sem_wait(&look.written);
    assert_false(look.inside_before);
    assert_true(look.inside_after);
    assert_false(has_entity(fixture, "seen"));
    (void)sem_post(&look.go_on);
    last.put = (struct put_entity){.project_id = 1, .row = store_entity_row("last", "x")};
    fc_store_submit(fixture->store, run_member, member_done, &last);
    store_wait(member_is_done, &last);
    assert_true(has_entity(fixture, "seen"));
    fc_arena_free(look.arena);
}

static int64_t set_back(void *ctx)
{
    int64_t *now = ctx;
    *now -= FC_NS_PER_S;
    return *now;
}

static fc_rc run_clock(struct fc_txn *txn, void *ctx, struct fc_error *err FC_UNUSED)
{
    int64_t *times = ctx;
    times[0] = fc_txn_now_ns(txn);
    times[1] = fc_txn_now_ns(txn);
    return FC_OK;
}

static void a_clock_set_back_does_not_turn_time_around(void **state)
{
    struct store_fixture *fixture = *state;
    int64_t now = 1700000000 * FC_NS_PER_S, first[2], second[2];
    struct fc_sys sys = *fc_sys_real();

    sys.ctx = &now;
    sys.now_ns = set_back;
    fixture->options.sys = &sys;
    store_fixture_reopen(fixture);
    assert_ok(fixture, store_run(fixture, run_clock, first));
    assert_ok(fixture, store_run(fixture, run_clock, second));
    assert_int_equal(first[0], first[1]);
    assert_true(second[0] >= first[0]);
    store_fixture_close(fixture);
    fixture->options.sys = NULL;
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(a_new_directory_gets_a_registry, store_setup_closed,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(rows_outlive_the_store, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_second_server_is_refused, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_path_that_is_no_directory_is_refused, store_setup_closed,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_directory_without_write_permission_is_refused, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_failing_request_harms_no_neighbour, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(what_sqlite_refuses_is_rolled_back_alone, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_full_queue_refuses_and_answers_each_once, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(closing_finishes_what_is_queued, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_closing_store_takes_nothing_more, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(waiting_on_the_writers_thread_is_refused, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_request_sees_its_own_changes_and_others_do_not, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(a_clock_set_back_does_not_turn_time_around, store_setup,
                                    store_teardown),
};

FC_TEST_MAIN(cases)

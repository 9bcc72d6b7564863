/* SPDX-License-Identifier: Apache-2.0 */
/* Readers: one a thread, gone with the thread or the store, never behind an answer. */
#include "tests/unit/store_fixture.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static int open_files(const char *name)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    int count = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        char link[300], target[512];
        (void)snprintf(link, sizeof link, "/proc/self/fd/%s", entry->d_name);
        ssize_t len = readlink(link, target, sizeof target - 1);
        if (len > 0) {
            target[len] = '\0';
            count += strstr(target, name) != NULL;
        }
    }
    (void)closedir(dir);
    return count;
}

static void *reading_thread(void *ctx)
{
    struct store_fixture *fixture = ctx;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL, *again = NULL;
    struct fc_registry_counts counts;
    bool well = fc_store_reader(fixture->store, &reader, &err) == FC_OK &&
                fc_store_reader(fixture->store, &again, &err) == FC_OK && reader == again &&
                fc_registry_count(reader, &counts, &err) == FC_OK && counts.projects == 1;
    return well ? reader : NULL;
}

static void a_thread_has_one_reader_and_takes_it_along(void **state)
{
    struct store_fixture *fixture = *state;
    struct fc_reader *mine = store_reader(fixture);
    pthread_t thread;
    void *others = NULL;
    int before = open_files("registry.db");

    assert_int_equal(pthread_create(&thread, NULL, reading_thread, fixture), 0);
    assert_int_equal(pthread_join(thread, &others), 0);
    assert_non_null(others);
    assert_ptr_not_equal(mine, others);
    /* SQLite keeps descriptors back while another connection holds locks; what matters is that they do not grow. */
    for (int i = 0; i < 50; i++) {
        assert_int_equal(pthread_create(&thread, NULL, reading_thread, fixture), 0);
        assert_int_equal(pthread_join(thread, &others), 0);
        assert_non_null(others);
    }
    assert_true(open_files("registry.db") <= before + 4);
}

/* A thread that outlives stores: its readers end with each of them. */
static void the_reader_of_a_thread_ends_with_its_store(void **state)
{
    struct store_fixture *fixture = *state;
    for (int i = 0; i < 10; i++) {
        (void)store_reader(fixture);
        store_fixture_reopen(fixture);
    }
    store_fixture_close(fixture);
    assert_int_equal(open_files("registry.db"), 0);
}

struct racer {
    struct store_fixture *fixture;
    int number, stale;
};

static void *write_then_read(void *ctx)
{
    struct racer *racer = ctx;
    struct fc_arena *arena = fc_arena_new((size_t)1024 * 1024);
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;

    for (int i = 0; i < 50; i++) {
        char name[32];
        struct fc_entity_row row = {.id = 0};
        (void)snprintf(name, sizeof name, "r%d_%d", racer->number, i);
        struct put_entity put = {.project_id = 1,
                                 .row = {.name = fc_str_from(name), .spec = FC_STR("s")}};
        if (fc_store_run(racer->fixture->store, run_put_entity, &put, &err) != FC_OK ||
            fc_store_reader(racer->fixture->store, &reader, &err) != FC_OK ||
            fc_entity_find(reader, FC_STR("default"), fc_str_from(name), arena, &row, &err) !=
                FC_OK ||
            row.id != put.row.id)
            racer->stale++;
    }
    fc_arena_free(arena);
    return NULL;
}

static void what_was_answered_is_seen_at_once(void **state)
{
    struct store_fixture *fixture = *state;
    struct racer racers[8];
    pthread_t threads[8];
    struct fc_store_stats stats;

    for (int i = 0; i < 8; i++) {
        racers[i] = (struct racer){.fixture = fixture, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_then_read, &racers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(racers[i].stale, 0);
    }
    fc_store_stats(fixture->store, &stats);
    assert_int_equal(stats.requests, 400);
    assert_true(stats.commits <= 400);
    assert_true(stats.database_bytes > 0);
    assert_true(stats.wal_bytes > 0);
}

struct hammer {
    struct store_fixture *fixture;
    atomic_bool over;
    atomic_int wrong;
};

static void *read_on(void *ctx)
{
    struct hammer *hammer = ctx;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    struct fc_registry_counts counts;

    while (!atomic_load(&hammer->over))
        if (fc_store_reader(hammer->fixture->store, &reader, &err) != FC_OK ||
            fc_registry_count(reader, &counts, &err) != FC_OK)
            atomic_fetch_add(&hammer->wrong, 1);
    return NULL;
}

/* A reader that meets the WAL's index half written takes the writer's lock for a moment to be sure: the writer has to
 * bear with that. */
static void readers_never_make_a_write_fail(void **state)
{
    struct store_fixture *fixture = *state;
    struct hammer hammer = {.fixture = fixture};
    pthread_t threads[6];

    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &hammer), 0);
    for (int i = 0; i < 3000; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "e%d", i);
        struct put_entity put = {.project_id = 1, .row = {.name = fc_str_from(name)}};
        fc_rc rc = store_run(fixture, run_put_entity, &put);
        if (rc != FC_OK) {
            atomic_store(&hammer.over, true);
            assert_ok(fixture, rc);
        }
    }
    atomic_store(&hammer.over, true);
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&hammer.wrong), 0);
}

static int setup_in_memory(void **state)
{
    return store_prefer_memory() == 0 ? store_setup(state) : -1;
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(a_thread_has_one_reader_and_takes_it_along, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(the_reader_of_a_thread_ends_with_its_store, store_setup,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(readers_never_make_a_write_fail, setup_in_memory,
                                    store_teardown),
    cmocka_unit_test_setup_teardown(what_was_answered_is_seen_at_once, store_setup, store_teardown),
};

FC_TEST_MAIN(cases)

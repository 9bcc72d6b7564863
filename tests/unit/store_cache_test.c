/* SPDX-License-Identifier: Apache-2.0 */
/* A reader may answer from memory, but never anything that a commit has changed. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "storage/row_cache.h"
#include "tests/unit/store_fixture.h"

static struct fc_table_row find(struct store_fixture *fixture, const char *name)
{
    struct fc_table_row row;
    assert_ok(fixture, fc_table_find(store_reader(fixture), FC_STR("default"), fc_str_from(name),
                                     fixture->arena, &row, &fixture->err));
    return row;
}

static void a_table_is_found_as_it_is_now(void **state)
{
    struct store_fixture *fixture = *state;
    struct put_table put = {.project_id = store_default_project(fixture),
                            .row = store_table_row("trips", "first")};

    assert_int_equal(find(fixture, "trips").id, 0); /* what is not there is not remembered */
    assert_ok(fixture, store_run(fixture, run_put_table, &put));
    for (int turn = 0; turn < 3; turn++) {
        struct fc_table_row row = find(fixture, "trips");
        assert_int_equal(row.id, put.row.id);
        assert_int_equal(row.revision, 0);
        assert_str(row.project, FC_STR("default"));
        assert_str(row.name, FC_STR("trips"));
        assert_str(row.hash, put.row.hash);
        assert_str(row.mode, FC_STR("off"));
        assert_str(row.spec, put.row.spec);
        assert_str(row.reply, put.row.reply);
    }
    int64_t id = put.row.id;
    put.row = store_table_row("trips", "second");
    put.row.id = id;
    put.row.revision = 1;
    put.row.deleted = true;
    put.row.mode = FC_STR("");
    assert_ok(fixture, store_run(fixture, run_put_table, &put));
    for (int turn = 0; turn < 3; turn++) {
        struct fc_table_row row = find(fixture, "trips");
        assert_int_equal(row.revision, 1);
        assert_true(row.deleted);
        assert_str(row.mode, FC_STR(""));
        assert_str(row.reply, put.row.reply);
    }
}

static void a_row_outlives_its_place(void **state)
{
    struct store_fixture *fixture = *state;
    (void)store_add_table(fixture, "trips");
    struct fc_table_row before = find(fixture, "trips"), again = find(fixture, "trips");

    store_fixture_close(fixture);
    assert_str(before.reply, again.reply);
    assert_str(again.name, FC_STR("trips"));
}

static void check_entity(struct store_fixture *fixture, const struct fc_entity_row *expected)
{
    for (int turn = 0; turn < 3; turn++) {
        struct fc_entity_row row;
        assert_int_not_equal(find(fixture, "trips").id, 0); /* a table of the same name */
        assert_ok(fixture, fc_entity_find(store_reader(fixture), FC_STR("default"), FC_STR("trips"),
                                          fixture->arena, &row, &fixture->err));
        assert_int_equal(row.id, expected->id);
        assert_int_equal(row.revision, expected->revision);
        assert_int_equal(row.value_type, expected->value_type);
        assert_str(row.project, FC_STR("default"));
        assert_str(row.spec, expected->spec);
        assert_str(row.reply, expected->reply);
    }
}

static void an_entity_is_found_as_it_is_now(void **state)
{
    struct store_fixture *fixture = *state;
    struct put_entity put = {.project_id = store_default_project(fixture),
                             .row = store_entity_row("trips", "first")};

    (void)store_add_table(fixture, "trips");
    assert_ok(fixture, store_run(fixture, run_put_entity, &put));
    check_entity(fixture, &put.row);
    int64_t id = put.row.id;
    put.row = store_entity_row("trips", "second");
    put.row.id = id;
    put.row.revision = 1;
    assert_ok(fixture, store_run(fixture, run_put_entity, &put));
    check_entity(fixture, &put.row);
}

struct sample {
    int64_t id;
    fc_str project, name, text;
};

static const size_t sample_strings[] = {
    offsetof(struct sample, project), offsetof(struct sample, name), offsetof(struct sample, text)};
/* Two kinds of the same form. */
static const struct fc_row_kind one = {sizeof(struct sample), sample_strings, 3},
                                other = {sizeof(struct sample), sample_strings, 3};

static void only_the_same_kind_names_and_generation_hit(void **state FC_UNUSED)
{
    struct fc_row_cache *cache = fc_row_cache_new();
    struct fc_arena *arena = fc_arena_new(1 << 20), *tiny = fc_arena_new(8);
    struct sample row = {7, FC_STR("default"), FC_STR("trips"), FC_STR("")}, found;
    FC_CLEANUP(fc_buf_done) struct fc_buf large = FC_BUF_INIT;

    fc_row_cache_put(cache, 4, &one, &row);
    assert_true(fc_row_cache_get(cache, 4, &one, row.project, row.name, arena, &found));
    assert_int_equal(found.id, 7);
    assert_str(found.name, FC_STR("trips"));
    assert_false(fc_row_cache_get(cache, 6, &one, row.project, row.name, arena, &found));
    assert_false(fc_row_cache_get(cache, 4, &other, row.project, row.name, arena, &found));
    assert_false(fc_row_cache_get(cache, 4, &one, row.project, FC_STR("trip"), arena, &found));
    assert_false(fc_row_cache_get(cache, 4, &one, FC_STR("other"), row.name, arena, &found));
    assert_false(
        fc_row_cache_get(cache, 4, &one, FC_STR("defaul"), FC_STR("ttrips"), arena, &found));
    assert_false(fc_row_cache_get(cache, 4, &one, row.project, row.name, tiny, &found));
    assert_false(fc_row_cache_get(NULL, 4, &one, row.project, row.name, arena, &found));

    assert_true(fc_buf_reserve(&large, 1 << 20));
    memset(large.ptr, 'x', 1 << 20);
    row.text = (fc_str){.ptr = large.ptr, .len = 1 << 20};
    fc_row_cache_put(cache, 6, &one, &row);
    assert_false(fc_row_cache_get(cache, 6, &one, row.project, row.name, arena, &found));
    fc_row_cache_free(cache);
    fc_arena_free(arena);
    fc_arena_free(tiny);
}

enum { REVISIONS = 300, READERS = 4 };

struct race {
    struct store_fixture *fixture;
    atomic_long answered; /* the revision that a writer was told is stored */
    atomic_bool over;
    atomic_int wrong;
};

/* No reader may see less than what was answered before it asked, nor go back. */
static void *watch(void *ctx)
{
    struct race *race = ctx;
    struct fc_arena *arena = fc_arena_new(1 << 20);
    struct fc_reader *reader = NULL;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_table_row row;
    int64_t seen = 0;

    if (fc_store_reader(race->fixture->store, &reader, &err) != FC_OK)
        atomic_fetch_add(&race->wrong, 1);
    while (reader && !atomic_load(&race->over)) {
        int64_t answered = atomic_load(&race->answered);
        fc_arena_reset(arena);
        if (fc_table_find(reader, FC_STR("default"), FC_STR("trips"), arena, &row, &err) != FC_OK ||
            row.revision < answered || row.revision < seen) {
            atomic_fetch_add(&race->wrong, 1);
            break;
        }
        seen = row.revision;
    }
    fc_arena_free(arena);
    return NULL;
}

static void nobody_reads_what_was_before_an_answer(void **state)
{
    struct store_fixture *fixture = *state;
    struct race race = {.fixture = fixture};
    pthread_t readers[READERS];
    struct put_table put = {.project_id = store_default_project(fixture),
                            .row = store_table_row("trips", "first")};

    assert_ok(fixture, store_run(fixture, run_put_table, &put));
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, watch, &race), 0);
    for (long revision = 1; revision <= REVISIONS; revision++) {
        put.row.revision = revision;
        assert_ok(fixture, store_run(fixture, run_put_table, &put));
        atomic_store(&race.answered, revision);
    }
    atomic_store(&race.over, true);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_int_equal(atomic_load(&race.wrong), 0);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(a_table_is_found_as_it_is_now, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(an_entity_is_found_as_it_is_now, store_setup, store_teardown),
    cmocka_unit_test_setup_teardown(a_row_outlives_its_place, store_setup, store_teardown),
    cmocka_unit_test(only_the_same_kind_names_and_generation_hit),
    cmocka_unit_test_setup_teardown(nobody_reads_what_was_before_an_answer, store_setup,
                                    store_teardown),
};

FC_TEST_MAIN(cases)

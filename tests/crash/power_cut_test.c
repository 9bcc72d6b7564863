/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power cuts at any sync, one after the other on the same directory, while several threads write. Afterwards: the
 * registry opens, what was acknowledged is there, histories have no gap, and SQLite finds the database whole.
 *
 * FC_TEST_SEED repeats a run, FC_CRASH_ROUNDS makes it longer.
 */
#include "tests/crash/crash_disk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"

enum { THREADS = 4, OBJECTS = 6, PUTS_MAX = 2000, CUTS_ON_ONE_DISK = 6 };

/* Shared with the process that dies. A revision counted from 1; 0: none. */
struct ledger {
    struct {
        atomic_int asked, acknowledged;
    } objects[THREADS][OBJECTS];
};

struct writer {
    struct fc_store *store;
    struct ledger *ledger;
    int thread;
    uint64_t dice;
};

static uint64_t roll(uint64_t *dice, uint64_t sides)
{
    *dice = *dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*dice >> 33) % sides;
}

/* Contents can be told from the name and the revision alone. Sizes differ: some commits are many pages. */
static size_t content(char *buffer, int thread, int object, int revision)
{
    size_t len = (size_t)(revision * 7919 + object * 104729) % 3 == 0 ? 40000 : 200;
    int head = snprintf(buffer, len, "thread %d object %d revision %d ", thread, object, revision);
    for (size_t i = (size_t)head; i < len; i++)
        buffer[i] = (char)('a' + (i * 31 + (size_t)revision) % 26);
    return len;
}

static void name_of(char name[32], int thread, int object)
{
    (void)snprintf(name, 32, "t%d_o%d", thread, object);
}

/* ---- The process that dies ---- */

struct put {
    int thread, object, revision;
    struct fc_arena *arena;
};

static fc_rc run_put(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct put *put = ctx;
    struct fc_entity_row row;
    char name[32];
    char *spec = fc_arena_alloc(put->arena, 65536);

    name_of(name, put->thread, put->object);
    fc_rc rc = fc_entity_find(fc_txn_reader(txn), FC_STR("default"), fc_str_from(name), put->arena,
                              &row, err);
    if (rc != FC_OK || !spec)
        return rc != FC_OK ? rc : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory");
    if (row.id == 0 ? put->revision != 1 : row.revision + 2 != put->revision)
        return fc_fail(err, FC_REASON_INTERNAL, "the ledger and the registry differ");
    row.name = fc_str_from(name);
    row.revision = put->revision - 1;
    row.spec = (fc_str){spec, content(spec, put->thread, put->object, put->revision)};
    row.reply = row.spec;
    return fc_entity_put(txn, 1, &row, err);
}

static void *write_on(void *ctx)
{
    struct writer *writer = ctx;
    struct fc_arena *arena = fc_arena_new((size_t)1024 * 1024);
    struct fc_error err = FC_ERROR_INIT;

    for (int i = 0; i < PUTS_MAX; i++) {
        int object = (int)roll(&writer->dice, OBJECTS);
        int revision =
            atomic_load(&writer->ledger->objects[writer->thread][object].acknowledged) + 1;
        struct put put = {
            .thread = writer->thread, .object = object, .revision = revision, .arena = arena};
        atomic_store(&writer->ledger->objects[writer->thread][object].asked, revision);
        if (fc_store_run(writer->store, run_put, &put, &err) != FC_OK) {
            (void)fprintf(stderr, "before the cut: %s\n", err.message);
            _exit(1);
        }
        atomic_store(&writer->ledger->objects[writer->thread][object].acknowledged, revision);
        fc_arena_reset(arena);
    }
    fc_arena_free(arena);
    return NULL;
}

static void live_until_the_cut(const struct crash_disk_options *options, struct ledger *ledger)
{
    const struct fc_store_options store_options = {.data_dir = options->dir,
                                                   .sys = crash_disk_sys()};
    struct writer writers[THREADS];
    pthread_t threads[THREADS];
    struct fc_store *store = NULL;
    struct fc_error err = FC_ERROR_INIT;

    crash_disk_install(options);
    if (fc_store_open(&store_options, &store, &err) != FC_OK) {
        (void)fprintf(stderr, "opening before the cut: %s\n", err.message);
        _exit(1);
    }
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.store = store,
                                     .ledger = ledger,
                                     .thread = i,
                                     .dice = options->seed * THREADS + (uint64_t)i};
        if (pthread_create(&threads[i], NULL, write_on, &writers[i]) != 0)
            _exit(1);
    }
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    /* A cut during an orderly stop, or none at all. */
    fc_store_close(store);
    _exit(0);
}

/* ---- What is left ---- */

static bool history_is_whole(struct store_fixture *fixture, int thread, int object,
                             const struct fc_entity_row *row)
{
    static char expected[65536];
    struct fc_revision_row *revisions = NULL;
    size_t count = 0;

    if (fc_revision_list(store_reader(fixture), FC_OBJECT_ENTITY, row->id, FC_REVISIONS_ALL,
                         fixture->arena, &revisions, &count, &fixture->err) != FC_OK ||
        count != (size_t)row->revision + 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t len = content(expected, thread, object, (int)revisions[i].revision + 1);
        if (revisions[i].revision != row->revision - (int64_t)i ||
            !fc_str_eq(revisions[i].spec, (fc_str){expected, len}))
            return false;
    }
    return fc_str_eq(row->spec, revisions[0].spec);
}

/* Also brings the ledger to what is there: an unacknowledged write may have happened. */
static bool object_is_right(struct store_fixture *fixture, struct ledger *ledger, int thread,
                            int object)
{
    struct fc_entity_row row;
    char name[32];
    int asked = atomic_load(&ledger->objects[thread][object].asked);
    int acknowledged = atomic_load(&ledger->objects[thread][object].acknowledged);

    name_of(name, thread, object);
    if (fc_entity_find(store_reader(fixture), FC_STR("default"), fc_str_from(name), fixture->arena,
                       &row, &fixture->err) != FC_OK)
        return false;
    int found = row.id == 0 ? 0 : (int)row.revision + 1;
    if (found < acknowledged || found > asked) {
        (void)snprintf(fixture->err.message, sizeof fixture->err.message,
                       "%s: asked %d, acknowledged %d, found %d", name, asked, acknowledged, found);
        return false;
    }
    atomic_store(&ledger->objects[thread][object].asked, found);
    atomic_store(&ledger->objects[thread][object].acknowledged, found);
    return row.id == 0 || history_is_whole(fixture, thread, object, &row);
}

static bool registry_is_right(struct store_fixture *fixture, struct ledger *ledger)
{
    bool right = fc_store_open(&fixture->options, &fixture->store, &fixture->err) == FC_OK;

    for (int thread = 0; thread < THREADS && right; thread++) {
        for (int object = 0; object < OBJECTS && right; object++) {
            right = object_is_right(fixture, ledger, thread, object);
            fc_arena_reset(fixture->arena);
        }
    }
    store_fixture_close(fixture);
    return right &&
           store_raw_number(fixture, "SELECT integrity_check = 'ok' FROM pragma_integrity_check") ==
               1 &&
           store_raw_number(fixture, "SELECT count(*) FROM pragma_foreign_key_check") == 0;
}

/* ---- Rounds ---- */

/* False when the promises were broken. */
static bool cut_once(struct store_fixture *fixture, struct ledger *ledger,
                     struct crash_disk_options options)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        live_until_the_cut(&options, ledger);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != CRASH_DISK_EXIT)
        fail_msg("the process ended with %d instead of losing power", WEXITSTATUS(status));
    return registry_is_right(fixture, ledger);
}

static struct ledger *new_ledger(void)
{
    struct ledger *ledger =
        mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(ledger, MAP_FAILED);
    return ledger;
}

static uint64_t seed_of_run(void)
{
    const char *text = getenv("FC_TEST_SEED");
    uint64_t seed = 0;

    if (text)
        return strtoull(text, NULL, 10);
    assert_int_equal(fc_sys_real()->random(NULL, &seed, sizeof seed), 0);
    return seed % 1000000007;
}

static int rounds_of_run(int otherwise)
{
    const char *text = getenv("FC_CRASH_ROUNDS");
    return text ? (int)strtol(text, NULL, 10) : otherwise;
}

/* The first syncs make the database, so they are met often; later ones lie between commits and checkpoints. */
static int draw_sync(uint64_t *dice)
{
    return roll(dice, 3) == 0 ? 1 + (int)roll(dice, 12) : 1 + (int)roll(dice, 250);
}

static void what_was_acknowledged_outlives_power_cuts(void **state)
{
    uint64_t seed = seed_of_run(), dice = seed;
    int rounds = rounds_of_run(8);

    (void)state;
    print_message("FC_TEST_SEED=%llu\n", (unsigned long long)seed);
    for (int round = 0; round < rounds; round++) {
        void *inner = NULL;
        struct ledger *ledger = new_ledger();
        assert_int_equal(store_setup_closed(&inner), 0);
        struct store_fixture *fixture = inner;
        for (int cut = 0; cut < CUTS_ON_ONE_DISK; cut++) {
            struct crash_disk_options options = {.dir = fixture->dir,
                                                 .seed = dice,
                                                 .fail_at_sync = draw_sync(&dice),
                                                 .after_sync = roll(&dice, 3) == 0};
            if (!cut_once(fixture, ledger, options)) {
                fail_msg("round %d, cut %d at sync %d%s: %s", round, cut, options.fail_at_sync,
                         options.after_sync ? " (after it)" : "", fixture->err.message);
            }
        }
        assert_int_equal(store_teardown(&inner), 0);
        assert_int_equal(munmap(ledger, sizeof *ledger), 0);
    }
}

/* A disk whose syncs do nothing: if this went unnoticed, the test above would prove nothing. */
static void a_disk_that_lies_is_noticed(void **state)
{
    uint64_t dice = 20;
    int noticed = 0;

    (void)state;
    for (int round = 0; round < 12 && noticed == 0; round++) {
        void *inner = NULL;
        struct ledger *ledger = new_ledger();
        assert_int_equal(store_setup_closed(&inner), 0);
        struct store_fixture *fixture = inner;
        struct crash_disk_options options = {.dir = fixture->dir,
                                             .seed = dice,
                                             .fail_at_sync = 40 + (int)roll(&dice, 100),
                                             .lies = true};
        noticed += !cut_once(fixture, ledger, options);
        assert_int_equal(store_teardown(&inner), 0);
        assert_int_equal(munmap(ledger, sizeof *ledger), 0);
    }
    assert_true(noticed > 0);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(what_was_acknowledged_outlives_power_cuts),
    cmocka_unit_test(a_disk_that_lies_is_noticed),
};

static int prefer_memory(void **state FC_UNUSED)
{
    return store_prefer_memory();
}

FC_TEST_MAIN_GROUP(cases, prefer_memory, NULL)

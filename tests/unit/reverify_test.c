/* SPDX-License-Identifier: Apache-2.0 */
/* The background comes to its end as the server has it do so: it is stopped, the admission goes, then it goes itself. */
#include "tests/unit/harness.h"

#include <stdatomic.h>
#include <time.h>

#include "server/reverify/internal.h"
#include "storage/registry.h"
#include "tests/support/registry.h"
#include "tests/support/scratch.h"
#include "tests/support/specs.h"

struct fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    struct fc_store *store;
    struct fc_admission *admission;
    struct fc_reverify *reverify;
};

static fc_rc make_due(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct fixture *f = ctx;
    struct fc_table_row table = {.id = 0};
    fc_rc rc = fc_table_find(fc_txn_reader(txn), FC_STR("default"), FC_STR("driver_trips"),
                             f->arena, &table, err);
    const struct fc_recheck_row row = {.table_id = table.id, .next_ns = 1};

    return rc == FC_OK ? fc_recheck_put(txn, &row, err) : rc;
}

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    struct fc_error err = FC_ERROR_INIT;

    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new((size_t)64 * 1024 * 1024);
    f->store = test_store_open(test_path(&f->scratch, "data"));
    test_put_entity(f->store, "default", "driver_id", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    test_put_table(f->store, "default", test_table(f->arena));
    if (fc_store_run(f->store, make_due, f, &err) != FC_OK)
        fail_msg("%s", err.message);
    const struct fc_admission_options options = {
        .worker_path = test_bad_worker(&f->scratch, "good"),
        .scratch_dir = fc_arena_strdup(f->arena, test_path(&f->scratch, "probes")),
        .deadline_ns = 60 * FC_NS_PER_S,
        .parallel = 1,
        .local_any = true,
    };
    if (fc_admission_new(&options, &f->admission, &err) != FC_OK)
        fail_msg("%s", err.message);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_store_close(f->store);
    test_scratch_done(&f->scratch);
    fc_arena_free(f->arena);
    test_free(f);
    return 0;
}

static _Atomic(struct fc_reverify *) stopped;
static atomic_bool is_due, is_past;

/* The thread finds that something is due just when it is told to stop, and is slow to begin with it. */
static int64_t clock_at_a_stop(void *ctx FC_UNUSED)
{
    static const struct timespec moment = {.tv_nsec = 1000000}, slow = {.tv_nsec = 200000000};
    const struct fc_reverify *reverify;

    atomic_store(&is_due, true);
    while (!(reverify = atomic_load(&stopped)) || !atomic_load(&reverify->stopping))
        (void)nanosleep(&moment, NULL);
    (void)nanosleep(&slow, NULL);
    atomic_store(&is_past, true);
    return fc_now_ns(fc_sys_real());
}

static bool something_is_due(void *ctx FC_UNUSED)
{
    return atomic_load(&is_due);
}

static void a_look_that_begins_at_a_stop_has_an_admission(void **state)
{
    struct fixture *f = *state;
    struct fc_sys sys = *fc_sys_real();
    struct fc_error err = FC_ERROR_INIT;

    sys.now_ns = clock_at_a_stop;
    const struct fc_reverify_options options = {
        .sys = &sys, .store = f->store, .admission = f->admission};
    assert_int_equal(fc_reverify_new(&options, &f->reverify, &err), FC_OK);
    atomic_store(&stopped, f->reverify);
    test_wait_until(something_is_due, NULL, "the background to look at the clock");
    fc_reverify_stop(f->reverify);
    /* Else it would begin with what the next line takes away. */
    assert_true(atomic_load(&is_past));
    fc_admission_free(f->admission);
    fc_reverify_free(f->reverify);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(a_look_that_begins_at_a_stop_has_an_admission, setup, teardown),
};

FC_TEST_MAIN(cases)

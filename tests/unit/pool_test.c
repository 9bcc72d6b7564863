/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a thread of admission, and who waits. Tasks of this test start no worker. */
#include "tests/unit/harness.h"

#include <pthread.h>
#include <stdlib.h>

#include "server/admission/pool.h"
#include "tests/support/scratch.h"

enum { THREADS = 4, QUEUE = 8, TASKS = 24 };

/* What all tasks of a case share. */
struct fixture {
    struct test_scratch scratch;
    struct fc_pool *pool;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool open;        /* tasks may end */
    unsigned running; /* of the host that does not answer */
    unsigned most;
    unsigned ended;
    unsigned met, meeting; /* how many have come together, and how many shall */
};

struct task {
    struct fc_pool_task base; /* first: the pool hands it back */
    struct fixture *f;
    bool hangs;   /* until it is let go, */
    bool answers; /* and has a verdict all the same */
    bool meets;   /* ends when all that shall have come */
};

/* Waits for the others; the last one to come lets all go. */
static void meet(struct fixture *f)
{
    f->met++;
    pthread_cond_broadcast(&f->changed);
    while (f->met < f->meeting)
        pthread_cond_wait(&f->changed, &f->mutex);
}

static bool run(struct fc_pool_task *base, struct fc_prober *prober, struct fc_arena *scratch)
{
    const struct task *task = (const struct task *)base;
    struct fixture *f = task->f;

    (void)prober;
    (void)scratch;
    pthread_mutex_lock(&f->mutex);
    if (task->hangs) {
        f->running++;
        f->most = f->running > f->most ? f->running : f->most;
        pthread_cond_broadcast(&f->changed);
        while (!f->open)
            pthread_cond_wait(&f->changed, &f->mutex);
        f->running--;
    }
    if (task->meets)
        meet(f);
    bool heard = !task->hangs || task->answers;
    f->ended++;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->mutex);
    return heard;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct fc_error err = FC_ERROR_INIT;

    assert_non_null(f);
    test_scratch_init(&f->scratch);
    pthread_mutex_init(&f->mutex, NULL);
    pthread_cond_init(&f->changed, NULL);
    const struct fc_pool_options options = {.sys = fc_sys_real(),
                                            .worker_path = "/none",
                                            .scratch_dir = f->scratch.path,
                                            .threads = THREADS,
                                            .cold = true,
                                            .queue_limit = QUEUE};
    assert_int_equal(fc_pool_new(&options, &f->pool, &err), FC_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    fc_pool_free(f->pool);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->mutex);
    test_scratch_done(&f->scratch);
    free(f);
    return 0;
}

static bool submit(struct fixture *f, struct task *task, const char *host, bool hangs)
{
    *task =
        (struct task){.base = {.run = run, .host = fc_host_key_of(host)}, .f = f, .hangs = hangs};
    return fc_pool_submit(f->pool, &task->base);
}

static void wait_for(struct fixture *f, const unsigned *count, unsigned wanted)
{
    pthread_mutex_lock(&f->mutex);
    while (*count < wanted)
        pthread_cond_wait(&f->changed, &f->mutex);
    pthread_mutex_unlock(&f->mutex);
}

static void let_go(struct fixture *f)
{
    pthread_mutex_lock(&f->mutex);
    f->open = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->mutex);
}

/* All of so many tasks run at the same time: nobody else has their threads. */
static void meet_all(struct fixture *f, struct task *tasks, unsigned count, const char *host)
{
    unsigned before = f->ended;

    f->met = 0;
    f->meeting = count;
    for (unsigned i = 0; i < count; i++) {
        tasks[i] = (struct task){
            .base = {.run = run, .host = fc_host_key_of(host)}, .f = f, .meets = true};
        assert_true(fc_pool_submit(f->pool, &tasks[i].base));
    }
    wait_for(f, &f->ended, before + count);
}

/* The hosts have hung once, and the pool knows it. */
static void fall_silent(struct fixture *f, const char *const *hosts, size_t count)
{
    struct task tasks[THREADS];
    unsigned before = f->ended;

    f->open = true;
    for (size_t i = 0; i < count; i++) {
        assert_true(submit(f, &tasks[i], hosts[i], true));
        wait_for(f, &f->ended, before + (unsigned)i + 1);
    }
    /* A thread that takes one of these has done with what it had. */
    meet_all(f, tasks, THREADS, NULL);
    f->open = false;
    f->most = 0;
}

static void silent_hosts_together_get_a_quarter_of_the_threads(void **state)
{
    static const char *const DEAD[] = {"dead", "gone"};
    struct fixture *f = *state;
    struct task silent[2 * THREADS];
    struct task others[THREADS];
    unsigned taken = 0;

    fall_silent(f, DEAD, 2);
    unsigned before = f->ended;
    for (size_t i = 0; i < FC_ARRAY_LEN(silent); i++)
        taken += submit(f, &silent[i], DEAD[i % 2], true) ? 1 : 0;
    assert_in_range(taken, QUEUE / 4, THREADS / 4 + QUEUE / 4);
    wait_for(f, &f->running, THREADS / 4);
    for (unsigned i = 0; i < TASKS; i++)
        meet_all(f, others, THREADS - THREADS / 4, NULL);
    assert_int_equal(f->most, THREADS / 4);
    let_go(f);
    wait_for(f, &f->ended, before + taken + TASKS * (THREADS - THREADS / 4));
    assert_int_equal(f->most, THREADS / 4);
}

static void hosts_never_seen_leave_a_thread_to_others(void **state)
{
    struct fixture *f = *state;
    struct task dead[THREADS];
    struct task others[TASKS];

    for (size_t i = 0; i < THREADS; i++)
        assert_true(submit(f, &dead[i], i % 2 ? "dead" : "gone", true));
    wait_for(f, &f->running, THREADS - 1);
    for (unsigned i = 0; i < TASKS; i++) {
        assert_true(submit(f, &others[i], NULL, false));
        wait_for(f, &f->ended, i + 1);
    }
    assert_int_equal(f->most, THREADS - 1);
    let_go(f);
    wait_for(f, &f->ended, TASKS + THREADS);
}

/* It was held to one thread while others were idle: when it answers, all that may run do. */
static void a_host_that_answers_again_has_its_half_at_once(void **state)
{
    static const char *const SLOW[] = {"slow"};
    struct fixture *f = *state;
    struct task gate;
    struct task tasks[THREADS / 2];

    fall_silent(f, SLOW, 1);
    unsigned before = f->ended;
    gate = (struct task){.base = {.run = run, .host = fc_host_key_of("slow")},
                         .f = f,
                         .hangs = true,
                         .answers = true};
    assert_true(fc_pool_submit(f->pool, &gate.base));
    wait_for(f, &f->running, 1);
    f->met = 0;
    f->meeting = THREADS / 2;
    for (size_t i = 0; i < THREADS / 2; i++) {
        tasks[i] = (struct task){
            .base = {.run = run, .host = fc_host_key_of("slow")}, .f = f, .meets = true};
        assert_true(fc_pool_submit(f->pool, &tasks[i].base));
    }
    assert_int_equal(f->ended, before);
    let_go(f);
    wait_for(f, &f->ended, before + 1 + THREADS / 2);
}

static void a_host_that_hangs_gets_half_of_the_threads(void **state)
{
    struct fixture *f = *state;
    struct task dead[THREADS];
    struct task others[TASKS];

    for (size_t i = 0; i < THREADS; i++)
        assert_true(submit(f, &dead[i], "dead", true));
    wait_for(f, &f->running, THREADS / 2);
    for (unsigned i = 0; i < TASKS; i++) {
        assert_true(submit(f, &others[i], i % 2 ? "alive" : NULL, false));
        wait_for(f, &f->ended, i + 1);
    }
    assert_int_equal(f->most, THREADS / 2);
    let_go(f);
    wait_for(f, &f->ended, TASKS + THREADS);
    assert_int_equal(f->most, THREADS / 2);
}

/* So many that are taken at once, and one more that is not. */
static void fill(struct fixture *f, struct task *tasks, size_t count, const char *host)
{
    for (size_t i = 0; i < count; i++)
        assert_true(submit(f, &tasks[i], host, true));
    assert_false(submit(f, &tasks[count], host, true));
}

static void a_host_that_hangs_gets_half_of_the_queue(void **state)
{
    struct fixture *f = *state;
    struct task first[THREADS];
    struct task dead[QUEUE];
    struct task here[QUEUE];

    for (size_t i = 0; i < THREADS; i++)
        assert_true(submit(f, &first[i], i % 2 ? "dead" : NULL, true));
    wait_for(f, &f->running, THREADS);
    fill(f, dead, QUEUE / 2, "dead");
    fill(f, here, QUEUE / 2, NULL);
    let_go(f);
    wait_for(f, &f->ended, THREADS + QUEUE);
}

static void this_machine_may_have_all_threads(void **state)
{
    struct fixture *f = *state;
    struct task here[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        assert_true(submit(f, &here[i], NULL, true));
    wait_for(f, &f->running, THREADS);
    let_go(f);
    wait_for(f, &f->ended, THREADS);
}

static void who_waits_is_run_when_the_pool_stops(void **state)
{
    struct fixture *f = *state;
    struct task dead[THREADS];

    let_go(f);
    for (size_t i = 0; i < THREADS; i++)
        assert_true(submit(f, &dead[i], "dead", true));
    fc_pool_free(f->pool);
    f->pool = NULL;
    assert_int_equal(f->ended, THREADS);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(a_host_that_hangs_gets_half_of_the_threads, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_host_that_hangs_gets_half_of_the_queue, set_up, tear_down),
    cmocka_unit_test_setup_teardown(silent_hosts_together_get_a_quarter_of_the_threads, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(hosts_never_seen_leave_a_thread_to_others, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_host_that_answers_again_has_its_half_at_once, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(this_machine_may_have_all_threads, set_up, tear_down),
    cmocka_unit_test_setup_teardown(who_waits_is_run_when_the_pool_stops, set_up, tear_down),
};

FC_TEST_MAIN(cases)

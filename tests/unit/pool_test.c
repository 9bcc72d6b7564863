/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a thread of admission: no host more than half of them. Tasks of this test start no worker. */
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
};

struct task {
    struct fc_pool_task base; /* first: the pool hands it back */
    struct fixture *f;
    bool hangs;
};

static void run(struct fc_pool_task *base, struct fc_prober *prober, struct fc_arena *scratch)
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
    f->ended++;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->mutex);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
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
    *task = (struct task){.base = {.run = run, .host = host}, .f = f, .hangs = hangs};
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
    cmocka_unit_test_setup_teardown(this_machine_may_have_all_threads, set_up, tear_down),
    cmocka_unit_test_setup_teardown(who_waits_is_run_when_the_pool_stops, set_up, tear_down),
};

FC_TEST_MAIN(cases)

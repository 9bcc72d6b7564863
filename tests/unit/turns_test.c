/* SPDX-License-Identifier: Apache-2.0 */
/* Turns at decoding: how many are held at a time, who waits, and what ends a wait. */
#include "tests/unit/harness.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "tests/support/scratch.h"
#include "worker/duck/turns.h"

#define FOREVER_NS (3600 * FC_NS_PER_S)
#define SHORT_NS   (50 * FC_NS_PER_MS)

struct fixture {
    struct test_scratch scratch;
    const char *path;
};

static int set_up(void **state)
{
    static struct fixture f;

    test_scratch_init(&f.scratch);
    f.path = test_path(&f.scratch, "turns");
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    test_scratch_done(&f->scratch);
    return 0;
}

/* Another process that holds the only turn. It gives it back when it is told, and ends when the pipe is closed. */
struct holder {
    pid_t pid;
    int tell, told;
};

static _Noreturn void hold(const char *path, int in, int out)
{
    struct fc_turns *turns = fc_turns_new(path, 1);
    char byte = 0;

    fc_turns_take(turns);
    if (fc_turns_held(turns) && write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1)
        fc_turns_give(turns);
    _exit(read(in, &byte, 1) == 0 ? 0 : 1);
}

static struct holder start_holder(const char *path)
{
    int down[2];
    int up[2];
    char byte = 0;

    assert_int_equal(pipe(down), 0);
    assert_int_equal(pipe(up), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(down[1]);
        close(up[0]);
        hold(path, down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    assert_int_equal(read(up[0], &byte, 1), 1);
    return (struct holder){.pid = pid, .tell = down[1], .told = up[0]};
}

static void end_holder(struct holder *holder)
{
    close(holder->tell);
    close(holder->told);
    assert_int_equal(waitpid(holder->pid, NULL, 0), holder->pid);
}

static void no_more_are_held_than_there_are(void **state)
{
    struct fixture *f = *state;
    struct fc_turns *turns[3];

    for (size_t i = 0; i < 3; i++) {
        turns[i] = fc_turns_new(f->path, 2);
        assert_non_null(turns[i]);
        fc_turns_take(turns[i]);
        assert_int_equal(fc_turns_held(turns[i]), i < 2);
    }
    fc_turns_give(turns[2]);
    fc_turns_give(turns[0]);
    fc_turns_take(turns[2]);
    assert_true(fc_turns_held(turns[2]));
    for (size_t i = 0; i < 3; i++)
        fc_turns_free(turns[i]);
}

static void a_turn_within_a_turn_is_the_same(void **state)
{
    struct fixture *f = *state;
    struct fc_turns *outer = fc_turns_new(f->path, 1);
    struct fc_turns *other = fc_turns_new(f->path, 1);

    fc_turns_take(outer);
    fc_turns_take(outer);
    fc_turns_give(outer);
    fc_turns_take(other);
    assert_true(fc_turns_held(outer));
    assert_false(fc_turns_held(other));
    fc_turns_give(other);
    fc_turns_give(outer);
    fc_turns_take(other);
    assert_false(fc_turns_held(outer));
    assert_true(fc_turns_held(other));
    fc_turns_free(outer);
    fc_turns_free(other);
}

static void who_waits_gets_the_turn_that_is_given_back(void **state)
{
    struct fixture *f = *state;
    struct holder holder = start_holder(f->path);
    struct fc_turns *turns = fc_turns_new(f->path, 1);
    char byte = 0;

    fc_turns_patience(turns, FOREVER_NS);
    assert_int_equal(write(holder.tell, &byte, 1), 1);
    fc_turns_take(turns);
    assert_true(fc_turns_held(turns));
    fc_turns_free(turns);
    end_holder(&holder);
}

static void patience_ends_a_wait_for_good(void **state)
{
    struct fixture *f = *state;
    struct holder holder = start_holder(f->path);
    struct fc_turns *turns = fc_turns_new(f->path, 1);

    fc_turns_patience(turns, SHORT_NS);
    for (size_t i = 0; i < 2; i++) {
        fc_turns_take(turns);
        assert_false(fc_turns_held(turns));
        fc_turns_give(turns);
    }
    fc_turns_free(turns);
    end_holder(&holder);
}

static void the_turn_of_a_process_that_was_killed_is_free(void **state)
{
    struct fixture *f = *state;
    struct holder holder = start_holder(f->path);
    struct fc_turns *turns = fc_turns_new(f->path, 1);

    assert_int_equal(kill(holder.pid, SIGKILL), 0);
    end_holder(&holder);
    fc_turns_take(turns);
    assert_true(fc_turns_held(turns));
    fc_turns_free(turns);
}

static bool one_processor(void)
{
    cpu_set_t set;

    assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
    return CPU_COUNT(&set) < 2;
}

static void a_second_thread_takes_what_is_free(void **state)
{
    struct fixture *f = *state;
    struct fc_turns *ours = fc_turns_new(f->path, 2);
    struct fc_turns *other = fc_turns_new(f->path, 2);

    assert_false(fc_turns_take_second(ours));
    fc_turns_take(ours);
    if (one_processor()) {
        assert_false(fc_turns_take_second(ours));
    } else {
        assert_true(fc_turns_take_second(ours));
        fc_turns_take(other);
        assert_false(fc_turns_held(other));
        assert_false(fc_turns_take_second(other));
        fc_turns_give(other);
        fc_turns_give_second(ours);
        fc_turns_take(other);
        assert_true(fc_turns_held(other));
        /* What is left over when all turns are held; it is one. */
        assert_true(fc_turns_take_second(ours));
        assert_false(fc_turns_take_second(other));
        fc_turns_give_second(ours);
        assert_true(fc_turns_take_second(other));
        fc_turns_give_second(other);
    }
    fc_turns_free(ours);
    fc_turns_free(other);
}

/* How busy the machine is nobody knows; on one processor whoever asks is what runs. */
static void one_processor_is_not_idle(void **state)
{
    (void)state;
    bool idle = fc_turns_idle_processor();
    assert_false(idle && one_processor());
}

static void while_somebody_waits_there_is_no_second(void **state)
{
    struct fixture *f = *state;
    struct fc_turns *turns = fc_turns_new(f->path, 1);
    int status = 0;

    fc_turns_take(turns);
    pid_t pid = fork();
    if (pid == 0) {
        struct fc_turns *waiter = fc_turns_new(f->path, 1);
        fc_turns_patience(waiter, FOREVER_NS);
        fc_turns_take(waiter);
        _exit(fc_turns_held(waiter) ? 0 : 1);
    }
    while (fc_turns_take_second(turns)) {
        fc_turns_give_second(turns);
        usleep(1000);
    }
    fc_turns_give(turns);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    fc_turns_take(turns);
    assert_int_equal(fc_turns_take_second(turns), !one_processor());
    fc_turns_free(turns);
}

static void without_a_file_nobody_waits(void **state)
{
    struct fixture *f = *state;
    struct fc_turns *turns = fc_turns_new(test_path(&f->scratch, "none/turns"), 1);

    assert_null(turns);
    assert_false(fc_turns_take_second(turns));
    fc_turns_patience(turns, FOREVER_NS);
    fc_turns_take(turns);
    fc_turns_give(turns);
    assert_true(fc_turns_due() >= 1);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(no_more_are_held_than_there_are, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_turn_within_a_turn_is_the_same, set_up, tear_down),
    cmocka_unit_test_setup_teardown(who_waits_gets_the_turn_that_is_given_back, set_up, tear_down),
    cmocka_unit_test_setup_teardown(patience_ends_a_wait_for_good, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_turn_of_a_process_that_was_killed_is_free, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_second_thread_takes_what_is_free, set_up, tear_down),
    cmocka_unit_test(one_processor_is_not_idle),
    cmocka_unit_test_setup_teardown(while_somebody_waits_there_is_no_second, set_up, tear_down),
    cmocka_unit_test_setup_teardown(without_a_file_nobody_waits, set_up, tear_down),
};

FC_TEST_MAIN(cases)

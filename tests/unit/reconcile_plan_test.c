/* SPDX-License-Identifier: Apache-2.0 */
/* Which streams are started and stopped: the cases that the peers' control loop has, and ours. */
#include "tests/unit/harness.h"

#include <string.h>

#include "server/jobs/reconcile_plan.h"

#define MINUTE_NS (INT64_C(60) * 1000000000)
#define NOW       (1000 * MINUTE_NS)

struct fixture {
    struct fc_arena *arena;
    struct fc_reconcile_plan plan;
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    f->arena = fc_arena_new((size_t)4 * 1024 * 1024);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_arena_free(f->arena);
    test_free(f);
    return 0;
}

static void plan(struct fixture *f, const struct fc_stream_want *wants, size_t want_count,
                 const struct fc_stream_have *haves, size_t have_count)
{
    static const struct fc_reconcile_times times = {
        .now_ns = NOW, .retry_first_ns = MINUTE_NS, .retry_max_ns = 60 * MINUTE_NS};
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(
        fc_reconcile_plan(wants, want_count, haves, have_count, &times, f->arena, &f->plan, &err),
        FC_OK);
}

/* One table in each of two projects; the list of allowed projects left out the third. */
static const struct fc_stream_want two[] = {
    {.project = "default", .table = "trips", .hash = "hd"},
    {.project = "ride", .table = "trips", .hash = "hr"},
};

static void without_jobs_all_start(void **state)
{
    struct fixture *f = *state;

    plan(f, two, 2, NULL, 0);
    assert_int_equal(f->plan.start_count, 2);
    assert_int_equal(f->plan.starts[0], 0);
    assert_int_equal(f->plan.starts[1], 1);
    assert_int_equal(f->plan.stop_count, 0);
    assert_true(f->plan.next_ns == INT64_MAX);
}

static void unchanged_ones_are_left_alone(void **state)
{
    struct fixture *f = *state;
    static const struct fc_stream_have haves[] = {
        {.project = "ride", .table = "trips", .hash = "hr", .state = FC_JOB_RUNNING},
        {.project = "default", .table = "trips", .hash = "hd", .state = FC_JOB_PENDING},
    };

    plan(f, two, 2, haves, 2);
    assert_int_equal(f->plan.start_count, 0);
    assert_int_equal(f->plan.stop_count, 0);
}

static void a_changed_table_gets_a_new_job_for_the_old_one(void **state)
{
    struct fixture *f = *state;
    static const enum fc_job_state states[] = {FC_JOB_RUNNING, FC_JOB_PENDING};

    /* The peers leave one alone that still starts; here it ends as well, since its successor waits for that. */
    for (size_t i = 0; i < FC_ARRAY_LEN(states); i++) {
        const struct fc_stream_have have = {
            .project = "default", .table = "trips", .hash = "old", .state = states[i]};
        plan(f, two, 2, &have, 1);
        assert_int_equal(f->plan.start_count, 2);
        assert_int_equal(f->plan.stop_count, 1);
        assert_int_equal(f->plan.stops[0], 0);
    }
}

static void a_replacement_that_waits_is_not_started_again(void **state)
{
    struct fixture *f = *state;
    static const struct fc_stream_have haves[] = {
        {.project = "default", .table = "trips", .hash = "hd", .state = FC_JOB_PENDING},
        {.project = "default", .table = "trips", .hash = "old", .state = FC_JOB_RUNNING},
    };

    plan(f, two, 1, haves, 2);
    assert_int_equal(f->plan.start_count, 0);
    assert_int_equal(f->plan.stop_count, 1);
    assert_int_equal(f->plan.stops[0], 1);
}

/* The peers retry never, or with each pass for ever; here a failed one rests for ever longer. */
static void a_failed_one_rests_before_the_next(void **state)
{
    struct fixture *f = *state;
    static const struct {
        unsigned failures;
        int64_t rest_min;
    } cases[] = {{1, 1}, {2, 2}, {3, 4}, {6, 32}, {7, 60}, {8, 60}, {1000, 60}};

    for (size_t i = 0; i < FC_ARRAY_LEN(cases); i++) {
        struct fc_stream_have have = {.project = "default",
                                      .table = "trips",
                                      .hash = "hd",
                                      .state = FC_JOB_ERROR,
                                      .failures = cases[i].failures};
        have.ended_ns = NOW - cases[i].rest_min * MINUTE_NS + 1;
        plan(f, two, 2, &have, 1);
        assert_int_equal(f->plan.start_count, 1);
        assert_int_equal(f->plan.starts[0], 1);
        assert_int_equal(f->plan.next_ns, NOW + 1);
        have.ended_ns--;
        plan(f, two, 2, &have, 1);
        assert_int_equal(f->plan.start_count, 2);
        assert_true(f->plan.next_ns == INT64_MAX);
    }
}

static void a_failure_counts_for_its_hash_alone(void **state)
{
    struct fixture *f = *state;
    const struct fc_stream_have have = {.project = "default",
                                        .table = "trips",
                                        .hash = "old",
                                        .state = FC_JOB_ERROR,
                                        .ended_ns = NOW,
                                        .failures = 1};

    plan(f, two, 2, &have, 1);
    assert_int_equal(f->plan.start_count, 2);
    assert_int_equal(f->plan.stop_count, 0);
}

static void a_failure_in_the_future_holds_nobody(void **state)
{
    struct fixture *f = *state;
    const struct fc_stream_have have = {.project = "default",
                                        .table = "trips",
                                        .hash = "hd",
                                        .state = FC_JOB_ERROR,
                                        .ended_ns = NOW + MINUTE_NS,
                                        .failures = 1};

    plan(f, two, 2, &have, 1);
    assert_int_equal(f->plan.start_count, 2);
}

static void one_that_ended_otherwise_is_started_again(void **state)
{
    struct fixture *f = *state;
    static const enum fc_job_state states[] = {FC_JOB_DONE, FC_JOB_CANCELLED};

    for (size_t i = 0; i < FC_ARRAY_LEN(states); i++) {
        const struct fc_stream_have have = {.project = "default",
                                            .table = "trips",
                                            .hash = "hd",
                                            .state = states[i],
                                            .ended_ns = NOW};
        plan(f, two, 2, &have, 1);
        assert_int_equal(f->plan.start_count, 2);
        assert_int_equal(f->plan.stop_count, 0);
    }
}

static void without_a_source_the_job_ends(void **state)
{
    struct fixture *f = *state;
    const struct fc_stream_have have = {
        .project = "default", .table = "trips", .hash = "hd", .state = FC_JOB_RUNNING};

    plan(f, &two[1], 1, &have, 1);
    assert_int_equal(f->plan.start_count, 1);
    assert_int_equal(f->plan.stop_count, 1);
    plan(f, NULL, 0, &have, 1);
    assert_int_equal(f->plan.start_count, 0);
    assert_int_equal(f->plan.stop_count, 1);
}

static void a_cancelled_one_stays_cancelled(void **state)
{
    struct fixture *f = *state;
    const struct fc_stream_want want = {
        .project = "default", .table = "trips", .hash = "hd", .halted = true};
    const struct fc_stream_have cancelled = {.project = "default",
                                             .table = "trips",
                                             .hash = "hd",
                                             .state = FC_JOB_CANCELLED,
                                             .ended_ns = NOW};
    const struct fc_stream_have running = {
        .project = "default", .table = "trips", .hash = "hd", .state = FC_JOB_RUNNING};

    plan(f, &want, 1, &cancelled, 1);
    assert_int_equal(f->plan.start_count, 0);
    plan(f, &want, 1, NULL, 0);
    assert_int_equal(f->plan.start_count, 0);
    /* Somebody started it between the two looks of the pass. */
    plan(f, &want, 1, &running, 1);
    assert_int_equal(f->plan.start_count + f->plan.stop_count, 0);
}

static void a_table_that_cannot_be_judged_is_left_alone(void **state)
{
    struct fixture *f = *state;
    static const struct fc_stream_want wants[] = {
        {.project = "default", .table = "broken", .hash = NULL},
        {.project = "default", .table = "trips", .hash = "hd"},
    };
    const struct fc_stream_have have = {
        .project = "default", .table = "broken", .hash = "x", .state = FC_JOB_RUNNING};

    plan(f, wants, 2, &have, 1);
    assert_int_equal(f->plan.start_count, 1);
    assert_int_equal(f->plan.starts[0], 1);
    assert_int_equal(f->plan.stop_count, 0);
}

static void one_of_two_with_the_same_hash_ends(void **state)
{
    struct fixture *f = *state;
    static const struct fc_stream_have haves[] = {
        {.project = "default", .table = "trips", .hash = "hd", .state = FC_JOB_RUNNING},
        {.project = "default", .table = "trips", .hash = "hd", .state = FC_JOB_PENDING},
    };

    plan(f, two, 1, haves, 2);
    assert_int_equal(f->plan.start_count, 0);
    assert_int_equal(f->plan.stop_count, 1);
    assert_int_equal(f->plan.stops[0], 1);
}

static void thousands_of_tables_are_no_matter(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 5000 };
    struct fc_stream_want *wants = test_calloc(COUNT, sizeof *wants);
    struct fc_stream_have *haves = test_calloc(COUNT, sizeof *haves);

    for (size_t i = 0; i < COUNT; i++) {
        const char *name = fc_arena_printf(f->arena, "t%05zu", i * 7919 % COUNT);
        wants[i] = (struct fc_stream_want){.project = "default", .table = name, .hash = name};
        haves[COUNT - 1 - i] = (struct fc_stream_have){
            .project = "default", .table = name, .hash = name, .state = FC_JOB_RUNNING};
    }
    wants[17].hash = "changed";
    plan(f, wants, COUNT, haves, COUNT);
    assert_int_equal(f->plan.start_count, 1);
    assert_int_equal(f->plan.starts[0], 17);
    assert_int_equal(f->plan.stop_count, 1);
    assert_int_equal(f->plan.stops[0], COUNT - 1 - 17);
    test_free(wants);
    test_free(haves);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(without_jobs_all_start),
    CASE(unchanged_ones_are_left_alone),
    CASE(a_changed_table_gets_a_new_job_for_the_old_one),
    CASE(a_replacement_that_waits_is_not_started_again),
    CASE(a_failed_one_rests_before_the_next),
    CASE(a_failure_counts_for_its_hash_alone),
    CASE(a_failure_in_the_future_holds_nobody),
    CASE(one_that_ended_otherwise_is_started_again),
    CASE(without_a_source_the_job_ends),
    CASE(a_cancelled_one_stays_cancelled),
    CASE(a_table_that_cannot_be_judged_is_left_alone),
    CASE(one_of_two_with_the_same_hash_ends),
    CASE(thousands_of_tables_are_no_matter),
};

FC_TEST_MAIN(cases)

/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over streams on a real registry, with workers that play what a test needs. */
#include "tests/unit/jobs_fixture.h"

#include "server/jobs/reconcile.h"

struct fixture {
    struct jobs_fixture *f;
    struct fc_reconcile *reconcile;
    struct fc_reconcile_options options;
};

static void put(struct fixture *x, const char *project, const char *table, const char *topic)
{
    Feast__Core__FeatureTableSpec *spec = test_table(x->f->arena);

    spec->name = fc_arena_strdup(x->f->arena, table);
    if (topic) {
        spec->stream_source = test_kafka_source(x->f->arena);
        spec->stream_source->kafka_options->topic = fc_arena_strdup(x->f->arena, topic);
    }
    test_put_table(x->f->store, project, spec);
}

static int setup(void **state)
{
    struct fixture *x = test_calloc(1, sizeof *x);

    (void)jobs_setup((void **)&x->f);
    x->f->options.access = NULL;
    x->options.retry_ns = FC_NS_PER_MS;
    x->options.tick_ns = 100 * FC_NS_PER_MS;
    put(x, "default", "driver_trips", "trips");
    put(x, "default", "other", "other");
    *state = x;
    return 0;
}

static void stop(struct fixture *x)
{
    fc_reconcile_free(x->reconcile);
    x->reconcile = NULL;
    jobs_close(x->f);
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    stop(x);
    (void)jobs_teardown((void **)&x->f);
    test_free(x);
    return 0;
}

static void go(struct fixture *x, const char *worker)
{
    struct fc_error err = FC_ERROR_INIT;

    jobs_open_bad(x->f, worker);
    x->options.store = x->f->store;
    x->options.jobs = x->f->jobs;
    assert_int_equal(fc_reconcile_new(&x->options, &x->reconcile, &err), FC_OK);
}

static struct fc_job_row last(struct fixture *x, const char *project, const char *table)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    struct fc_job_row *rows = NULL;
    size_t count = 0;

    assert_int_equal(fc_store_reader(x->f->store, &reader, &err), FC_OK);
    assert_int_equal(fc_stream_job_last(reader, fc_str_from(project), fc_str_from(table), 1,
                                        x->f->arena, &rows, &count, &err),
                     FC_OK);
    return count > 0 ? rows[0] : (struct fc_job_row){.type = 0};
}

struct wanted {
    struct fixture *x;
    const char *project, *table;
    enum fc_job_state state;
    fc_str not_id;
    uint64_t passes;
};

static bool is_so(void *ctx)
{
    const struct wanted *wanted = ctx;
    struct fc_job_row row = last(wanted->x, wanted->project, wanted->table);

    return row.id.len > 0 && row.state == wanted->state && !fc_str_eq(row.id, wanted->not_id);
}

/* Until the table's last stream is in this state, and is not the job before. */
static struct fc_job_row wait_for(struct fixture *x, const char *table, enum fc_job_state state,
                                  const struct fc_job_row *before)
{
    struct wanted wanted = {.x = x,
                            .project = "default",
                            .table = table,
                            .state = state,
                            .not_id = before ? before->id : FC_STR("")};

    test_wait_until(is_so, &wanted, "a stream");
    return last(x, "default", table);
}

static bool has_passed(void *ctx)
{
    const struct wanted *wanted = ctx;
    struct fc_reconcile_stats stats;

    fc_reconcile_stats(wanted->x->reconcile, &stats);
    return stats.passes >= wanted->passes;
}

/* Until two passes began and ended that saw all that was there before. */
static void wait_for_passes(struct fixture *x)
{
    struct fc_reconcile_stats stats;

    fc_reconcile_stats(x->reconcile, &stats);
    struct wanted wanted = {.x = x, .passes = stats.passes + 2};
    test_wait_until(has_passed, &wanted, "passes of the loop");
}

static void every_table_with_a_stream_gets_a_job(void **state)
{
    struct fixture *x = *state;
    struct fc_reconcile_stats stats;

    put(x, "default", "batch_only", NULL);
    go(x, "good");
    (void)wait_for(x, "driver_trips", FC_JOB_RUNNING, NULL);
    (void)wait_for(x, "other", FC_JOB_RUNNING, NULL);
    put(x, "default", "later", "later");
    (void)wait_for(x, "later", FC_JOB_RUNNING, NULL);
    wait_for_passes(x);
    assert_int_equal(last(x, "default", "batch_only").id.len, 0);
    fc_reconcile_stats(x->reconcile, &stats);
    assert_int_equal(stats.wanted, 3);
    assert_int_equal(stats.starts, 3);
    assert_int_equal(stats.stops, 0);
    assert_int_equal(stats.failures, 0);
}

static void a_changed_table_gets_another_job(void **state)
{
    struct fixture *x = *state;

    go(x, "good");
    struct fc_job_row before = wait_for(x, "driver_trips", FC_JOB_RUNNING, NULL);
    struct fc_job_row other = wait_for(x, "other", FC_JOB_RUNNING, NULL);
    put(x, "default", "driver_trips", "elsewhere");
    struct fc_job_row after = wait_for(x, "driver_trips", FC_JOB_RUNNING, &before);
    struct fc_job_row old = jobs_row(x->f, fc_arena_strndup(x->f->arena, before.id.ptr, 32));
    assert_int_equal(old.state, FC_JOB_CANCELLED);
    assert_text(old.reason, "JOB_WITHDRAWN");
    assert_false(fc_str_eq(after.hash, before.hash));
    assert_true(fc_str_eq(last(x, "default", "other").id, other.id));
}

static void what_is_not_wanted_any_more_ends(void **state)
{
    struct fixture *x = *state;
    test_put_entity(x->f->store, "rides", "driver_id", INT64_TYPE);
    put(x, "rides", "driver_trips", "rides");
    go(x, "good");
    (void)wait_for(x, "driver_trips", FC_JOB_RUNNING, NULL);
    (void)wait_for(x, "other", FC_JOB_RUNNING, NULL);
    struct wanted rides = {
        .x = x, .project = "rides", .table = "driver_trips", .state = FC_JOB_RUNNING};
    test_wait_until(is_so, &rides, "the stream of another project");
    test_delete_table(x->f->store, "default", "driver_trips");
    assert_says(wait_for(x, "driver_trips", FC_JOB_CANCELLED, NULL).error_message, "deleted");
    put(x, "default", "other", NULL);
    assert_says(wait_for(x, "other", FC_JOB_CANCELLED, NULL).error_message, "no stream source");
    test_archive_project(x->f->store, "rides");
    rides.state = FC_JOB_CANCELLED;
    test_wait_until(is_so, &rides, "the end of an archived project's stream");
    assert_says(last(x, "rides", "driver_trips").error_message, "archived");
    /* What comes back starts again: nobody cancelled it. */
    struct fc_job_row gone = last(x, "default", "driver_trips");
    put(x, "default", "driver_trips", "trips");
    (void)wait_for(x, "driver_trips", FC_JOB_RUNNING, &gone);
}

static void what_is_not_allowed_ends_with_the_next_server(void **state)
{
    struct fixture *x = *state;
    static const char *const projects[] = {"rides", NULL};

    go(x, "good");
    (void)wait_for(x, "driver_trips", FC_JOB_RUNNING, NULL);
    stop(x);
    x->f->options.streams.projects = projects;
    go(x, "good");
    assert_says(wait_for(x, "driver_trips", FC_JOB_CANCELLED, NULL).error_message,
                "stream.projects");
}

static void a_cancelled_one_stays_cancelled_until_the_table_changes(void **state)
{
    struct fixture *x = *state;
    struct fc_error err;

    go(x, "good");
    struct fc_job_row row = wait_for(x, "driver_trips", FC_JOB_RUNNING, NULL);
    assert_int_equal(jobs_cancel(x->f, fc_arena_strndup(x->f->arena, row.id.ptr, 32), &err), FC_OK);
    wait_for_passes(x);
    assert_true(fc_str_eq(last(x, "default", "driver_trips").id, row.id));
    stop(x);
    go(x, "good");
    wait_for_passes(x);
    assert_true(fc_str_eq(last(x, "default", "driver_trips").id, row.id));
    put(x, "default", "driver_trips", "elsewhere");
    (void)wait_for(x, "driver_trips", FC_JOB_RUNNING, &row);
}

static void a_failed_one_is_tried_again_after_a_rest(void **state)
{
    struct fixture *x = *state;

    x->options.retry_ns = 3600 * FC_NS_PER_S;
    go(x, "refuse");
    struct fc_job_row row = wait_for(x, "driver_trips", FC_JOB_ERROR, NULL);
    wait_for_passes(x);
    assert_true(fc_str_eq(last(x, "default", "driver_trips").id, row.id));
    stop(x);
    x->options.retry_ns = FC_NS_PER_MS;
    go(x, "good");
    (void)wait_for(x, "driver_trips", FC_JOB_RUNNING, &row);
}

static void a_broken_table_stops_no_other(void **state)
{
    struct fixture *x = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(x->f->arena);
    struct fc_reconcile_stats stats;

    spec->name = (char *)"a_broken_one";
    spec->stream_source = test_kafka_source(x->f->arena);
    test_add_entity(x->f->arena, spec, "nobody_knows");
    test_put_table(x->f->store, "default", spec);
    go(x, "good");
    (void)wait_for(x, "driver_trips", FC_JOB_RUNNING, NULL);
    (void)wait_for(x, "other", FC_JOB_RUNNING, NULL);
    wait_for_passes(x);
    assert_int_equal(last(x, "default", "a_broken_one").id.len, 0);
    fc_reconcile_stats(x->reconcile, &stats);
    assert_true(stats.failures > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(every_table_with_a_stream_gets_a_job),
    CASE(a_changed_table_gets_another_job),
    CASE(what_is_not_wanted_any_more_ends),
    CASE(what_is_not_allowed_ends_with_the_next_server),
    CASE(a_cancelled_one_stays_cancelled_until_the_table_changes),
    CASE(a_failed_one_is_tried_again_after_a_rest),
    CASE(a_broken_table_stops_no_other),
};

FC_TEST_MAIN(cases)

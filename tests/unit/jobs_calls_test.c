/* SPDX-License-Identifier: Apache-2.0 */
/* Those who ask the supervisor: requests that make no job, and watches. */
#include "tests/unit/jobs_fixture.h"

#include "server/jobs/internal.h"

/* ---- Mistakes ---- */

static void expect_refused(struct jobs_fixture *f, const struct fc_batch_request *request,
                           enum fc_reason reason, const char *field, const char *says)
{
    struct jobs_answer answer;

    jobs_ask(f, request, &answer);
    if (answer.err.reason != reason)
        fail_msg("%s: %s", fc_reason_info(answer.err.reason)->word, answer.err.message);
    assert_string_equal(answer.err.field, field);
    assert_says(fc_str_from(answer.err.message), says);
}

static void mistakes_make_no_job(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_batch_request request = {.project = FC_STR("default")};
    Feast__Core__FeatureTableSpec *spec = test_table(f->arena);
    struct fc_job_row *rows;
    struct fc_reader *reader = NULL;
    struct fc_error err = FC_ERROR_INIT;
    size_t count = 0;

    jobs_open_bad(f, "good");
    expect_refused(f, &request, FC_REASON_FIELD_REQUIRED, "table_name", "table_name");
    request.table_name = FC_STR("absent");
    expect_refused(f, &request, FC_REASON_TABLE_NOT_FOUND, "table_name",
                   "No such Feature Table: (project: default, name: absent)");
    request.table_name = FC_STR("driver_trips");
    request.has_start = request.has_end = true;
    expect_refused(f, &request, FC_REASON_JOB_WINDOW_INVALID, "end_date", "end_date");
    request.start_s = 1;
    expect_refused(f, &request, FC_REASON_JOB_WINDOW_INVALID, "end_date", "end_date");
    request.end_s = 1;
    request.start_ns = 2;
    request.end_ns = 1;
    expect_refused(f, &request, FC_REASON_JOB_WINDOW_INVALID, "end_date", "end_date");
    request = (struct fc_batch_request){.table_name = FC_STR("other")};
    test_delete_table(f->store, "default", "other");
    expect_refused(f, &request, FC_REASON_TABLE_NOT_FOUND, "table_name",
                   "Feature Table has been deleted: (project: default, name: other)");
    spec->name = (char *)"bigquery";
    spec->batch_source = test_bigquery_source(f->arena, "p:d.t");
    test_put_table(f->store, "default", spec);
    request.table_name = FC_STR("bigquery");
    expect_refused(f, &request, FC_REASON_SOURCE_DENIED, "", "sources.schemes");
    spec->name = (char *)"sourceless";
    spec->batch_source = NULL;
    test_put_table(f->store, "default", spec);
    request.table_name = FC_STR("sourceless");
    expect_refused(f, &request, FC_REASON_SOURCE_INVALID, "table_name", "no batch source");
    test_put_entity(f->store, "old", "driver_id", INT64_TYPE);
    test_archive_project(f->store, "old");
    request.project = FC_STR("old");
    expect_refused(f, &request, FC_REASON_PROJECT_ARCHIVED, "project", "Project is archived: old");
    const struct fc_job_filter all = {.with_terminated = true};
    assert_int_equal(fc_store_reader(f->store, &reader, &err), FC_OK);
    assert_int_equal(fc_job_list(reader, &all, f->arena, &rows, &count, &err), FC_OK);
    assert_int_equal(count, 0);
}

static void a_location_outside_the_roots_is_denied(void **state)
{
    struct jobs_fixture *f = *state;
    const struct fc_batch_request request = {.table_name = FC_STR("driver_trips")};

    f->options.local_any = false;
    jobs_open_bad(f, "good");
    expect_refused(f, &request, FC_REASON_SOURCE_DENIED, "", "sources.local_roots");
}

static void a_location_that_is_missing_fails_the_job(void **state)
{
    struct jobs_fixture *f = *state;
    const char *roots[] = {f->scratch.path, NULL};
    Feast__Core__FeatureTableSpec *spec = test_table(f->arena);

    f->options.local_any = false;
    f->options.local_roots = roots;
    spec->batch_source->file_options->file_url =
        fc_arena_strdup(f->arena, test_path(&f->scratch, "absent.parquet"));
    test_put_table(f->store, "default", spec);
    jobs_open_bad(f, "good");
    struct fc_job_row row = jobs_ended(f, jobs_start(f, "driver_trips"));
    assert_int_equal(row.state, FC_JOB_ERROR);
    assert_text(row.reason, "SOURCE_UNREACHABLE");
    assert_says(row.error_message, "absent.parquet");
}

/* ---- Watching ---- */

struct watched {
    atomic_int calls, last_calls;
    enum fc_job_state latest;
    int leave_after; /* calls; 0: stay */
    bool went_back;
};

static bool watch(void *ctx, const struct fc_job_row *row)
{
    struct watched *watched = ctx;

    if (!row) {
        atomic_fetch_add(&watched->last_calls, 1);
        return false;
    }
    watched->went_back |= row->state < watched->latest;
    watched->latest = row->state;
    return atomic_fetch_add(&watched->calls, 1) + 1 != watched->leave_after;
}

static bool is_over(void *ctx)
{
    return atomic_load(&((struct watched *)ctx)->last_calls) > 0;
}

static bool was_called(void *ctx)
{
    return atomic_load(&((struct watched *)ctx)->calls) >= 3;
}

static void a_watch_follows_to_the_end(void **state)
{
    struct jobs_fixture *f = *state;
    struct watched live = {.latest = FC_JOB_PENDING}, late = {.latest = FC_JOB_PENDING};

    jobs_open_bad(f, "slow");
    const char *id = jobs_start(f, "driver_trips");
    fc_jobs_watch(f->jobs, fc_str_from(id), watch, &live);
    test_wait_until(was_called, &live, "progress of a job");
    test_write(test_path(&f->scratch, "go"), "");
    test_wait_until(is_over, &live, "the end of a watch");
    assert_int_equal(live.latest, FC_JOB_DONE);
    assert_false(live.went_back);
    /* What was told is what is stored. */
    assert_int_equal(jobs_row(f, id).state, FC_JOB_DONE);
    fc_jobs_watch(f->jobs, fc_str_from(id), watch, &late);
    test_wait_until(is_over, &late, "the end of a watch");
    assert_int_equal(late.calls, 1);
    assert_int_equal(late.latest, FC_JOB_DONE);
    assert_int_equal(late.last_calls, 1);
}

static void a_watch_ends_when_it_is_unwanted(void **state)
{
    struct jobs_fixture *f = *state;
    struct watched leaver = {.leave_after = 2}, unwanted = {.latest = FC_JOB_PENDING};
    struct watched lost = {.latest = FC_JOB_PENDING}, stopped = {.latest = FC_JOB_PENDING};

    jobs_open_bad(f, "slow");
    const char *id = jobs_start(f, "driver_trips");
    fc_jobs_watch(f->jobs, fc_str_from(id), watch, &leaver);
    fc_jobs_watch(f->jobs, fc_str_from(id), watch, &unwanted);
    fc_jobs_watch(f->jobs, fc_str_from(id), watch, &stopped);
    fc_jobs_watch(f->jobs, FC_STR("00000000000000000000000000000000"), watch, &lost);
    fc_jobs_watch(f->jobs, FC_STR("short"), watch, &lost);
    test_wait_until(is_over, &leaver, "the end of a watch");
    assert_int_equal(leaver.calls, 2);
    fc_jobs_unwatch(f->jobs, &unwanted);
    test_wait_until(is_over, &unwanted, "the end of a watch");
    jobs_close(f);
    assert_int_equal(leaver.last_calls, 1);
    assert_int_equal(unwanted.last_calls, 1);
    assert_int_equal(stopped.last_calls, 1);
    assert_int_equal(stopped.latest, FC_JOB_RUNNING);
    assert_int_equal(lost.calls, 0);
    assert_int_equal(lost.last_calls, 2);
}

/* ---- Before the supervisor knows the job ---- */

static void answered(void *ctx, const struct fc_error *err)
{
    struct jobs_answer *answer = ctx;

    if (err)
        answer->err = *err;
    atomic_fetch_add(&answer->answers, 1);
}

static void started(void *ctx, const struct fc_job_row *row FC_UNUSED, const struct fc_error *err)
{
    answered(ctx, err);
}

static bool is_answered(void *ctx)
{
    return atomic_load(&((struct jobs_answer *)ctx)->answers) > 0;
}

/* A job that everybody can read of, and whose letter is not sent yet. */
static struct fc_start *store_job(struct jobs_fixture *f, struct jobs_answer *answer)
{
    const struct fc_batch_request request = {.table_name = FC_STR("driver_trips")};
    struct fc_start *start = NULL;
    struct fc_error err = FC_ERROR_INIT;

    if (fc_start_new(f->jobs, FC_JOB_BATCH_INGESTION, &request, &start, &err) != FC_OK ||
        fc_start_resolve(start, &err) != FC_OK ||
        fc_store_run(f->store, fc_start_insert, start, &err) != FC_OK)
        fail_msg("%s", err.message);
    memset(answer, 0, sizeof *answer);
    start->request = NULL;
    start->started = started;
    start->ctx = answer;
    return start;
}

/* When the second of two letters is answered, all that there was before the first has been looked at. */
static void let_it_look(struct jobs_fixture *f)
{
    struct fc_error err;

    for (int i = 0; i < 2; i++)
        assert_int_equal(jobs_cancel(f, "00000000000000000000000000000000", &err), FC_NOT_FOUND);
}

static void a_watch_that_comes_before_its_job_follows_it(void **state)
{
    struct jobs_fixture *f = *state;
    struct watched watched = {.latest = FC_JOB_PENDING};
    struct jobs_answer answer;

    jobs_open_bad(f, "good");
    struct fc_start *start = store_job(f, &answer);
    fc_jobs_watch(f->jobs, fc_str_from(start->id), watch, &watched);
    let_it_look(f);
    assert_int_equal(watched.last_calls, 0);
    fc_start_inserted(start, NULL);
    test_wait_until(is_over, &watched, "the end of a watch");
    assert_int_equal(watched.latest, FC_JOB_DONE);
    assert_int_equal(answer.err.rc, FC_OK);
}

static void a_cancel_that_comes_before_its_job_ends_it(void **state)
{
    struct jobs_fixture *f = *state;
    struct jobs_answer answer, cancel;
    const char *id;

    memset(&cancel, 0, sizeof cancel);
    jobs_open_bad(f, "slow");
    struct fc_start *start = store_job(f, &answer);
    id = fc_arena_strdup(f->arena, start->id);
    fc_jobs_cancel(f->jobs, fc_str_from(id), answered, &cancel);
    let_it_look(f);
    assert_int_equal(cancel.answers, 0);
    fc_start_inserted(start, NULL);
    test_wait_until(is_answered, &cancel, "the answer of a cancel");
    assert_int_equal(cancel.err.rc, FC_OK);
    assert_int_equal(jobs_row(f, id).state, FC_JOB_CANCELLED);
    /* One whose letter does not come any more is told. */
    start = store_job(f, &answer);
    memset(&cancel, 0, sizeof cancel);
    fc_jobs_cancel(f->jobs, fc_str_from(start->id), answered, &cancel);
    let_it_look(f);
    fc_start_free(start);
    jobs_close(f);
    assert_int_equal(cancel.answers, 1);
    assert_int_equal(cancel.err.reason, FC_REASON_SHUTTING_DOWN);
}

static const struct CMUnitTest cases[] = {
    JOBS_CASE(mistakes_make_no_job),
    JOBS_CASE(a_location_outside_the_roots_is_denied),
    JOBS_CASE(a_location_that_is_missing_fails_the_job),
    JOBS_CASE(a_watch_follows_to_the_end),
    JOBS_CASE(a_watch_ends_when_it_is_unwanted),
    JOBS_CASE(a_watch_that_comes_before_its_job_follows_it),
    JOBS_CASE(a_cancel_that_comes_before_its_job_ends_it),
};

FC_TEST_MAIN(cases)

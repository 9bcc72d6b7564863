/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over real processes: one a table, for ever, and each goes on where the one before it was. */
#include "tests/unit/jobs_fixture.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feast/worker/v1/worker.pb-c.h"
#include "server/jobs/internal.h"

static Feast__Core__FeatureTableSpec *stream_table(struct jobs_fixture *f, const char *name)
{
    Feast__Core__FeatureTableSpec *spec = test_table(f->arena);

    spec->name = fc_arena_strdup(f->arena, name);
    spec->stream_source = test_kafka_source(f->arena);
    return spec;
}

static int setup(void **state)
{
    int failed = jobs_setup(state);
    struct jobs_fixture *f = *state;

    f->options.access = NULL;
    test_put_table(f->store, "default", stream_table(f, "driver_trips"));
    test_put_table(f->store, "default", stream_table(f, "other"));
    return failed;
}

static bool is_answered(void *ctx)
{
    return atomic_load(&((struct jobs_answer *)ctx)->answers) > 0;
}

static void answered(void *ctx, const struct fc_job_row *row, const struct fc_error *err)
{
    struct jobs_answer *answer = ctx;

    if (err)
        answer->err = *err;
    else
        (void)snprintf(answer->id, sizeof answer->id, "%.*s", (int)row->id.len, row->id.ptr);
    atomic_fetch_add(&answer->answers, 1);
}

static fc_rc ask(struct jobs_fixture *f, const char *table, bool by_loop,
                 struct jobs_answer *answer)
{
    const struct fc_stream_request request = {.table_name = fc_str_from(table), .by_loop = by_loop};

    memset(answer, 0, sizeof *answer);
    fc_jobs_start_stream(f->jobs, &request, answered, answer);
    test_wait_until(is_answered, answer, "the answer of a start");
    return answer->err.rc;
}

/* The id lives as long as the fixture. */
static const char *start(struct jobs_fixture *f, const char *table)
{
    struct jobs_answer answer;

    if (ask(f, table, false, &answer) != FC_OK)
        fail_msg("%s", answer.err.message);
    return fc_arena_strdup(f->arena, answer.id);
}

static const Feast__Worker__V1__Progress *progress_of(struct jobs_fixture *f, const char *id)
{
    struct fc_job_row row = jobs_row(f, id);

    return feast__worker__v1__progress__unpack(fc_arena_allocator(f->arena), row.progress.len,
                                               (const uint8_t *)row.progress.ptr);
}

struct wanted {
    struct jobs_fixture *f;
    const char *id;
    uint64_t rows;
    int32_t attempts;
};

static bool has_read(void *ctx)
{
    const struct wanted *wanted = ctx;

    return progress_of(wanted->f, wanted->id)->rows_read >= wanted->rows;
}

static void wait_for_rows(struct jobs_fixture *f, const char *id, uint64_t rows)
{
    struct wanted wanted = {.f = f, .id = id, .rows = rows};

    test_wait_until(has_read, &wanted, "rows of a stream");
}

static bool has_a_place(void *ctx)
{
    const struct wanted *wanted = ctx;

    return progress_of(wanted->f, wanted->id)->n_positions > 0;
}

static void wait_for_place(struct jobs_fixture *f, const char *id)
{
    struct wanted wanted = {.f = f, .id = id};

    test_wait_until(has_a_place, &wanted, "a place of a stream");
}

static bool was_tried(void *ctx)
{
    const struct wanted *wanted = ctx;

    return jobs_row(wanted->f, wanted->id).attempts >= wanted->attempts;
}

static void wait_for_attempts(struct jobs_fixture *f, const char *id, int32_t attempts)
{
    struct wanted wanted = {.f = f, .id = id, .attempts = attempts};

    test_wait_until(was_tried, &wanted, "attempts of a stream");
}

/* Where the stream began whose start was noted as number `index`, from 0. */
static uint64_t place_of_start(struct jobs_fixture *f, int index)
{
    char line[400] = "", *last;
    FILE *file = fopen(test_path(&f->scratch, "starts"), "r");

    assert_non_null(file);
    for (int i = 0; i <= index; i++)
        assert_non_null(fgets(line, sizeof line, file));
    (void)fclose(file);
    last = strrchr(line, ' ');
    assert_non_null(last);
    return strtoull(last + 1, NULL, 10);
}

/* ---- One stream ---- */

static void a_table_has_one_stream(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_jobs_stats stats;

    jobs_open_bad(f, "good");
    const char *id = start(f, "driver_trips");
    struct fc_job_row row = jobs_wait(f, id, FC_JOB_RUNNING);
    assert_int_equal(row.type, FC_JOB_STREAM_INGESTION);
    assert_string_equal(start(f, "driver_trips"), id);
    wait_for_rows(f, id, 3);
    assert_int_equal(progress_of(f, id)->n_positions, 1);
    fc_jobs_stats(f->jobs, &stats);
    assert_int_equal(stats.streams_running, 1);
    assert_true(stats.rows_written >= 3);
    assert_int_equal(test_lines(test_path(&f->scratch, "starts")), 1);
}

static void a_cancelled_stream_stays_so_until_it_is_started_by_hand(void **state)
{
    struct jobs_fixture *f = *state;
    struct jobs_answer answer;
    struct fc_error err;

    jobs_open_bad(f, "good");
    const char *id = start(f, "driver_trips");
    wait_for_rows(f, id, 1);
    assert_int_equal(jobs_cancel(f, id, &err), FC_OK);
    struct fc_job_row row = jobs_row(f, id);
    assert_int_equal(row.state, FC_JOB_CANCELLED);
    assert_text(row.reason, "JOB_CANCELLED");
    jobs_close(f);
    jobs_open_bad(f, "good");
    assert_int_equal(ask(f, "driver_trips", true, &answer), FC_CANCELLED);
    const char *again = start(f, "driver_trips");
    assert_string_not_equal(again, id);
    (void)jobs_wait(f, again, FC_JOB_RUNNING);
    assert_int_equal(ask(f, "driver_trips", true, &answer), FC_OK);
    assert_string_equal(answer.id, again);
}

static void a_cancelled_stream_of_another_definition_holds_nobody(void **state)
{
    struct jobs_fixture *f = *state;
    struct jobs_answer answer;
    struct fc_error err;
    Feast__Core__FeatureTableSpec *spec = stream_table(f, "driver_trips");

    jobs_open_bad(f, "good");
    assert_int_equal(jobs_cancel(f, start(f, "driver_trips"), &err), FC_OK);
    (void)test_add_feature(f->arena, spec, "more", FEAST__TYPES__VALUE_TYPE__ENUM__INT32);
    test_put_table(f->store, "default", spec);
    assert_int_equal(ask(f, "driver_trips", true, &answer), FC_OK);
}

static void what_may_not_stream_is_told(void **state)
{
    struct jobs_fixture *f = *state;
    static const char *const projects[] = {"rides", NULL};
    struct jobs_answer answer;

    jobs_open_bad(f, "good");
    test_put_table(f->store, "default", test_table(f->arena));
    assert_int_equal(ask(f, "driver_trips", false, &answer), FC_FAILED_PRECONDITION);
    assert_int_equal(answer.err.reason, FC_REASON_STREAM_MISSING);
    assert_int_equal(ask(f, "nothing", false, &answer), FC_NOT_FOUND);
    jobs_close(f);
    f->options.streams.projects = projects;
    jobs_open_bad(f, "good");
    assert_int_equal(ask(f, "other", false, &answer), FC_PERMISSION_DENIED);
    assert_int_equal(answer.err.reason, FC_REASON_STREAM_NOT_ALLOWED);
}

/* ---- Places ---- */

static void the_next_server_goes_on_where_the_last_one_was(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "good");
    const char *id = start(f, "driver_trips");
    wait_for_rows(f, id, 5);
    jobs_close(f);
    uint64_t told = progress_of(f, id)->rows_read;
    jobs_open_bad(f, "good");
    wait_for_attempts(f, id, 2);
    wait_for_rows(f, id, told + 1);
    assert_int_equal(place_of_start(f, 1), told);
}

static void a_changed_table_goes_on_with_another_job(void **state)
{
    struct jobs_fixture *f = *state;
    Feast__Core__FeatureTableSpec *spec = stream_table(f, "driver_trips");

    jobs_open_bad(f, "good");
    const char *old = start(f, "driver_trips");
    wait_for_rows(f, old, 3);
    (void)test_add_feature(f->arena, spec, "more", FEAST__TYPES__VALUE_TYPE__ENUM__INT32);
    test_put_table(f->store, "default", spec);
    const char *new = start(f, "driver_trips");
    assert_string_not_equal(new, old);
    struct fc_job_row row = jobs_ended(f, old);
    assert_int_equal(row.state, FC_JOB_CANCELLED);
    assert_text(row.reason, "JOB_WITHDRAWN");
    assert_says(row.error_message, "has changed");
    wait_for_rows(f, new, 1);
    assert_true(jobs_row(f, new).started_ns >= row.ended_ns);
    assert_int_equal(place_of_start(f, 1), progress_of(f, old)->rows_read);
    /* Nobody cancelled it, so nothing keeps the new one from a start by the loop. */
    assert_int_equal(place_of_start(f, 0), 0);
}

static void another_source_begins_anew_and_the_old_one_is_remembered(void **state)
{
    struct jobs_fixture *f = *state;
    Feast__Core__FeatureTableSpec *spec = stream_table(f, "driver_trips");

    jobs_open_bad(f, "good");
    const char *first = start(f, "driver_trips");
    wait_for_rows(f, first, 3);
    spec->stream_source->kafka_options->topic = (char *)"elsewhere";
    test_put_table(f->store, "default", spec);
    const char *second = start(f, "driver_trips");
    wait_for_rows(f, second, 1);
    assert_int_equal(place_of_start(f, 1), 0);
    test_put_table(f->store, "default", stream_table(f, "driver_trips"));
    wait_for_rows(f, start(f, "driver_trips"), 1);
    assert_int_equal(place_of_start(f, 2), progress_of(f, first)->rows_read);
}

static void a_source_has_one_name_however_it_is_written(void **state)
{
    struct jobs_fixture *f = *state;
    Feast__Core__DataSource *a = test_kafka_source(f->arena), *b = test_kafka_source(f->arena);

    a->kafka_options->bootstrap_servers = (char *)"one:9092,two:9092";
    b->kafka_options->bootstrap_servers = (char *)" two:9092, one:9092";
    assert_string_equal(fc_stream_source_key(a, f->arena), "kafka one:9092,two:9092 trips");
    assert_string_equal(fc_stream_source_key(b, f->arena), fc_stream_source_key(a, f->arena));
    assert_string_equal(fc_stream_source_key(test_kinesis_source(f->arena), f->arena),
                        "kinesis eu-west-1 trips");
    assert_string_equal(fc_stream_store_key(NULL, f->arena), "sqlite");
}

/* ---- Failures ---- */

static void a_lost_stream_is_tried_without_end(void **state)
{
    static const char *const names[] = {"flaky", "lazy", "crash", "fail"};
    struct jobs_fixture *f = *state;
    struct fc_error err;

    f->options.max_attempts = 2;
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        jobs_open_bad(f, names[i]);
        const char *id = start(f, "driver_trips");
        wait_for_attempts(f, id, 4);
        enum fc_job_state state_now = jobs_row(f, id).state;
        assert_true(state_now == FC_JOB_PENDING || state_now == FC_JOB_RUNNING);
        assert_int_equal(jobs_cancel(f, id, &err), FC_OK);
        jobs_close(f);
    }
    /* The first of them moved on with each attempt. */
    assert_true(place_of_start(f, 1) > place_of_start(f, 0));
    assert_true(place_of_start(f, 2) > place_of_start(f, 1));
}

static void an_error_that_will_not_pass_ends_it(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "refuse");
    struct fc_job_row row = jobs_ended(f, start(f, "driver_trips"));
    assert_int_equal(row.state, FC_JOB_ERROR);
    assert_text(row.reason, "SOURCE_MISMATCH");
    assert_int_equal(row.attempts, 1);
}

/* The loop that would try again is told no, whether the end is stored by now or not. */
static void one_that_failed_is_not_tried_again_once_it_is_cancelled(void **state)
{
    struct jobs_fixture *f = *state;
    struct jobs_answer answer;
    struct fc_error err;

    jobs_open_bad(f, "refuse");
    const char *id = start(f, "driver_trips"), *other = start(f, "other");
    (void)jobs_ended(f, id);
    (void)jobs_ended(f, other);
    assert_int_equal(jobs_cancel(f, id, &err), FC_OK);
    assert_int_equal(jobs_row(f, id).state, FC_JOB_ERROR);
    assert_int_equal(ask(f, "driver_trips", true, &answer), FC_CANCELLED);
    assert_int_equal(ask(f, "other", true, &answer), FC_OK);
    jobs_close(f);
    jobs_open_bad(f, "refuse");
    assert_int_equal(ask(f, "driver_trips", true, &answer), FC_CANCELLED);
    (void)jobs_ended(f, start(f, "driver_trips"));
    assert_int_equal(ask(f, "driver_trips", true, &answer), FC_OK);
}

/* Each of them comes at another moment of the end: every one is answered, and each holds. */
static void cancelled_while_it_fails_it_is_not_tried_again(void **state)
{
    struct jobs_fixture *f = *state;
    struct jobs_answer answer;
    struct fc_error err;

    jobs_open_bad(f, "refuse");
    for (int i = 0; i < 20; i++) {
        const char *id = start(f, "driver_trips");
        for (int k = 0; k < i; k++)
            (void)jobs_row(f, id);
        assert_int_equal(jobs_cancel(f, id, &err), FC_OK);
        assert_int_equal(ask(f, "driver_trips", true, &answer), FC_CANCELLED);
    }
}

/* The job of an earlier definition is none that the loop would try again. */
static void cancelling_what_failed_before_a_change_holds_nobody(void **state)
{
    struct jobs_fixture *f = *state;
    struct jobs_answer answer;
    struct fc_error err;
    Feast__Core__FeatureTableSpec *spec = stream_table(f, "driver_trips");

    jobs_open_bad(f, "refuse");
    const char *before = start(f, "driver_trips");
    (void)jobs_ended(f, before);
    (void)test_add_feature(f->arena, spec, "more", FEAST__TYPES__VALUE_TYPE__ENUM__INT32);
    test_put_table(f->store, "default", spec);
    const char *now = start(f, "driver_trips");
    (void)jobs_ended(f, now);
    assert_int_equal(jobs_cancel(f, now, &err), FC_OK);
    assert_int_equal(jobs_cancel(f, before, &err), FC_OK);
    assert_int_equal(ask(f, "driver_trips", true, &answer), FC_CANCELLED);
}

static void without_a_worker_it_waits(void **state)
{
    struct jobs_fixture *f = *state;

    f->options.max_attempts = 1;
    jobs_open(f, "/nowhere/feast-worker");
    const char *id = start(f, "driver_trips");
    wait_for_attempts(f, id, 3);
    struct fc_job_row row = jobs_wait(f, id, FC_JOB_PENDING);
    assert_says(row.error_message, "/nowhere/feast-worker");
}

static atomic_int_fast64_t readings;

/* As on a machine that is busy: a millisecond passes between any two looks at the clock. */
static int64_t slow_monotonic(void *ctx FC_UNUSED)
{
    return fc_monotonic_ns(fc_sys_real()) + atomic_fetch_add(&readings, 1) * FC_NS_PER_MS;
}

/* It was not seen as due by the look, and not as due later by the one that tells how long to sleep. */
static void what_becomes_due_between_two_looks_is_started(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_sys sys = *fc_sys_real();

    sys.monotonic_ns = slow_monotonic;
    f->options.sys = &sys;
    f->options.backoff_ns = 3 * FC_NS_PER_MS;
    jobs_open(f, "/nowhere/feast-worker");
    wait_for_attempts(f, start(f, "driver_trips"), 8);
    jobs_close(f);
}

/* It says so at least twice, the second time when it ends; only the first is kept. */
static void that_a_stream_lives_is_no_news(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_error err;

    jobs_open_bad(f, "still");
    const char *id = start(f, "driver_trips");
    wait_for_place(f, id);
    assert_int_equal(jobs_cancel(f, id, &err), FC_OK);
    assert_true(progress_of(f, id)->receipt->seconds == 1);
}

static void one_that_does_not_end_is_killed(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_error err;

    jobs_open_bad(f, "stubborn");
    const char *id = start(f, "driver_trips");
    (void)jobs_wait(f, id, FC_JOB_RUNNING);
    assert_int_equal(jobs_cancel(f, id, &err), FC_OK);
    assert_int_equal(jobs_row(f, id).state, FC_JOB_CANCELLED);
}

/* ---- Beside others ---- */

static void a_batch_and_a_stream_of_one_table_run_at_once(void **state)
{
    struct jobs_fixture *f = *state;

    f->options.parallel = 1;
    f->options.stream_parallel = 1;
    jobs_open_bad(f, "slow");
    const char *stream = start(f, "driver_trips"), *batch = jobs_start(f, "driver_trips");
    const char *waiting = start(f, "other");
    (void)jobs_wait(f, stream, FC_JOB_RUNNING);
    (void)jobs_wait(f, batch, FC_JOB_RUNNING);
    assert_int_equal(jobs_row(f, waiting).state, FC_JOB_PENDING);
}

static void count_stream(void *ctx, const struct fc_stream_stats *stats)
{
    uint64_t *seen = ctx;

    assert_string_equal(stats->project, "default");
    seen[0]++;
    seen[1] += stats->behind == 7 && stats->behind_ms == 1500 && stats->running &&
               stats->newest_event_ns > 0;
}

static bool both_are_seen(void *ctx)
{
    struct jobs_fixture *f = ctx;
    uint64_t seen[2] = {0, 0};

    fc_jobs_each_stream(f->jobs, count_stream, seen);
    return seen[0] == 2 && seen[1] == 2;
}

static void count_submission(void *ctx, enum fc_job_type type, const char *project,
                             const char *table, uint64_t count)
{
    struct fc_buf *out = ctx;

    fc_buf_printf(out, "%d %s %s %llu\n", (int)type, project, table, (unsigned long long)count);
}

static void streams_and_submissions_are_counted_by_table(void **state)
{
    struct jobs_fixture *f = *state;
    FC_CLEANUP(fc_buf_done) struct fc_buf out = FC_BUF_INIT;
    char *endless = test_calloc(1000, 1);

    jobs_open_bad(f, "still");
    (void)start(f, "driver_trips");
    (void)start(f, "other");
    test_wait_until(both_are_seen, f, "figures of two streams");
    memset(endless, 'x', 999);
    fc_jobs_count_submission(f->jobs, FC_JOB_STREAM_INGESTION, "default", "a");
    fc_jobs_count_submission(f->jobs, FC_JOB_STREAM_INGESTION, "default", "a");
    fc_jobs_count_submission(f->jobs, FC_JOB_BATCH_INGESTION, "default", endless);
    fc_jobs_each_submission(f->jobs, count_submission, &out);
    assert_string_equal(fc_buf_text(&out), "2 default a 2\n1   1\n");
    test_free(endless);
}

static void a_large_log_begins_anew_under_the_hands_of_its_writer(void **state)
{
    struct jobs_fixture *f = *state;
    const char *path = fc_arena_strdup(f->arena, test_path(&f->scratch, "worker.log"));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, "one\ntwo\n", 8), 8);
    fc_job_log_rotate(path, 8);
    assert_int_equal(test_lines(path), 2);
    assert_int_equal(write(fd, "three\n", 6), 6);
    fc_job_log_rotate(path, 8);
    assert_int_equal(test_lines(path), 0);
    assert_int_equal(test_lines(test_path(&f->scratch, "worker.log.1")), 3);
    assert_int_equal(write(fd, "four\n", 5), 5);
    assert_int_equal(lseek(fd, 0, SEEK_END), 5);
    assert_int_equal(close(fd), 0);
    fc_job_log_rotate(test_path(&f->scratch, "nothing.log"), 8);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, jobs_teardown)

static const struct CMUnitTest cases[] = {
    CASE(a_table_has_one_stream),
    CASE(a_cancelled_stream_stays_so_until_it_is_started_by_hand),
    CASE(a_cancelled_stream_of_another_definition_holds_nobody),
    CASE(what_may_not_stream_is_told),
    CASE(the_next_server_goes_on_where_the_last_one_was),
    CASE(a_changed_table_goes_on_with_another_job),
    CASE(another_source_begins_anew_and_the_old_one_is_remembered),
    CASE(a_source_has_one_name_however_it_is_written),
    CASE(a_lost_stream_is_tried_without_end),
    CASE(an_error_that_will_not_pass_ends_it),
    CASE(one_that_failed_is_not_tried_again_once_it_is_cancelled),
    CASE(cancelled_while_it_fails_it_is_not_tried_again),
    CASE(cancelling_what_failed_before_a_change_holds_nobody),
    CASE(without_a_worker_it_waits),
    CASE(what_becomes_due_between_two_looks_is_started),
    CASE(that_a_stream_lives_is_no_news),
    CASE(one_that_does_not_end_is_killed),
    CASE(a_batch_and_a_stream_of_one_table_run_at_once),
    CASE(streams_and_submissions_are_counted_by_table),
    CASE(a_large_log_begins_anew_under_the_hands_of_its_writer),
};

FC_TEST_MAIN(cases)

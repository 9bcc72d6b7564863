/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules under a clock that the test sets: what is started, with which span, and what is not. */
#include "server/jobs/schedule.h"

#include "base/time.h"
#include "server/jobs/schedule_internal.h"
#include "tests/unit/jobs_fixture.h"

/* The clock of schedules; jobs and the store have the real one. */
static atomic_int_fast64_t now;

static int64_t read_clock(void *ctx FC_UNUSED)
{
    return atomic_load(&now);
}

static struct fc_sys set_clock;

static int64_t moment(const char *text)
{
    int64_t seconds;
    int32_t nanos;

    if (!fc_time_parse(text, &seconds, &nanos))
        fail_msg("%s is no time", text);
    return seconds * FC_NS_PER_S + nanos;
}

static void set_time(struct fc_schedules *schedules, const char *text)
{
    atomic_store(&now, moment(text));
    fc_schedules_wake(schedules);
}

static struct fc_schedules *open_schedules(struct jobs_fixture *f, enum fc_missed_runs missed)
{
    set_clock = *fc_sys_real();
    set_clock.now_ns = read_clock;
    const struct fc_schedules_options options = {
        .sys = &set_clock, .store = f->store, .jobs = f->jobs, .missed = missed};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_schedules *schedules = NULL;

    if (fc_schedules_new(&options, &schedules, &err) != FC_OK)
        fail_msg("%s", err.message);
    return schedules;
}

/* ---- Calls ---- */

static bool is_answered(void *ctx)
{
    return atomic_load(&((struct jobs_answer *)ctx)->answers) > 0;
}

static void answered(void *ctx, const struct fc_error *err)
{
    struct jobs_answer *answer = ctx;

    if (err)
        answer->err = *err;
    atomic_fetch_add(&answer->answers, 1);
}

static struct fc_error try_set(struct fc_schedules *schedules, const char *table, const char *cron,
                               int32_t days)
{
    const struct fc_schedule_request request = {
        .table_name = fc_str_from(table), .cron = fc_str_from(cron), .timespan_days = days};
    struct jobs_answer answer;

    memset(&answer, 0, sizeof answer);
    fc_schedules_set(schedules, &request, answered, &answer);
    test_wait_until(is_answered, &answer, "the answer of a schedule");
    return answer.err;
}

static void set(struct fc_schedules *schedules, const char *table, const char *cron, int32_t days)
{
    struct fc_error err = try_set(schedules, table, cron, days);

    if (err.rc != FC_OK)
        fail_msg("%s", err.message);
}

static void take_away(struct fc_schedules *schedules, const char *table)
{
    struct jobs_answer answer;

    memset(&answer, 0, sizeof answer);
    fc_schedules_remove(schedules, FC_STR("default"), fc_str_from(table), answered, &answer);
    test_wait_until(is_answered, &answer, "the answer of an unschedule");
    assert_int_equal(answer.err.rc, FC_OK);
}

/* ---- What is there ---- */

static struct fc_schedule_row row_of(struct jobs_fixture *f, const char *table)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    struct fc_schedule_row row = {.id = 0};

    if (fc_store_reader(f->store, &reader, &err) != FC_OK ||
        fc_schedule_find(reader, FC_STR("default"), fc_str_from(table), f->arena, &row, &err) !=
            FC_OK)
        fail_msg("%s", err.message);
    return row;
}

static size_t jobs_of(struct jobs_fixture *f, const char *table, struct fc_job_row **ret)
{
    const struct fc_job_filter filter = {
        .project = FC_STR("default"), .table_name = fc_str_from(table), .with_terminated = true};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    size_t count = 0;

    if (fc_store_reader(f->store, &reader, &err) != FC_OK ||
        fc_job_list(reader, &filter, f->arena, ret, &count, &err) != FC_OK)
        fail_msg("%s", err.message);
    return count;
}

static size_t count_jobs(struct jobs_fixture *f, const char *table)
{
    struct fc_job_row *unused = NULL;

    return jobs_of(f, table, &unused);
}

struct wanted {
    struct jobs_fixture *f;
    const char *table;
    struct fc_schedules *schedules;
    int64_t next_ns;
};

static bool is_next(void *ctx)
{
    const struct wanted *wanted = ctx;

    return row_of(wanted->f, wanted->table).next_ns == wanted->next_ns;
}

/* Waits until all before this time is dealt with. */
static struct fc_schedule_row wait_next(struct jobs_fixture *f, const char *table, const char *next)
{
    struct wanted wanted = {.f = f, .table = table, .next_ns = moment(next)};

    test_wait_until(is_next, &wanted, "the next time of a schedule");
    return row_of(f, table);
}

static void expect_span(struct jobs_fixture *f, const char *table, const char *start,
                        const char *end)
{
    struct fc_job_row *rows = NULL;

    if (jobs_of(f, table, &rows) == 0 || !rows) {
        fail_msg("%s has no job", table);
        return;
    }
    Feast__Worker__V1__WorkOrder *order = feast__worker__v1__work_order__unpack(
        fc_arena_allocator(f->arena), rows[0].order.len, (const uint8_t *)rows[0].order.ptr);
    assert_int_equal(rows[0].type, FC_JOB_BATCH_INGESTION);
    assert_int_equal(order->ingest_batch->start->seconds * FC_NS_PER_S, moment(start));
    assert_int_equal(order->ingest_batch->end->seconds * FC_NS_PER_S, moment(end));
}

static bool two_are_counted(void *ctx)
{
    struct fc_schedules_stats stats;

    fc_schedules_stats(((struct wanted *)ctx)->schedules, &stats);
    return stats.runs == 2;
}

/* ---- Runs ---- */

static void a_run_is_started_at_its_time(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T02:59:59Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    set(schedules, "driver_trips", "0 3 * * *", 2);
    assert_int_equal(row_of(f, "driver_trips").next_ns, moment("2026-01-01T03:00:00Z"));
    assert_int_equal(count_jobs(f, "driver_trips"), 0);
    set_time(schedules, "2026-01-01T03:00:00Z");
    struct fc_schedule_row row = wait_next(f, "driver_trips", "2026-01-02T03:00:00Z");
    assert_int_equal(row.last_ns, moment("2026-01-01T03:00:00Z"));
    assert_int_equal(row.passed_over, 0);
    assert_int_equal(row.revision, 0);
    expect_span(f, "driver_trips", "2025-12-31T00:00:00Z", "2026-01-02T00:00:00Z");
    struct fc_job_row job =
        jobs_ended(f, fc_arena_strndup(f->arena, row.last_job.ptr, row.last_job.len));
    assert_int_equal(job.state, FC_JOB_DONE);
    /* The span ends with the day of the scheduled time, however late the run is. */
    set_time(schedules, "2026-01-02T03:07:31.5Z");
    (void)wait_next(f, "driver_trips", "2026-01-03T03:00:00Z");
    expect_span(f, "driver_trips", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z");
    assert_int_equal(count_jobs(f, "driver_trips"), 2);
    struct fc_schedules_stats stats;
    struct wanted wanted = {.schedules = schedules};
    /* The row is there a moment before it is counted. */
    test_wait_until(two_are_counted, &wanted, "two runs to be counted");
    fc_schedules_stats(schedules, &stats);
    assert_int_equal(stats.asked, 1);
    assert_int_equal(stats.passed_over + stats.failures, 0);
    fc_schedules_free(schedules);
}

static void missed_times_have_one_run(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    set(schedules, "driver_trips", "0 3 * * *", 1);
    fc_schedules_free(schedules);
    atomic_store(&now, moment("2026-01-05T12:00:00Z"));
    schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    struct fc_schedule_row row = wait_next(f, "driver_trips", "2026-01-06T03:00:00Z");
    assert_int_equal(row.passed_over, 4);
    assert_int_equal(row.last_ns, moment("2026-01-05T03:00:00Z"));
    assert_int_equal(count_jobs(f, "driver_trips"), 1);
    expect_span(f, "driver_trips", "2026-01-01T00:00:00Z", "2026-01-06T00:00:00Z");
    fc_schedules_free(schedules);
    /* Once dealt with, they stay dealt with. */
    atomic_store(&now, moment("2026-01-06T03:00:00Z"));
    schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    row = wait_next(f, "driver_trips", "2026-01-07T03:00:00Z");
    assert_int_equal(row.passed_over, 4);
    assert_int_equal(count_jobs(f, "driver_trips"), 2);
    expect_span(f, "driver_trips", "2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z");
    fc_schedules_free(schedules);
}

static void missed_times_are_left_out_on_request(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_SKIP);
    set(schedules, "driver_trips", "0 3 * * *", 1);
    set_time(schedules, "2026-01-03T12:00:00Z");
    struct fc_schedule_row row = wait_next(f, "driver_trips", "2026-01-04T03:00:00Z");
    assert_int_equal(row.passed_over, 3);
    assert_text(row.reason, "RUN_LEFT_OUT");
    assert_says(row.message, "2026-01-03T03:00:00Z");
    assert_int_equal(count_jobs(f, "driver_trips"), 0);
    /* Some seconds late are no miss. */
    set_time(schedules, "2026-01-04T03:00:42Z");
    row = wait_next(f, "driver_trips", "2026-01-05T03:00:00Z");
    assert_text(row.reason, "");
    assert_int_equal(count_jobs(f, "driver_trips"), 1);
    expect_span(f, "driver_trips", "2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z");
    fc_schedules_free(schedules);
}

static bool one_waits(void *ctx)
{
    struct fc_schedules_stats stats;

    fc_schedules_stats(((struct wanted *)ctx)->schedules, &stats);
    return stats.waiting == 1;
}

static void a_run_waits_for_the_one_before(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_error err;

    jobs_open_bad(f, "slow");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    struct wanted wanted = {.schedules = schedules};
    set(schedules, "driver_trips", "0 3 * * *", 1);
    set_time(schedules, "2026-01-01T03:00:00Z");
    struct fc_schedule_row row = wait_next(f, "driver_trips", "2026-01-02T03:00:00Z");
    const char *first = fc_arena_strndup(f->arena, row.last_job.ptr, row.last_job.len);
    (void)jobs_wait(f, first, FC_JOB_RUNNING);
    set_time(schedules, "2026-01-03T03:00:00Z");
    test_wait_until(one_waits, &wanted, "a run to wait");
    assert_int_equal(count_jobs(f, "driver_trips"), 1);
    assert_int_equal(jobs_cancel(f, first, &err), FC_OK);
    row = wait_next(f, "driver_trips", "2026-01-04T03:00:00Z");
    assert_int_equal(row.passed_over, 1);
    assert_int_equal(count_jobs(f, "driver_trips"), 2);
    expect_span(f, "driver_trips", "2026-01-02T00:00:00Z", "2026-01-04T00:00:00Z");
    fc_schedules_free(schedules);
}

static void a_run_is_left_out_while_the_one_before_is_at_work(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "slow");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_SKIP);
    set(schedules, "driver_trips", "0 3 * * *", 1);
    set_time(schedules, "2026-01-01T03:00:00Z");
    struct fc_schedule_row row = wait_next(f, "driver_trips", "2026-01-02T03:00:00Z");
    (void)jobs_wait(f, fc_arena_strndup(f->arena, row.last_job.ptr, row.last_job.len),
                    FC_JOB_RUNNING);
    set_time(schedules, "2026-01-02T03:00:00Z");
    row = wait_next(f, "driver_trips", "2026-01-03T03:00:00Z");
    assert_int_equal(row.passed_over, 1);
    assert_text(row.reason, "RUN_LEFT_OUT");
    assert_says(row.message, "still at work");
    assert_int_equal(count_jobs(f, "driver_trips"), 1);
    fc_schedules_free(schedules);
}

/* ---- Clocks that jump ---- */

static void jumps_make_no_storm(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T00:00:30Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    set(schedules, "driver_trips", "* * * * *", 1);
    set_time(schedules, "2099-01-01T00:00:30Z");
    (void)wait_next(f, "driver_trips", "2099-01-01T00:01:00Z");
    assert_int_equal(count_jobs(f, "driver_trips"), 1);
    /* Set right again: the times are those of the clock, not 73 years away. */
    set_time(schedules, "2026-01-01T00:05:30Z");
    (void)wait_next(f, "driver_trips", "2026-01-01T00:06:00Z");
    assert_int_equal(count_jobs(f, "driver_trips"), 1);
    set_time(schedules, "2026-01-01T00:06:00Z");
    (void)wait_next(f, "driver_trips", "2026-01-01T00:07:00Z");
    assert_int_equal(count_jobs(f, "driver_trips"), 2);
    fc_schedules_free(schedules);
}

static void a_small_step_back_repeats_nothing(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T02:30:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    set(schedules, "driver_trips", "0 * * * *", 1);
    set(schedules, "other", "50 2 * * *", 1);
    set_time(schedules, "2026-01-01T03:00:00Z");
    (void)wait_next(f, "driver_trips", "2026-01-01T04:00:00Z");
    (void)wait_next(f, "other", "2026-01-02T02:50:00Z");
    set_time(schedules, "2026-01-01T02:40:00Z");
    set_time(schedules, "2026-01-01T03:30:00Z");
    set_time(schedules, "2026-01-01T04:00:00Z");
    (void)wait_next(f, "driver_trips", "2026-01-01T05:00:00Z");
    assert_int_equal(count_jobs(f, "driver_trips"), 2);
    assert_int_equal(count_jobs(f, "other"), 1);
    fc_schedules_free(schedules);
}

static void another_zone_moves_what_is_to_come(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_schedules *schedules;

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    set(schedules, "driver_trips", "0 3 * * *", 1);
    fc_schedules_free(schedules);
    const struct fc_schedules_options options = {
        .sys = &set_clock, .store = f->store, .jobs = f->jobs, .zone = {.offset_s = 7200}};
    assert_int_equal(fc_schedules_new(&options, &schedules, &err), FC_OK);
    (void)wait_next(f, "driver_trips", "2026-01-01T01:00:00Z");
    /* The day of a run is one of the zone. */
    set_time(schedules, "2026-01-01T01:00:00Z");
    (void)wait_next(f, "driver_trips", "2026-01-02T01:00:00Z");
    expect_span(f, "driver_trips", "2025-12-31T22:00:00Z", "2026-01-01T22:00:00Z");
    fc_schedules_free(schedules);
}

/* ---- What ends a schedule, or keeps it from running ---- */

static bool is_removed(void *ctx)
{
    const struct wanted *wanted = ctx;

    return row_of(wanted->f, wanted->table).deleted;
}

static void it_ends_with_its_table(void **state)
{
    struct jobs_fixture *f = *state;
    struct wanted wanted = {.f = f, .table = "driver_trips"};

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    set(schedules, "driver_trips", "0 3 * * *", 1);
    test_delete_table(f->store, "default", "driver_trips");
    set_time(schedules, "2026-01-01T03:00:00Z");
    test_wait_until(is_removed, &wanted, "the end of a schedule");
    assert_int_equal(count_jobs(f, "driver_trips"), 0);
    fc_schedules_free(schedules);
}

/* A row that was read before the table went, came back and got another schedule says nothing of that one. */
static void what_was_due_before_its_table_went_does_not_end_another(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    set(schedules, "driver_trips", "0 3 * * *", 1);
    struct fc_schedule_row seen = row_of(f, "driver_trips");
    take_away(schedules, "driver_trips");
    set(schedules, "driver_trips", "0 4 * * *", 1);
    /* A run of the row that was read finds no table. */
    test_delete_table(f->store, "default", "driver_trips");
    assert_int_equal(fc_store_reader(f->store, &reader, &err), FC_OK);
    assert_int_equal(
        fc_schedule_deal(schedules, reader, &seen, moment("2026-01-01T03:00:00Z") / FC_NS_PER_S),
        FC_DUE_DONE);
    struct fc_schedule_row row = row_of(f, "driver_trips");
    assert_false(row.deleted);
    assert_text(row.cron, "0 4 * * *");
    fc_schedules_free(schedules);
}

static void an_archived_project_has_no_runs(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    set(schedules, "driver_trips", "0 3 * * *", 1);
    test_archive_project(f->store, "default");
    set_time(schedules, "2026-01-01T03:00:00Z");
    struct fc_schedule_row row = wait_next(f, "driver_trips", "2026-01-02T03:00:00Z");
    assert_text(row.reason, "PROJECT_ARCHIVED");
    assert_says(row.message, "Project is archived: default");
    assert_int_equal(row.passed_over, 1);
    assert_false(row.deleted);
    assert_int_equal(count_jobs(f, "driver_trips"), 0);
    fc_schedules_free(schedules);
}

static void one_that_was_taken_away_does_not_run(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    take_away(schedules, "driver_trips");
    set(schedules, "driver_trips", "0 3 * * *", 1);
    set(schedules, "other", "1 3 * * *", 1);
    take_away(schedules, "driver_trips");
    take_away(schedules, "driver_trips");
    set_time(schedules, "2026-01-01T03:01:00Z");
    /* The later one is looked at after the earlier one. */
    (void)wait_next(f, "other", "2026-01-02T03:01:00Z");
    assert_int_equal(count_jobs(f, "driver_trips"), 0);
    set(schedules, "driver_trips", "0 3 * * *", 1);
    assert_int_equal(row_of(f, "driver_trips").next_ns, moment("2026-01-02T03:00:00Z"));
    assert_int_equal(row_of(f, "driver_trips").revision, 2);
    fc_schedules_free(schedules);
}

/* ---- Asking for one ---- */

static void another_one_replaces_it(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    set(schedules, "driver_trips", "0 3 * * *", 1);
    set(schedules, "driver_trips", "0 3 * * *", 1);
    assert_int_equal(row_of(f, "driver_trips").revision, 0);
    set(schedules, "driver_trips", "0 4 * * *", 1);
    struct fc_schedule_row row = row_of(f, "driver_trips");
    assert_int_equal(row.revision, 1);
    assert_int_equal(row.next_ns, moment("2026-01-01T04:00:00Z"));
    set(schedules, "driver_trips", "0 4 * * *", 7);
    row = row_of(f, "driver_trips");
    assert_int_equal(row.revision, 2);
    assert_int_equal(row.timespan_days, 7);
    fc_schedules_free(schedules);
}

static void expect_refused(struct fc_schedules *schedules, const char *table, const char *cron,
                           int32_t days, enum fc_reason reason, const char *field, const char *says)
{
    struct fc_error err = try_set(schedules, table, cron, days);

    if (err.reason != reason)
        fail_msg("%s: %s", fc_reason_info(err.reason)->word, err.message);
    assert_string_equal(err.field, field);
    assert_says(fc_str_from(err.message), says);
}

static void mistakes_make_no_schedule(void **state)
{
    struct jobs_fixture *f = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(f->arena);

    spec->name = (char *)"sourceless";
    spec->batch_source = NULL;
    test_put_table(f->store, "default", spec);
    jobs_open_bad(f, "good");
    atomic_store(&now, moment("2026-01-01T00:00:00Z"));
    struct fc_schedules *schedules = open_schedules(f, FC_MISSED_CATCH_UP);
    expect_refused(schedules, "", "@daily", 1, FC_REASON_FIELD_REQUIRED, "table_name", "is empty");
    expect_refused(schedules, "absent", "@daily", 1, FC_REASON_TABLE_NOT_FOUND, "table_name",
                   "No such Feature Table: (project: default, name: absent)");
    expect_refused(schedules, "sourceless", "@daily", 1, FC_REASON_SOURCE_INVALID, "table_name",
                   "no batch source");
    expect_refused(schedules, "driver_trips", "61 * * * *", 1, FC_REASON_CRON_INVALID,
                   "cron_schedule", "the minute is \"61\"");
    expect_refused(schedules, "driver_trips", "@daily", 0, FC_REASON_FIELD_INVALID,
                   "ingestion_timespan", "ingestion_timespan is 0");
    expect_refused(schedules, "driver_trips", "@daily", 36501, FC_REASON_FIELD_INVALID,
                   "ingestion_timespan", "from 1 to 36500");
    assert_int_equal(row_of(f, "driver_trips").id, 0);
    fc_schedules_free(schedules);
}

static const struct CMUnitTest cases[] = {
    JOBS_CASE(a_run_is_started_at_its_time),
    JOBS_CASE(missed_times_have_one_run),
    JOBS_CASE(missed_times_are_left_out_on_request),
    JOBS_CASE(a_run_waits_for_the_one_before),
    JOBS_CASE(a_run_is_left_out_while_the_one_before_is_at_work),
    JOBS_CASE(jumps_make_no_storm),
    JOBS_CASE(a_small_step_back_repeats_nothing),
    JOBS_CASE(another_zone_moves_what_is_to_come),
    JOBS_CASE(it_ends_with_its_table),
    JOBS_CASE(what_was_due_before_its_table_went_does_not_end_another),
    JOBS_CASE(an_archived_project_has_no_runs),
    JOBS_CASE(one_that_was_taken_away_does_not_run),
    JOBS_CASE(another_one_replaces_it),
    JOBS_CASE(mistakes_make_no_schedule),
};

FC_TEST_MAIN(cases)

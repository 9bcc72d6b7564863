/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs over real processes: what a worker does decides the state of a row, and of nothing else. */
#include "tests/unit/jobs_fixture.h"

#include <semaphore.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feast/worker/v1/worker.pb-c.h"
#include "server/jobs/internal.h"

/* ---- One job ---- */

static void a_job_ends_with_its_receipt(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_jobs_stats stats;

    jobs_open_bad(f, "good");
    const char *id = jobs_start(f, "driver_trips");
    struct fc_job_row row = jobs_ended(f, id);
    assert_int_equal(row.state, FC_JOB_DONE);
    assert_int_equal(row.type, FC_JOB_BATCH_INGESTION);
    assert_int_equal(row.attempts, 1);
    assert_text(row.project, "default");
    assert_text(row.table_name, "driver_trips");
    assert_text(row.reason, "");
    assert_text(row.error_message, "");
    assert_true(row.created_ns > 0 && row.started_ns >= row.created_ns);
    assert_true(row.ended_ns >= row.started_ns);
    Feast__Worker__V1__Receipt *receipt = feast__worker__v1__receipt__unpack(
        fc_arena_allocator(f->arena), row.receipt.len, (const uint8_t *)row.receipt.ptr);
    assert_int_equal(receipt->rows_written, 3);
    assert_true(row.progress.len > 0);
    assert_says(row.log_uri, "file:///");
    assert_says(row.log_uri, "/worker.log");
    assert_int_equal(access(test_path(&f->scratch, "data/jobs/%s/worker.log", id), F_OK), 0);
    assert_int_equal(access(test_path(&f->scratch, "data/scratch/%s", id), F_OK), -1);
    fc_jobs_stats(f->jobs, &stats);
    assert_int_equal(stats.started, 1);
    assert_int_equal(stats.done, 1);
    assert_int_equal(stats.failed + stats.restarted, 0);
    assert_int_equal(stats.rows_written, 3);
}

static void the_order_is_frozen_in_the_row(void **state)
{
    struct jobs_fixture *f = *state;
    const struct fc_batch_request request = {
        .table_name = FC_STR("driver_trips"),
        .has_start = true,
        .start_s = 100,
        .start_ns = 5,
        .has_end = true,
        .end_s = 100,
        .end_ns = 6,
    };
    const struct fc_entity_type entity = {.name = "driver_id", .value_type = INT64_TYPE};
    Feast__Core__FeatureTableSpec *spec = test_table(f->arena);
    struct fc_error err = FC_ERROR_INIT;
    struct jobs_answer answer;
    char hash[FC_JOB_HASH_SIZE];

    jobs_open_bad(f, "good");
    jobs_ask(f, &request, &answer);
    struct fc_job_row row = jobs_ended(f, answer.id);
    assert_int_equal(row.created_ns, answer.created_ns);
    Feast__Worker__V1__WorkOrder *order = feast__worker__v1__work_order__unpack(
        fc_arena_allocator(f->arena), row.order.len, (const uint8_t *)row.order.ptr);
    assert_string_equal(order->id, answer.id);
    const Feast__Worker__V1__Ingest *ingest = order->ingest_batch;
    assert_string_equal(ingest->spec->name, "driver_trips");
    assert_int_equal(ingest->n_entities, 1);
    assert_int_equal(ingest->entities[0]->value_type, INT64_TYPE);
    assert_int_equal(ingest->start->nanos, 5);
    assert_int_equal(ingest->end->nanos, 6);
    assert_int_equal(
        fc_job_hash(f->arena, "default", spec, &entity, 1, spec->batch_source, hash, &err), FC_OK);
    assert_text(row.hash, hash);
}

/* Misbehaviour -> a part of the reason given. */
static void each_bad_worker_costs_its_attempts(void **state)
{
    static const struct {
        const char *name, *says;
    } workers[] = {
        {"dead", "exited with status 7"},
        {"die", "exited with status 3"},
        {"crash", "killed by signal 9"},
        {"garbage", "no valid message"},
        {"oversized", "announced a message of 4294967295 bytes"},
        {"alien", "answered another order"},
        {"empty", "no receipt"},
    };
    struct jobs_fixture *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(workers); i++) {
        jobs_open_bad(f, workers[i].name);
        const char *id = jobs_start(f, "driver_trips");
        struct fc_job_row row = jobs_ended(f, id);
        assert_int_equal(row.state, FC_JOB_ERROR);
        assert_int_equal(row.attempts, 2);
        assert_text(row.reason, "WORKER_FAILED");
        assert_says(row.error_message, "given up after 2 attempts");
        assert_says(row.error_message, workers[i].says);
        jobs_close(f);
    }
}

static void a_worker_that_closed_its_end_is_killed_after_a_while(void **state)
{
    struct jobs_fixture *f = *state;

    f->options.max_attempts = 1;
    jobs_open_bad(f, "closed");
    struct fc_job_row row = jobs_ended(f, jobs_start(f, "driver_trips"));
    assert_int_equal(row.state, FC_JOB_ERROR);
    assert_says(row.error_message, "closed its end");
    assert_says(row.error_message, "killed by signal 9");
}

static void a_silent_worker_counts_as_lost(void **state)
{
    static const char *const names[] = {"hang", "deaf"};
    struct jobs_fixture *f = *state;

    f->options.max_attempts = 1;
    f->options.silence_ns = 100 * FC_NS_PER_MS;
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        jobs_open_bad(f, names[i]);
        struct fc_job_row row = jobs_ended(f, jobs_start(f, "driver_trips"));
        assert_int_equal(row.state, FC_JOB_ERROR);
        assert_says(row.error_message, "said nothing for 0.1 s");
        jobs_close(f);
    }
}

static void a_lost_worker_is_replaced(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_jobs_stats stats;

    jobs_open_bad(f, "once");
    struct fc_job_row row = jobs_ended(f, jobs_start(f, "driver_trips"));
    assert_int_equal(row.state, FC_JOB_DONE);
    assert_int_equal(row.attempts, 2);
    assert_text(row.reason, "");
    assert_text(row.error_message, "");
    assert_int_equal(row.next_try_ns, 0);
    assert_int_equal(test_lines(test_path(&f->scratch, "orders")), 2);
    fc_jobs_stats(f->jobs, &stats);
    assert_int_equal(stats.restarted, 1);
}

static void a_lost_worker_is_replaced_after_a_pause(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_error err;

    f->options.backoff_ns = 200 * FC_NS_PER_S;
    jobs_open_bad(f, "crash");
    const char *id = jobs_start(f, "driver_trips");
    jobs_wait_for_pause(f, id);
    struct fc_job_row row = jobs_row(f, id);
    assert_true(row.next_try_ns > row.started_ns + 100 * FC_NS_PER_S);
    assert_says(row.error_message, "attempt 1 of 2 was lost");
    assert_int_equal(jobs_cancel(f, id, &err), FC_OK);
    assert_int_equal(jobs_row(f, id).state, FC_JOB_CANCELLED);
}

static void an_error_of_the_worker_ends_the_job(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "fail");
    struct fc_job_row row = jobs_ended(f, jobs_start(f, "driver_trips"));
    assert_int_equal(row.state, FC_JOB_ERROR);
    assert_int_equal(row.attempts, 1);
    assert_text(row.reason, "SOURCE_UNREACHABLE");
    assert_text(row.error_message, "\"/nowhere\" is not there");
}

static void a_missing_program_is_told(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open(f, "/nowhere/feast-worker");
    struct fc_job_row row = jobs_ended(f, jobs_start(f, "driver_trips"));
    assert_int_equal(row.state, FC_JOB_ERROR);
    assert_int_equal(row.attempts, 2);
    assert_says(row.error_message, "/nowhere/feast-worker");
}

/* ---- Several jobs ---- */

static void jobs_of_one_table_take_turns(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_jobs_stats stats;

    jobs_open_bad(f, "slow");
    const char *first = jobs_start(f, "driver_trips"), *second = jobs_start(f, "driver_trips");
    const char *other = jobs_start(f, "other");
    (void)jobs_wait(f, first, FC_JOB_RUNNING);
    (void)jobs_wait(f, other, FC_JOB_RUNNING);
    assert_int_equal(jobs_row(f, second).state, FC_JOB_PENDING);
    fc_jobs_stats(f->jobs, &stats);
    assert_int_equal(stats.running, 2);
    assert_int_equal(stats.pending, 1);
    test_write(test_path(&f->scratch, "go"), "");
    assert_int_equal(jobs_ended(f, second).state, FC_JOB_DONE);
    assert_int_equal(jobs_ended(f, other).state, FC_JOB_DONE);
    assert_true(jobs_row(f, second).started_ns >= jobs_row(f, first).ended_ns);
}

static void no_more_than_the_limit_run_at_once(void **state)
{
    struct jobs_fixture *f = *state;

    f->options.parallel = 1;
    jobs_open_bad(f, "slow");
    const char *first = jobs_start(f, "driver_trips"), *second = jobs_start(f, "other");
    (void)jobs_wait(f, first, FC_JOB_RUNNING);
    assert_int_equal(jobs_row(f, second).state, FC_JOB_PENDING);
    test_write(test_path(&f->scratch, "go"), "");
    assert_int_equal(jobs_ended(f, second).state, FC_JOB_DONE);
    assert_true(jobs_row(f, second).started_ns >= jobs_row(f, first).ended_ns);
}

static void a_table_that_fails_does_not_stop_the_others(void **state)
{
    struct jobs_fixture *f = *state;

    f->options.parallel = 1;
    f->options.backoff_ns = 300 * FC_NS_PER_S;
    jobs_open_bad(f, "once");
    const char *lost = jobs_start(f, "driver_trips");
    jobs_wait_for_pause(f, lost);
    assert_int_equal(jobs_ended(f, jobs_start(f, "other")).state, FC_JOB_DONE);
    assert_int_equal(jobs_row(f, lost).state, FC_JOB_PENDING);
}

/* ---- Cancelling ---- */

static void a_running_job_is_cancelled(void **state)
{
    static const char *const names[] = {"slow", "stubborn"};
    struct jobs_fixture *f = *state;
    struct fc_error err;

    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        jobs_open_bad(f, names[i]);
        const char *id = jobs_start(f, "driver_trips"), *next = jobs_start(f, "driver_trips");
        (void)jobs_wait(f, id, FC_JOB_RUNNING);
        assert_int_equal(jobs_cancel(f, id, &err), FC_OK);
        struct fc_job_row row = jobs_row(f, id);
        assert_int_equal(row.state, FC_JOB_CANCELLED);
        assert_text(row.reason, "JOB_CANCELLED");
        assert_true(row.ended_ns > 0);
        (void)jobs_wait(f, next, FC_JOB_RUNNING);
        jobs_close(f);
        jobs_open_bad(f, "good");
        assert_int_equal(jobs_ended(f, next).state, FC_JOB_DONE);
        jobs_close(f);
    }
}

static void a_waiting_job_is_cancelled(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_error err;

    jobs_open_bad(f, "slow");
    const char *first = jobs_start(f, "driver_trips"), *second = jobs_start(f, "driver_trips");
    assert_int_equal(jobs_cancel(f, second, &err), FC_OK);
    struct fc_job_row row = jobs_row(f, second);
    assert_int_equal(row.state, FC_JOB_CANCELLED);
    assert_int_equal(row.attempts, 0);
    test_write(test_path(&f->scratch, "go"), "");
    assert_int_equal(jobs_ended(f, first).state, FC_JOB_DONE);
}

static void an_ended_job_stays_as_it_is(void **state)
{
    struct jobs_fixture *f = *state;
    struct fc_error err;

    jobs_open_bad(f, "good");
    const char *id = jobs_start(f, "driver_trips");
    (void)jobs_ended(f, id);
    assert_int_equal(jobs_cancel(f, id, &err), FC_OK);
    assert_int_equal(jobs_row(f, id).state, FC_JOB_DONE);
}

static void a_job_that_is_not_there_cannot_be_cancelled(void **state)
{
    static const char *const ids[] = {"", "x", "00000000000000000000000000000000",
                                      "000000000000000000000000000000000000000000"};
    struct jobs_fixture *f = *state;
    struct fc_error err;

    jobs_open_bad(f, "good");
    for (size_t i = 0; i < FC_ARRAY_LEN(ids); i++) {
        assert_int_equal(jobs_cancel(f, ids[i], &err), FC_NOT_FOUND);
        assert_int_equal(err.reason, FC_REASON_JOB_NOT_FOUND);
    }
}

/* ---- Restarts ---- */

static void jobs_survive_a_restart(void **state)
{
    struct jobs_fixture *f = *state;

    jobs_open_bad(f, "slow");
    const char *running = jobs_start(f, "driver_trips"), *waiting = jobs_start(f, "driver_trips");
    (void)jobs_wait(f, running, FC_JOB_RUNNING);
    jobs_close(f);
    assert_int_equal(jobs_row(f, running).state, FC_JOB_RUNNING);
    assert_int_equal(jobs_row(f, waiting).state, FC_JOB_PENDING);
    assert_int_equal(mkdir(test_path(&f->scratch, "data/scratch/%s", running), 0700), 0);
    fc_store_close(f->store);
    f->options.store = f->store = test_store_open(test_path(&f->scratch, "data"));
    jobs_open_bad(f, "good");
    assert_int_equal(jobs_ended(f, running).state, FC_JOB_DONE);
    assert_int_equal(jobs_row(f, running).attempts, 2);
    assert_int_equal(jobs_ended(f, waiting).state, FC_JOB_DONE);
    assert_int_equal(jobs_row(f, waiting).attempts, 1);
    assert_int_equal(access(test_path(&f->scratch, "data/scratch/%s", running), F_OK), -1);
}

/* A store that is slow to write, until it is let on. */
struct slow_store {
    sem_t busy, go_on;
};

static fc_rc be_slow(struct fc_txn *txn FC_UNUSED, void *ctx, struct fc_error *err FC_UNUSED)
{
    struct slow_store *slow = ctx;

    (void)sem_post(&slow->busy);
    (void)sem_wait(&slow->go_on);
    return FC_OK;
}

/* The watch of a supervisor that stops. */
static bool let_on(void *ctx, const struct fc_job_row *row)
{
    if (!row)
        (void)sem_post(&((struct slow_store *)ctx)->go_on);
    return true;
}

static bool a_save_is_under_way(void *ctx)
{
    struct fc_jobs *jobs = ((struct jobs_fixture *)ctx)->jobs;

    pthread_mutex_lock(&jobs->mutex);
    bool saving = jobs->saves > 0;
    pthread_mutex_unlock(&jobs->mutex);
    return saving;
}

static bool one_is_done(void *ctx)
{
    struct fc_jobs_stats stats;

    fc_jobs_stats(((struct jobs_fixture *)ctx)->jobs, &stats);
    return stats.done == 1;
}

static void an_end_that_waits_for_a_save_is_kept_by_a_stop(void **state)
{
    struct jobs_fixture *f = *state;
    struct slow_store slow;

    (void)sem_init(&slow.busy, 0, 0);
    (void)sem_init(&slow.go_on, 0, 0);
    jobs_open_bad(f, "slow");
    const char *id = jobs_start(f, "driver_trips");
    (void)jobs_wait(f, id, FC_JOB_RUNNING);
    fc_store_submit(f->store, be_slow, NULL, &slow);
    (void)sem_wait(&slow.busy);
    test_wait_until(a_save_is_under_way, f, "the save of a job's progress");
    test_write(test_path(&f->scratch, "go"), "");
    test_wait_until(one_is_done, f, "the end of a job");
    fc_jobs_watch(f->jobs, fc_str_from(id), let_on, &slow);
    jobs_close(f);
    assert_int_equal(jobs_row(f, id).state, FC_JOB_DONE);
    (void)sem_destroy(&slow.busy);
    (void)sem_destroy(&slow.go_on);
}

/* ---- The real worker ---- */

static void a_real_worker_fills_the_online_store(void **state)
{
    struct jobs_fixture *f = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(f->arena);

    if (!test_real_worker())
        skip();
    spec->batch_source->file_options->file_url =
        (char *)"file://" FC_TEST_DATA_DIR "/parquet/int96.parquet";
    TEST_MAPPING(f->arena, spec->batch_source, "driver_id", "id");
    TEST_MAPPING(f->arena, spec->batch_source, "trips", "id");
    TEST_MAPPING(f->arena, spec->batch_source, "rating", "id");
    test_put_table(f->store, "default", spec);
    jobs_open(f, test_real_worker());
    struct fc_job_row row = jobs_ended(f, jobs_start(f, "driver_trips"));
    assert_text(row.error_message, "");
    assert_int_equal(row.state, FC_JOB_DONE);
    const Feast__Worker__V1__Receipt *receipt = feast__worker__v1__receipt__unpack(
        fc_arena_allocator(f->arena), row.receipt.len, (const uint8_t *)row.receipt.ptr);
    assert_int_equal(receipt->rows_read, 3);
    assert_int_equal(access(test_path(&f->scratch, "data/online/default/driver_trips.db"), F_OK),
                     0);
}

static const struct CMUnitTest cases[] = {
    JOBS_CASE(a_job_ends_with_its_receipt),
    JOBS_CASE(the_order_is_frozen_in_the_row),
    JOBS_CASE(each_bad_worker_costs_its_attempts),
    JOBS_CASE(a_worker_that_closed_its_end_is_killed_after_a_while),
    JOBS_CASE(a_silent_worker_counts_as_lost),
    JOBS_CASE(a_lost_worker_is_replaced),
    JOBS_CASE(a_lost_worker_is_replaced_after_a_pause),
    JOBS_CASE(an_error_of_the_worker_ends_the_job),
    JOBS_CASE(a_missing_program_is_told),
    JOBS_CASE(jobs_of_one_table_take_turns),
    JOBS_CASE(no_more_than_the_limit_run_at_once),
    JOBS_CASE(a_table_that_fails_does_not_stop_the_others),
    JOBS_CASE(a_running_job_is_cancelled),
    JOBS_CASE(a_waiting_job_is_cancelled),
    JOBS_CASE(an_ended_job_stays_as_it_is),
    JOBS_CASE(a_job_that_is_not_there_cannot_be_cancelled),
    JOBS_CASE(jobs_survive_a_restart),
    JOBS_CASE(an_end_that_waits_for_a_save_is_kept_by_a_stop),
    JOBS_CASE(a_real_worker_fills_the_online_store),
};

FC_TEST_MAIN(cases)

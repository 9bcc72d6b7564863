/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs over real processes: what a worker does decides the state of a row, and of nothing else. */
#include "tests/unit/harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feast/worker/v1/worker.pb-c.h"
#include "server/jobs/jobs.h"
#include "server/registry/hash.h"
#include "tests/support/registry.h"
#include "tests/support/scratch.h"
#include "tests/support/specs.h"

#define INT64_TYPE FEAST__TYPES__VALUE_TYPE__ENUM__INT64

struct fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    struct fc_store *store;
    struct fc_jobs_options options;
    struct fc_jobs *jobs;
};

/* The answer of a start or a cancel. */
struct answer {
    atomic_int answers;
    char id[40];
    int64_t created_ns;
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    Feast__Core__FeatureTableSpec *other;

    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new((size_t)64 * 1024 * 1024);
    f->store = test_store_open(test_path(&f->scratch, "data"));
    test_put_entity(f->store, "default", "driver_id", INT64_TYPE);
    test_put_table(f->store, "default", test_table(f->arena));
    other = test_table(f->arena);
    other->name = (char *)"other";
    test_put_table(f->store, "default", other);
    f->options = (struct fc_jobs_options){
        .store = f->store,
        .data_dir = fc_arena_strdup(f->arena, test_path(&f->scratch, "data")),
        .parallel = 4,
        .max_attempts = 2,
        .backoff_ns = FC_NS_PER_MS,
        .local_any = true,
    };
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_jobs_free(f->jobs);
    fc_store_close(f->store);
    test_scratch_done(&f->scratch);
    fc_arena_free(f->arena);
    test_free(f);
    return 0;
}

static void open_jobs(struct fixture *f, const char *worker)
{
    struct fc_error err = FC_ERROR_INIT;

    f->options.worker_path = worker;
    if (fc_jobs_new(&f->options, &f->jobs, &err) != FC_OK) {
        fail_msg("%s", err.message);
    }
}

static void open_bad(struct fixture *f, const char *name)
{
    open_jobs(f, test_bad_worker(&f->scratch, name));
}

static void close_jobs(struct fixture *f)
{
    fc_jobs_free(f->jobs);
    f->jobs = NULL;
}

static bool is_answered(void *ctx)
{
    return atomic_load(&((struct answer *)ctx)->answers) > 0;
}

static void started(void *ctx, const struct fc_job_row *row, const struct fc_error *err)
{
    struct answer *answer = ctx;

    if (err != NULL) {
        answer->err = *err;
    } else {
        (void)snprintf(answer->id, sizeof answer->id, "%.*s", (int)row->id.len, row->id.ptr);
        answer->created_ns = row->created_ns;
    }
    atomic_fetch_add(&answer->answers, 1);
}

static void ask_for(struct fixture *f, const struct fc_batch_request *request,
                    struct answer *answer)
{
    memset(answer, 0, sizeof *answer);
    fc_jobs_start_batch(f->jobs, request, started, answer);
    test_wait_until(is_answered, answer, "the answer of a start");
    assert_int_equal(atomic_load(&answer->answers), 1);
}

/* Starts the ingestion of a table; its id lives as long as the arena. */
static const char *start(struct fixture *f, const char *table)
{
    const struct fc_batch_request request = {.table_name = fc_str_from(table)};
    struct answer answer;

    ask_for(f, &request, &answer);
    if (answer.err.rc != FC_OK) {
        fail_msg("%s", answer.err.message);
    }
    return fc_arena_strdup(f->arena, answer.id);
}

static struct fc_job_row row_of(struct fixture *f, const char *id)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    struct fc_job_row row = {.type = 0};

    if (fc_store_reader(f->store, &reader, &err) != FC_OK ||
        fc_job_find(reader, fc_str_from(id), f->arena, &row, &err) != FC_OK) {
        fail_msg("%s", err.message);
    }
    return row;
}

struct wanted {
    struct fixture *f;
    const char *id;
    enum fc_job_state state;
};

static bool is_in_state(void *ctx)
{
    const struct wanted *wanted = ctx;

    return row_of(wanted->f, wanted->id).state == wanted->state;
}

static struct fc_job_row wait_for(struct fixture *f, const char *id, enum fc_job_state state)
{
    struct wanted wanted = {f, id, state};

    test_wait_until(is_in_state, &wanted, "the state of a job");
    return row_of(f, id);
}

static bool has_ended(void *ctx)
{
    const struct wanted *wanted = ctx;
    enum fc_job_state state = row_of(wanted->f, wanted->id).state;

    return state != FC_JOB_PENDING && state != FC_JOB_RUNNING;
}

static struct fc_job_row ended(struct fixture *f, const char *id)
{
    struct wanted wanted = {.f = f, .id = id};

    test_wait_until(has_ended, &wanted, "the end of a job");
    return row_of(f, id);
}

static bool text_has(fc_str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void assert_says(fc_str text, const char *part)
{
    if (!text_has(text, part)) {
        fail_msg("\"%.*s\" does not say \"%s\"", (int)text.len, text.ptr, part);
    }
}

static void assert_text(fc_str text, const char *expected)
{
    assert_true(fc_str_eq(text, fc_str_from(expected)));
}

static void answered(void *ctx, const struct fc_error *err)
{
    struct answer *answer = ctx;

    if (err != NULL) {
        answer->err = *err;
    }
    atomic_fetch_add(&answer->answers, 1);
}

static fc_rc cancel(struct fixture *f, const char *id, struct fc_error *ret_err)
{
    struct answer answer;

    memset(&answer, 0, sizeof answer);
    fc_jobs_cancel(f->jobs, fc_str_from(id), answered, &answer);
    test_wait_until(is_answered, &answer, "the answer of a cancel");
    *ret_err = answer.err;
    return answer.err.rc;
}

/* ---- One job ---- */

static void a_job_ends_with_its_receipt(void **state)
{
    struct fixture *f = *state;
    struct fc_jobs_stats stats;

    open_bad(f, "good");
    const char *id = start(f, "driver_trips");
    struct fc_job_row row = ended(f, id);
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
    struct fixture *f = *state;
    const struct fc_batch_request request = {
        .table_name = FC_STR("driver_trips"),
        .has_start = true,
        .start_s = 100,
        .start_ns = 5,
        .has_end = true,
        .end_s = 100,
        .end_ns = 6,
    };
    const struct fc_job_entity entity = {.name = "driver_id", .value_type = INT64_TYPE};
    Feast__Core__FeatureTableSpec *spec = test_table(f->arena);
    struct fc_error err = FC_ERROR_INIT;
    struct answer answer;
    char hash[FC_JOB_HASH_SIZE];

    open_bad(f, "good");
    ask_for(f, &request, &answer);
    struct fc_job_row row = ended(f, answer.id);
    assert_int_equal(row.created_ns, answer.created_ns);
    Feast__Worker__V1__WorkOrder *order = feast__worker__v1__work_order__unpack(
        fc_arena_allocator(f->arena), row.order.len, (const uint8_t *)row.order.ptr);
    assert_string_equal(order->id, answer.id);
    const Feast__Worker__V1__IngestBatch *ingest = order->ingest_batch;
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
    struct fixture *f = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(workers); i++) {
        open_bad(f, workers[i].name);
        const char *id = start(f, "driver_trips");
        struct fc_job_row row = ended(f, id);
        assert_int_equal(row.state, FC_JOB_ERROR);
        assert_int_equal(row.attempts, 2);
        assert_text(row.reason, "WORKER_FAILED");
        assert_says(row.error_message, "given up after 2 attempts");
        assert_says(row.error_message, workers[i].says);
        close_jobs(f);
    }
}

static void a_worker_that_closed_its_end_is_killed_after_a_while(void **state)
{
    struct fixture *f = *state;

    f->options.max_attempts = 1;
    open_bad(f, "closed");
    struct fc_job_row row = ended(f, start(f, "driver_trips"));
    assert_int_equal(row.state, FC_JOB_ERROR);
    assert_says(row.error_message, "closed its end");
    assert_says(row.error_message, "killed by signal 9");
}

static void a_silent_worker_counts_as_lost(void **state)
{
    static const char *const names[] = {"hang", "deaf"};
    struct fixture *f = *state;

    f->options.max_attempts = 1;
    f->options.silence_ns = 100 * FC_NS_PER_MS;
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        open_bad(f, names[i]);
        struct fc_job_row row = ended(f, start(f, "driver_trips"));
        assert_int_equal(row.state, FC_JOB_ERROR);
        assert_says(row.error_message, "said nothing for 0.1 s");
        close_jobs(f);
    }
}

static void a_lost_worker_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct fc_jobs_stats stats;

    open_bad(f, "once");
    struct fc_job_row row = ended(f, start(f, "driver_trips"));
    assert_int_equal(row.state, FC_JOB_DONE);
    assert_int_equal(row.attempts, 2);
    assert_text(row.reason, "");
    assert_text(row.error_message, "");
    assert_int_equal(row.next_try_ns, 0);
    assert_int_equal(test_lines(test_path(&f->scratch, "orders")), 2);
    fc_jobs_stats(f->jobs, &stats);
    assert_int_equal(stats.restarted, 1);
}

static bool is_waiting_again(void *ctx)
{
    const struct wanted *wanted = ctx;
    struct fc_job_row row = row_of(wanted->f, wanted->id);

    return row.state == FC_JOB_PENDING && row.attempts == 1;
}

static void a_lost_worker_is_replaced_after_a_pause(void **state)
{
    struct fixture *f = *state;
    struct fc_error err;

    f->options.backoff_ns = 200 * FC_NS_PER_S;
    open_bad(f, "crash");
    const char *id = start(f, "driver_trips");
    struct wanted wanted = {.f = f, .id = id};
    test_wait_until(is_waiting_again, &wanted, "the second attempt to be planned");
    struct fc_job_row row = row_of(f, id);
    assert_true(row.next_try_ns > row.started_ns + 100 * FC_NS_PER_S);
    assert_says(row.error_message, "attempt 1 of 2 was lost");
    assert_int_equal(cancel(f, id, &err), FC_OK);
    assert_int_equal(row_of(f, id).state, FC_JOB_CANCELLED);
}

static void an_error_of_the_worker_ends_the_job(void **state)
{
    struct fixture *f = *state;

    open_bad(f, "fail");
    struct fc_job_row row = ended(f, start(f, "driver_trips"));
    assert_int_equal(row.state, FC_JOB_ERROR);
    assert_int_equal(row.attempts, 1);
    assert_text(row.reason, "SOURCE_UNREACHABLE");
    assert_text(row.error_message, "\"/nowhere\" is not there");
}

static void a_missing_program_is_told(void **state)
{
    struct fixture *f = *state;

    open_jobs(f, "/nowhere/feast-worker");
    struct fc_job_row row = ended(f, start(f, "driver_trips"));
    assert_int_equal(row.state, FC_JOB_ERROR);
    assert_int_equal(row.attempts, 2);
    assert_says(row.error_message, "/nowhere/feast-worker");
}

/* ---- Several jobs ---- */

static void jobs_of_one_table_take_turns(void **state)
{
    struct fixture *f = *state;
    struct fc_jobs_stats stats;

    open_bad(f, "slow");
    const char *first = start(f, "driver_trips"), *second = start(f, "driver_trips");
    const char *other = start(f, "other");
    (void)wait_for(f, first, FC_JOB_RUNNING);
    (void)wait_for(f, other, FC_JOB_RUNNING);
    assert_int_equal(row_of(f, second).state, FC_JOB_PENDING);
    fc_jobs_stats(f->jobs, &stats);
    assert_int_equal(stats.running, 2);
    assert_int_equal(stats.pending, 1);
    test_write(test_path(&f->scratch, "go"), "");
    assert_int_equal(ended(f, second).state, FC_JOB_DONE);
    assert_int_equal(ended(f, other).state, FC_JOB_DONE);
    assert_true(row_of(f, second).started_ns >= row_of(f, first).ended_ns);
}

static void no_more_than_the_limit_run_at_once(void **state)
{
    struct fixture *f = *state;

    f->options.parallel = 1;
    open_bad(f, "slow");
    const char *first = start(f, "driver_trips"), *second = start(f, "other");
    (void)wait_for(f, first, FC_JOB_RUNNING);
    assert_int_equal(row_of(f, second).state, FC_JOB_PENDING);
    test_write(test_path(&f->scratch, "go"), "");
    assert_int_equal(ended(f, second).state, FC_JOB_DONE);
    assert_true(row_of(f, second).started_ns >= row_of(f, first).ended_ns);
}

static void a_table_that_fails_does_not_stop_the_others(void **state)
{
    struct fixture *f = *state;

    f->options.parallel = 1;
    f->options.backoff_ns = 300 * FC_NS_PER_S;
    open_bad(f, "once");
    const char *lost = start(f, "driver_trips");
    struct wanted wanted = {.f = f, .id = lost};
    test_wait_until(is_waiting_again, &wanted, "the second attempt to be planned");
    assert_int_equal(ended(f, start(f, "other")).state, FC_JOB_DONE);
    assert_int_equal(row_of(f, lost).state, FC_JOB_PENDING);
}

/* ---- Cancelling ---- */

static void a_running_job_is_cancelled(void **state)
{
    static const char *const names[] = {"slow", "stubborn"};
    struct fixture *f = *state;
    struct fc_error err;

    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        open_bad(f, names[i]);
        const char *id = start(f, "driver_trips"), *next = start(f, "driver_trips");
        (void)wait_for(f, id, FC_JOB_RUNNING);
        assert_int_equal(cancel(f, id, &err), FC_OK);
        struct fc_job_row row = row_of(f, id);
        assert_int_equal(row.state, FC_JOB_CANCELLED);
        assert_text(row.reason, "JOB_CANCELLED");
        assert_true(row.ended_ns > 0);
        (void)wait_for(f, next, FC_JOB_RUNNING);
        close_jobs(f);
        open_bad(f, "good");
        assert_int_equal(ended(f, next).state, FC_JOB_DONE);
        close_jobs(f);
    }
}

static void a_waiting_job_is_cancelled(void **state)
{
    struct fixture *f = *state;
    struct fc_error err;

    open_bad(f, "slow");
    const char *first = start(f, "driver_trips"), *second = start(f, "driver_trips");
    assert_int_equal(cancel(f, second, &err), FC_OK);
    struct fc_job_row row = row_of(f, second);
    assert_int_equal(row.state, FC_JOB_CANCELLED);
    assert_int_equal(row.attempts, 0);
    test_write(test_path(&f->scratch, "go"), "");
    assert_int_equal(ended(f, first).state, FC_JOB_DONE);
}

static void an_ended_job_stays_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct fc_error err;

    open_bad(f, "good");
    const char *id = start(f, "driver_trips");
    (void)ended(f, id);
    assert_int_equal(cancel(f, id, &err), FC_OK);
    assert_int_equal(row_of(f, id).state, FC_JOB_DONE);
}

static void a_job_that_is_not_there_cannot_be_cancelled(void **state)
{
    static const char *const ids[] = {"", "x", "00000000000000000000000000000000",
                                      "000000000000000000000000000000000000000000"};
    struct fixture *f = *state;
    struct fc_error err;

    open_bad(f, "good");
    for (size_t i = 0; i < FC_ARRAY_LEN(ids); i++) {
        assert_int_equal(cancel(f, ids[i], &err), FC_NOT_FOUND);
        assert_int_equal(err.reason, FC_REASON_JOB_NOT_FOUND);
    }
}

/* ---- Restarts ---- */

static void jobs_survive_a_restart(void **state)
{
    struct fixture *f = *state;

    open_bad(f, "slow");
    const char *running = start(f, "driver_trips"), *waiting = start(f, "driver_trips");
    (void)wait_for(f, running, FC_JOB_RUNNING);
    close_jobs(f);
    assert_int_equal(row_of(f, running).state, FC_JOB_RUNNING);
    assert_int_equal(row_of(f, waiting).state, FC_JOB_PENDING);
    assert_int_equal(mkdir(test_path(&f->scratch, "data/scratch/%s", running), 0700), 0);
    fc_store_close(f->store);
    f->options.store = f->store = test_store_open(test_path(&f->scratch, "data"));
    open_bad(f, "good");
    assert_int_equal(ended(f, running).state, FC_JOB_DONE);
    assert_int_equal(row_of(f, running).attempts, 2);
    assert_int_equal(ended(f, waiting).state, FC_JOB_DONE);
    assert_int_equal(row_of(f, waiting).attempts, 1);
    assert_int_equal(access(test_path(&f->scratch, "data/scratch/%s", running), F_OK), -1);
}

/* ---- Mistakes ---- */

static void expect_refused(struct fixture *f, const struct fc_batch_request *request,
                           enum fc_reason reason, const char *field, const char *says)
{
    struct answer answer;

    ask_for(f, request, &answer);
    if (answer.err.reason != reason) {
        fail_msg("%s: %s", fc_reason_info(answer.err.reason)->word, answer.err.message);
    }
    assert_string_equal(answer.err.field, field);
    assert_says(fc_str_from(answer.err.message), says);
}

static void mistakes_make_no_job(void **state)
{
    struct fixture *f = *state;
    struct fc_batch_request request = {.project = FC_STR("default")};
    Feast__Core__FeatureTableSpec *spec = test_table(f->arena);
    struct fc_job_row *rows;
    struct fc_reader *reader = NULL;
    struct fc_error err = FC_ERROR_INIT;
    size_t count = 0;

    open_bad(f, "good");
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
    expect_refused(f, &request, FC_REASON_SOURCE_UNSUPPORTED, "table_name",
                   "BigQuery sources are not read by this version");
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
    struct fixture *f = *state;
    const struct fc_batch_request request = {.table_name = FC_STR("driver_trips")};

    f->options.local_any = false;
    open_bad(f, "good");
    expect_refused(f, &request, FC_REASON_SOURCE_DENIED, "", "sources.local_roots");
}

static void a_location_that_is_missing_fails_the_job(void **state)
{
    struct fixture *f = *state;
    const char *roots[] = {f->scratch.path, NULL};
    Feast__Core__FeatureTableSpec *spec = test_table(f->arena);

    f->options.local_any = false;
    f->options.local_roots = roots;
    spec->batch_source->file_options->file_url =
        fc_arena_strdup(f->arena, test_path(&f->scratch, "absent.parquet"));
    test_put_table(f->store, "default", spec);
    open_bad(f, "good");
    struct fc_job_row row = ended(f, start(f, "driver_trips"));
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

    if (row == NULL) {
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
    struct fixture *f = *state;
    struct watched live = {.latest = FC_JOB_PENDING}, late = {.latest = FC_JOB_PENDING};

    open_bad(f, "slow");
    const char *id = start(f, "driver_trips");
    fc_jobs_watch(f->jobs, fc_str_from(id), watch, &live);
    test_wait_until(was_called, &live, "progress of a job");
    test_write(test_path(&f->scratch, "go"), "");
    test_wait_until(is_over, &live, "the end of a watch");
    assert_int_equal(live.latest, FC_JOB_DONE);
    assert_false(live.went_back);
    /* What was told is what is stored. */
    assert_int_equal(row_of(f, id).state, FC_JOB_DONE);
    fc_jobs_watch(f->jobs, fc_str_from(id), watch, &late);
    test_wait_until(is_over, &late, "the end of a watch");
    assert_int_equal(late.calls, 1);
    assert_int_equal(late.latest, FC_JOB_DONE);
    assert_int_equal(late.last_calls, 1);
}

static void a_watch_ends_when_it_is_unwanted(void **state)
{
    struct fixture *f = *state;
    struct watched leaver = {.leave_after = 2}, unwanted = {.latest = FC_JOB_PENDING};
    struct watched lost = {.latest = FC_JOB_PENDING}, stopped = {.latest = FC_JOB_PENDING};

    open_bad(f, "slow");
    const char *id = start(f, "driver_trips");
    fc_jobs_watch(f->jobs, fc_str_from(id), watch, &leaver);
    fc_jobs_watch(f->jobs, fc_str_from(id), watch, &unwanted);
    fc_jobs_watch(f->jobs, fc_str_from(id), watch, &stopped);
    fc_jobs_watch(f->jobs, FC_STR("00000000000000000000000000000000"), watch, &lost);
    fc_jobs_watch(f->jobs, FC_STR("short"), watch, &lost);
    test_wait_until(is_over, &leaver, "the end of a watch");
    assert_int_equal(leaver.calls, 2);
    fc_jobs_unwatch(f->jobs, &unwanted);
    test_wait_until(is_over, &unwanted, "the end of a watch");
    close_jobs(f);
    assert_int_equal(leaver.last_calls, 1);
    assert_int_equal(unwanted.last_calls, 1);
    assert_int_equal(stopped.last_calls, 1);
    assert_int_equal(stopped.latest, FC_JOB_RUNNING);
    assert_int_equal(lost.calls, 0);
    assert_int_equal(lost.last_calls, 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(a_job_ends_with_its_receipt),
    CASE(the_order_is_frozen_in_the_row),
    CASE(each_bad_worker_costs_its_attempts),
    CASE(a_worker_that_closed_its_end_is_killed_after_a_while),
    CASE(a_silent_worker_counts_as_lost),
    CASE(a_lost_worker_is_replaced),
    CASE(a_lost_worker_is_replaced_after_a_pause),
    CASE(an_error_of_the_worker_ends_the_job),
    CASE(a_missing_program_is_told),
    CASE(jobs_of_one_table_take_turns),
    CASE(no_more_than_the_limit_run_at_once),
    CASE(a_table_that_fails_does_not_stop_the_others),
    CASE(a_running_job_is_cancelled),
    CASE(a_waiting_job_is_cancelled),
    CASE(an_ended_job_stays_as_it_is),
    CASE(a_job_that_is_not_there_cannot_be_cancelled),
    CASE(jobs_survive_a_restart),
    CASE(mistakes_make_no_job),
    CASE(a_location_outside_the_roots_is_denied),
    CASE(a_location_that_is_missing_fails_the_job),
    CASE(a_watch_follows_to_the_end),
    CASE(a_watch_ends_when_it_is_unwanted),
};

FC_TEST_MAIN(cases)

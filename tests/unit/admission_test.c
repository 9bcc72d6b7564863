/* SPDX-License-Identifier: Apache-2.0 */
/* Admission over real processes: workers that answer, die, hang or lie, and what each of them costs. */
#include "tests/unit/harness.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/admission/admission.h"
#include "tests/support/scratch.h"
#include "tests/support/specs.h"

#define VERDICT(word) ((int)FEAST__ADMIN__V1__VERDICT__##word)

struct fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    struct fc_admission_options options;
    struct fc_admission *admission;
    struct fc_entity_type entity;
    Feast__Core__FeatureTableSpec *spec;
};

/* A check under way; its outcome is copied, since it is borrowed. */
struct check {
    struct fc_arena *arena;
    struct fc_admission_request request;
    pthread_mutex_t mutex;
    int answers;
    struct fc_admission_outcome outcome;
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new((size_t)16 * 1024 * 1024);
    f->options = (struct fc_admission_options){
        .scratch_dir = fc_arena_strdup(f->arena, test_path(&f->scratch, "probes")),
        .deadline_ns = 60 * FC_NS_PER_S,
        .max_invalid_ratio = 0.05,
        .parallel = 1,
        .local_any = true,
    };
    f->entity = (struct fc_entity_type){.name = "driver_id",
                                        .value_type = FEAST__TYPES__VALUE_TYPE__ENUM__INT64};
    f->spec = test_table(f->arena);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_admission_free(f->admission);
    test_scratch_done(&f->scratch);
    fc_arena_free(f->arena);
    test_free(f);
    return 0;
}

static void start(struct fixture *f, const char *worker)
{
    struct fc_error err = FC_ERROR_INIT;

    f->options.worker_path = worker;
    if (fc_admission_new(&f->options, &f->admission, &err) != FC_OK) {
        print_error("%s\n", err.message);
        fail();
    }
}

static void start_bad(struct fixture *f, const char *name)
{
    start(f, test_bad_worker(&f->scratch, name));
}

static void answered(void *ctx, const struct fc_admission_outcome *outcome)
{
    struct check *check = ctx;

    pthread_mutex_lock(&check->mutex);
    check->outcome = *outcome;
    check->answers++;
    pthread_mutex_unlock(&check->mutex);
}

static bool has_answer(void *ctx)
{
    struct check *check = ctx;

    pthread_mutex_lock(&check->mutex);
    bool has = check->answers > 0;
    pthread_mutex_unlock(&check->mutex);
    return has;
}

static bool has_orders(void *ctx)
{
    struct fixture *f = ctx;

    return test_lines(test_path(&f->scratch, "orders")) > 0;
}

static void prepare(struct fixture *f, struct check *check, enum fc_validation_mode mode)
{
    *check = (struct check){.arena = fc_arena_new((size_t)1024 * 1024)};
    (void)pthread_mutex_init(&check->mutex, NULL);
    check->request = (struct fc_admission_request){
        .project = "default",
        .spec = f->spec,
        .entities = &f->entity,
        .entity_count = 1,
        .mode = mode,
        .arena = check->arena,
    };
}

static void begin(struct fixture *f, struct check *check, enum fc_validation_mode mode)
{
    prepare(f, check, mode);
    fc_admission_check(f->admission, &check->request, answered, check);
}

static void end(struct check *check)
{
    test_wait_until(has_answer, check, "the outcome of a check");
    assert_int_equal(check->answers, 1);
}

static void check_done(struct check *check)
{
    fc_arena_free(check->arena);
    pthread_mutex_destroy(&check->mutex);
}

static void run(struct fixture *f, struct check *check, enum fc_validation_mode mode)
{
    begin(f, check, mode);
    end(check);
}

/* One check that is expected to end as UNVERIFIED for this reason. */
static void expect_unverified(struct fixture *f, enum fc_reason reason, const char *part)
{
    struct check check;

    run(f, &check, FC_VALIDATION_ENFORCE);
    assert_true(check.outcome.accepted);
    assert_int_equal(check.outcome.report->verdict, VERDICT(UNVERIFIED));
    assert_string_equal(check.outcome.report->reason, fc_reason_info(reason)->word);
    const Feast__Admin__V1__SourceReport *source = check.outcome.report->sources[0];
    assert_int_equal(source->state, FEAST__ADMIN__V1__SOURCE_REPORT__STATE__UNREACHABLE);
    if (!strstr(source->message, part)) {
        print_error("\"%s\" does not say \"%s\"\n", source->message, part);
        fail();
    }
    check_done(&check);
}

static void expect_ok(struct fixture *f)
{
    struct check check;

    run(f, &check, FC_VALIDATION_ENFORCE);
    assert_true(check.outcome.accepted);
    if ((int)check.outcome.report->verdict != VERDICT(OK)) {
        print_error("%s\n", check.outcome.report->sources[0]->message);
        fail();
    }
    check_done(&check);
}

static void a_fit_is_accepted(void **state)
{
    struct fixture *f = *state;
    struct check check;
    struct fc_admission_stats stats;

    start_bad(f, "good");
    run(f, &check, FC_VALIDATION_STRICT);
    assert_true(check.outcome.accepted);
    assert_int_equal(check.outcome.report->verdict, VERDICT(OK));
    assert_int_equal(check.outcome.report->mode, FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__STRICT);
    assert_true(check.outcome.report->checked_at->seconds > 1600000000);
    assert_int_equal(check.outcome.report->n_sources, 1);
    assert_int_equal(check.outcome.report->sources[0]->n_columns, 4);
    assert_string_equal(check.outcome.report->sources[0]->location, "file:///data/trips.parquet");
    check_done(&check);
    fc_admission_stats(f->admission, &stats);
    assert_int_equal(stats.probes, 1);
    assert_int_equal(stats.refused + stats.unverified + stats.worker_failures, 0);
}

static void off_asks_nobody(void **state)
{
    struct fixture *f = *state;
    struct check check;

    start_bad(f, "good");
    begin(f, &check, FC_VALIDATION_OFF);
    assert_int_equal(check.answers, 1);
    assert_true(check.outcome.accepted);
    assert_null(check.outcome.report);
    assert_int_equal(test_lines(test_path(&f->scratch, "orders")), 0);
    check_done(&check);
}

/* Misbehaviour -> a part of the reason given. */
static void each_bad_worker_costs_its_probe(void **state)
{
    static const struct {
        const char *name, *says;
    } workers[] = {
        {"dead", "exited with status 7"},
        {"die", "exited with status 3"},
        {"crash", "killed by signal 9"},
        {"closed", "closed its end"},
        {"garbage", "no valid message"},
        {"oversized", "announced a message of 4294967295 bytes"},
        {"alien", "answered another order"},
        {"empty", "no report"},
        {"partial", "leaves out feature \"rating\""},
        {"unread", "how far it got"},
        {"chatty", "10000 things without an answer"},
    };
    struct fixture *f = *state;
    struct fc_admission_stats stats;

    for (size_t i = 0; i < FC_ARRAY_LEN(workers); i++) {
        start_bad(f, workers[i].name);
        expect_unverified(f, FC_REASON_WORKER_FAILED, workers[i].says);
        /* Its successor is no better, and nothing gets worse by that. */
        expect_unverified(f, FC_REASON_WORKER_FAILED, workers[i].says);
        fc_admission_stats(f->admission, &stats);
        assert_int_equal(stats.worker_failures, 2);
        assert_int_equal(stats.unverified, 2);
        fc_admission_free(f->admission);
        f->admission = NULL;
    }
}

static void a_dead_worker_is_replaced(void **state)
{
    struct fixture *f = *state;

    start_bad(f, "once");
    expect_unverified(f, FC_REASON_WORKER_FAILED, "killed by signal 9");
    expect_ok(f);
    expect_ok(f);
    assert_int_equal(test_lines(test_path(&f->scratch, "orders")), 3);
}

static void a_worker_that_hangs_is_killed_at_the_deadline(void **state)
{
    static const char *const names[] = {"hang", "deaf"};
    struct fixture *f = *state;

    f->options.deadline_ns = 200 * FC_NS_PER_MS;
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        start_bad(f, names[i]);
        expect_unverified(f, FC_REASON_DEADLINE_EXCEEDED, "could not be judged within");
        fc_admission_free(f->admission);
        f->admission = NULL;
    }
}

/* An order that no socket buffer holds, to a worker that does not read. */
static void a_large_order_does_not_block(void **state)
{
    struct fixture *f = *state;
    size_t size = (size_t)2 * 1024 * 1024;
    char *large = fc_arena_alloc(f->arena, size);

    memset(large, 'x', size);
    large[size - 1] = '\0';
    TEST_TABLE_LABEL(f->arena, f->spec, "large", large);
    f->options.deadline_ns = 200 * FC_NS_PER_MS;
    start_bad(f, "deaf");
    expect_unverified(f, FC_REASON_DEADLINE_EXCEEDED, "could not be judged within");
}

static void the_deadline_of_the_call_counts_when_it_is_sooner(void **state)
{
    struct fixture *f = *state;
    struct check check = {.arena = fc_arena_new((size_t)1024 * 1024)};

    start_bad(f, "hang");
    (void)pthread_mutex_init(&check.mutex, NULL);
    check.request = (struct fc_admission_request){
        .project = "default",
        .spec = f->spec,
        .entities = &f->entity,
        .entity_count = 1,
        .mode = FC_VALIDATION_STRICT,
        .arena = check.arena,
        .deadline_ns = fc_monotonic_ns(fc_sys_real()) + 100 * FC_NS_PER_MS,
    };
    fc_admission_check(f->admission, &check.request, answered, &check);
    end(&check);
    assert_false(check.outcome.accepted);
    assert_int_equal(check.outcome.error.rc, FC_FAILED_PRECONDITION);
    assert_string_equal(check.outcome.report->reason, "DEADLINE_EXCEEDED");
    check_done(&check);
}

static void a_missing_program_is_told(void **state)
{
    struct fixture *f = *state;

    start(f, "/nowhere/feast-worker");
    expect_unverified(f, FC_REASON_WORKER_FAILED, "/nowhere/feast-worker");
}

static void an_error_of_the_worker_is_a_finding(void **state)
{
    struct fixture *f = *state;

    start_bad(f, "fail");
    expect_unverified(f, FC_REASON_SOURCE_UNREACHABLE, "\"/nowhere\" is not there");
    expect_unverified(f, FC_REASON_SOURCE_UNREACHABLE, "\"/nowhere\" is not there");
    assert_int_equal(test_lines(test_path(&f->scratch, "orders")), 2);
}

static void strict_refuses_what_could_not_be_looked_at(void **state)
{
    struct fixture *f = *state;
    struct check check;

    start_bad(f, "fail");
    run(f, &check, FC_VALIDATION_STRICT);
    assert_false(check.outcome.accepted);
    assert_int_equal(check.outcome.error.rc, FC_FAILED_PRECONDITION);
    assert_int_equal(check.outcome.error.reason, FC_REASON_SOURCE_UNVERIFIED);
    assert_string_equal(check.outcome.error.field, "table_spec.batch_source");
    assert_string_equal(check.outcome.error.message,
                        "Feature table \"driver_trips\" could not be verified, and validation mode "
                        "strict wants that: batch source \"file:///data/trips.parquet\": "
                        "\"/nowhere\" is not there");
    assert_int_equal(check.outcome.violations.count, 1);
    check_done(&check);
}

static void schemes_that_are_not_listed_are_not_gone_to(void **state)
{
    struct fixture *f = *state;
    struct check check;

    f->options.access = test_files_only();
    start_bad(f, "good");
    f->spec->batch_source = test_bigquery_source(f->arena, "p:d.t");
    f->spec->stream_source = test_kafka_source(f->arena);
    run(f, &check, FC_VALIDATION_ENFORCE);
    assert_true(check.outcome.accepted);
    assert_int_equal(check.outcome.report->n_sources, 2);
    assert_string_equal(check.outcome.report->reason, "SOURCE_DENIED");
    assert_string_equal(check.outcome.report->sources[0]->message,
                        "\"p:d.t\" is a bigquery location, which this server does not read "
                        "(sources.schemes)");
    assert_non_null(strstr(check.outcome.report->sources[1]->message, "is a kafka location"));
    assert_int_equal(test_lines(test_path(&f->scratch, "orders")), 0);
    check_done(&check);
    run(f, &check, FC_VALIDATION_STRICT);
    assert_false(check.outcome.accepted);
    assert_int_equal(check.outcome.error.rc, FC_FAILED_PRECONDITION);
    assert_int_equal(check.outcome.violations.count, 2);
    check_done(&check);
}

static void a_stream_beside_a_fitting_file_is_unverified(void **state)
{
    struct fixture *f = *state;
    struct check check;

    f->options.access = test_files_only();
    start_bad(f, "good");
    f->spec->stream_source = test_kafka_source(f->arena);
    run(f, &check, FC_VALIDATION_ENFORCE);
    assert_true(check.outcome.accepted);
    assert_int_equal(check.outcome.report->verdict, VERDICT(UNVERIFIED));
    assert_int_equal(check.outcome.report->sources[0]->state,
                     FEAST__ADMIN__V1__SOURCE_REPORT__STATE__READ);
    check_done(&check);
}

/* Its worker answers no order before there are two. */
static void both_sources_are_looked_at_at_once(void **state)
{
    struct fixture *f = *state;
    struct check check;

    f->options.parallel = 2;
    f->spec->stream_source = test_kafka_source(f->arena);
    start_bad(f, "pair");
    run(f, &check, FC_VALIDATION_ENFORCE);
    assert_true(check.outcome.accepted);
    assert_int_equal(check.outcome.report->verdict, VERDICT(OK));
    assert_int_equal(check.outcome.report->n_sources, 2);
    assert_int_equal(check.outcome.report->sources[0]->slot,
                     FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_BATCH);
    assert_int_equal(check.outcome.report->sources[1]->slot,
                     FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM);
    check_done(&check);
}

/* The same worker: the look of the background is under way when the other one comes, which has a worker of its own. */
static void the_background_holds_nobody_up(void **state)
{
    struct fixture *f = *state;
    struct fc_admission_stats stats;
    struct check background, check;

    f->options.background_parallel = 1;
    start_bad(f, "pair");
    prepare(f, &background, FC_VALIDATION_ENFORCE);
    background.request.background = true;
    fc_admission_check(f->admission, &background.request, answered, &background);
    test_wait_until(has_orders, f, "the order of the background");
    run(f, &check, FC_VALIDATION_ENFORCE);
    end(&background);
    assert_int_equal(check.outcome.report->verdict, VERDICT(OK));
    assert_int_equal(background.outcome.report->verdict, VERDICT(OK));
    fc_admission_stats(f->admission, &stats);
    assert_int_equal(stats.verdicts[VERDICT(OK)], 2);
    check_done(&check);
    check_done(&background);
}

static void a_location_outside_the_roots_is_not_opened(void **state)
{
    struct fixture *f = *state;

    f->options.local_any = false;
    start_bad(f, "good");
    expect_unverified(f, FC_REASON_SOURCE_DENIED, "sources.local_roots");
    assert_int_equal(test_lines(test_path(&f->scratch, "orders")), 0);
}

#define MANY 40

static void many_checks_share_the_workers(void **state)
{
    struct fixture *f = *state;
    static struct check checks[MANY];
    struct fc_admission_stats stats;

    f->options.parallel = 3;
    start_bad(f, "good");
    for (size_t i = 0; i < MANY; i++)
        begin(f, &checks[i], FC_VALIDATION_ENFORCE);
    for (size_t i = 0; i < MANY; i++) {
        end(&checks[i]);
        assert_int_equal(checks[i].outcome.report->verdict, VERDICT(OK));
        check_done(&checks[i]);
    }
    fc_admission_stats(f->admission, &stats);
    assert_int_equal(stats.probes, MANY);
}

/* One hangs, one waits in the queue, the third finds no place; all are answered when admission ends. */
static void a_full_queue_and_the_end_answer_everyone(void **state)
{
    struct fixture *f = *state;
    struct check checks[3];

    f->options.queue_limit = 1;
    f->options.deadline_ns = 2 * FC_NS_PER_S;
    start_bad(f, "hang");
    for (size_t i = 0; i < 3; i++)
        begin(f, &checks[i], FC_VALIDATION_ENFORCE);
    fc_admission_free(f->admission);
    f->admission = NULL;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(checks[i].answers, 1);
        assert_true(checks[i].outcome.accepted);
        assert_int_equal(checks[i].outcome.report->verdict, VERDICT(UNVERIFIED));
        check_done(&checks[i]);
    }
}

/* A real file with columns id INT64 and ts INT96, and a real worker. */
static void a_real_worker_tells_what_it_saw(void **state)
{
    struct fixture *f = *state;
    Feast__Core__DataSource *source = f->spec->batch_source;
    struct check check;

    if (!test_real_worker())
        skip();
    start(f, test_real_worker());
    source->file_options->file_url = (char *)FC_TEST_DATA_DIR "/parquet/int96.parquet";
    TEST_MAPPING(f->arena, source, "driver_id", "id");
    TEST_MAPPING(f->arena, source, "rating", "id");
    run(f, &check, FC_VALIDATION_ENFORCE);
    assert_false(check.outcome.accepted);
    assert_int_equal(check.outcome.report->verdict, VERDICT(MISMATCHED));
    assert_int_equal(check.outcome.violations.count, 1);
    assert_string_equal(check.outcome.error.field, "table_spec.features[0]");
    assert_string_equal(
        check.outcome.error.message,
        "Feature table \"driver_trips\" does not fit its batch source " FC_TEST_DATA_DIR
        "/parquet/int96.parquet: feature \"trips\": there is no "
        "column \"trips\"");
    check_done(&check);
    TEST_MAPPING(f->arena, source, "trips", "id");
    expect_ok(f);
    source->file_options->file_url =
        fc_arena_strdup(f->arena, test_path(&f->scratch, "absent.parquet"));
    expect_unverified(f, FC_REASON_SOURCE_UNREACHABLE, "absent.parquet");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(a_fit_is_accepted),
    CASE(off_asks_nobody),
    CASE(each_bad_worker_costs_its_probe),
    CASE(a_dead_worker_is_replaced),
    CASE(a_worker_that_hangs_is_killed_at_the_deadline),
    CASE(a_large_order_does_not_block),
    CASE(the_deadline_of_the_call_counts_when_it_is_sooner),
    CASE(a_missing_program_is_told),
    CASE(an_error_of_the_worker_is_a_finding),
    CASE(strict_refuses_what_could_not_be_looked_at),
    CASE(schemes_that_are_not_listed_are_not_gone_to),
    CASE(both_sources_are_looked_at_at_once),
    CASE(the_background_holds_nobody_up),
    CASE(a_stream_beside_a_fitting_file_is_unverified),
    CASE(a_location_outside_the_roots_is_not_opened),
    CASE(many_checks_share_the_workers),
    CASE(a_full_queue_and_the_end_answer_everyone),
    CASE(a_real_worker_tells_what_it_saw),
};

FC_TEST_MAIN(cases)

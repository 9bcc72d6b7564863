/* SPDX-License-Identifier: Apache-2.0 */
/* The job services of both generations over real gRPC. */
#include "tests/unit/whole_fixture.h"

#include "feast/core/JobService.pb-c.h"
#include "feast_spark/api/JobService.pb-c.h"

#define API    "/feast_spark.api.JobService/"
#define LEGACY "/feast.core.JobService/"

#define PENDING FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_PENDING
#define RUNNING FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_RUNNING
#define DONE    FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_DONE
#define FAILED  FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_ERROR

typedef FeastSpark__Api__StartOfflineToOnlineIngestionJobRequest start_request;
typedef FeastSpark__Api__StartOfflineToOnlineIngestionJobResponse start_response;

static start_response *start(struct whole_server *server, const start_request *request)
{
    return whole_call(
        server, API "StartOfflineToOnlineIngestionJob", &request->base,
        &feast_spark__api__start_offline_to_online_ingestion_job_response__descriptor);
}

static start_response *start_table(struct whole_server *server, const char *table)
{
    start_request request = FEAST_SPARK__API__START_OFFLINE_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;

    request.table_name = (char *)table;
    return start(server, &request);
}

static FeastSpark__Api__GetJobResponse *get(struct whole_server *server, const char *id)
{
    FeastSpark__Api__GetJobRequest request = FEAST_SPARK__API__GET_JOB_REQUEST__INIT;

    request.job_id = (char *)id;
    return whole_call(server, API "GetJob", &request.base,
                      &feast_spark__api__get_job_response__descriptor);
}

static FeastSpark__Api__Job *job_of(struct whole_server *server, const char *id)
{
    FeastSpark__Api__GetJobResponse *answer = must_answer(server, get(server, id));

    return answer->job;
}

static FeastSpark__Api__ListJobsResponse *list(struct whole_server *server, bool all,
                                               const char *project, const char *table)
{
    FeastSpark__Api__ListJobsRequest request = FEAST_SPARK__API__LIST_JOBS_REQUEST__INIT;

    request.include_terminated = all;
    request.project = (char *)project;
    request.table_name = (char *)table;
    return must_answer(server, whole_call(server, API "ListJobs", &request.base,
                                          &feast_spark__api__list_jobs_response__descriptor));
}

static FeastSpark__Api__CancelJobResponse *cancel(struct whole_server *server, const char *id)
{
    FeastSpark__Api__CancelJobRequest request = FEAST_SPARK__API__CANCEL_JOB_REQUEST__INIT;

    request.job_id = (char *)id;
    return whole_call(server, API "CancelJob", &request.base,
                      &feast_spark__api__cancel_job_response__descriptor);
}

struct wanted {
    struct whole_server *server;
    const char *id;
    FeastSpark__Api__JobStatus status;
};

static bool has_status(void *ctx)
{
    const struct wanted *wanted = ctx;

    return job_of(wanted->server, wanted->id)->status == wanted->status;
}

static FeastSpark__Api__Job *wait_for(struct whole_server *server, const char *id,
                                      FeastSpark__Api__JobStatus status)
{
    struct wanted wanted = {server, id, status};

    test_wait_until(has_status, &wanted, "the status of a job");
    return job_of(server, id);
}

static void have_table(struct whole_server *server, const char *name)
{
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);

    spec->name = (char *)name;
    test_put_table(server->store, "default", spec);
}

static void a_job_is_started_and_ends(void **state)
{
    struct whole_server *server = *state;

    have_table(server, "trips");
    start_response *started = must_answer(server, start_table(server, "trips"));
    assert_int_equal(strlen(started->id), 32);
    assert_string_equal(started->table_name, "trips");
    assert_true(started->job_start_time->seconds > 1600000000);
    assert_non_null(strstr(started->log_uri, started->id));
    FeastSpark__Api__Job *job = wait_for(server, started->id, DONE);
    assert_string_equal(job->id, started->id);
    assert_int_equal(job->type, FEAST_SPARK__API__JOB_TYPE__BATCH_INGESTION_JOB);
    assert_int_equal(job->meta_case, FEAST_SPARK__API__JOB__META_BATCH_INGESTION);
    assert_string_equal(job->batch_ingestion->table_name, "trips");
    assert_int_equal(strlen(job->hash), 32);
    assert_int_equal(job->start_time->seconds, started->job_start_time->seconds);
    assert_int_equal(job->start_time->nanos, started->job_start_time->nanos);
    assert_string_equal(job->log_uri, started->log_uri);
    assert_string_equal(job->error_message, "");
}

static void both_names_know_the_same_jobs(void **state)
{
    struct whole_server *server = *state;
    Feast__Core__StartOfflineToOnlineIngestionJobRequest request =
        FEAST__CORE__START_OFFLINE_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;
    Feast__Core__GetJobRequest get_request = FEAST__CORE__GET_JOB_REQUEST__INIT;

    have_table(server, "trips");
    request.table_name = (char *)"trips";
    Feast__Core__StartOfflineToOnlineIngestionJobResponse *started = must_answer(
        server,
        whole_call(server, LEGACY "StartOfflineToOnlineIngestionJob", &request.base,
                   &feast__core__start_offline_to_online_ingestion_job_response__descriptor));
    (void)wait_for(server, started->id, DONE);
    get_request.job_id = started->id;
    Feast__Core__GetJobResponse *answer =
        must_answer(server, whole_call(server, LEGACY "GetJob", &get_request.base,
                                       &feast__core__get_job_response__descriptor));
    assert_string_equal(answer->job->id, started->id);
    assert_int_equal(answer->job->status, FEAST__CORE__JOB_STATUS__JOB_STATUS_DONE);
}

static void mistakes_are_told(void **state)
{
    struct whole_server *server = *state;
    start_request request = FEAST_SPARK__API__START_OFFLINE_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

    must_fail(server, start_table(server, ""), FIELD_REQUIRED, "table_name");
    must_fail(server, start_table(server, "absent"), TABLE_NOT_FOUND, "absent");
    have_table(server, "trips");
    request.table_name = (char *)"trips";
    request.project = (char *)"elsewhere";
    must_fail(server, start(server, &request), TABLE_NOT_FOUND, "project: elsewhere");
    request.project = (char *)"default";
    request.start_date = request.end_date = &time;
    must_fail(server, start(server, &request), JOB_WINDOW_INVALID, "end_date");
    time.nanos = 1000000000;
    must_fail(server, start(server, &request), FIELD_INVALID, "nanos");
    must_fail(server, get(server, ""), FIELD_REQUIRED, "job_id");
    must_fail(server, get(server, "absent"), JOB_NOT_FOUND, "\"absent\"");
    must_fail(server, cancel(server, ""), FIELD_REQUIRED, "job_id");
    must_fail(server, cancel(server, "absent"), JOB_NOT_FOUND, "\"absent\"");
    assert_int_equal(list(server, true, "", "")->n_jobs, 0);
}

static void filters_hold_together(void **state)
{
    struct whole_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);
    start_request request = FEAST_SPARK__API__START_OFFLINE_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;

    have_table(server, "one");
    have_table(server, "two");
    test_put_entity(server->store, "elsewhere", "driver_id", FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    spec->name = (char *)"one";
    test_put_table(server->store, "elsewhere", spec);
    start_response *one = must_answer(server, start_table(server, "one"));
    start_response *two = must_answer(server, start_table(server, "two"));
    request.project = (char *)"elsewhere";
    request.table_name = (char *)"one";
    start_response *other = must_answer(server, start(server, &request));
    (void)wait_for(server, one->id, DONE);
    (void)wait_for(server, two->id, DONE);
    (void)wait_for(server, other->id, DONE);
    assert_int_equal(list(server, false, "", "")->n_jobs, 0);
    assert_int_equal(list(server, true, "", "")->n_jobs, 3);
    assert_int_equal(list(server, true, "default", "")->n_jobs, 2);
    assert_int_equal(list(server, true, "", "one")->n_jobs, 2);
    FeastSpark__Api__ListJobsResponse *both = list(server, true, "elsewhere", "one");
    assert_int_equal(both->n_jobs, 1);
    assert_string_equal(both->jobs[0]->id, other->id);
    assert_int_equal(list(server, true, "elsewhere", "two")->n_jobs, 0);
}

static int slow_setup(void **state)
{
    *state = whole_server_start("slow");
    return 0;
}

static void a_running_job_is_cancelled(void **state)
{
    struct whole_server *server = *state;

    have_table(server, "trips");
    start_response *started = must_answer(server, start_table(server, "trips"));
    (void)wait_for(server, started->id, RUNNING);
    start_response *waiting = must_answer(server, start_table(server, "trips"));
    assert_int_equal(job_of(server, waiting->id)->status, PENDING);
    assert_int_equal(list(server, false, "", "")->n_jobs, 2);
    (void)must_answer(server, cancel(server, started->id));
    FeastSpark__Api__Job *job = job_of(server, started->id);
    assert_int_equal(job->status, FAILED);
    assert_string_equal(job->error_message, "the job was cancelled");
    (void)must_answer(server, cancel(server, started->id));
    (void)wait_for(server, waiting->id, RUNNING);
    assert_int_equal(list(server, false, "", "")->n_jobs, 1);
}

static int failing_setup(void **state)
{
    *state = whole_server_start("fail");
    return 0;
}

static void a_failed_job_says_why(void **state)
{
    struct whole_server *server = *state;

    have_table(server, "trips");
    start_response *started = must_answer(server, start_table(server, "trips"));
    FeastSpark__Api__Job *job = wait_for(server, started->id, FAILED);
    assert_string_equal(job->error_message, "\"/nowhere\" is not there");
}

static void calls_of_later_versions_say_so(void **state)
{
    static const struct {
        const char *path;
        const ProtobufCMessageDescriptor *response;
        const char *text;
    } later[] = {
        {API "GetHistoricalFeatures",
         &feast_spark__api__get_historical_features_response__descriptor, "Spark"},
        {LEGACY "GetHistoricalFeatures", &feast__core__get_historical_features_response__descriptor,
         "Spark"},
    };
    struct whole_server *server = *state;
    FeastSpark__Api__ListJobsRequest nothing = FEAST_SPARK__API__LIST_JOBS_REQUEST__INIT;

    for (size_t i = 0; i < FC_ARRAY_LEN(later); i++) {
        assert_null(whole_call(server, later[i].path, &nothing.base, later[i].response));
        assert_int_equal(server->err.rc, FC_UNIMPLEMENTED);
        if (!strstr(server->err.message, later[i].text))
            fail_msg("%s: %s", later[i].path, server->err.message);
    }
}

static const struct CMUnitTest cases[] = {
    WHOLE_CASE(a_job_is_started_and_ends),
    WHOLE_CASE(both_names_know_the_same_jobs),
    WHOLE_CASE(mistakes_are_told),
    WHOLE_CASE(filters_hold_together),
    cmocka_unit_test_setup_teardown(a_running_job_is_cancelled, slow_setup, whole_teardown),
    cmocka_unit_test_setup_teardown(a_failed_job_says_why, failing_setup, whole_teardown),
    WHOLE_CASE(calls_of_later_versions_say_so),
};

FC_TEST_MAIN(cases)

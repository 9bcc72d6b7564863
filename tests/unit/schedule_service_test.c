/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules over real gRPC: as feast-spark names them, as caraml-store does, and as admin.v1 tells of them. */
#include "tests/unit/whole_fixture.h"

#include "feast/admin/v1/admin.pb-c.h"
#include "feast/core/CoreService.pb-c.h"
#include "feast_spark/api/JobService.pb-c.h"

#define API "/feast_spark.api.JobService/"

static void have_table(struct whole_server *server, const char *name)
{
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);

    spec->name = (char *)name;
    test_put_table(server->store, "default", spec);
}

static void *schedule(struct whole_server *server, const char *table, const char *cron, int days)
{
    FeastSpark__Api__ScheduleOfflineToOnlineIngestionJobRequest request =
        FEAST_SPARK__API__SCHEDULE_OFFLINE_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;

    request.table_name = (char *)table;
    request.cron_schedule = (char *)cron;
    request.ingestion_timespan = days;
    return whole_call(
        server, API "ScheduleOfflineToOnlineIngestionJob", &request.base,
        &feast_spark__api__schedule_offline_to_online_ingestion_job_response__descriptor);
}

static void *unschedule(struct whole_server *server, const char *project, const char *table)
{
    FeastSpark__Api__UnscheduleOfflineToOnlineIngestionJobRequest request =
        FEAST_SPARK__API__UNSCHEDULE_OFFLINE_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;

    request.project = (char *)project;
    request.table_name = (char *)table;
    return whole_call(
        server, API "UnscheduleOfflineToOnlineIngestionJob", &request.base,
        &feast_spark__api__unschedule_offline_to_online_ingestion_job_response__descriptor);
}

static FeastSpark__Api__ListScheduledJobsResponse *list(struct whole_server *server,
                                                        const char *project, const char *table)
{
    FeastSpark__Api__ListScheduledJobsRequest request =
        FEAST_SPARK__API__LIST_SCHEDULED_JOBS_REQUEST__INIT;

    request.project = (char *)project;
    request.table_name = (char *)table;
    return must_answer(server,
                       whole_call(server, API "ListScheduledJobs", &request.base,
                                  &feast_spark__api__list_scheduled_jobs_response__descriptor));
}

static void *unschedule_id(struct whole_server *server, const char *id)
{
    FeastSpark__Api__UnscheduleJobRequest request = FEAST_SPARK__API__UNSCHEDULE_JOB_REQUEST__INIT;

    request.job_id = (char *)id;
    return whole_call(server, API "UnscheduleJob", &request.base,
                      &feast_spark__api__unschedule_job_response__descriptor);
}

static Feast__Admin__V1__ListSchedulesResponse *details(struct whole_server *server)
{
    Feast__Admin__V1__ListSchedulesRequest request = FEAST__ADMIN__V1__LIST_SCHEDULES_REQUEST__INIT;

    return must_answer(server, whole_call(server, "/feast.admin.v1.AdminService/ListSchedules",
                                          &request.base,
                                          &feast__admin__v1__list_schedules_response__descriptor));
}

static void one_is_made_replaced_and_removed(void **state)
{
    struct whole_server *server = *state;

    have_table(server, "trips");
    assert_int_equal(list(server, "", "")->n_jobs, 0);
    (void)must_answer(server, unschedule(server, "", "trips"));
    (void)must_answer(server, schedule(server, "trips", "0 3 * * *", 2));
    (void)must_answer(server, schedule(server, "trips", "@yearly", 3));
    FeastSpark__Api__ListScheduledJobsResponse *found = list(server, "", "");
    assert_int_equal(found->n_jobs, 1);
    assert_string_equal(found->jobs[0]->id, "schedule-1");
    assert_string_equal(found->jobs[0]->project, "default");
    assert_string_equal(found->jobs[0]->table_name, "trips");
    assert_string_equal(found->jobs[0]->cron_schedule, "@yearly");
    assert_int_equal(found->jobs[0]->ingestion_timespan, 3);
    assert_int_equal(list(server, "default", "trips")->n_jobs, 1);
    assert_int_equal(list(server, "elsewhere", "")->n_jobs, 0);
    assert_int_equal(list(server, "", "absent")->n_jobs, 0);
    (void)must_answer(server, unschedule(server, "default", "trips"));
    assert_int_equal(list(server, "", "")->n_jobs, 0);
    (void)must_answer(server, unschedule(server, "default", "trips"));
}

static void its_detail_tells_what_is_next(void **state)
{
    struct whole_server *server = *state;

    have_table(server, "trips");
    (void)must_answer(server, schedule(server, "trips", "0 0 1 1 *", 7));
    Feast__Admin__V1__ListSchedulesResponse *found = details(server);
    assert_string_equal(found->time_zone, "UTC");
    assert_string_equal(found->missed_runs, "catch_up");
    assert_int_equal(found->n_schedules, 1);
    const Feast__Admin__V1__Schedule *one = found->schedules[0];
    assert_string_equal(one->table, "trips");
    assert_string_equal(one->cron, "0 0 1 1 *");
    assert_int_equal(one->timespan_days, 7);
    assert_int_equal(one->next_at->seconds % 86400, 0);
    assert_true(one->next_at->seconds > one->created_at->seconds);
    assert_null(one->last_at);
    assert_string_equal(one->last_job_id, "");
    assert_int_equal(one->last_job_state, 0);
}

static void an_id_removes_it_too(void **state)
{
    struct whole_server *server = *state;

    have_table(server, "trips");
    (void)must_answer(server, schedule(server, "trips", "@daily", 1));
    must_fail(server, unschedule_id(server, ""), FIELD_REQUIRED, "job_id");
    must_fail(server, unschedule_id(server, "schedule-2"), SCHEDULE_NOT_FOUND, "\"schedule-2\"");
    must_fail(server, unschedule_id(server, "schedule-"), SCHEDULE_NOT_FOUND, "\"schedule-\"");
    must_fail(server, unschedule_id(server, "1"), SCHEDULE_NOT_FOUND, "\"1\"");
    must_fail(server, unschedule_id(server, "schedule-1x"), SCHEDULE_NOT_FOUND, "1x");
    must_fail(server, unschedule_id(server, "schedule-99999999999999999999"), SCHEDULE_NOT_FOUND,
              "999");
    (void)must_answer(server, unschedule_id(server, "schedule-1"));
    assert_int_equal(list(server, "", "")->n_jobs, 0);
    must_fail(server, unschedule_id(server, "schedule-1"), SCHEDULE_NOT_FOUND, "schedule-1");
}

static void a_deleted_table_has_none(void **state)
{
    struct whole_server *server = *state;
    Feast__Core__DeleteFeatureTableRequest request =
        FEAST__CORE__DELETE_FEATURE_TABLE_REQUEST__INIT;

    have_table(server, "trips");
    (void)must_answer(server, schedule(server, "trips", "@daily", 1));
    request.name = (char *)"trips";
    (void)must_answer(server, whole_call(server, "/feast.core.CoreService/DeleteFeatureTable",
                                         &request.base,
                                         &feast__core__delete_feature_table_response__descriptor));
    assert_int_equal(list(server, "", "")->n_jobs, 0);
    have_table(server, "trips");
    assert_int_equal(list(server, "", "")->n_jobs, 0);
}

static void mistakes_are_told(void **state)
{
    struct whole_server *server = *state;

    have_table(server, "trips");
    must_fail(server, schedule(server, "trips", "x", 1), CRON_INVALID, "\"x\"");
    must_fail(server, schedule(server, "trips", "@daily", 0), FIELD_INVALID, "ingestion_timespan");
    must_fail(server, schedule(server, "trips", "x", 0), CRON_INVALID, "\"x\"");
    must_fail(server, schedule(server, "trips", "x", 0), CRON_INVALID, "ingestion_timespan is 0");
    must_fail(server, schedule(server, "absent", "@daily", 1), TABLE_NOT_FOUND, "absent");
    must_fail(server, schedule(server, "", "@daily", 1), FIELD_REQUIRED, "table_name");
    must_fail(server, unschedule(server, "", ""), FIELD_REQUIRED, "table_name");
    assert_int_equal(list(server, "", "")->n_jobs, 0);
}

static const struct CMUnitTest cases[] = {
    WHOLE_CASE(one_is_made_replaced_and_removed),
    WHOLE_CASE(its_detail_tells_what_is_next),
    WHOLE_CASE(an_id_removes_it_too),
    WHOLE_CASE(a_deleted_table_has_none),
    WHOLE_CASE(mistakes_are_told),
};

FC_TEST_MAIN(cases)

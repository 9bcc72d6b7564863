/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/job_schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "feast_spark/api/JobService.pb-c.h"
#include "server/registry/names.h"
#include "server/services/job_view.h"
#include "server/services/request.h"

#define ID_PREFIX "schedule-"

void job_schedule(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const FeastSpark__Api__ScheduleOfflineToOnlineIngestionJobRequest *request =
        (const void *)message;
    const struct fc_services *services = ctx;
    const struct fc_schedule_request schedule = {
        .project = fc_str_from(request->project),
        .table_name = fc_str_from(request->table_name),
        .cron = fc_str_from(request->cron_schedule),
        .timespan_days = request->ingestion_timespan,
    };

    fc_schedules_set(services->schedules, &schedule, fc_request_end, call);
}

void job_unschedule(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const FeastSpark__Api__UnscheduleOfflineToOnlineIngestionJobRequest *request =
        (const void *)message;
    const struct fc_services *services = ctx;

    fc_schedules_remove(services->schedules, fc_str_from(request->project),
                        fc_str_from(request->table_name), fc_request_end, call);
}

static fc_rc find_schedules(const struct fc_services *services,
                            const FeastSpark__Api__ListScheduledJobsRequest *request,
                            struct fc_arena *arena, struct fc_schedule_row **ret_rows,
                            size_t *ret_count, struct fc_error *err)
{
    const struct fc_schedule_filter filter = {.project = fc_str_from(request->project),
                                              .table_name = fc_str_from(request->table_name)};
    struct fc_reader *reader = NULL;
    fc_rc rc = fc_store_reader(services->store, &reader, err);

    return rc == FC_OK ? fc_schedule_list(reader, &filter, arena, ret_rows, ret_count, err) : rc;
}

static FeastSpark__Api__ScheduledJob *view_schedule(struct fc_arena *arena,
                                                    const struct fc_schedule_row *row)
{
    FeastSpark__Api__ScheduledJob *view = fc_arena_alloc(arena, sizeof *view);

    if (!view)
        return NULL;
    feast_spark__api__scheduled_job__init(view);
    view->id = fc_arena_printf(arena, ID_PREFIX "%" PRId64, row->id);
    view->table_name = fc_view_text(arena, row->table_name);
    view->project = fc_view_text(arena, row->project);
    view->ingestion_timespan = row->timespan_days;
    view->cron_schedule = fc_view_text(arena, row->cron);
    return view;
}

void job_list_scheduled(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    FeastSpark__Api__ListScheduledJobsResponse response =
        FEAST_SPARK__API__LIST_SCHEDULED_JOBS_RESPONSE__INIT;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct fc_schedule_row *rows = NULL;
    struct fc_error err = FC_ERROR_INIT;
    size_t count = 0;

    if (find_schedules(ctx, (const void *)message, arena, &rows, &count, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    response.jobs = fc_arena_calloc(arena, count, sizeof(FeastSpark__Api__ScheduledJob *));
    for (size_t i = 0; response.jobs && i < count; i++)
        response.jobs[i] = view_schedule(arena, &rows[i]);
    response.n_jobs = count;
    if (fc_arena_exhausted(arena))
        fc_request_fail_too_large(call);
    else
        fc_rpc_reply(call, &response.base);
}

/* "schedule-12" is 12; anything else no schedule. */
static int64_t number_of(const char *id)
{
    const char *digits = id + strlen(ID_PREFIX);
    int64_t number = 0;

    if (strncmp(id, ID_PREFIX, strlen(ID_PREFIX)) != 0 || strlen(digits) > 18 ||
        strspn(digits, "0123456789") != strlen(digits))
        return 0;
    for (; *digits != '\0'; digits++)
        number = number * 10 + (*digits - '0');
    return number;
}

static fc_rc find_by_id(const struct fc_services *services, const char *id, struct fc_arena *arena,
                        struct fc_schedule_row *ret, struct fc_error *err)
{
    struct fc_reader *reader = NULL;

    if (id[0] == '\0') {
        return fc_fail_field(err, FC_REASON_FIELD_REQUIRED, "job_id",
                             "job_id is empty: it names the schedule");
    }
    fc_rc rc = fc_store_reader(services->store, &reader, err);
    if (rc == FC_OK)
        rc = fc_schedule_get(reader, number_of(id), arena, ret, err);
    if (rc == FC_OK && (ret->id == 0 || ret->deleted)) {
        return fc_fail_field(err, FC_REASON_SCHEDULE_NOT_FOUND, "job_id",
                             "there is no schedule \"%s\"", fc_excerpt(arena, id));
    }
    return rc;
}

void job_unschedule_id(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const FeastSpark__Api__UnscheduleJobRequest *request = (const void *)message;
    const struct fc_services *services = ctx;
    struct fc_schedule_row row = {.id = 0};
    struct fc_error err = FC_ERROR_INIT;

    if (find_by_id(services, request->job_id, fc_rpc_arena(call), &row, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    fc_schedules_remove(services->schedules, row.project, row.table_name, fc_request_end, call);
}

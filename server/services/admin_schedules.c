/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules, and what became of their last times. */
#include "server/services/admin.h"
#include "server/services/job_view.h"

static fc_rc last_state(struct fc_reader *reader, const struct fc_schedule_row *row,
                        struct fc_arena *arena, Feast__Admin__V1__JobState *ret,
                        struct fc_error *err)
{
    struct fc_job_row job = {.type = 0};
    fc_rc rc = FC_OK;

    if (row->last_job.len > 0)
        rc = fc_job_find(reader, row->last_job, arena, &job, err);
    if (rc == FC_OK && job.id.len > 0)
        *ret = (Feast__Admin__V1__JobState)job.state;
    return rc;
}

static fc_rc view_schedule(struct fc_reader *reader, const struct fc_schedule_row *row,
                           struct fc_arena *arena, Feast__Admin__V1__Schedule **ret,
                           struct fc_error *err)
{
    Feast__Admin__V1__Schedule *view = fc_arena_alloc(arena, sizeof *view);

    if (!view)
        return fc_request_too_large(err);
    feast__admin__v1__schedule__init(view);
    view->project = fc_view_text(arena, row->project);
    view->table = fc_view_text(arena, row->table_name);
    view->cron = fc_view_text(arena, row->cron);
    view->timespan_days = row->timespan_days;
    view->next_at = row->next_ns < INT64_MAX ? fc_view_time(arena, row->next_ns) : NULL;
    view->last_at = fc_view_time(arena, row->last_ns);
    view->last_job_id = fc_view_text(arena, row->last_job);
    view->passed_over = row->passed_over;
    view->reason = fc_view_text(arena, row->reason);
    view->message = fc_view_text(arena, row->message);
    view->created_at = fc_view_time(arena, row->created_ns);
    view->updated_at = fc_view_time(arena, row->updated_ns);
    *ret = view;
    return fc_arena_exhausted(arena) ? fc_request_too_large(err)
                                     : last_state(reader, row, arena, &view->last_job_state, err);
}

static fc_rc list(const struct fc_services *services,
                  const Feast__Admin__V1__ListSchedulesRequest *request, struct fc_arena *arena,
                  Feast__Admin__V1__ListSchedulesResponse *response, struct fc_error *err)
{
    const struct fc_schedule_filter filter = {.project = fc_str_from(request->project),
                                              .table_name = fc_str_from(request->table)};
    struct fc_schedule_row *rows = NULL;
    struct fc_reader *reader = NULL;
    size_t count = 0;

    fc_rc rc = fc_store_reader(services->store, &reader, err);
    if (rc == FC_OK)
        rc = fc_schedule_list(reader, &filter, arena, &rows, &count, err);
    if (rc != FC_OK)
        return rc;
    response->schedules = fc_arena_calloc(arena, count, sizeof(Feast__Admin__V1__Schedule *));
    if (!response->schedules)
        return fc_request_too_large(err);
    for (size_t i = 0; rc == FC_OK && i < count; i++)
        rc = view_schedule(reader, &rows[i], arena, &response->schedules[i], err);
    response->n_schedules = count;
    return rc;
}

void admin_list_schedules(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    Feast__Admin__V1__ListSchedulesResponse response =
        FEAST__ADMIN__V1__LIST_SCHEDULES_RESPONSE__INIT;
    const struct fc_services *services = ctx;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_arena *arena = fc_rpc_arena(call);

    if (list(services, (const void *)message, arena, &response, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    response.time_zone = (char *)fc_schedules_zone(services->schedules);
    response.missed_runs = (char *)fc_missed_runs_word(fc_schedules_missed(services->schedules));
    fc_rpc_reply(call, &response.base);
}

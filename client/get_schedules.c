/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules of batch ingestions; one is named by its table. */
#include <inttypes.h>

#include "base/pbjson.h"
#include "client/get.h"
#include "client/job.h"
#include "client/values.h"

static const struct fc_table_column columns[] = {
    {.title = "PROJECT"},
    {.title = "TABLE"},
    {.title = "CRON"},
    {.title = "DAYS", .right = true},
    {.title = "NEXT"},
    {.title = "LAST"},
    {.title = "STATE"},
    {.title = "JOB", .wide = true},
    {.title = "PASSED OVER", .wide = true, .right = true},
    {.title = "MESSAGE", .wide = true},
    {0}};

/* Of the last time: how its job is, or that there was none. */
static const char *last_state(const Feast__Admin__V1__Schedule *one)
{
    if (one->reason[0])
        return one->reason;
    return one->last_job_state ? fc_job_state_name(one->last_job_state) : "";
}

static void schedule_row(struct fc_cli *cli, struct fc_table *table,
                         const Feast__Admin__V1__Schedule *one)
{
    fc_table_row(table);
    fc_table_cell(table, one->project);
    fc_table_cell(table, one->table);
    fc_table_cell(table, one->cron);
    fc_table_cellf(table, "%" PRId32, one->timespan_days);
    fc_table_cell(table, fc_time_text(cli->arena, one->next_at));
    fc_table_cell(table, fc_time_text(cli->arena, one->last_at));
    fc_table_cell(table, last_state(one));
    fc_table_cell(table, one->last_job_id);
    fc_table_cellf(table, "%" PRId64, one->passed_over);
    fc_table_cell(table, one->message);
}

static enum fc_exit print_schedules(struct fc_cli *cli, const struct fc_selection *selection,
                                    Feast__Admin__V1__Schedule **schedules, size_t count)
{
    struct fc_output output;

    if (fc_output_wanted(cli)) {
        fc_output_begin(&output, cli, "Schedule", "schedule", selection->name != NULL);
        for (size_t i = 0; i < count; i++)
            fc_output_add(&output, schedules[i]->table, fc_pbjson_encode(&schedules[i]->base, 0));
        return fc_output_end(&output);
    }
    if (count == 0) {
        fc_get_nothing(cli, "schedules");
        return FC_EXIT_OK;
    }
    struct fc_table *table = fc_table_new(cli->arena, columns);
    if (table && !selection->all_projects)
        fc_table_hide(table, 0);
    for (size_t i = 0; table && i < count; i++)
        schedule_row(cli, table, schedules[i]);
    return table && fc_table_print(table, cli->format == FC_FORMAT_WIDE, cli->out)
               ? FC_EXIT_OK
               : fc_cli_no_memory(cli);
}

enum fc_exit fc_get_schedules(struct fc_cli *cli, const struct fc_selection *selection)
{
    Feast__Admin__V1__ListSchedulesRequest request = FEAST__ADMIN__V1__LIST_SCHEDULES_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_admin_list_schedules, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    request.project = (char *)(selection->all_projects ? "" : cli->project);
    request.table = (char *)(selection->name ? selection->name : "");
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    const Feast__Admin__V1__ListSchedulesResponse *reply = (const void *)call.reply.message;
    if (selection->name && reply->n_schedules == 0) {
        (void)fc_fail(&err, FC_REASON_SCHEDULE_NOT_FOUND,
                      "feature table \"%.200s\" of project %s has no schedule", selection->name,
                      cli->project);
        return fc_cli_fail(cli, &err);
    }
    enum fc_exit code = print_schedules(cli, selection, reply->schedules, reply->n_schedules);
    if (code == FC_EXIT_OK && !fc_output_wanted(cli) && reply->n_schedules > 0)
        fc_cli_note(cli, "Expressions are in %s; missed runs: %s.", reply->time_zone,
                    reply->missed_runs);
    return code;
}

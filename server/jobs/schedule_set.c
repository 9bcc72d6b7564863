/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules as they are asked for and taken away. */
#include <stdlib.h>

#include "base/violations.h"
#include "server/jobs/internal.h"
#include "server/jobs/schedule_internal.h"
#include "server/registry/names.h"

#define CHANGE_BYTES ((size_t)1024 * 1024)

/* One call under way. */
struct change {
    struct fc_schedules *schedules;
    struct fc_arena *arena;
    fc_str project, table_name, text;
    struct fc_cron cron;
    int32_t timespan_days;
    fc_schedule_done_fn done;
    void *ctx;
};

static void change_free(struct change *change)
{
    if (change) {
        fc_arena_free(change->arena);
        free(change);
    }
}
FC_DEFINE_FREEP(struct change, change_free)

/* The request is gone when the transaction runs. */
static fc_str keep(struct change *change, fc_str text)
{
    return fc_str_from(fc_arena_strndup(change->arena, text.ptr, text.len));
}

static fc_rc change_new(struct fc_schedules *schedules, fc_str project, fc_str table_name,
                        struct change **ret, struct fc_error *err)
{
    FC_CLEANUP(change_freep) struct change *change = calloc(1, sizeof *change);

    if (!change || !(change->arena = fc_arena_new(CHANGE_BYTES)))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to change a schedule");
    if (table_name.len == 0) {
        return fc_fail_field(err, FC_REASON_FIELD_REQUIRED, "table_name",
                             "table_name is empty: it names the feature table");
    }
    change->schedules = schedules;
    change->project = keep(change, project.len > 0 ? project : FC_STR(FC_DEFAULT_PROJECT));
    change->table_name = keep(change, table_name);
    if (fc_arena_exhausted(change->arena)) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "the names of project and table have over %zu bytes", CHANGE_BYTES);
    }
    *ret = fc_steal(change);
    return FC_OK;
}

static fc_rc check_timespan(int32_t days, struct fc_error *err)
{
    if (days >= 1 && days <= FC_SCHEDULE_DAYS_MAX)
        return FC_OK;
    return fc_fail_field(err, FC_REASON_FIELD_INVALID, "ingestion_timespan",
                         "ingestion_timespan is %d, expected a number of days from 1 to %d",
                         (int)days, FC_SCHEDULE_DAYS_MAX);
}

static fc_rc check_values(struct change *change, const struct fc_schedule_request *request,
                          struct fc_error *err)
{
    struct fc_error of_cron = FC_ERROR_INIT, of_days = FC_ERROR_INIT;
    struct fc_violations wrong;

    fc_violations_init(&wrong, change->arena);
    if (fc_cron_parse(request->cron, &change->cron, &of_cron) != FC_OK)
        fc_violations_add(&wrong, of_cron.reason, of_cron.field, "%s", of_cron.message);
    if (check_timespan(request->timespan_days, &of_days) != FC_OK)
        fc_violations_add(&wrong, of_days.reason, of_days.field, "%s", of_days.message);
    return fc_violations_to_error(&wrong, err);
}

/* As a run would find the table now. */
static fc_rc check_table(struct change *change, struct fc_error *err)
{
    const struct fc_batch_request request = {.project = change->project,
                                             .table_name = change->table_name};
    FC_CLEANUP(fc_start_freep) struct fc_start *start = NULL;
    fc_rc rc = fc_start_new(change->schedules->jobs, FC_JOB_BATCH_INGESTION, &request, &start, err);

    return rc == FC_OK ? fc_start_resolve(start, err) : rc;
}

static fc_rc put(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct change *change = ctx;
    int64_t now_ns = fc_txn_now_ns(txn);
    struct fc_schedule_row row;

    fc_rc rc = fc_schedule_find(fc_txn_reader(txn), change->project, change->table_name,
                                change->arena, &row, err);
    if (rc != FC_OK)
        return rc;
    if (row.id == 0) {
        row = (struct fc_schedule_row){.project = change->project,
                                       .table_name = change->table_name,
                                       .created_ns = now_ns,
                                       .last_job = FC_STR("")};
    } else if (!row.deleted && fc_str_eq(row.cron, change->text) &&
               row.timespan_days == change->timespan_days) {
        return FC_OK;
    } else {
        row.revision++;
    }
    int64_t next_s = fc_schedule_next_s(change->schedules, &change->cron,
                                        fc_now_ns(change->schedules->sys) / FC_NS_PER_S,
                                        row.deleted ? 0 : row.last_ns);
    row.deleted = false;
    row.cron = change->text;
    row.timespan_days = change->timespan_days;
    row.updated_ns = now_ns;
    row.next_ns = next_s < INT64_MAX / FC_NS_PER_S ? next_s * FC_NS_PER_S : INT64_MAX;
    row.reason = row.message = FC_STR("");
    return fc_schedule_put(txn, &row, err);
}

static fc_rc take_away(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct change *change = ctx;
    bool removed;

    return fc_schedule_remove(txn, change->project, change->table_name, change->arena, &removed,
                              err);
}

static void changed(void *ctx, const struct fc_error *err)
{
    struct change *change = ctx;

    if (!err)
        fc_schedules_wake(change->schedules);
    change->done(change->ctx, err);
    change_free(change);
}

static fc_rc make_set(struct fc_schedules *schedules, const struct fc_schedule_request *request,
                      struct change **ret, struct fc_error *err)
{
    FC_CLEANUP(change_freep) struct change *change = NULL;

    fc_rc rc = change_new(schedules, request->project, request->table_name, &change, err);
    if (rc == FC_OK)
        rc = check_values(change, request, err);
    if (rc == FC_OK)
        rc = check_table(change, err);
    if (rc == FC_OK) {
        change->text = keep(change, request->cron);
        change->timespan_days = request->timespan_days;
        *ret = fc_steal(change);
    }
    return rc;
}

void fc_schedules_set(struct fc_schedules *schedules, const struct fc_schedule_request *request,
                      fc_schedule_done_fn done, void *ctx)
{
    struct fc_error err = FC_ERROR_INIT;
    struct change *change = NULL;

    atomic_fetch_add(&schedules->asked, 1);
    if (make_set(schedules, request, &change, &err) != FC_OK) {
        done(ctx, &err);
        return;
    }
    change->done = done;
    change->ctx = ctx;
    fc_store_submit(schedules->store, put, changed, change);
}

void fc_schedules_remove(struct fc_schedules *schedules, fc_str project, fc_str table_name,
                         fc_schedule_done_fn done, void *ctx)
{
    struct fc_error err = FC_ERROR_INIT;
    struct change *change = NULL;

    if (change_new(schedules, project, table_name, &change, &err) != FC_OK) {
        done(ctx, &err);
        return;
    }
    change->done = done;
    change->ctx = ctx;
    fc_store_submit(schedules->store, take_away, changed, change);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of one schedule whose time has come: a job, a wait, or a reason why there is none. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "server/jobs/internal.h"
#include "server/jobs/schedule_internal.h"

#define DAY_S INT64_C(86400)
/* A run that is so late is a missed one; a restart of the server takes less. */
#define LATE_S 60
/* Times are counted up to here. */
#define COUNT_MAX 100000
#define SCRATCH   ((size_t)256 * 1024)

/* One row under way. */
struct deal {
    struct fc_schedules *schedules;
    struct fc_reader *reader;
    struct fc_arena *arena;
    struct fc_schedule_row row; /* as it is to be */
    struct fc_cron cron;
    int64_t first_s, last_s; /* of the times that are due */
    struct fc_start *start;
};

static const char *time_text(int64_t at_s, char text[FC_TIME_TEXT_MAX])
{
    fc_time_format(at_s, 0, text);
    return text;
}

static void log_passed_over(const struct deal *deal, const char *event)
{
    char table[300], at[FC_TIME_TEXT_MAX];

    (void)snprintf(table, sizeof table, "%.*s/%.*s", (int)deal->row.project.len,
                   deal->row.project.ptr, (int)deal->row.table_name.len, deal->row.table_name.ptr);
    fc_log(FC_LOG_WARN, event, FC_LOG_STR("table", table),
           FC_LOG_STR("time", time_text(deal->last_s, at)));
}

static int64_t count_due(const struct deal *deal)
{
    int64_t count = 1;

    for (int64_t at = deal->first_s; at < deal->last_s && count < COUNT_MAX; count++)
        at = fc_cron_next(&deal->cron, &deal->schedules->zone, at);
    return count;
}

/* The times that are due are dealt with. */
static void advance(struct deal *deal)
{
    int64_t next_s = fc_cron_next(&deal->cron, &deal->schedules->zone, deal->last_s);

    deal->row.last_ns = deal->last_s * FC_NS_PER_S;
    /* There is no time in the reach of the clock: INT64_MAX is never due. */
    deal->row.next_ns = next_s < INT64_MAX / FC_NS_PER_S ? next_s * FC_NS_PER_S : INT64_MAX;
    deal->row.reason = deal->row.message = FC_STR("");
}

static fc_rc run_update(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_schedule_update(txn, ctx, err);
}

/* All that are due, without a run. */
static fc_rc pass_over(struct deal *deal, enum fc_reason reason, const char *message,
                       struct fc_error *err)
{
    int64_t count = count_due(deal);

    advance(deal);
    deal->row.passed_over += count;
    deal->row.reason = fc_str_from(fc_reason_info(reason)->word);
    deal->row.message = fc_str_from(message);
    fc_rc rc = fc_store_run(deal->schedules->store, run_update, &deal->row, err);
    if (rc == FC_OK)
        atomic_fetch_add(&deal->schedules->passed_over, (uint_fast64_t)count);
    return rc;
}

static fc_rc is_busy(const struct deal *deal, bool *ret, struct fc_error *err)
{
    struct fc_job_row job = {.type = 0};
    fc_rc rc = FC_OK;

    if (deal->row.last_job.len > 0)
        rc = fc_job_find(deal->reader, deal->row.last_job, deal->arena, &job, err);
    *ret = job.id.len > 0 && (job.state == FC_JOB_PENDING || job.state == FC_JOB_RUNNING);
    return rc;
}

/* -- a run ----------------------------------------------------------------------------------------------------- */

static fc_rc insert_run(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct deal *deal = ctx;
    struct fc_start *start = deal->start;

    deal->row.last_job = start->row.id;
    fc_rc rc = fc_start_insert(txn, start, err);
    return rc == FC_OK ? fc_schedule_update(txn, &deal->row, err) : rc;
}

static void log_run(void *ctx, const struct fc_job_row *job, const struct fc_error *err)
{
    const struct deal *deal = ctx;
    char table[300], id[FC_JOB_ID_SIZE], at[FC_TIME_TEXT_MAX];

    if (err)
        return; /* told by the caller */
    (void)snprintf(table, sizeof table, "%.*s/%.*s", (int)job->project.len, job->project.ptr,
                   (int)job->table_name.len, job->table_name.ptr);
    (void)snprintf(id, sizeof id, "%.*s", (int)job->id.len, job->id.ptr);
    fc_log(FC_LOG_INFO, "schedule_run", FC_LOG_STR("table", table), FC_LOG_STR("job", id),
           FC_LOG_STR("time", time_text(deal->last_s, at)));
}

/* The first midnight after it. */
static int64_t end_of_day(const struct deal *deal, int64_t at_s)
{
    static const struct fc_cron midnights = {.minutes = 1,
                                             .hours = 1,
                                             .days = UINT32_MAX,
                                             .months = UINT16_MAX,
                                             .weekdays = UINT8_MAX,
                                             .any_day = true,
                                             .any_weekday = true};

    return fc_cron_next(&midnights, &deal->schedules->zone, at_s);
}

static fc_rc start_run(struct deal *deal, struct fc_error *err)
{
    bool all = deal->schedules->missed == FC_MISSED_CATCH_UP;
    const struct fc_batch_request request = {
        .project = deal->row.project,
        .table_name = deal->row.table_name,
        .has_start = true,
        .has_end = true,
        .start_s =
            end_of_day(deal, all ? deal->first_s : deal->last_s) - deal->row.timespan_days * DAY_S,
        .end_s = end_of_day(deal, deal->last_s),
    };
    FC_CLEANUP(fc_start_freep) struct fc_start *start = NULL;
    int64_t merged = count_due(deal) - 1;

    fc_rc rc = fc_start_new(deal->schedules->jobs, FC_JOB_BATCH_INGESTION, &request, &start, err);
    if (rc == FC_OK)
        rc = fc_start_resolve(start, err);
    if (rc != FC_OK)
        return rc;
    advance(deal);
    deal->row.passed_over += merged;
    deal->start = start;
    start->request = NULL;
    start->started = log_run;
    start->ctx = deal;
    rc = fc_store_run(deal->schedules->store, insert_run, deal, err);
    if (rc == FC_OK) {
        atomic_fetch_add(&deal->schedules->runs, 1);
        atomic_fetch_add(&deal->schedules->passed_over, (uint_fast64_t)merged);
        fc_start_inserted(fc_steal(start), NULL);
    }
    return rc;
}

/* -- what to do ------------------------------------------------------------------------------------------------ */

/* One that was asked for since the look belongs to a table that came back. */
static fc_rc run_remove(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct deal *deal = ctx;
    const struct fc_schedule_row *row = &deal->row;
    struct fc_schedule_row now = {.id = 0};
    bool removed;

    fc_rc rc =
        fc_schedule_find(fc_txn_reader(txn), row->project, row->table_name, deal->arena, &now, err);
    if (rc != FC_OK || now.revision != row->revision)
        return rc;
    return fc_schedule_remove(txn, row->project, row->table_name, deal->arena, &removed, err);
}

/* A run could not be started: the schedule ends with its table, waits for what may mend itself, passes over the rest. */
static enum fc_due after_failure(struct deal *deal, const struct fc_schedule_row *row,
                                 const struct fc_error *why)
{
    struct fc_error err = FC_ERROR_INIT;
    char table[300];
    fc_rc rc;

    deal->row = *row;
    if (why->rc == FC_CANCELLED)
        return FC_DUE_DONE; /* changed meanwhile: the next look has it as it is now */
    (void)snprintf(table, sizeof table, "%.*s/%.*s", (int)row->project.len, row->project.ptr,
                   (int)row->table_name.len, row->table_name.ptr);
    fc_log(FC_LOG_WARN, "schedule_not_run", FC_LOG_STR("table", table), FC_LOG_ERR(why));
    if (why->retryable)
        return FC_DUE_FAILED;
    if (why->reason == FC_REASON_TABLE_NOT_FOUND) {
        rc = fc_store_run(deal->schedules->store, run_remove, deal, &err);
    } else {
        atomic_fetch_add(&deal->schedules->failures, 1);
        rc = pass_over(deal, why->reason, why->message, &err);
    }
    return rc == FC_OK || rc == FC_CANCELLED ? FC_DUE_DONE : FC_DUE_FAILED;
}

/* FC_OK, and what became of it; else why no run could be started. */
static fc_rc decide(struct deal *deal, int64_t now_s, enum fc_due *ret, struct fc_error *err)
{
    const bool skip = deal->schedules->missed == FC_MISSED_SKIP;
    char message[200], at[FC_TIME_TEXT_MAX];
    bool busy = false;

    fc_rc rc = fc_cron_parse(deal->row.cron, &deal->cron, err);
    if (rc != FC_OK)
        return rc;
    deal->first_s = deal->row.next_ns / FC_NS_PER_S;
    deal->last_s = fc_cron_last(&deal->cron, &deal->schedules->zone, deal->first_s, now_s);
    rc = is_busy(deal, &busy, err);
    if (rc != FC_OK)
        return rc;
    *ret = busy && !skip ? FC_DUE_WAITS : FC_DUE_DONE;
    if (busy && skip) {
        (void)snprintf(message, sizeof message,
                       "the run of %s was left out: that before it, job "
                       "%.*s, was still at work",
                       time_text(deal->last_s, at), (int)deal->row.last_job.len,
                       deal->row.last_job.ptr);
        log_passed_over(deal, "schedule_busy");
        return pass_over(deal, FC_REASON_RUN_LEFT_OUT, message, err);
    }
    if (skip && now_s - deal->last_s > LATE_S) {
        (void)snprintf(message, sizeof message, "the run of %s was left out: its time had passed",
                       time_text(deal->last_s, at));
        log_passed_over(deal, "schedule_late");
        return pass_over(deal, FC_REASON_RUN_LEFT_OUT, message, err);
    }
    return busy ? FC_OK : start_run(deal, err);
}

enum fc_due fc_schedule_deal(struct fc_schedules *schedules, struct fc_reader *reader,
                             const struct fc_schedule_row *row, int64_t now_s)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(SCRATCH);
    struct deal deal = {.schedules = schedules, .reader = reader, .arena = arena, .row = *row};
    struct fc_error err = FC_ERROR_INIT;
    enum fc_due due = FC_DUE_DONE;

    if (!arena)
        return FC_DUE_FAILED;
    return decide(&deal, now_s, &due, &err) == FC_OK ? due : after_failure(&deal, row, &err);
}

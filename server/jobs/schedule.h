/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Schedules: batch ingestions that are started again and again, at the times of a cron expression.
 *
 *     row due -> transaction: the job's row, and the schedule's with its next time -> the supervisor
 *
 * So no run is lost and none is made twice when the server ends in between. A run covers [end - timespan, end), `end`
 * being the end of the day of its scheduled time, as the clients promise; when it starts does not matter. Times and days
 * are those of the server's one zone.
 *
 * Never are two runs of one schedule at work. Times that pass while the server is down, while the run before is at work,
 * or because the clock was set forward, have no run of their own: FC_MISSED_CATCH_UP makes one run for all of them, from
 * the first one's start to the last one's end; FC_MISSED_SKIP makes none. A clock that is set back makes no time due
 * again that was dealt with in the hour before it; further back the times are those of the clock.
 *
 * A schedule ends with its table. While a run cannot be started, for its project is archived or its source denied, each
 * time is passed over with the reason in the row.
 */
#pragma once

#include "server/jobs/jobs.h"
#include "server/jobs/zone.h"
#include "storage/schedules.h"

struct fc_schedules;

enum fc_missed_runs { FC_MISSED_CATCH_UP, FC_MISSED_SKIP };

struct fc_schedules_options {
    const struct fc_sys *sys; /**< NULL for the real one */
    struct fc_store *store;
    struct fc_jobs *jobs;
    struct fc_zone zone;
    enum fc_missed_runs missed;
};

/** Starts its thread. */
FC_MUST fc_rc fc_schedules_new(const struct fc_schedules_options *options,
                               struct fc_schedules **ret, struct fc_error *err);
/** Ends the thread; before the jobs are freed. */
void fc_schedules_free(struct fc_schedules *schedules);
FC_DEFINE_FREEP(struct fc_schedules, fc_schedules_free)

struct fc_schedule_request {
    fc_str project; /**< empty: default */
    fc_str table_name, cron;
    int32_t timespan_days;
};

/** The longest timespan. */
#define FC_SCHEDULE_DAYS_MAX 36500

typedef void (*fc_schedule_done_fn)(void *ctx, const struct fc_error *err);

/**
 * Makes the table's schedule or replaces it; one that is the same stays as it is. The table must be there, with a batch
 * source that may be read. `done`: exactly once, err NULL after it is durable; on another thread, or before this returns.
 */
void fc_schedules_set(struct fc_schedules *schedules, const struct fc_schedule_request *request,
                      fc_schedule_done_fn done, void *ctx);

/** Removes the table's schedule; none is no error. A run under way goes on. `done` as above. */
void fc_schedules_remove(struct fc_schedules *schedules, fc_str project, fc_str table_name,
                         fc_schedule_done_fn done, void *ctx);

/** The clock or the rows have changed: looks at once. Any thread; NULL is a no-op. */
void fc_schedules_wake(struct fc_schedules *schedules);

/** As it was configured. */
const char *fc_schedules_zone(const struct fc_schedules *schedules);
enum fc_missed_runs fc_schedules_missed(const struct fc_schedules *schedules);
/** "catch_up" or "skip". */
const char *fc_missed_runs_word(enum fc_missed_runs missed);

struct fc_schedules_stats {
    uint64_t asked;       /**< fc_schedules_set, whatever came of it */
    uint64_t runs;        /**< jobs started */
    uint64_t passed_over; /**< times without a run of their own */
    uint64_t failures;    /**< of these, those whose run could not be started */
    unsigned waiting;     /**< due, while the run before is at work */
};
/** NULL gives zeros. */
void fc_schedules_stats(const struct fc_schedules *schedules, struct fc_schedules_stats *ret);

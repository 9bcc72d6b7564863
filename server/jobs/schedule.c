/* SPDX-License-Identifier: Apache-2.0 */
#include "server/jobs/schedule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/log.h"
#include "server/jobs/schedule_internal.h"

/* A clock that jumps is noticed after so long, and what failed is tried again. */
#define LONGEST_SLEEP_NS (5 * FC_NS_PER_S)
/* With runs that wait for the ones before. */
#define WAITING_SLEEP_NS FC_NS_PER_S
/* After a failure of the store. */
#define FAILED_SLEEP_NS (5 * FC_NS_PER_S)
/* Of the wall clock against the monotonic one; below it are adjustments. */
#define SET_BACK_NS  FC_NS_PER_S
#define SAME_HOUR_NS (3600 * FC_NS_PER_S)
#define ROWS_LIMIT   ((size_t)64 * 1024 * 1024)
#define DUE_AT_ONCE  10000

int64_t fc_schedule_next_s(const struct fc_schedules *schedules, const struct fc_cron *cron,
                           int64_t now_s, int64_t last_ns)
{
    int64_t last_s = last_ns / FC_NS_PER_S;
    bool again = last_s > now_s && last_s - now_s <= SAME_HOUR_NS / FC_NS_PER_S;

    return fc_cron_next(cron, &schedules->zone, again ? last_s : now_s);
}

void fc_schedules_wake(struct fc_schedules *schedules)
{
    if (!schedules)
        return;
    (void)pthread_mutex_lock(&schedules->mutex);
    schedules->woken = true;
    (void)pthread_cond_signal(&schedules->changed);
    (void)pthread_mutex_unlock(&schedules->mutex);
}

static void sleep_until_changed(struct fc_schedules *schedules, int64_t sleep_ns)
{
    struct timespec until = fc_cond_after(sleep_ns);

    (void)pthread_mutex_lock(&schedules->mutex);
    while (!schedules->woken &&
           fc_cond_wait_until(&schedules->changed, &schedules->mutex, &until)) {
    }
    schedules->woken = false;
    (void)pthread_mutex_unlock(&schedules->mutex);
}

/* -- times that are no longer the next ones -------------------------------------------------------------------- */

struct shift {
    struct fc_schedules *schedules;
    struct fc_arena *arena;
    unsigned moved;
};

/* What is due stays due. What is to come is reckoned anew: the zone, or the clock, may be another one. */
static fc_rc shift_rows(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    static const struct fc_schedule_filter all = {{0}, {0}};
    struct shift *shift = ctx;
    int64_t now_ns = fc_now_ns(shift->schedules->sys);
    struct fc_schedule_row *rows = NULL;
    size_t count = 0;

    fc_rc rc = fc_schedule_list(fc_txn_reader(txn), &all, shift->arena, &rows, &count, err);
    for (size_t i = 0; rc == FC_OK && i < count; i++) {
        struct fc_error unread = FC_ERROR_INIT;
        struct fc_cron cron;
        if (rows[i].next_ns <= now_ns || fc_cron_parse(rows[i].cron, &cron, &unread) != FC_OK)
            continue;
        int64_t next_s =
            fc_schedule_next_s(shift->schedules, &cron, now_ns / FC_NS_PER_S, rows[i].last_ns);
        if (next_s < INT64_MAX / FC_NS_PER_S && rows[i].next_ns != next_s * FC_NS_PER_S) {
            rows[i].next_ns = next_s * FC_NS_PER_S;
            shift->moved++;
            rc = fc_schedule_update(txn, &rows[i], err);
        }
    }
    return rc;
}

static fc_rc shift(struct fc_schedules *schedules, struct fc_arena *arena, struct fc_error *err)
{
    struct shift shift = {.schedules = schedules, .arena = arena};
    fc_rc rc = fc_store_run(schedules->store, shift_rows, &shift, err);

    if (rc == FC_OK && shift.moved > 0)
        fc_log(FC_LOG_INFO, "schedules_moved", FC_LOG_INT("schedules", shift.moved));
    return rc;
}

/* -- the thread ------------------------------------------------------------------------------------------------ */

static fc_rc deal_with_due(struct fc_schedules *schedules, struct fc_reader *reader,
                           struct fc_arena *arena, int64_t *ret_sleep_ns, struct fc_error *err)
{
    int64_t now_ns = fc_now_ns(schedules->sys), sleep_ns = LONGEST_SLEEP_NS, first_ns = INT64_MAX;
    struct fc_schedule_row *rows = NULL;
    size_t count = 0;
    unsigned waiting = 0;

    fc_rc rc = fc_schedule_due(reader, now_ns, DUE_AT_ONCE, arena, &rows, &count, err);
    for (size_t i = 0; rc == FC_OK && i < count && !atomic_load(&schedules->stopping); i++) {
        enum fc_due due = fc_schedule_deal(schedules, reader, &rows[i], now_ns / FC_NS_PER_S);
        waiting += due == FC_DUE_WAITS;
    }
    if (rc == FC_OK) {
        atomic_store(&schedules->waiting, waiting);
        rc = fc_schedule_first(reader, now_ns, &first_ns, err);
    }
    if (waiting > 0 && sleep_ns > WAITING_SLEEP_NS)
        sleep_ns = WAITING_SLEEP_NS;
    if (rc == FC_OK && first_ns - now_ns < sleep_ns)
        sleep_ns = first_ns - now_ns;
    *ret_sleep_ns = sleep_ns;
    return rc;
}

static fc_rc work(struct fc_schedules *schedules, struct fc_error *err)
{
    FC_CLEANUP(fc_reader_closep) struct fc_reader *reader = NULL;
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(ROWS_LIMIT);
    fc_rc rc = arena ? fc_reader_open(schedules->store, &reader, err)
                     : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for schedules");

    int64_t ahead = fc_now_ns(schedules->sys) - fc_monotonic_ns(schedules->sys);
    if (rc == FC_OK)
        rc = shift(schedules, arena, err);
    while (rc == FC_OK && !atomic_load(&schedules->stopping)) {
        int64_t sleep_ns = LONGEST_SLEEP_NS;
        int64_t now_ahead = fc_now_ns(schedules->sys) - fc_monotonic_ns(schedules->sys);
        fc_arena_reset(arena);
        if (now_ahead < ahead - SET_BACK_NS) {
            fc_log(FC_LOG_WARN, "clock_set_back",
                   FC_LOG_INT("seconds", (ahead - now_ahead) / FC_NS_PER_S));
            rc = shift(schedules, arena, err);
        }
        ahead = now_ahead;
        if (rc == FC_OK) {
            fc_arena_reset(arena);
            rc = deal_with_due(schedules, reader, arena, &sleep_ns, err);
        }
        if (rc == FC_OK)
            sleep_until_changed(schedules, sleep_ns);
    }
    return rc;
}

/* A store that fails now may work later; what becomes due meanwhile is found then. */
static void *run(void *ctx)
{
    struct fc_schedules *schedules = ctx;

    while (!atomic_load(&schedules->stopping)) {
        struct fc_error err = FC_ERROR_INIT;
        if (work(schedules, &err) != FC_OK) {
            fc_log(FC_LOG_WARN, "schedules_wait", FC_LOG_ERR(&err));
            sleep_until_changed(schedules, FAILED_SLEEP_NS);
        }
    }
    return NULL;
}

fc_rc fc_schedules_new(const struct fc_schedules_options *options, struct fc_schedules **ret,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_schedules_freep) struct fc_schedules *schedules = calloc(1, sizeof *schedules);

    if (!schedules)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for schedules");
    schedules->sys = options->sys ? options->sys : fc_sys_real();
    schedules->store = options->store;
    schedules->jobs = options->jobs;
    schedules->zone = options->zone;
    schedules->missed = options->missed;
    (void)pthread_mutex_init(&schedules->mutex, NULL);
    fc_cond_init(&schedules->changed);
    int failed = pthread_create(&schedules->thread, NULL, run, schedules);
    if (failed != 0) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start the thread of schedules: %s",
                       strerror(failed));
    }
    schedules->started = true;
    *ret = fc_steal(schedules);
    return FC_OK;
}

void fc_schedules_free(struct fc_schedules *schedules)
{
    if (!schedules)
        return;
    atomic_store(&schedules->stopping, true);
    fc_schedules_wake(schedules);
    if (schedules->started)
        (void)pthread_join(schedules->thread, NULL);
    (void)pthread_cond_destroy(&schedules->changed);
    (void)pthread_mutex_destroy(&schedules->mutex);
    free(schedules);
}

const char *fc_schedules_zone(const struct fc_schedules *schedules)
{
    return schedules->zone.name[0] != '\0' ? schedules->zone.name : "UTC";
}

enum fc_missed_runs fc_schedules_missed(const struct fc_schedules *schedules)
{
    return schedules->missed;
}

const char *fc_missed_runs_word(enum fc_missed_runs missed)
{
    return missed == FC_MISSED_SKIP ? "skip" : "catch_up";
}

void fc_schedules_stats(const struct fc_schedules *schedules, struct fc_schedules_stats *ret)
{
    *ret = (struct fc_schedules_stats){0};
    if (schedules) {
        ret->asked = atomic_load(&schedules->asked);
        ret->runs = atomic_load(&schedules->runs);
        ret->passed_over = atomic_load(&schedules->passed_over);
        ret->failures = atomic_load(&schedules->failures);
        ret->waiting = atomic_load(&schedules->waiting);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of schedules share. Private to them. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "server/jobs/cron.h"
#include "server/jobs/schedule.h"

struct fc_schedules {
    const struct fc_sys *sys;
    struct fc_store *store;
    struct fc_jobs *jobs;
    struct fc_zone zone;
    enum fc_missed_runs missed;

    pthread_t thread;
    bool started; /**< the thread */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool woken;
    atomic_bool stopping;

    atomic_uint_fast64_t asked, runs, passed_over, failures;
    atomic_uint waiting;
};

/** What became of a row that was due. */
enum fc_due { FC_DUE_DONE, FC_DUE_WAITS, FC_DUE_FAILED };

/** schedule_run.c: deals with a row that is due at `now_s`. Of the thread of schedules. */
enum fc_due fc_schedule_deal(struct fc_schedules *schedules, struct fc_reader *reader,
                             const struct fc_schedule_row *row, int64_t now_s);

/** The next time after now, or after the last one dealt with when a clock set back has it come again within the hour. */
int64_t fc_schedule_next_s(const struct fc_schedules *schedules, const struct fc_cron *cron,
                           int64_t now_s, int64_t last_ns);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rejected rows by their cause, over all jobs, for metrics. Causes are words of the worker: a handful, but it is the
 * worker that says them, so that what comes after the first ones counts as one more.
 */
#include <stdio.h>
#include <string.h>

#include "server/jobs/internal.h"

#define OTHER "OTHER"

/* Of the cause's slot; the last one is for those that have none. Under the mutex. */
static size_t slot_of(struct fc_jobs *jobs, const char *reason)
{
    size_t i = 0;

    while (i < FC_REJECTION_SLOTS - 1 && jobs->rejections[i].reason[0] != '\0' &&
           strcmp(jobs->rejections[i].reason, reason) != 0)
        i++;
    if (jobs->rejections[i].reason[0] == '\0') {
        (void)snprintf(jobs->rejections[i].reason, sizeof jobs->rejections[i].reason, "%s",
                       i < FC_REJECTION_SLOTS - 1 ? reason : OTHER);
    }
    return i;
}

static bool is_word(const char *reason)
{
    size_t len = strspn(reason, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return len > 0 && len < FC_REJECTION_REASON_SIZE && reason[len] == '\0';
}

void fc_jobs_count_rejections(struct fc_jobs *jobs, struct fc_job *job,
                              const Feast__Worker__V1__Receipt *receipt, bool known)
{
    uint64_t now[FC_REJECTION_SLOTS] = {0};

    pthread_mutex_lock(&jobs->mutex);
    for (size_t i = 0; i < receipt->n_rejections; i++) {
        const Feast__Worker__V1__Receipt__Rejection *one = receipt->rejections[i];
        now[slot_of(jobs, is_word(one->reason) ? one->reason : OTHER)] += one->count;
    }
    for (size_t i = 0; i < FC_REJECTION_SLOTS; i++) {
        if (!known && now[i] > job->rejected[i])
            jobs->rejections[i].rows += now[i] - job->rejected[i];
        job->rejected[i] = now[i];
    }
    pthread_mutex_unlock(&jobs->mutex);
}

void fc_jobs_each_rejection(struct fc_jobs *jobs,
                            void (*fn)(void *ctx, const char *reason, uint64_t rows), void *ctx)
{
    pthread_mutex_lock(&jobs->mutex);
    for (size_t i = 0; i < FC_REJECTION_SLOTS; i++)
        if (jobs->rejections[i].reason[0] != '\0')
            fn(ctx, jobs->rejections[i].reason, jobs->rejections[i].rows);
    pthread_mutex_unlock(&jobs->mutex);
}

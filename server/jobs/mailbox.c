/* SPDX-License-Identifier: Apache-2.0 */
/* Where letters wait for the supervisor; mail.c reads them. */
#include <unistd.h>

#include "server/jobs/internal.h"

void fc_jobs_wake(struct fc_jobs *jobs)
{
    const uint64_t one = 1;
    ssize_t written = write(jobs->wake_fd, &one, sizeof one);

    (void)written; /* a full counter wakes just as well */
}

bool fc_jobs_post(struct fc_jobs *jobs, struct fc_mail *mail)
{
    mail->next = NULL;
    pthread_mutex_lock(&jobs->mutex);
    bool taken = !jobs->stopping;
    if (taken) {
        *jobs->last = mail;
        jobs->last = &mail->next;
    }
    pthread_mutex_unlock(&jobs->mutex);
    if (taken)
        fc_jobs_wake(jobs);
    return taken;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pause.h"

#include "base/cond.h"

void fc_pause_init(struct fc_pause *pause)
{
    (void)pthread_mutex_init(&pause->mutex, NULL);
    fc_cond_init(&pause->wake);
    atomic_init(&pause->over, false);
}

void fc_pause_done(struct fc_pause *pause)
{
    (void)pthread_cond_destroy(&pause->wake);
    (void)pthread_mutex_destroy(&pause->mutex);
}

bool fc_pause_for(struct fc_pause *pause, int64_t nanoseconds)
{
    struct timespec until = fc_cond_after(nanoseconds);
    bool waiting = true;

    (void)pthread_mutex_lock(&pause->mutex);
    while (waiting && !fc_pause_is_over(pause))
        waiting = fc_cond_wait_until(&pause->wake, &pause->mutex, &until);
    (void)pthread_mutex_unlock(&pause->mutex);
    return !fc_pause_is_over(pause);
}

void fc_pause_end(struct fc_pause *pause)
{
    /* Under the mutex, so that no one is between its look and its wait. */
    (void)pthread_mutex_lock(&pause->mutex);
    atomic_store(&pause->over, true);
    (void)pthread_cond_broadcast(&pause->wake);
    (void)pthread_mutex_unlock(&pause->mutex);
}

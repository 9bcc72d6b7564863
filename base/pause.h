/* SPDX-License-Identifier: Apache-2.0 */
/** How a thread that works now and then waits, and is told to end. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct fc_pause {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    atomic_bool over;
};

void fc_pause_init(struct fc_pause *pause);
void fc_pause_done(struct fc_pause *pause);

/** Waits for so long by the monotonic clock; false, and at once, when fc_pause_end was called. */
bool fc_pause_for(struct fc_pause *pause, int64_t nanoseconds);

/** Ends all waits, those to come too. Any thread. */
void fc_pause_end(struct fc_pause *pause);

/** Whether fc_pause_end was called. */
static inline bool fc_pause_is_over(struct fc_pause *pause)
{
    return atomic_load(&pause->over);
}

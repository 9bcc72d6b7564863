/* SPDX-License-Identifier: Apache-2.0 */
/** Conditions whose timed waits go by the monotonic clock: one that is set does not wake or hold anybody. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** Instead of pthread_cond_init. */
void fc_cond_init(pthread_cond_t *cond);

/** The moment in so many nanoseconds, for fc_cond_wait_until. */
struct timespec fc_cond_after(int64_t nanoseconds);

/** pthread_cond_timedwait; false when the moment has come. May wake without cause, as every condition. */
bool fc_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);

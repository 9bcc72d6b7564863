/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cond.h"

#include "base/sys.h"

void fc_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(cond, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

struct timespec fc_cond_after(int64_t nanoseconds)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    nanoseconds += now.tv_nsec;
    return (struct timespec){.tv_sec = now.tv_sec + (time_t)(nanoseconds / FC_NS_PER_S),
                             .tv_nsec = (long)(nanoseconds % FC_NS_PER_S)};
}

bool fc_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
    return pthread_cond_timedwait(cond, mutex, until) == 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before the C library of a program: a clock on the wall that somebody sets. FC_WALL_CLOCK names a symbolic link
 * that points to how many seconds the clock is ahead of the real one, which may be less than none. The monotonic clock
 * goes on. A link is read where files may not be: workers confine themselves.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int clock_gettime(clockid_t id, struct timespec *ret);
EXPORT int gettimeofday(struct timeval *ret, void *zone);
EXPORT time_t time(time_t *ret);

static time_t ahead(void)
{
    const char *link = getenv("FC_WALL_CLOCK");
    char text[32];
    int before = errno;
    ssize_t len = link ? readlink(link, text, sizeof text - 1) : -1;

    errno = before;
    text[len > 0 ? len : 0] = '\0';
    return (time_t)strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
    static int (*real)(clockid_t, struct timespec *);

    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
        if (!real)
            abort();
    }
    int failed = real(id, ret);
    if (failed == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        ret->tv_sec += ahead();
    return failed;
}

int gettimeofday(struct timeval *ret, void *zone)
{
    struct timespec now;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now = {.tv_sec = -1};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfc-sync-us.so, for LD_PRELOAD and for measuring alone: every sync takes FC_BENCH_SYNC_US microseconds and makes
 * nothing durable. With the time of another machine's disk it shows what this program would do there; with 0, what it
 * does besides waiting for a disk.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static int wait_instead(void)
{
    const char *text = getenv("FC_BENCH_SYNC_US");
    long us = !text ? 0 : strtol(text, NULL, 10);
    const struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    if (us > 0)
        (void)nanosleep(&pause, NULL);
    return 0;
}

EXPORTED int fsync(int fd)
{
    (void)fd;
    return wait_instead();
}

EXPORTED int fdatasync(int fd)
{
    (void)fd;
    return wait_instead();
}

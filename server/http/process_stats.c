/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/process_stats.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"

static void closef(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

#define FIELD_START    22 /* in ticks since boot */
#define FIELD_RESIDENT 24 /* in pages */

/* A field of proc(5) stat; the name in the second may hold blanks, so that we count from its closing parenthesis. */
static double stat_field(const char *line, int number)
{
    const char *at = strrchr(line, ')');

    for (int field = 2; at && field < number; field++)
        at = strchr(at + 1, ' ');
    return !at ? 0 : strtod(at, NULL);
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now); /* cannot fail for the clocks that are asked here */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void read_stat(struct fc_process_stats *stats)
{
    FC_CLEANUP(closef) FILE *file = fopen("/proc/self/stat", "re");
    char line[1024];

    if (!file || !fgets(line, sizeof line, file))
        return;
    stats->start_seconds = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME) +
                           stat_field(line, FIELD_START) / (double)sysconf(_SC_CLK_TCK);
    stats->resident_bytes = stat_field(line, FIELD_RESIDENT) * (double)sysconf(_SC_PAGESIZE);
}

static void count_descriptors(struct fc_process_stats *stats)
{
    struct rlimit limit;
    DIR *dir = opendir("/proc/self/fd");

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        stats->max_fds = (double)limit.rlim_cur;
    if (!dir)
        return;
    double count = -3; /* ".", ".." and the directory's own descriptor */
    while (readdir(dir))
        count++;
    stats->open_fds = count;
    (void)closedir(dir);
}

void fc_process_stats_read(struct fc_process_stats *ret)
{
    struct rusage usage;

    *ret = (struct fc_process_stats){0};
    read_stat(ret);
    count_descriptors(ret);
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        ret->cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/process_stats.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"

static void closef(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

/* Fields 22 (start in ticks since boot) and 24 (resident pages) of proc(5) stat; the name before them may hold blanks. */
static void read_stat(struct fc_process_stats *stats)
{
    FC_CLEANUP(closef) FILE *file = fopen("/proc/self/stat", "re");
    char line[1024];
    unsigned long long start;
    long resident;
    struct timespec boot;
    struct timespec now;

    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        return;
    }
    const char *rest = strrchr(line, ')');
    if (rest == NULL ||
        sscanf(rest + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu "
               "%*u %ld",
               &start, &resident) != 2) {
        return;
    }
    (void)clock_gettime(CLOCK_BOOTTIME, &boot);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    double booted = (double)(now.tv_sec - boot.tv_sec) + (double)(now.tv_nsec - boot.tv_nsec) / 1e9;
    stats->start_seconds = booted + (double)start / (double)sysconf(_SC_CLK_TCK);
    stats->resident_bytes = (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void count_descriptors(struct fc_process_stats *stats)
{
    struct rlimit limit;
    DIR *dir = opendir("/proc/self/fd");

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        stats->max_fds = (double)limit.rlim_cur;
    }
    if (dir == NULL) {
        return;
    }
    double count = -3; /* ".", ".." and the directory's own descriptor */
    while (readdir(dir) != NULL) {
        count++;
    }
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

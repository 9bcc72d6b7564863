/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/reserve.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESERVE_BYTES (1024 * 1024)

static bool reserve_path(const char *dir, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/RESERVE", dir) < PATH_MAX;
}

void fc_reserve_make(const char *dir)
{
    char path[PATH_MAX];
    struct stat info;

    if (!reserve_path(dir, path) || (stat(path, &info) == 0 && info.st_size >= RESERVE_BYTES))
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return;
    /* Blocks must be taken, a hole would be no reserve. */
    if (posix_fallocate(fd, 0, RESERVE_BYTES) != 0)
        (void)unlink(path);
    (void)close(fd);
}

void fc_reserve_release(const char *dir)
{
    char path[PATH_MAX];
    if (reserve_path(dir, path))
        (void)unlink(path);
}

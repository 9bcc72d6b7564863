/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a worker that may live for months. The worker holds the file open and appends to it, so that it cannot be
 * renamed under its hands: what is there is copied, and then cut off. A line that comes between the last look at the
 * end and the cut is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "server/jobs/internal.h"

static bool copy_all(int from, int to)
{
    char part[64 * 1024];
    ssize_t got;

    while ((got = read(from, part, sizeof part)) > 0) {
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(to, part + done, (size_t)(got - done));
            if (put < 0 && errno != EINTR)
                return false;
            done += put > 0 ? put : 0;
        }
    }
    return got == 0;
}

/* Without the copy the log grows on: a disk that is full is no reason to lose what it says. */
static void rotate(int fd, const char *path)
{
    char old[4300], fresh[4300];

    (void)snprintf(old, sizeof old, "%s.1", path);
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    int copy = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool copied = copy >= 0 && copy_all(fd, copy);
    if (copy >= 0)
        (void)close(copy);
    if (copied && rename(fresh, old) == 0 && ftruncate(fd, 0) == 0)
        return;
    fc_log(FC_LOG_WARN, "job_log_not_rotated", FC_LOG_STR("path", path),
           FC_LOG_STR("error", strerror(errno)));
    (void)unlink(fresh);
}

void fc_job_log_rotate(const char *path, off_t limit)
{
    struct stat about;

    if (stat(path, &about) != 0 || about.st_size <= limit)
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        rotate(fd, path);
        (void)close(fd);
    }
}

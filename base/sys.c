/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail for these clocks */
    return (int64_t)now.tv_sec * FC_NS_PER_S + now.tv_nsec;
}

static int64_t real_now_ns(void *ctx FC_UNUSED)
{
    return clock_ns(CLOCK_REALTIME);
}

static int64_t real_monotonic_ns(void *ctx FC_UNUSED)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static int real_random(void *ctx FC_UNUSED, void *buffer, size_t size)
{
    unsigned char *at = buffer;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        at += got;
        size -= (size_t)got;
    }
    return 0;
}

static int real_sync_dir(void *ctx FC_UNUSED, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = fsync(fd) == 0 ? 0 : -errno;
    (void)close(fd);
    return rc;
}

static int real_rename(void *ctx FC_UNUSED, const char *from, const char *to)
{
    return rename(from, to) == 0 ? 0 : -errno;
}

const struct fc_sys *fc_sys_real(void)
{
    static const struct fc_sys real = {
        .now_ns = real_now_ns,
        .monotonic_ns = real_monotonic_ns,
        .random = real_random,
        .sync_dir = real_sync_dir,
        .rename = real_rename,
    };
    return &real;
}

static int make_dir(const char *path, unsigned mode)
{
    struct stat info;
    if (mkdir(path, (mode_t)mode) == 0)
        return 0;
    int error = errno;
    if (error == EEXIST && stat(path, &info) == 0)
        return S_ISDIR(info.st_mode) ? 0 : -ENOTDIR;
    return -error;
}

int fc_mkdirs(const char *path, unsigned mode)
{
    char partial[PATH_MAX];
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof partial)
        return len == 0 ? -EINVAL : -ENAMETOOLONG;
    memcpy(partial, path, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (partial[i] == '/') {
            partial[i] = '\0';
            int rc = make_dir(partial, mode);
            if (rc < 0)
                return rc;
            partial[i] = '/';
        }
    }
    return make_dir(partial, mode);
}

int fc_random_hex(const struct fc_sys *sys, char ret[33])
{
    unsigned char bytes[16];
    int rc = sys->random(sys->ctx, bytes, sizeof bytes);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < sizeof bytes; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

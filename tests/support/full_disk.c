/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before the C library of a program: a disk that gets full and has room again, for which a test needs no
 * privilege. FC_FULL_DISK names a symbolic link; while it is there, nothing can be written below the directory that it
 * points to. As on a real disk, the first write of several octets still gets some of them in. A link is read where files
 * may not be: workers confine themselves.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT ssize_t write(int fd, const void *data, size_t count);
EXPORT ssize_t pwrite(int fd, const void *data, size_t count, off_t offset);
EXPORT ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset);

/* Writes come in turn: what fits, then nothing. */
static atomic_uint writes;

static bool is_full(int fd)
{
    const char *link = getenv("FC_FULL_DISK");
    char name[64], path[PATH_MAX], full[PATH_MAX];
    ssize_t full_len = link ? readlink(link, full, sizeof full) : -1;

    if (full_len <= 0)
        return false;
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(name, path, sizeof path);
    return len > full_len && memcmp(path, full, (size_t)full_len) == 0 && path[full_len] == '/';
}

/* How much may be written; 0: nothing, and errno says why. */
static size_t room(int fd, size_t count)
{
    int before = errno;

    if (count == 0 || !is_full(fd)) {
        errno = before;
        return count;
    }
    if (count > 1 && atomic_fetch_add(&writes, 1) % 2 == 0)
        return count / 2;
    errno = ENOSPC;
    return 0;
}

static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found)
        abort();
    return found;
}

ssize_t write(int fd, const void *data, size_t count)
{
    static ssize_t (*real)(int, const void *, size_t);
    size_t fits = room(fd, count);

    if (fits == 0 && count > 0)
        return -1;
    if (!real)
        *(void **)&real = next("write");
    return real(fd, data, fits);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset)
{
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    size_t fits = room(fd, count);

    if (fits == 0 && count > 0)
        return -1;
    if (!real)
        *(void **)&real = next("pwrite64");
    return real(fd, data, fits, offset);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset)
{
    return pwrite64(fd, data, count, offset);
}

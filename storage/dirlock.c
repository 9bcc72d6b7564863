/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/dirlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Reads what the holder wrote; 0 when it is no number. */
static long read_pid(int fd)
{
    char text[32];
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    if (len <= 0)
        return 0;
    text[len] = '\0';
    return strtol(text, NULL, 10);
}

static fc_rc held_by_another(int fd, const char *dir, struct fc_error *err)
{
    long pid = read_pid(fd);
    if (pid > 0) {
        return fc_fail(
            err, FC_REASON_STORE_LOCKED,
            "the data directory %s is held by another server, process %ld; stop it or use another "
            "directory",
            dir, pid);
    }
    return fc_fail(
        err, FC_REASON_STORE_LOCKED,
        "the data directory %s is held by another server; stop it or use another directory", dir);
}

static fc_rc write_pid(int fd, const char *path, struct fc_error *err)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* Synced, so that a power cut leaves the mark behind as well. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len || fsync(fd) != 0) {
        return fc_fail(err, FC_REASON_STORE_UNAVAILABLE, "cannot write %s: %s", path,
                       strerror(errno));
    }
    return FC_OK;
}

fc_rc fc_dirlock_take(const char *dir, struct fc_dirlock *ret, bool *ret_unclean,
                      struct fc_error *err)
{
    struct fc_dirlock lock = FC_DIRLOCK_INIT;
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/LOCK", dir) >= (int)sizeof path) {
        return fc_fail(err, FC_REASON_CONFIG_INVALID,
                       "the path of the data directory is too long: %s", dir);
    }
    lock.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (lock.fd < 0) {
        enum fc_reason reason = errno == EACCES || errno == EPERM || errno == EROFS
                                    ? FC_REASON_STORE_READ_ONLY
                                    : FC_REASON_IO_FAILED;
        return fc_fail(err, reason, "cannot open %s for writing: %s", path, strerror(errno));
    }
    fc_rc rc = FC_OK;
    if (flock(lock.fd, LOCK_EX | LOCK_NB) != 0) {
        rc = errno == EWOULDBLOCK
                 ? held_by_another(lock.fd, dir, err)
                 : fc_fail(err, FC_REASON_IO_FAILED, "cannot lock %s: %s", path, strerror(errno));
    } else {
        *ret_unclean = lseek(lock.fd, 0, SEEK_END) > 0;
        rc = write_pid(lock.fd, path, err);
    }
    if (rc != FC_OK) {
        (void)close(lock.fd);
        return rc;
    }
    *ret = lock;
    return FC_OK;
}

void fc_dirlock_release(struct fc_dirlock *lock, bool clean)
{
    if (lock->fd < 0)
        return;
    if (clean) {
        /* Should it fail, the next start checks the database once more than it needs to. */
        (void)!ftruncate(lock->fd, 0);
    }
    (void)close(lock->fd);
    lock->fd = -1;
}

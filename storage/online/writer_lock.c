/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two octets of the lock file are locked, none is written: NEXT belongs to whoever waits for BUSY, BUSY to whoever
 * writes. The one that has just written must get NEXT like everybody else, and cannot as long as another waits.
 */
#include "storage/online/writer_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"

enum { NEXT, BUSY };

fc_rc fc_writer_lock_open(struct fc_writer_lock *lock, const char *path, struct fc_error *err)
{
    char name[PATH_MAX];

    if (snprintf(name, sizeof name, "%s.lock", path) >= (int)sizeof name)
        return fc_fail(err, FC_REASON_INTERNAL, "the path is too long: %s", path);
    lock->fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (lock->fd < 0)
        return fc_fail(err, FC_REASON_IO_FAILED, "cannot open %s: %s", name, strerror(errno));
    return FC_OK;
}

/* 0, or an errno. The lock is that of this opening of the file: two writers of one process are two. */
static int set(const struct fc_writer_lock *lock, short type, int octet)
{
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = octet, .l_len = 1};

    return fcntl(lock->fd, F_OFD_SETLK, &range) == 0 ? 0 : errno;
}

/* The same until `deadline_ns`; asked for often, since a transaction takes milliseconds. */
static int wait_for(const struct fc_writer_lock *lock, int octet, int64_t deadline_ns)
{
    const struct timespec pause = {.tv_nsec = FC_NS_PER_MS / 2};
    int code = 0;

    while ((code = set(lock, F_WRLCK, octet)) == EAGAIN || code == EACCES) {
        if (fc_monotonic_ns(fc_sys_real()) >= deadline_ns)
            return EAGAIN;
        (void)nanosleep(&pause, NULL);
    }
    return code;
}

fc_rc fc_writer_lock_take(struct fc_writer_lock *lock, const char *path, int64_t patience_ns,
                          struct fc_error *err)
{
    int64_t deadline = fc_monotonic_ns(fc_sys_real()) + patience_ns;
    int code = wait_for(lock, NEXT, deadline);

    if (code == 0) {
        code = wait_for(lock, BUSY, deadline);
        (void)set(lock, F_UNLCK, NEXT);
    }
    lock->held = code == 0;
    if (code == EAGAIN) {
        return fc_fail(err, FC_REASON_STORE_LOCKED,
                       "%s is being written by another job; its turn did not end within %.1f s",
                       path, (double)patience_ns / (double)FC_NS_PER_S);
    }
    return code == 0
               ? FC_OK
               : fc_fail(err, FC_REASON_IO_FAILED, "cannot lock %s.lock: %s", path, strerror(code));
}

void fc_writer_lock_give(struct fc_writer_lock *lock)
{
    if (lock->held)
        (void)set(lock, F_UNLCK, BUSY);
    lock->held = false;
}

void fc_writer_lock_close(struct fc_writer_lock *lock)
{
    if (lock->fd >= 0)
        (void)close(lock->fd);
    *lock = (struct fc_writer_lock)FC_WRITER_LOCK_INIT;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "worker/objects/spool.h"

#define PREFIX "feast-spool-"

static const char *base_dir(void)
{
    const char *base = getenv("TMPDIR");

    return base && base[0] ? base : "/tmp";
}

/* A directory of files, no deeper. */
static void remove_dir(int base, const char *name)
{
    int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    (void)unlinkat(base, name, AT_REMOVEDIR);
}

/* Whoever lives holds the lock; what can be locked belonged to a worker that was killed. */
static void remove_if_left(int base, const char *name)
{
    int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        remove_dir(base, name);
    close(fd);
}

static void remove_left_behind(void)
{
    DIR *base = opendir(base_dir());

    for (struct dirent *entry = base ? readdir(base) : NULL; entry; entry = readdir(base))
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0)
            remove_if_left(dirfd(base), entry->d_name);
    if (base)
        closedir(base);
}

fc_rc fc_spool_dir_open(struct fc_spool_dir *dir, struct fc_error *err)
{
    remove_left_behind();
    *dir = (struct fc_spool_dir){.fd = -1};
    int len = snprintf(dir->path, sizeof(dir->path), "%s/" PREFIX "XXXXXX", base_dir());
    if (len < 0 || (size_t)len >= sizeof(dir->path)) {
        dir->path[0] = '\0';
        return fc_fail(err, FC_REASON_IO_FAILED, "the path of TMPDIR is too long");
    }
    if (!mkdtemp(dir->path)) {
        fc_rc rc = fc_fail(err, FC_REASON_IO_FAILED, "no directory can be made in %s: %s",
                           base_dir(), strerror(errno));
        dir->path[0] = '\0';
        return rc;
    }
    dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->fd < 0 || flock(dir->fd, LOCK_EX | LOCK_NB) != 0)
        return fc_fail(err, FC_REASON_IO_FAILED, "%s cannot be locked: %s", dir->path,
                       strerror(errno));
    return FC_OK;
}

void fc_spool_dir_close(struct fc_spool_dir *dir)
{
    if (dir->path[0] == '\0')
        return;
    remove_dir(AT_FDCWD, dir->path);
    if (dir->fd >= 0)
        close(dir->fd);
    dir->path[0] = '\0';
}

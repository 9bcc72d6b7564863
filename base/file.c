/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

fc_rc fc_file_read(const char *path, const char *what, size_t limit, struct fc_buf *out,
                   struct fc_error *err)
{
    FC_CLEANUP(close_fd) const int fd = open(path, O_RDONLY | O_CLOEXEC);
    char part[4096];
    size_t size = 0;
    ssize_t got = fd < 0 ? -1 : 1;

    while (got > 0 && size <= limit) {
        got = read(fd, part, sizeof(part));
        if (got > 0) {
            fc_buf_append(out, part, (size_t)got);
            size += (size_t)got;
        } else if (got < 0 && errno == EINTR) {
            got = 1;
        }
    }
    if (got < 0)
        return fc_fail(err, FC_REASON_IO_FAILED, "cannot read the %s %s: %s", what, path,
                       strerror(errno));
    explicit_bzero(part, sizeof(part)); /* it may have been a key */
    if (size > limit)
        return fc_fail(err, FC_REASON_IO_FAILED, "the %s %s has more than %zu bytes", what, path,
                       limit);
    if (out->failed)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the %s %s", what, path);
    return FC_OK;
}

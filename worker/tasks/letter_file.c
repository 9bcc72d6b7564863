/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/letter_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_BYTES ((size_t)64 << 10)

struct fc_letter_file {
    const char *path;
    enum fc_letter_keep keep;
    int fd;
    bool unsynced;
    struct fc_buf lines;
    int64_t bytes;
    uint64_t left_out;
};

static fc_rc fail(const struct fc_letter_file *file, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_IO_FAILED, "dead letters cannot be written to %s: %s", file->path,
                   strerror(errno));
}

/* A worker that was killed may have left half a line: the next one begins on its own. */
static void end_half_line(struct fc_letter_file *file)
{
    char last = '\n';

    if (file->bytes > 0 && pread(file->fd, &last, 1, (off_t)file->bytes - 1) == 1 && last != '\n')
        fc_buf_putc(&file->lines, '\n');
}

static fc_rc open_file(struct fc_letter_file *file, struct fc_error *err)
{
    int flags = file->keep == FC_LETTERS_FIRST ? O_WRONLY | O_TRUNC : O_RDWR;
    struct stat info;

    file->fd = open(file->path, flags | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (file->fd < 0 || fstat(file->fd, &info) != 0)
        return fail(file, err);
    file->bytes = info.st_size;
    end_half_line(file);
    return FC_OK;
}

fc_rc fc_letter_file_open(const char *path, enum fc_letter_keep keep, struct fc_letter_file **ret,
                          struct fc_error *err)
{
    FC_CLEANUP(fc_letter_file_freep) struct fc_letter_file *file = calloc(1, sizeof *file);

    if (!file)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for rejected rows");
    file->fd = -1;
    file->path = path;
    file->keep = keep;
    fc_rc rc = open_file(file, err);
    if (rc == FC_OK)
        *ret = fc_steal(file);
    return rc;
}

void fc_letter_file_free(struct fc_letter_file *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    fc_buf_done(&file->lines);
    free(file);
}

/* Nothing is left of what did not fit whole: there are lines or none. */
static fc_rc take_back(struct fc_letter_file *file, struct fc_error *err)
{
    fc_rc rc = fail(file, err);

    if (ftruncate(file->fd, (off_t)file->bytes) == 0)
        file->unsynced = true;
    return rc;
}

static fc_rc flush(struct fc_letter_file *file, struct fc_error *err)
{
    const char *at = file->lines.ptr;
    size_t left = file->lines.len;

    while (left > 0) {
        ssize_t n = write(file->fd, at, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return take_back(file, err);
        at += n;
        left -= (size_t)n;
        file->unsynced = true;
    }
    file->bytes += (int64_t)file->lines.len;
    fc_buf_clear(&file->lines);
    return FC_OK;
}

static fc_rc turn(struct fc_letter_file *file, struct fc_error *err)
{
    char older[PATH_MAX];

    if (snprintf(older, sizeof(older), "%s.1", file->path) >= (int)sizeof(older)) {
        errno = ENAMETOOLONG;
        return fail(file, err);
    }
    if (rename(file->path, older) != 0)
        return fail(file, err);
    (void)close(file->fd);
    return open_file(file, err);
}

struct fc_buf *fc_letter_file_line(struct fc_letter_file *file)
{
    if (file->keep != FC_LETTERS_LAST && file->bytes >= FC_LETTER_MAX) {
        file->left_out++;
        return NULL;
    }
    return &file->lines;
}

fc_rc fc_letter_file_added(struct fc_letter_file *file, struct fc_error *err)
{
    if (file->lines.failed)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a rejected row");
    if (file->lines.len < FLUSH_BYTES)
        return FC_OK;
    fc_rc rc = flush(file, err);
    if (rc != FC_OK || file->keep != FC_LETTERS_LAST || file->bytes < FC_LETTER_TURN)
        return rc;
    rc = fc_letter_file_sync(file, err);
    return rc == FC_OK ? turn(file, err) : rc;
}

int64_t fc_letter_file_bytes(const struct fc_letter_file *file)
{
    return file->bytes + (int64_t)file->lines.len;
}

fc_rc fc_letter_file_sync(struct fc_letter_file *file, struct fc_error *err)
{
    fc_rc rc = flush(file, err);

    if (rc != FC_OK || !file->unsynced)
        return rc;
    if (fdatasync(file->fd) != 0)
        return fail(file, err);
    file->unsynced = false;
    return FC_OK;
}

fc_rc fc_letter_file_finish(struct fc_letter_file *file, struct fc_error *err)
{
    if (file->left_out > 0)
        fc_buf_printf(&file->lines, "{\"left_out\":%" PRIu64 "}\n", file->left_out);
    fc_rc rc = flush(file, err);
    if (rc == FC_OK && close(file->fd) != 0)
        rc = fail(file, err);
    else if (rc != FC_OK)
        (void)close(file->fd);
    file->fd = -1;
    return rc;
}

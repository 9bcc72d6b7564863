/* SPDX-License-Identifier: Apache-2.0 */
/* A job's log: a part at a time, or as a stream of them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/services/admin.h"
#include "server/services/job_view.h"
#include "server/services/log_follow.h"

#define DEFAULT_PART ((size_t)64 * 1024)
#define LARGEST_PART ((size_t)1024 * 1024)
/* The last lines are looked for in this much. */
#define TAIL_BYTES ((off_t)1024 * 1024)

typedef Feast__Admin__V1__ReadJobLogRequest log_request;
typedef Feast__Admin__V1__ReadJobLogResponse log_response;

static fc_rc cannot_read(const char *path, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_IO_FAILED, "the log \"%s\" cannot be read: %s", path,
                   strerror(errno));
}

/* Reads up to `size` bytes at `offset`; fewer at the end. */
static fc_rc read_part(int fd, const char *path, uint64_t offset, size_t size,
                       struct fc_arena *arena, ProtobufCBinaryData *ret, struct fc_error *err)
{
    uint8_t *data = fc_arena_alloc(arena, size);
    size_t got = 0;

    if (!data)
        return fc_request_too_large(err);
    while (got < size) {
        ssize_t part = pread(fd, data + got, size - got, (off_t)(offset + got));
        if (part < 0 && errno != EINTR)
            return cannot_read(path, err);
        if (part == 0)
            break;
        got += part > 0 ? (size_t)part : 0;
    }
    *ret = (ProtobufCBinaryData){.len = got, .data = data};
    return FC_OK;
}

/* Where the last `lines` lines begin. */
static fc_rc find_tail(int fd, const char *path, off_t size, uint32_t lines, struct fc_arena *arena,
                       uint64_t *ret, struct fc_error *err)
{
    off_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
    ProtobufCBinaryData part = {0};
    fc_rc rc = read_part(fd, path, (uint64_t)from, (size_t)(size - from), arena, &part, err);
    size_t at = part.len;

    if (rc != FC_OK)
        return rc;
    if (at > 0 && part.data[at - 1] == '\n')
        at--; /* the end of the last line begins none */
    while (at > 0 && lines > 0) {
        at--;
        lines -= part.data[at] == '\n' ? 1 : 0;
    }
    *ret = (uint64_t)from + at + (lines == 0 ? 1 : 0);
    return FC_OK;
}

static fc_rc read_open(int fd, const char *path, const log_request *request, bool ended,
                       struct fc_arena *arena, log_response *response, struct fc_error *err)
{
    size_t size = request->max_bytes == 0             ? DEFAULT_PART
                  : request->max_bytes > LARGEST_PART ? LARGEST_PART
                                                      : request->max_bytes;
    uint64_t offset = request->offset;
    struct stat about;
    fc_rc rc = FC_OK;

    if (fstat(fd, &about) != 0)
        return cannot_read(path, err);
    if (request->tail_lines > 0)
        rc = find_tail(fd, path, about.st_size, request->tail_lines, arena, &offset, err);
    if (rc == FC_OK && offset > (uint64_t)about.st_size)
        offset = (uint64_t)about.st_size; /* it began anew */
    if (rc == FC_OK)
        rc = read_part(fd, path, offset, size, arena, &response->data, err);
    response->next_offset = offset + response->data.len;
    response->end = ended && response->next_offset >= (uint64_t)about.st_size;
    return rc;
}

fc_rc admin_log_part(const struct fc_services *services, const log_request *request,
                     struct fc_arena *arena, log_response *response, struct fc_error *err)
{
    struct fc_job_row row = {.type = 0};
    fc_rc rc = fc_view_find_job(services, request->job_id, arena, &row, err);

    if (rc != FC_OK)
        return rc;
    bool ended = row.ended_ns != 0;
    const char *path = fc_jobs_log(services->jobs, row.id, arena);
    if (!path)
        return fc_request_too_large(err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        response->end = ended; /* its worker has not begun, or it never had one */
        return FC_OK;
    }
    if (fd < 0)
        return cannot_read(path, err);
    rc = read_open(fd, path, request, ended, arena, response, err);
    (void)close(fd);
    return rc;
}

void admin_read_job_log(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    log_response response = FEAST__ADMIN__V1__READ_JOB_LOG_RESPONSE__INIT;
    struct fc_error err = FC_ERROR_INIT;

    if (admin_log_part(ctx, (const void *)message, fc_rpc_arena(call), &response, &err) != FC_OK)
        fc_rpc_fail(call, &err, NULL);
    else
        fc_rpc_reply(call, &response.base);
}

void admin_follow_job_log(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const struct fc_services *services = ctx;

    fc_log_follow_add(services->log_follow, call, (const void *)message);
}

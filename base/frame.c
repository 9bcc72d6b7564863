/* SPDX-License-Identifier: Apache-2.0 */
#include "base/frame.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/pbcheck.h"

#define HEADER_BYTES sizeof(((struct fc_frame_reader *)0)->header)

static fc_rc io_failed(struct fc_error *err, const char *what, int error)
{
    return fc_fail(err, FC_REASON_WORKER_FAILED, "%s the other process failed: %s", what,
                   strerror(error));
}

/* Waits until the descriptor is ready; the deadline is on the monotonic clock, 0 for none. */
static fc_rc wait_ready(int fd, short events, const struct fc_sys *sys, int64_t deadline_ns,
                        struct fc_error *err)
{
    struct pollfd waited = {.fd = fd, .events = events};
    int timeout = -1;

    for (;;) {
        if (deadline_ns != 0) {
            int64_t left = deadline_ns - fc_monotonic_ns(sys);
            if (left <= 0)
                return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED,
                               "the other process did not answer before the deadline");
            /* Rounded up, lest the last millisecond be spent spinning; far deadlines are looked at hourly. */
            left = (left + FC_NS_PER_MS - 1) / FC_NS_PER_MS;
            timeout = left > 3600000 ? 3600000 : (int)left;
        }
        int ready = poll(&waited, 1, timeout);
        if (ready > 0)
            return FC_OK;
        if (ready < 0 && errno != EINTR)
            return io_failed(err, "waiting for", errno);
    }
}

static fc_rc send_all(int fd, const unsigned char *data, size_t size, struct fc_error *err)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent >= 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            fc_rc rc = wait_ready(fd, POLLOUT, NULL, 0, err);
            if (rc != FC_OK)
                return rc;
        } else if (errno != EINTR) {
            return io_failed(err, "writing to", errno);
        }
    }
    return FC_OK;
}

fc_rc fc_frame_pack(const ProtobufCMessage *message, struct fc_buf *out, struct fc_error *err)
{
    size_t length = protobuf_c_message_get_packed_size(message);

    if (length > FC_FRAME_MAX_BYTES)
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "a %s of %zu bytes is over the limit of %u", message->descriptor->name,
                       length, FC_FRAME_MAX_BYTES);
    if (!fc_buf_reserve(out, HEADER_BYTES + length))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a %s of %zu bytes",
                       message->descriptor->name, length);
    for (size_t i = 0; i < HEADER_BYTES; i++)
        out->ptr[out->len + i] = (char)(length >> (8 * (HEADER_BYTES - 1 - i)));
    protobuf_c_message_pack(message, (uint8_t *)out->ptr + out->len + HEADER_BYTES);
    out->len += HEADER_BYTES + length;
    out->ptr[out->len] = '\0';
    return FC_OK;
}

fc_rc fc_frame_write(int fd, const ProtobufCMessage *message, struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf frame = FC_BUF_INIT;
    fc_rc rc = fc_frame_pack(message, &frame, err);

    if (rc == FC_OK)
        rc = send_all(fd, (const unsigned char *)frame.ptr, frame.len, err);
    return rc;
}

void fc_frame_reader_done(struct fc_frame_reader *reader)
{
    free(reader->body);
    *reader = (struct fc_frame_reader)FC_FRAME_READER_INIT;
}

/* The header is whole: the length is held against the limit before a byte is reserved for it. */
static fc_rc start_body(struct fc_frame_reader *reader, struct fc_error *err)
{
    size_t length = 0;

    for (size_t i = 0; i < HEADER_BYTES; i++)
        length = length << 8 | reader->header[i];
    if (length > FC_FRAME_MAX_BYTES)
        return fc_fail(err, FC_REASON_WORKER_FAILED,
                       "the other process announced a message of %zu bytes, the limit is %u",
                       length, FC_FRAME_MAX_BYTES);
    reader->body = malloc(length > 0 ? length : 1);
    if (!reader->body)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a message of %zu bytes",
                       length);
    reader->length = length;
    return FC_OK;
}

static fc_rc decode(struct fc_frame_reader *reader, const ProtobufCMessageDescriptor *type,
                    struct fc_arena *arena, ProtobufCMessage **ret_message, struct fc_error *err)
{
    fc_str body = {.ptr = (const char *)reader->body, .len = reader->length};
    ProtobufCMessage *message;
    fc_rc rc = fc_pb_check(type, body, NULL, err);

    /* Whatever is wrong with the bytes is the fault of the process that sent them, not of a request. */
    if (rc != FC_OK) {
        struct fc_error cause = *err;
        return fc_fail(err, FC_REASON_WORKER_FAILED, "the other process sent no valid message: %s",
                       cause.message);
    }
    message = protobuf_c_message_unpack(type, fc_arena_allocator(arena), body.len, reader->body);
    if (!message && fc_arena_exhausted(arena))
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "a %s of %zu bytes does not fit in the memory for it", type->name, body.len);
    if (!message)
        return fc_fail(err, FC_REASON_WORKER_FAILED, "the other process sent no valid %s",
                       type->name);
    *ret_message = message;
    return FC_OK;
}

fc_rc fc_frame_poll(struct fc_frame_reader *reader, int fd, const ProtobufCMessageDescriptor *type,
                    struct fc_arena *arena, ProtobufCMessage **ret_message, struct fc_error *err)
{
    *ret_message = NULL;
    for (;;) {
        bool in_header = reader->have < HEADER_BYTES;
        size_t done = in_header ? reader->have : reader->have - HEADER_BYTES;
        size_t want = (in_header ? HEADER_BYTES : reader->length) - done;
        ssize_t got;
        fc_rc rc;

        if (want == 0) {
            rc = decode(reader, type, arena, ret_message, err);
            if (rc == FC_OK)
                fc_frame_reader_done(reader);
            return rc;
        }
        got = recv(fd, (in_header ? reader->header : reader->body) + done, want, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return FC_OK;
        if (got < 0)
            return io_failed(err, "reading from", errno);
        if (got == 0)
            return fc_fail(err, FC_REASON_WORKER_FAILED, "the other process closed its end%s",
                           reader->have > 0 ? " within a message" : "");
        reader->have += (size_t)got;
        if (in_header && reader->have == HEADER_BYTES) {
            rc = start_body(reader, err);
            if (rc != FC_OK)
                return rc;
        }
    }
}

fc_rc fc_frame_read(int fd, const ProtobufCMessageDescriptor *type, struct fc_arena *arena,
                    const struct fc_sys *sys, int64_t deadline_ns, ProtobufCMessage **ret_message,
                    struct fc_error *err)
{
    FC_CLEANUP(fc_frame_reader_done) struct fc_frame_reader reader = FC_FRAME_READER_INIT;
    ProtobufCMessage *message = NULL;

    for (;;) {
        fc_rc rc = fc_frame_poll(&reader, fd, type, arena, &message, err);
        if (rc == FC_OK && !message)
            rc = wait_ready(fd, POLLIN, sys, deadline_ns, err);
        if (rc != FC_OK)
            return rc;
        if (message) {
            *ret_message = message;
            return FC_OK;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Length-prefixed protobuf messages over a stream socket: what feast-core and feast-worker speak.
 *
 *     +----------------------+---------------------------+
 *     | length, 4 bytes, BE  | message, `length` bytes   |
 *     +----------------------+---------------------------+
 *
 * The peer may be dead, hung or lying: lengths are capped, reads have a deadline, messages are checked before they
 * are unpacked (fc_pb_check).
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/sys.h"

#define FC_FRAME_MAX_BYTES (64u * 1024 * 1024)

/** Appends one message as it goes over the wire, for one that must not block when it writes. */
FC_MUST fc_rc fc_frame_pack(const ProtobufCMessage *message, struct fc_buf *out,
                            struct fc_error *err);

/** Writes one message; blocks until it is written. A closed peer is FC_UNAVAILABLE, never SIGPIPE. */
FC_MUST fc_rc fc_frame_write(int fd, const ProtobufCMessage *message, struct fc_error *err);

/**
 * A message that arrives in pieces, for one that must not block. Starts as FC_FRAME_READER_INIT; after an error the
 * stream has lost its place and must be closed.
 */
struct fc_frame_reader {
    unsigned char header[4];
    unsigned char *body; /**< NULL until the length is known */
    size_t length;       /**< of the body */
    size_t have;         /**< bytes so far, header included */
};

#define FC_FRAME_READER_INIT                                                                       \
    {                                                                                              \
        .have = 0                                                                                  \
    }

void fc_frame_reader_done(struct fc_frame_reader *reader);

/**
 * Takes what is there without blocking. `*ret_message` is NULL as long as the message is not whole; when it is, the
 * reader is ready for the next. Errors as fc_frame_read has them, save the deadline.
 */
FC_MUST fc_rc fc_frame_poll(struct fc_frame_reader *reader, int fd,
                            const ProtobufCMessageDescriptor *type, struct fc_arena *arena,
                            ProtobufCMessage **ret_message, struct fc_error *err);

/**
 * Reads one message into the arena. `sys` may be NULL without a deadline. `deadline_ns` is monotonic, 0 for none. FC_DEADLINE_EXCEEDED when it passes,
 * FC_UNAVAILABLE (WORKER_FAILED) when the peer closed or sent what is no such message.
 */
FC_MUST fc_rc fc_frame_read(int fd, const ProtobufCMessageDescriptor *type, struct fc_arena *arena,
                            const struct fc_sys *sys, int64_t deadline_ns,
                            ProtobufCMessage **ret_message, struct fc_error *err);

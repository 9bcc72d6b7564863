/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Header blocks without end. gRPC core 1.51 bounds the metadata of a request by the frame, so that a block of endless
 * CONTINUATION frames grows without bound (CVE-2023-33953) and nobody is told of it before it ends. Only who sees the bytes
 * of a connection can notice: receive.c. Belongs to this room.
 *
 *     connection = preface, frame...      frame = length (24 bits), type, flags, stream (32), payload
 *     block      = HEADERS, CONTINUATION...; the last of them has END_HEADERS
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FC_FRAME_HEAD_BYTES 9

/** What is known of one connection; all zero when it begins. One thread at a time. */
struct fc_header_watch {
    uint8_t state; /* enum fc_header_watch_state */
    bool refused;
    uint8_t have; /* bytes of the preface or of `head` */
    uint8_t head[FC_FRAME_HEAD_BYTES];
    uint32_t left;  /* of the payload of the frame */
    uint64_t block; /* bytes on the wire of the header block at hand, heads of frames included */
};

/** Of a connection that is none of a client's: takes everything. */
#define FC_HEADER_WATCH_OFF ((struct fc_header_watch){.state = FC_HEADER_WATCH_NOT_HTTP2})

enum fc_header_watch_state {
    FC_HEADER_WATCH_PREFACE,
    FC_HEADER_WATCH_HEAD,
    FC_HEADER_WATCH_PAYLOAD,
    FC_HEADER_WATCH_NOT_HTTP2,
};

/**
 * Takes note of the next bytes that came from the client. False when its header block has, by the lengths it announces, more
 * than `limit` bytes, and ever after: the connection is to be closed. What does not speak HTTP/2 (TLS on the wire) is fine.
 */
bool fc_header_watch_feed(struct fc_header_watch *watch, const void *bytes, size_t size,
                          size_t limit);

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rpc/header_watch.h"

#include <string.h>

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum { PREFACE_BYTES = sizeof(preface) - 1 };
enum { FRAME_HEADERS = 1, FRAME_CONTINUATION = 9, FLAG_END_HEADERS = 4 };

static void take_preface(struct fc_header_watch *watch, uint8_t byte)
{
    if (byte != (uint8_t)preface[watch->have])
        watch->state = FC_HEADER_WATCH_NOT_HTTP2;
    else if (++watch->have == PREFACE_BYTES)
        *watch = (struct fc_header_watch){.state = FC_HEADER_WATCH_HEAD};
}

/* A frame of another type within a block is an error that gRPC notices: it need not be told apart here. */
static void begin_frame(struct fc_header_watch *watch, size_t limit)
{
    const uint8_t *head = watch->head;
    uint8_t type = head[3], flags = head[4];

    watch->left = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
    watch->have = 0;
    watch->state = watch->left ? FC_HEADER_WATCH_PAYLOAD : FC_HEADER_WATCH_HEAD;
    if (type != FRAME_HEADERS && type != FRAME_CONTINUATION)
        return;
    watch->block += FC_FRAME_HEAD_BYTES + watch->left;
    if (watch->block > limit)
        watch->refused = true;
    else if (flags & FLAG_END_HEADERS)
        watch->block = 0;
}

static size_t take_head(struct fc_header_watch *watch, const uint8_t *bytes, size_t size,
                        size_t limit)
{
    size_t missing = (size_t)FC_FRAME_HEAD_BYTES - watch->have,
           part = size < missing ? size : missing;

    memcpy(watch->head + watch->have, bytes, part);
    watch->have += (uint8_t)part;
    if (part == missing)
        begin_frame(watch, limit);
    return part;
}

static size_t take_payload(struct fc_header_watch *watch, size_t size)
{
    size_t part = size < watch->left ? size : watch->left;

    watch->left -= (uint32_t)part;
    if (watch->left == 0)
        watch->state = FC_HEADER_WATCH_HEAD;
    return part;
}

bool fc_header_watch_feed(struct fc_header_watch *watch, const void *bytes, size_t size,
                          size_t limit)
{
    const uint8_t *at = bytes, *end = at + size;

    while (at < end && watch->state != FC_HEADER_WATCH_NOT_HTTP2 && !watch->refused)
        if (watch->state == FC_HEADER_WATCH_PREFACE)
            take_preface(watch, *at++);
        else if (watch->state == FC_HEADER_WATCH_HEAD)
            at += take_head(watch, at, (size_t)(end - at), limit);
        else
            at += take_payload(watch, (size_t)(end - at));
    return !watch->refused;
}

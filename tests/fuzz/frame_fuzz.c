/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: one byte, the size of the pieces in which the stream arrives, then the stream: what a worker that lies may
 * send. Read whole or in pieces it gives the same messages, and it ends in an error (the peer closed, at the latest).
 */
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/frame.h"
#include "feast/worker/v1/worker.pb-c.h"

#define TYPE (&feast__worker__v1__worker_message__descriptor)

/* STREAM_MAX fits the buffer of a socket, so that this one thread can write all before it reads. */
enum { STREAM_MAX = 32 << 10, MEMORY = 64 << 20 };

static void open_pair(int pair[2])
{
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "no socketpair");
}

static void feed(int fd, fc_str bytes)
{
    FUZZ_CHECK(send(fd, bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)bytes.len,
               "the buffer of the socket is too small");
}

/* What was understood, packed again one after the other. */
static void note(struct fc_buf *heard, const ProtobufCMessage *message)
{
    struct fc_error err = FC_ERROR_INIT;

    FUZZ_CHECK(fc_frame_pack(message, heard, &err) == FC_OK, "%s", err.message);
}

static void read_whole(fc_str stream, struct fc_buf *heard)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(MEMORY);
    struct fc_error err = FC_ERROR_INIT;
    ProtobufCMessage *message;
    int pair[2];

    open_pair(pair);
    feed(pair[1], stream);
    close(pair[1]);
    while (fc_frame_read(pair[0], TYPE, arena, NULL, 0, &message, &err) == FC_OK)
        note(heard, message);
    FUZZ_CHECK(err.message[0] != '\0', "an end without words");
    close(pair[0]);
}

static void read_pieces(fc_str stream, size_t piece, struct fc_buf *heard)
{
    FC_CLEANUP(fc_frame_reader_done) struct fc_frame_reader reader = FC_FRAME_READER_INIT;
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(MEMORY);
    struct fc_error err = FC_ERROR_INIT;
    ProtobufCMessage *message;
    fc_rc rc = FC_OK;
    int pair[2];

    open_pair(pair);
    while (rc == FC_OK && stream.len > 0) {
        fc_str part = {.ptr = stream.ptr, .len = piece < stream.len ? piece : stream.len};

        feed(pair[1], part);
        stream = (fc_str){.ptr = stream.ptr + part.len, .len = stream.len - part.len};
        while ((rc = fc_frame_poll(&reader, pair[0], TYPE, arena, &message, &err)) == FC_OK &&
               message)
            note(heard, message);
    }
    close(pair[1]);
    if (rc == FC_OK)
        rc = fc_frame_poll(&reader, pair[0], TYPE, arena, &message, &err);
    FUZZ_CHECK(rc != FC_OK, "a closed peer was not noticed");
    close(pair[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fc_str stream = {.ptr = (const char *)data, .len = size < STREAM_MAX ? size : STREAM_MAX};
    size_t piece = fuzz_take(&stream) + 1;
    FC_CLEANUP(fc_buf_done) struct fc_buf whole = FC_BUF_INIT;
    FC_CLEANUP(fc_buf_done) struct fc_buf pieces = FC_BUF_INIT;

    read_whole(stream, &whole);
    read_pieces(stream, piece, &pieces);
    FUZZ_CHECK(fc_str_eq((fc_str){whole.ptr, whole.len}, (fc_str){pieces.ptr, pieces.len}),
               "in pieces of %zu bytes the stream reads otherwise", piece);
    return 0;
}

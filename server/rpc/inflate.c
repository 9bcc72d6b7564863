/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rpc/inflate.h"

#include <zlib.h>

#define GZIP_FORMAT 16 /* added to the window size */

static fc_rc no_message(struct fc_error *err, const char *why)
{
    return fc_fail(err, FC_REASON_MALFORMED_MESSAGE,
                   "the compressed request cannot be unpacked: %s", why);
}

/*
 * Runs through the message once: into `out`, which has `size` bytes, or only to learn the size when `out` is NULL.
 * Whoever sends a few bytes that become gigabytes pays with time at the limit, and we never with memory.
 */
static fc_rc unpack(z_stream *stream, const grpc_slice_buffer *slices, unsigned char *out,
                    size_t size, size_t *ret_size, struct fc_error *err)
{
    unsigned char scratch[8192];
    int rc = Z_OK;

    stream->next_out = out;
    stream->avail_out = (uInt)size;
    for (size_t i = 0; i < slices->count && rc == Z_OK; i++) {
        stream->next_in = GRPC_SLICE_START_PTR(slices->slices[i]);
        stream->avail_in = (uInt)GRPC_SLICE_LENGTH(slices->slices[i]);
        while (stream->avail_in > 0 && rc == Z_OK) {
            if (!out) {
                stream->next_out = scratch;
                stream->avail_out = sizeof(scratch);
            }
            rc = inflate(stream, Z_NO_FLUSH);
            if (!out && stream->total_out > size)
                return fc_fail(
                    err, FC_REASON_REQUEST_TOO_LARGE,
                    "the compressed request unpacks to more than %zu bytes, the limit of a message",
                    size);
        }
    }
    if (rc != Z_STREAM_END)
        return no_message(err,
                          rc == Z_OK || rc == Z_BUF_ERROR ? "it is cut short" : "it is damaged");
    *ret_size = stream->total_out;
    return FC_OK;
}

fc_rc fc_inflate(const grpc_byte_buffer *buffer, size_t limit, struct fc_arena *arena, fc_str *ret,
                 struct fc_error *err)
{
    const grpc_slice_buffer *slices = &buffer->data.raw.slice_buffer;
    bool gzip = buffer->data.raw.compression == GRPC_COMPRESS_GZIP;
    z_stream stream = {.zalloc = Z_NULL};
    unsigned char *out;
    size_t size = 0;
    fc_rc rc;

    if (inflateInit2(&stream, MAX_WBITS + (gzip ? GZIP_FORMAT : 0)) != Z_OK)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to unpack the request");
    rc = unpack(&stream, slices, NULL, limit, &size, err);
    out = rc == FC_OK ? fc_arena_alloc(arena, size) : NULL;
    if (rc == FC_OK && !out)
        rc = fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                     "the compressed request unpacks to %zu bytes, more than the memory of a call",
                     size);
    if (rc == FC_OK)
        rc = inflateReset(&stream) == Z_OK ? unpack(&stream, slices, out, size, &size, err)
                                           : no_message(err, "it is damaged");
    inflateEnd(&stream);
    if (rc == FC_OK)
        *ret = (fc_str){.ptr = (const char *)out, .len = size};
    return rc;
}

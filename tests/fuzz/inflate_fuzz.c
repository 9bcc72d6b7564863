/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: one byte (odd: gzip, else deflate; the rest of it: the size of the slices), then a compressed request. It is
 * unpacked within the limit or refused with words, and cut in slices it is the same as whole.
 */
#include "tests/fuzz/fuzz.h"

#include <grpc/grpc.h>
#include <grpc/slice.h>

#include "server/rpc/inflate.h"

enum { MEMORY = 1 << 20, LIMIT = 64 << 10, SLICES_MAX = 4096 };

static grpc_byte_buffer *make_buffer(fc_str bytes, size_t slice, grpc_compression_algorithm kind)
{
    static grpc_slice slices[SLICES_MAX];
    grpc_byte_buffer *buffer;
    size_t count = 0;

    while (bytes.len > 0 && count < SLICES_MAX) {
        size_t part = slice < bytes.len && count < SLICES_MAX - 1 ? slice : bytes.len;
        slices[count++] = grpc_slice_from_copied_buffer(bytes.ptr, part);
        bytes = (fc_str){bytes.ptr + part, bytes.len - part};
    }
    buffer = grpc_raw_compressed_byte_buffer_create(slices, count, kind);
    while (count > 0)
        grpc_slice_unref(slices[--count]);
    return buffer;
}

static fc_rc unpack(fc_str bytes, size_t slice, grpc_compression_algorithm kind,
                    struct fc_arena *arena, fc_str *ret)
{
    grpc_byte_buffer *buffer = make_buffer(bytes, slice, kind);
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc = fc_inflate(buffer, LIMIT, arena, ret, &err);

    FUZZ_CHECK(rc == FC_OK || err.message[0] != '\0', "a refusal without words");
    FUZZ_CHECK(rc != FC_OK || ret->len <= LIMIT, "%zu bytes", ret->len);
    grpc_byte_buffer_destroy(buffer);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(MEMORY);
    fc_str input = {.ptr = (const char *)data, .len = size}, whole = {0}, cut = {0};
    unsigned first = fuzz_take(&input);
    grpc_compression_algorithm kind = first & 1 ? GRPC_COMPRESS_GZIP : GRPC_COMPRESS_DEFLATE;
    fc_rc rc = unpack(input, SIZE_MAX, kind, arena, &whole);

    /* Where it is both too large and damaged, it depends on the slices which is met first. */
    FUZZ_CHECK((rc == FC_OK) == (unpack(input, first / 2 + 1, kind, arena, &cut) == FC_OK),
               "in slices it ends otherwise");
    FUZZ_CHECK(rc != FC_OK || fc_str_eq(whole, cut), "in slices it is another message");
    return 0;
}

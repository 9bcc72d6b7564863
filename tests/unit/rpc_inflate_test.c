/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed requests: whole, cut short, damaged, and those that become far more than they were. */
#include "tests/unit/rpc_raw.h"

#include <grpc/compression.h>
#include <grpc/grpc_security.h>
#include <stdlib.h>
#include <zlib.h>

#include "server/rpc/inflate.h"

/* The bytes compressed, in as many slices of `part` bytes as it takes. */
static grpc_byte_buffer *pack(const char *data, size_t size, grpc_compression_algorithm algorithm,
                              size_t part, size_t keep)
{
    z_stream stream = {.zalloc = Z_NULL};
    size_t room = compressBound((uLong)size) + 64, length, count = 0;
    unsigned char *packed = malloc(room);
    grpc_slice slices[64];
    grpc_byte_buffer *buffer;

    assert_non_null(packed);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED,
                                  MAX_WBITS + (algorithm == GRPC_COMPRESS_GZIP ? 16 : 0), 8,
                                  Z_DEFAULT_STRATEGY),
                     Z_OK);
    stream.next_in = (unsigned char *)data;
    stream.avail_in = (uInt)size;
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    length = stream.total_out < keep ? stream.total_out : keep;
    deflateEnd(&stream);
    for (size_t at = 0; at < length; at += part) {
        assert_true(count < FC_ARRAY_LEN(slices));
        slices[count++] = grpc_slice_from_copied_buffer((char *)packed + at,
                                                        length - at < part ? length - at : part);
    }
    buffer = grpc_raw_compressed_byte_buffer_create(slices, count, algorithm);
    for (size_t i = 0; i < count; i++)
        grpc_slice_unref(slices[i]);
    free(packed);
    return buffer;
}

static fc_rc unpack(grpc_byte_buffer *buffer, size_t limit, struct fc_arena *arena, fc_str *ret)
{
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc = fc_inflate(buffer, limit, arena, ret, &err);

    assert_int_equal(rc, err.rc);
    grpc_byte_buffer_destroy(buffer);
    return rc;
}

static int setup(void **state)
{
    grpc_init();
    *state = fc_arena_new((size_t)16 << 20);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    fc_arena_free(*state);
    grpc_shutdown();
    return 0;
}

static void what_was_packed_comes_out(void **state)
{
    static const grpc_compression_algorithm algorithms[] = {GRPC_COMPRESS_GZIP,
                                                            GRPC_COMPRESS_DEFLATE};
    char text[1000];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * i);
    for (size_t a = 0; a < FC_ARRAY_LEN(algorithms); a++) {
        for (size_t size = 0; size <= sizeof(text); size += 250) {
            fc_str out;
            assert_int_equal(
                unpack(pack(text, size, algorithms[a], 4096, SIZE_MAX), 1000, *state, &out), FC_OK);
            assert_int_equal(out.len, size);
            assert_memory_equal(out.ptr, text, size);
            assert_int_equal(
                unpack(pack(text, size, algorithms[a], 17, SIZE_MAX), 1000, *state, &out), FC_OK);
            assert_int_equal(out.len, size);
            assert_memory_equal(out.ptr, text, size);
        }
    }
}

static void limit_is_kept(void **state)
{
    char *zeros = calloc(1, (size_t)32 << 20);
    fc_str out;

    assert_non_null(zeros);
    assert_int_equal(
        unpack(pack(zeros, 4096, GRPC_COMPRESS_GZIP, 4096, SIZE_MAX), 4095, *state, &out),
        FC_RESOURCE_EXHAUSTED);
    assert_int_equal(unpack(pack(zeros, (size_t)32 << 20, GRPC_COMPRESS_GZIP, 4096, SIZE_MAX),
                            1 << 20, *state, &out),
                     FC_RESOURCE_EXHAUSTED);
    assert_int_equal(fc_arena_used(*state), 0);
    /* Within the limit of a message, but over the memory of the call. */
    assert_int_equal(unpack(pack(zeros, (size_t)32 << 20, GRPC_COMPRESS_GZIP, 4096, SIZE_MAX),
                            (size_t)64 << 20, *state, &out),
                     FC_RESOURCE_EXHAUSTED);
    free(zeros);
}

static void cut_and_damaged_are_refused(void **state)
{
    static const char text[] = "a sentence that is long enough to be worth it, it is, it is, it is";
    grpc_slice garbage = grpc_slice_from_static_string("\x1f\x8b\x08 this is nothing of the kind");
    fc_str out;

    for (size_t keep = 0; keep < 40; keep++)
        assert_int_equal(
            unpack(pack(text, sizeof(text), GRPC_COMPRESS_GZIP, 7, keep), 1000, *state, &out),
            FC_INVALID_ARGUMENT);
    assert_int_equal(unpack(grpc_raw_compressed_byte_buffer_create(&garbage, 1, GRPC_COMPRESS_GZIP),
                            1000, *state, &out),
                     FC_INVALID_ARGUMENT);
    assert_int_equal(
        unpack(grpc_raw_compressed_byte_buffer_create(&garbage, 1, GRPC_COMPRESS_DEFLATE), 1000,
               *state, &out),
        FC_INVALID_ARGUMENT);
}

/* A client that compresses gets its answers, and a bomb its refusal. */
static void compressing_client_is_served(void **state FC_UNUSED)
{
    const struct fc_rpc_method methods[] = {RPC_METHOD("/test.Service/Echo", rpc_echo)};
    Message message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    struct rpc_fixture fixture = {0};
    const Message *answer;
    struct raw_call raw;

    rpc_fixture_start(&fixture, NULL, methods, FC_ARRAY_LEN(methods));
    message.name = calloc(1, (size_t)8 << 20);
    assert_non_null(message.name);
    memset(message.name, 'z', (size_t)1 << 20);
    raw_open_with(&raw, fixture.target, "/test.Service/Echo", GRPC_COMPRESS_GZIP);
    assert_true(raw_send(&raw, &message.base));
    raw_half_close(&raw);
    answer = (const Message *)raw_receive(&raw, MESSAGE_TYPE, fixture.arena);
    assert_non_null(answer);
    assert_string_equal(answer->name, message.name);
    assert_int_equal(raw_finish(&raw), FC_OK);
    memset(message.name, 'z', ((size_t)8 << 20) - 1);
    raw_open_with(&raw, fixture.target, "/test.Service/Echo", GRPC_COMPRESS_GZIP);
    assert_true(raw_send(&raw, &message.base));
    raw_half_close(&raw);
    assert_null(raw_receive(&raw, MESSAGE_TYPE, fixture.arena));
    assert_int_equal(raw_finish(&raw), FC_RESOURCE_EXHAUSTED);
    free(message.name);
    rpc_fixture_done(&fixture);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static const struct CMUnitTest cases[] = {
    CASE(what_was_packed_comes_out),
    CASE(limit_is_kept),
    CASE(cut_and_damaged_are_refused),
    CASE(compressing_client_is_served),
};

FC_TEST_MAIN(cases)

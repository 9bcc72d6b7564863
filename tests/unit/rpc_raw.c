/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rpc_raw.h"

#include <grpc/byte_buffer.h>
#include <grpc/compression.h>
#include <grpc/grpc_security.h>
#include <stdlib.h>

static bool run(struct raw_call *raw, const grpc_op *ops, size_t count)
{
    assert_int_equal(grpc_call_start_batch(raw->call, ops, count, raw, NULL), GRPC_CALL_OK);
    return grpc_completion_queue_pluck(raw->queue, raw, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL)
               .success != 0;
}

void raw_open(struct raw_call *raw, const char *target, const char *path)
{
    raw_open_with(raw, target, path, GRPC_COMPRESS_NONE);
}

void raw_open_with(struct raw_call *raw, const char *target, const char *path,
                   grpc_compression_algorithm algorithm)
{
    grpc_arg list[] = {
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
         .value.integer = 1},
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM,
         .value.integer = (int)algorithm},
    };
    grpc_channel_args args = {.num_args = FC_ARRAY_LEN(list), .args = list};
    grpc_channel_credentials *credentials;
    grpc_slice method = grpc_slice_from_copied_string(path);
    grpc_op op = {.op = GRPC_OP_SEND_INITIAL_METADATA,
                  .flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY};

    *raw = (struct raw_call){.code = GRPC_STATUS_UNKNOWN};
    grpc_init();
    credentials = grpc_insecure_credentials_create();
    raw->channel = grpc_channel_create(target, credentials, &args);
    grpc_channel_credentials_release(credentials);
    raw->queue = grpc_completion_queue_create_for_pluck(NULL);
    raw->call = grpc_channel_create_call(raw->channel, NULL, GRPC_PROPAGATE_DEFAULTS, raw->queue,
                                         method, NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    grpc_slice_unref(method);
    grpc_metadata_array_init(&raw->initial);
    grpc_metadata_array_init(&raw->trailing);
    raw->text = grpc_empty_slice();
    (void)run(raw, &op, 1);
}

bool raw_send(struct raw_call *raw, const ProtobufCMessage *message)
{
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
    grpc_byte_buffer *buffer;
    grpc_op op = {.op = GRPC_OP_SEND_MESSAGE};
    bool ok;

    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    op.data.send_message.send_message = buffer;
    ok = run(raw, &op, 1);
    grpc_byte_buffer_destroy(buffer);
    return ok;
}

void raw_half_close(struct raw_call *raw)
{
    grpc_op op = {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};

    (void)run(raw, &op, 1);
}

/* gRPC hands out neither messages nor the status before the initial metadata were asked for. */
static size_t initial_op(struct raw_call *raw, grpc_op *op)
{
    if (raw->initial_asked)
        return 0;
    raw->initial_asked = true;
    op->op = GRPC_OP_RECV_INITIAL_METADATA;
    op->data.recv_initial_metadata.recv_initial_metadata = &raw->initial;
    return 1;
}

ProtobufCMessage *raw_receive(struct raw_call *raw, const ProtobufCMessageDescriptor *type,
                              struct fc_arena *arena)
{
    grpc_byte_buffer *buffer = NULL;
    ProtobufCMessage *message;
    const grpc_slice_buffer *slices;
    uint8_t *copy, *at;
    grpc_op ops[2] = {{.op = GRPC_OP_RECV_MESSAGE}};
    size_t count = initial_op(raw, ops);

    ops[count].op = GRPC_OP_RECV_MESSAGE;
    ops[count++].data.recv_message.recv_message = &buffer;
    if (!run(raw, ops, count) || !buffer)
        return NULL;
    slices = &buffer->data.raw.slice_buffer;
    at = copy = malloc(slices->length + 1);
    assert_non_null(copy);
    for (size_t i = 0; i < slices->count; i++) {
        memcpy(at, GRPC_SLICE_START_PTR(slices->slices[i]), GRPC_SLICE_LENGTH(slices->slices[i]));
        at += GRPC_SLICE_LENGTH(slices->slices[i]);
    }
    message = protobuf_c_message_unpack(type, fc_arena_allocator(arena), slices->length, copy);
    assert_non_null(message);
    free(copy);
    grpc_byte_buffer_destroy(buffer);
    return message;
}

fc_rc raw_finish(struct raw_call *raw)
{
    grpc_op ops[2] = {{.op = GRPC_OP_RECV_STATUS_ON_CLIENT}};
    size_t count = initial_op(raw, ops);

    ops[count].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[count].data.recv_status_on_client.trailing_metadata = &raw->trailing;
    ops[count].data.recv_status_on_client.status = &raw->code;
    ops[count++].data.recv_status_on_client.status_details = &raw->text;
    (void)run(raw, ops, count);
    grpc_call_unref(raw->call);
    grpc_completion_queue_shutdown(raw->queue);
    grpc_completion_queue_destroy(raw->queue);
    grpc_metadata_array_destroy(&raw->initial);
    grpc_metadata_array_destroy(&raw->trailing);
    grpc_slice_unref(raw->text);
    grpc_channel_destroy(raw->channel);
    grpc_shutdown();
    return (fc_rc)raw->code;
}

void raw_cancel(struct raw_call *raw)
{
    (void)grpc_call_cancel(raw->call, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/channel.h"

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <stdlib.h>
#include <string.h>

#include "base/pbcheck.h"
#include "base/sys.h"
#include "client/channel_error.h"
#include "client/connection.h"

#define STREAM_ARENA ((size_t)256 << 20)

struct fc_channel {
    struct fc_connection *connection;
    char *target;
};

fc_rc fc_channel_open(const char *target, const struct fc_channel_options *options,
                      struct fc_channel **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_channel_closep) struct fc_channel *channel = calloc(1, sizeof *channel);
    fc_rc rc;

    if (channel)
        channel->target = strdup(target);
    if (!channel || !channel->target)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a connection to %s", target);
    rc = fc_connection_new(target, options, &channel->connection, err);
    if (rc == FC_OK)
        *ret = fc_steal(channel);
    return rc;
}

void fc_channel_close(struct fc_channel *channel)
{
    if (!channel)
        return;
    fc_connection_free(channel->connection);
    free(channel->target);
    free(channel);
}

/* One call in progress. */
struct attempt {
    const struct fc_channel *channel;
    const struct fc_channel_request *request;
    grpc_completion_queue *queue;
    grpc_call *call;
    grpc_metadata *metadata;
    grpc_byte_buffer *payload;
    grpc_byte_buffer *answer;
    grpc_metadata_array initial, trailing;
    grpc_status_code code;
    grpc_slice text;
};

static grpc_byte_buffer *encode(const struct fc_channel_request *request)
{
    grpc_byte_buffer *buffer;
    grpc_slice slice;

    if (request->message) {
        slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(request->message));
        protobuf_c_message_pack(request->message, GRPC_SLICE_START_PTR(slice));
    } else {
        slice = grpc_slice_from_copied_buffer(request->bytes.ptr ? request->bytes.ptr : "",
                                              request->bytes.len);
    }
    buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

static fc_rc begin(struct attempt *attempt, struct fc_error *err)
{
    const struct fc_channel_request *request = attempt->request;
    gpr_timespec deadline = gpr_inf_future(GPR_CLOCK_MONOTONIC);
    grpc_slice path = grpc_slice_from_copied_string(request->path);

    if (request->timeout_ns > 0)
        deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                gpr_time_from_nanos(request->timeout_ns, GPR_TIMESPAN));
    grpc_metadata_array_init(&attempt->initial);
    grpc_metadata_array_init(&attempt->trailing);
    attempt->text = grpc_empty_slice();
    attempt->queue = grpc_completion_queue_create_for_pluck(NULL);
    attempt->call = grpc_channel_create_call(
        fc_connection_use(attempt->channel->connection, deadline), NULL, GRPC_PROPAGATE_DEFAULTS,
        attempt->queue, path, NULL, deadline, NULL);
    grpc_slice_unref(path);
    attempt->payload = encode(request);
    attempt->metadata = calloc(request->metadata_count + 1, sizeof *attempt->metadata);
    if (!attempt->metadata)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the metadata of %s",
                       request->path);
    for (size_t i = 0; i < request->metadata_count; i++) {
        attempt->metadata[i].key = grpc_slice_from_static_string(request->metadata[i].key);
        attempt->metadata[i].value = grpc_slice_from_static_string(request->metadata[i].value);
        if (!grpc_header_key_is_legal(attempt->metadata[i].key) ||
            !grpc_header_nonbin_value_is_legal(attempt->metadata[i].value))
            return fc_fail(err, FC_REASON_REQUEST_INVALID,
                           "the metadata \"%s\" has a character that cannot be sent",
                           request->metadata[i].key);
    }
    return FC_OK;
}

static void end(struct attempt *attempt)
{
    grpc_call_unref(attempt->call);
    grpc_completion_queue_shutdown(attempt->queue);
    grpc_completion_queue_destroy(attempt->queue);
    if (attempt->answer)
        grpc_byte_buffer_destroy(attempt->answer);
    grpc_byte_buffer_destroy(attempt->payload);
    grpc_metadata_array_destroy(&attempt->initial);
    grpc_metadata_array_destroy(&attempt->trailing);
    grpc_slice_unref(attempt->text);
    free(attempt->metadata);
}

/* True when the operations were carried out; a call that failed before is told by its status alone. */
static bool run(struct attempt *attempt, const grpc_op *ops, size_t count)
{
    if (grpc_call_start_batch(attempt->call, ops, count, attempt, NULL) != GRPC_CALL_OK)
        return false;
    return grpc_completion_queue_pluck(attempt->queue, attempt, gpr_inf_future(GPR_CLOCK_MONOTONIC),
                                       NULL)
               .success != 0;
}

static void send_ops(struct attempt *attempt, grpc_op ops[4])
{
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[0].data.send_initial_metadata.count = attempt->request->metadata_count;
    ops[0].data.send_initial_metadata.metadata = attempt->metadata;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = attempt->payload;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &attempt->initial;
}

static void status_op(struct attempt *attempt, grpc_op *op)
{
    op->op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    op->data.recv_status_on_client.trailing_metadata = &attempt->trailing;
    op->data.recv_status_on_client.status = &attempt->code;
    op->data.recv_status_on_client.status_details = &attempt->text;
}

static void message_op(struct attempt *attempt, grpc_op *op)
{
    op->op = GRPC_OP_RECV_MESSAGE;
    op->data.recv_message.recv_message = &attempt->answer;
}

static ProtobufCMessage *decode(const struct attempt *attempt, struct fc_arena *arena,
                                struct fc_error *err)
{
    const ProtobufCMessageDescriptor *type = attempt->request->response;
    const grpc_slice_buffer *slices = &attempt->answer->data.raw.slice_buffer;
    char *copy = fc_arena_alloc(arena, slices->length), *at = copy;
    ProtobufCMessage *message = NULL;

    for (size_t i = 0; copy && i < slices->count; i++) {
        memcpy(at, GRPC_SLICE_START_PTR(slices->slices[i]), GRPC_SLICE_LENGTH(slices->slices[i]));
        at += GRPC_SLICE_LENGTH(slices->slices[i]);
    }
    if (copy) {
        struct fc_pb_limits unbounded = {.max_elements = SIZE_MAX};
        if (fc_pb_check(type, (fc_str){.ptr = copy, .len = slices->length}, &unbounded, err) !=
            FC_OK) {
            (void)fc_error_prefix(err, "the answer of %s to %s", attempt->channel->target,
                                  attempt->request->path);
            return NULL;
        }
        message = protobuf_c_message_unpack(type, fc_arena_allocator(arena), slices->length,
                                            (uint8_t *)copy);
    }
    if (!message && fc_arena_exhausted(arena))
        (void)fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for an answer of %zu bytes to %s",
                      slices->length, attempt->request->path);
    else if (!message)
        (void)fc_fail(err, FC_REASON_MALFORMED_MESSAGE, "the answer of %s to %s is no valid %s",
                      attempt->channel->target, attempt->request->path, type->name);
    return message;
}

/* By pointer: short slices hold their bytes themselves. */
static fc_str text_of(const grpc_slice *slice)
{
    return (fc_str){.ptr = (const char *)GRPC_SLICE_START_PTR(*slice),
                    .len = GRPC_SLICE_LENGTH(*slice)};
}

static bool key_ends_with(fc_str key, const char *suffix)
{
    size_t length = strlen(suffix);

    return key.len >= length && memcmp(key.ptr + key.len - length, suffix, length) == 0;
}

static fc_str take_trailers(const struct attempt *attempt, struct fc_channel_reply *ret)
{
    struct fc_arena *arena = attempt->request->arena;
    fc_str details = {0};

    ret->trailers = fc_arena_calloc(arena, attempt->trailing.count, sizeof *ret->trailers);
    for (size_t i = 0; i < attempt->trailing.count; i++) {
        fc_str key = text_of(&attempt->trailing.metadata[i].key),
               value = text_of(&attempt->trailing.metadata[i].value);
        if (fc_str_eq(key, FC_STR("grpc-status-details-bin"))) {
            details = value;
        } else if (ret->trailers && !key_ends_with(key, "-bin")) {
            struct fc_channel_metadata *trailer = &ret->trailers[ret->trailer_count];
            trailer->key = fc_arena_strndup(arena, key.ptr, key.len);
            trailer->value = fc_arena_strndup(arena, value.ptr, value.len);
            if (trailer->key && trailer->value)
                ret->trailer_count++;
        }
    }
    return details;
}

/* The trailers and, unless it is OK, the status. */
static fc_rc finish(const struct attempt *attempt, struct fc_channel_reply *ret,
                    struct fc_error *err)
{
    struct fc_channel_status status = {.code = (int)attempt->code,
                                       .message = text_of(&attempt->text)};

    status.details = take_trailers(attempt, ret);
    if (attempt->code == GRPC_STATUS_OK)
        return FC_OK;
    return fc_channel_error(attempt->channel->target, attempt->request, &status, ret, err);
}

static fc_rc call(struct attempt *attempt, struct fc_channel_reply *ret, struct fc_error *err)
{
    grpc_op ops[6] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}};
    fc_rc rc;

    send_ops(attempt, ops);
    message_op(attempt, &ops[4]);
    status_op(attempt, &ops[5]);
    attempt->code = GRPC_STATUS_INTERNAL;
    (void)run(attempt, ops, FC_ARRAY_LEN(ops));
    rc = finish(attempt, ret, err);
    if (rc != FC_OK)
        return rc;
    if (!attempt->answer)
        return fc_fail(err, FC_REASON_MALFORMED_MESSAGE, "%s answered %s with no message",
                       attempt->channel->target, attempt->request->path);
    ret->message = decode(attempt, attempt->request->arena, err);
    return ret->message ? FC_OK : err->rc;
}

fc_rc fc_channel_call(struct fc_channel *channel, const struct fc_channel_request *request,
                      struct fc_channel_reply *ret, struct fc_error *err)
{
    struct attempt attempt = {.channel = channel, .request = request};
    fc_rc rc;

    *ret = (struct fc_channel_reply){.message = NULL};
    fc_violations_init(&ret->violations, request->arena);
    rc = begin(&attempt, err);
    if (rc == FC_OK)
        rc = call(&attempt, ret, err);
    end(&attempt);
    return rc;
}

/* Hands on the messages until there are no more; false when we ended it ourselves, then `err` may say why. */
static bool receive(struct attempt *attempt, fc_channel_message_fn fn, void *ctx,
                    struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(STREAM_ARENA);
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
    bool more = arena != NULL;

    if (!arena)
        (void)fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the answers to %s",
                      attempt->request->path);
    while (more) {
        ProtobufCMessage *message;
        message_op(attempt, &op);
        if (!run(attempt, &op, 1) || !attempt->answer)
            return true;
        message = decode(attempt, arena, err);
        more = message && fn(ctx, message);
        grpc_byte_buffer_destroy(attempt->answer);
        attempt->answer = NULL;
        fc_arena_reset(arena);
    }
    return false;
}

fc_rc fc_channel_stream(struct fc_channel *channel, const struct fc_channel_request *request,
                        fc_channel_message_fn fn, void *ctx, struct fc_channel_reply *ret,
                        struct fc_error *err)
{
    struct attempt attempt = {.channel = channel, .request = request};
    grpc_op ops[4] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}},
            last = {.op = GRPC_OP_RECV_STATUS_ON_CLIENT};
    struct fc_error own = FC_ERROR_INIT;
    bool by_peer;
    fc_rc rc;

    *ret = (struct fc_channel_reply){.message = NULL};
    fc_violations_init(&ret->violations, request->arena);
    rc = begin(&attempt, err);
    if (rc == FC_OK) {
        send_ops(&attempt, ops);
        /* A failure of the first batch shows in the status. */
        (void)run(&attempt, ops, FC_ARRAY_LEN(ops));
        by_peer = receive(&attempt, fn, ctx, &own);
        if (!by_peer)
            (void)grpc_call_cancel(attempt.call, NULL);
        status_op(&attempt, &last);
        attempt.code = GRPC_STATUS_INTERNAL;
        (void)run(&attempt, &last, 1);
        if (by_peer)
            rc = finish(&attempt, ret, err);
        else if (own.rc != FC_OK) {
            *err = own;
            rc = own.rc;
        }
    }
    end(&attempt);
    return rc;
}

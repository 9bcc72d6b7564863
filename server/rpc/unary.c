/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/log.h"
#include "server/rpc/cork.h"
#include "server/rpc/internal.h"

grpc_byte_buffer *fc_answer_pack(const ProtobufCMessage *message, size_t *ret_bytes)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    grpc_slice slice = grpc_slice_malloc(size);
    grpc_byte_buffer *buffer;

    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    *ret_bytes = size;
    return buffer;
}

void fc_answer_send(struct fc_rpc_call *call)
{
    grpc_op ops[4] = {{.op = GRPC_OP_SEND_STATUS_FROM_SERVER}};
    grpc_op *op = ops;

    if (fc_drain_hold(call))
        return;
    if (!call->stream || fc_stream_needs_initial(call)) {
        op->op = GRPC_OP_SEND_INITIAL_METADATA;
        op++;
    }
    if (call->reply) {
        op->op = GRPC_OP_SEND_MESSAGE;
        op->data.send_message.send_message = call->reply;
        op++;
    }
    op->op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    op->data.send_status_from_server.trailing_metadata_count = call->trailer_count;
    op->data.send_status_from_server.trailing_metadata = call->trailers;
    op->data.send_status_from_server.status = (grpc_status_code)call->code;
    op->data.send_status_from_server.status_details =
        call->has_status_text ? &call->status_text : NULL;
    op++;
    if (!atomic_exchange(&call->close_claimed, true)) {
        op->op = GRPC_OP_RECV_CLOSE_ON_SERVER;
        op->data.recv_close_on_server.cancelled = &call->close_flag;
        op++;
    }
    fc_poller_batch(call, ops, (size_t)(op - ops), &call->on_answer);
}

static void log_call(const struct fc_rpc_call *call, fc_rc code, int64_t nanoseconds)
{
    fc_log(FC_LOG_INFO, "call", FC_LOG_STR("method", call->method->row.path),
           FC_LOG_STR("code", fc_rc_name(code)),
           FC_LOG_STR("reason", fc_reason_info(call->reason)->word),
           FC_LOG_DOUBLE("ms", (double)nanoseconds / (double)FC_NS_PER_MS),
           FC_LOG_STR("request_id", fc_rpc_request_id(call)), FC_LOG_STR("peer", fc_rpc_peer(call)),
           FC_LOG_INT("received", call->request.len), FC_LOG_INT("sent", call->reply_bytes));
}

void fc_answer_done(struct poller *poller, struct fc_rpc_call *call, bool ok)
{
    int64_t now = fc_monotonic_ns(poller->server->options.sys);
    int64_t nanoseconds = now > call->arrived_ns ? now - call->arrived_ns : 0;
    fc_rc code = call->code;

    if (call->answered_at_once)
        fc_cork_call_over();
    /* What the client saw, if it was gone before the answer: its own deadline or its own cancellation. */
    if (code == FC_OK && (!ok || call->close_flag))
        code = now >= call->deadline_ns ? FC_DEADLINE_EXCEEDED : FC_CANCELLED;
    fc_stats_handled(poller, call->method, code, nanoseconds);
    if (poller->server->options.access_log)
        log_call(call, code, nanoseconds);
    fc_call_unref(call);
}

/* The one who answers second has broken the contract; the first answer is on its way and stands. */
static bool claim(struct fc_rpc_call *call)
{
    if (!atomic_exchange(&call->answered, true))
        return true;
    fc_log(FC_LOG_ERROR, "a call was answered twice", FC_LOG_STR("method", call->method->row.path));
    return false;
}

static void reply(struct fc_rpc_call *call, grpc_byte_buffer *buffer, size_t size)
{
    call->reply = buffer;
    call->reply_bytes = size;
    fc_answer_send(call);
}

void fc_rpc_reply(struct fc_rpc_call *call, const ProtobufCMessage *response)
{
    size_t size;
    grpc_byte_buffer *buffer;

    if (!claim(call))
        return;
    buffer = fc_answer_pack(response, &size);
    reply(call, buffer, size);
}

void fc_rpc_reply_bytes(struct fc_rpc_call *call, fc_str response)
{
    grpc_slice slice;
    grpc_byte_buffer *buffer;

    if (!claim(call))
        return;
    slice = grpc_slice_from_copied_buffer(response.ptr ? response.ptr : "", response.len);
    buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    reply(call, buffer, response.len);
}

void fc_rpc_fail(struct fc_rpc_call *call, const struct fc_error *err,
                 const struct fc_violations *violations)
{
    if (!claim(call))
        return;
    fc_status_set(call, err, violations);
    fc_answer_send(call);
}

void fc_rpc_add_trailer(struct fc_rpc_call *call, const char *key, const char *value)
{
    grpc_slice key_slice = grpc_slice_from_copied_string(key);
    grpc_slice value_slice = grpc_slice_from_copied_string(value);

    /* One bad entry would make gRPC refuse the whole answer. */
    if (call->trailer_count < MAX_TRAILERS && grpc_header_key_is_legal(key_slice) &&
        grpc_header_nonbin_value_is_legal(value_slice)) {
        call->trailers[call->trailer_count++] =
            (grpc_metadata){.key = key_slice, .value = value_slice};
        return;
    }
    fc_log(FC_LOG_WARN, "trailer left out", FC_LOG_STR("method", call->method->row.path),
           FC_LOG_STR("key", key));
    grpc_slice_unref(key_slice);
    grpc_slice_unref(value_slice);
}

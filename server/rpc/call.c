/* SPDX-License-Identifier: Apache-2.0 */
#include <grpc/support/alloc.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/pbcheck.h"
#include "server/rpc/cork.h"
#include "server/rpc/inflate.h"
#include "server/rpc/internal.h"

struct fc_rpc_call *fc_call_new(struct poller *poller, const struct method *method)
{
    struct fc_rpc_call *call = poller->free_calls;

    if (call) {
        poller->free_calls = call->next;
        poller->free_count--;
    } else {
        call = calloc(1, sizeof *call);
        if (!call)
            return NULL;
        grpc_metadata_array_init(&call->metadata);
        call->server = poller->server;
        call->poller = poller;
        call->on_arrival = (struct op){.call = call, .done = fc_call_arrived};
        call->on_close = (struct op){.call = call, .done = fc_call_closed};
        call->on_answer = (struct op){.call = call, .done = fc_answer_done};
    }
    call->method = method;
    call->next = NULL;
    if (!method->handle)
        grpc_call_details_init(&call->details);
    return call;
}

/* What the last call left; the arena's first chunk and the array of metadata stay for the next one. */
static void clear(struct fc_rpc_call *call)
{
    if (call->handle)
        grpc_call_unref(call->handle);
    if (!call->method->handle)
        grpc_call_details_destroy(&call->details);
    if (call->payload)
        grpc_byte_buffer_destroy(call->payload);
    if (call->reply)
        grpc_byte_buffer_destroy(call->reply);
    if (call->has_status_text)
        grpc_slice_unref(call->status_text);
    for (size_t i = 0; i < call->trailer_count; i++) {
        grpc_slice_unref(call->trailers[i].key);
        grpc_slice_unref(call->trailers[i].value);
    }
    gpr_free(call->peer);
    if (call->arena)
        fc_arena_reset(call->arena);
    call->handle = NULL;
    call->payload = NULL;
    call->metadata.count = 0;
    call->request = (fc_str){0};
    call->request_id[0] = '\0';
    call->peer = NULL;
    call->trailer_count = 0;
    call->reply = NULL;
    call->reply_bytes = 0;
    call->has_status_text = false;
    call->code = FC_OK;
    call->reason = FC_REASON_NONE;
    call->close_flag = 0;
    atomic_store_explicit(&call->answered, false, memory_order_relaxed);
    atomic_store_explicit(&call->close_claimed, false, memory_order_relaxed);
    atomic_store_explicit(&call->cancelled, false, memory_order_relaxed);
}

void fc_call_free(struct fc_rpc_call *call)
{
    struct poller *poller = call->poller;

    if (call->stream)
        fc_stream_free(call);
    clear(call);
    if (poller->free_count < MAX_FREE_CALLS) {
        call->next = poller->free_calls;
        poller->free_calls = call;
        poller->free_count++;
        return;
    }
    grpc_metadata_array_destroy(&call->metadata);
    fc_arena_free(call->arena);
    free(call);
}

void fc_call_ref(struct fc_rpc_call *call)
{
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
}

void fc_call_unref(struct fc_rpc_call *call)
{
    struct poller *poller = call->poller;

    if (atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) == 1) {
        fc_abuse_gone(call);
        fc_call_free(call);
        fc_stats_add(&poller->gone, 1);
    }
}

/* A deadline of gRPC, which may be on any of its clocks, on ours. */
static int64_t deadline_of(const struct fc_rpc_call *call)
{
    gpr_timespec deadline = call->method->handle ? call->deadline : call->details.deadline;
    gpr_timespec left;

    if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0)
        return INT64_MAX;
    left = gpr_time_sub(gpr_convert_clock_type(deadline, GPR_CLOCK_MONOTONIC),
                        gpr_now(GPR_CLOCK_MONOTONIC));
    if (left.tv_sec > INT64_C(100) * 365 * 86400)
        return INT64_MAX;
    return call->arrived_ns + left.tv_sec * FC_NS_PER_S + left.tv_nsec;
}

static bool too_large(const struct fc_rpc_call *call, struct fc_error *err)
{
    (void)fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                  "the request unpacks to more than %zu bytes, the limit of a call",
                  call->server->options.max_call_bytes);
    return false;
}

/* The message in one piece: in place when gRPC received it so, which is the rule for small ones. */
static bool flatten(struct fc_rpc_call *call, struct fc_error *err)
{
    const grpc_slice_buffer *slices = &call->payload->data.raw.slice_buffer;
    char *copy, *at;

    if (call->payload->data.raw.compression != GRPC_COMPRESS_NONE)
        return fc_inflate(call->payload, call->server->options.max_message_bytes, call->arena,
                          &call->request, err) == FC_OK;
    if (slices->count == 1) {
        call->request = (fc_str){.ptr = (const char *)GRPC_SLICE_START_PTR(slices->slices[0]),
                                 .len = GRPC_SLICE_LENGTH(slices->slices[0])};
        return true;
    }
    at = copy = fc_arena_alloc(call->arena, slices->length);
    if (!copy)
        return too_large(call, err);
    for (size_t i = 0; i < slices->count; i++) {
        memcpy(at, GRPC_SLICE_START_PTR(slices->slices[i]), GRPC_SLICE_LENGTH(slices->slices[i]));
        at += GRPC_SLICE_LENGTH(slices->slices[i]);
    }
    call->request = (fc_str){.ptr = copy, .len = slices->length};
    return true;
}

const ProtobufCMessage *fc_call_decode(struct fc_rpc_call *call, struct fc_error *err)
{
    const ProtobufCMessageDescriptor *type = call->method->row.request;
    const ProtobufCMessage *message;

    if (!call->payload) {
        (void)fc_fail(err, FC_REASON_MALFORMED_MESSAGE,
                      "the request holds no message, expected a %s", type->name);
        return NULL;
    }
    if (!flatten(call, err) || fc_pb_check(type, call->request, NULL, err) != FC_OK)
        return NULL;
    message = protobuf_c_message_unpack(type, fc_arena_allocator(call->arena), call->request.len,
                                        (const uint8_t *)call->request.ptr);
    if (!message && fc_arena_exhausted(call->arena))
        (void)too_large(call, err);
    else if (!message)
        (void)fc_fail(err, FC_REASON_MALFORMED_MESSAGE, "the request is no valid %s", type->name);
    return message;
}

static void refuse(struct fc_rpc_call *call, const struct fc_error *err)
{
    if (call->stream)
        fc_rpc_stream_end(call, err);
    else
        fc_rpc_fail(call, err, NULL);
}

/* NULL, or why the handler cannot be asked at all. */
static const struct fc_error *not_served(struct fc_rpc_call *call, struct fc_error *err)
{
    const struct method *method = call->method;

    if (!method->handle)
        (void)fc_fail(err, FC_REASON_NOT_IMPLEMENTED, "this server has no method %.*s",
                      (int)GRPC_SLICE_LENGTH(call->details.method),
                      (const char *)GRPC_SLICE_START_PTR(call->details.method));
    else if (!method->row.handler)
        (void)fc_fail(err, FC_REASON_NOT_IMPLEMENTED, "%s",
                      method->row.unimplemented ? method->row.unimplemented
                                                : "this method is not served");
    else if (!call->arena)
        (void)fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the call");
    else if (fc_stream_too_late(call))
        (void)fc_fail(err, FC_REASON_SHUTTING_DOWN, "the server is stopping");
    else
        return NULL;
    return err;
}

static void dispatch(struct fc_rpc_call *call)
{
    const struct fc_rpc_method *row = &call->method->row;
    const ProtobufCMessage *request;
    struct fc_error err = FC_ERROR_INIT;

    if (not_served(call, &err)) {
        refuse(call, &err);
        return;
    }
    if (row->kind == FC_RPC_BIDI_STREAM) {
        fc_stream_first_read(call);
        return;
    }
    request = fc_call_decode(call, &err);
    if (request)
        row->handler(call, row->ctx, request);
    else
        refuse(call, &err);
}

/* Asks gRPC to tell when the call is over: the only way to learn that the client went away. */
static void watch_close(struct fc_rpc_call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
                  .data.recv_close_on_server.cancelled = &call->close_flag};

    if (atomic_exchange(&call->close_claimed, true))
        return;
    fc_call_ref(call);
    fc_poller_batch(call, &op, 1, &call->on_close);
}

void fc_call_arrived(struct poller *poller, struct fc_rpc_call *call, bool ok)
{
    struct fc_rpc_server *server = poller->server;

    if (!ok) { /* the server shuts down */
        fc_call_free(call);
        return;
    }
    /* Before anything else, so that the next call need not wait for this one. */
    fc_poller_arm(poller, call->method);
    fc_stats_add(&poller->arrived, 1);
    fc_stats_started(poller, call->method);
    call->arrived_ns = fc_monotonic_ns(server->options.sys);
    call->deadline_ns = deadline_of(call);
    if (!call->arena)
        call->arena = fc_arena_new(server->options.max_call_bytes);
    /* One reference for this function, one for the answer to come. */
    atomic_store_explicit(&call->refs, 2, memory_order_relaxed);
    fc_abuse_arrived(call);
    if (call->method->row.kind != FC_RPC_UNARY) {
        if (!fc_stream_begin(call)) { /* no memory for it: gRPC ends a call that is let go */
            fc_call_unref(call);
            fc_call_unref(call);
            return;
        }
        watch_close(call);
    }
    fc_cork_arrived(call->arrived_ns);
    dispatch(call);
    call->answered_at_once = atomic_load(&call->answered);
    fc_cork_dispatched(call->answered_at_once);
    /* An inline answer carries the question itself and saves an event. */
    if (!call->answered_at_once)
        watch_close(call);
    fc_call_unref(call);
}

void fc_call_closed(struct poller *poller FC_UNUSED, struct fc_rpc_call *call, bool ok FC_UNUSED)
{
    if (call->close_flag) {
        atomic_store(&call->cancelled, true);
        if (call->stream)
            fc_stream_over(call, false);
    }
    fc_call_unref(call);
}

struct fc_arena *fc_rpc_arena(struct fc_rpc_call *call)
{
    return call->arena;
}

fc_str fc_rpc_request_bytes(const struct fc_rpc_call *call)
{
    return call->request;
}

int64_t fc_rpc_deadline_ns(const struct fc_rpc_call *call)
{
    return call->deadline_ns;
}

bool fc_rpc_cancelled(const struct fc_rpc_call *call)
{
    return atomic_load(&call->cancelled) ||
           fc_monotonic_ns(call->server->options.sys) >= call->deadline_ns;
}

static const grpc_slice *find_metadata(const struct fc_rpc_call *call, const char *key)
{
    size_t length = strlen(key);

    for (size_t i = 0; i < call->metadata.count; i++) {
        const grpc_metadata *entry = &call->metadata.metadata[i];
        if (GRPC_SLICE_LENGTH(entry->key) == length &&
            memcmp(GRPC_SLICE_START_PTR(entry->key), key, length) == 0)
            return &entry->value;
    }
    return NULL;
}

const char *fc_rpc_metadata(const struct fc_rpc_call *call, const char *key)
{
    const grpc_slice *value = find_metadata(call, key);

    return value ? fc_arena_strndup(call->arena, (const char *)GRPC_SLICE_START_PTR(*value),
                                    GRPC_SLICE_LENGTH(*value))
                 : NULL;
}

/* What a client sends goes into our log: a short word of harmless characters, or we make our own. */
static bool take_request_id(struct fc_rpc_call *call, const grpc_slice *value)
{
    const char *text = (const char *)GRPC_SLICE_START_PTR(*value);
    size_t length = GRPC_SLICE_LENGTH(*value);

    if (length == 0 || length > REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.'))
            return false;
    }
    memcpy(call->request_id, text, length);
    call->request_id[length] = '\0';
    return true;
}

const char *fc_rpc_request_id(const struct fc_rpc_call *call)
{
    /* Made at first use, since most calls are never named; the id is a cache within a call that is ours to change. */
    struct fc_rpc_call *mine = (struct fc_rpc_call *)call;
    const grpc_slice *given;

    if (mine->request_id[0])
        return mine->request_id;
    given = find_metadata(call, "x-request-id");
    if (!given || !take_request_id(mine, given))
        snprintf(mine->request_id, sizeof(mine->request_id), "%.16s-%08" PRIx64,
                 call->server->id_prefix,
                 atomic_fetch_add_explicit(&mine->server->request_ids, 1, memory_order_relaxed));
    return mine->request_id;
}

const char *fc_rpc_peer(const struct fc_rpc_call *call)
{
    struct fc_rpc_call *mine = (struct fc_rpc_call *)call;

    if (!mine->peer)
        mine->peer = grpc_call_get_peer(call->handle);
    return mine->peer ? mine->peer : "unknown";
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/log.h"
#include "server/rpc/internal.h"

struct queued {
    struct queued *next;
    grpc_byte_buffer *message;
};

struct stream {
    pthread_mutex_t mutex; /* of all that follows */
    struct queued *first, **last;
    unsigned length;
    grpc_byte_buffer *writing; /* the one message that gRPC has */
    bool initial_sent;
    bool over;     /* the client is gone or we stop: nothing more is sent */
    bool overflow; /* over, because the client did not read */
    bool stopping; /* over, because the server stops */
    bool ended;    /* fc_rpc_stream_end was called */
    bool told;     /* cancel_fn was called */
    bool too_late; /* from the beginning, as it stays */
    void (*cancel_fn)(void *ctx);
    void *cancel_ctx;
};

static void write_done(struct poller *poller, struct fc_rpc_call *call, bool ok);
static void read_done(struct poller *poller, struct fc_rpc_call *call, bool ok);

bool fc_stream_begin(struct fc_rpc_call *call)
{
    struct fc_rpc_server *server = call->server;
    struct stream *stream = calloc(1, sizeof *stream);

    if (!stream)
        return false;
    pthread_mutex_init(&stream->mutex, NULL);
    stream->last = &stream->first;
    call->stream = stream;
    call->on_write = (struct op){.call = call, .done = write_done};
    call->on_read = (struct op){.call = call, .done = read_done};
    pthread_mutex_lock(&server->mutex);
    call->prev_stream = NULL;
    call->next_stream = server->streams;
    if (server->streams)
        server->streams->prev_stream = call;
    server->streams = call;
    stream->too_late = server->streams_ended;
    pthread_mutex_unlock(&server->mutex);
    return true;
}

bool fc_stream_too_late(const struct fc_rpc_call *call)
{
    return call->stream && call->stream->too_late;
}

static void drop_queue_locked(struct stream *stream)
{
    while (stream->first) {
        struct queued *entry = stream->first;
        stream->first = entry->next;
        grpc_byte_buffer_destroy(entry->message);
        free(entry);
    }
    stream->last = &stream->first;
    stream->length = 0;
}

void fc_stream_free(struct fc_rpc_call *call)
{
    struct fc_rpc_server *server = call->server;
    struct stream *stream = call->stream;

    pthread_mutex_lock(&server->mutex);
    if (call->prev_stream)
        call->prev_stream->next_stream = call->next_stream;
    else
        server->streams = call->next_stream;
    if (call->next_stream)
        call->next_stream->prev_stream = call->prev_stream;
    pthread_mutex_unlock(&server->mutex);
    drop_queue_locked(stream);
    pthread_mutex_destroy(&stream->mutex);
    free(stream);
    call->stream = NULL;
}

/* Called by the answer, after the last write: nobody else looks at the flag any more. */
bool fc_stream_needs_initial(const struct fc_rpc_call *call)
{
    return !call->stream->initial_sent;
}

static void write_next_locked(struct fc_rpc_call *call)
{
    struct stream *stream = call->stream;
    struct queued *entry = stream->first;
    grpc_op ops[2] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}, {.op = GRPC_OP_SEND_MESSAGE}};
    size_t skip = stream->initial_sent ? 1 : 0;

    stream->first = entry->next;
    if (!stream->first)
        stream->last = &stream->first;
    stream->length--;
    stream->writing = entry->message;
    free(entry);
    ops[1].data.send_message.send_message = stream->writing;
    stream->initial_sent = true;
    fc_call_ref(call);
    fc_poller_batch(call, ops + skip, 2 - skip, &call->on_write);
}

static bool idle_locked(const struct stream *stream)
{
    return !stream->writing && !stream->first;
}

static void write_done(struct poller *poller FC_UNUSED, struct fc_rpc_call *call, bool ok)
{
    struct stream *stream = call->stream;
    bool finish;

    pthread_mutex_lock(&stream->mutex);
    grpc_byte_buffer_destroy(stream->writing);
    stream->writing = NULL;
    if (!ok) {
        stream->over = true;
        drop_queue_locked(stream);
    }
    if (stream->first)
        write_next_locked(call);
    finish = stream->ended && idle_locked(stream);
    pthread_mutex_unlock(&stream->mutex);
    if (finish)
        fc_answer_send(call);
    fc_call_unref(call);
}

bool fc_rpc_stream_send(struct fc_rpc_call *call, const ProtobufCMessage *message)
{
    struct stream *stream = call->stream;
    struct queued *entry = malloc(sizeof *entry);
    size_t size;
    bool queued = false, overflow = false;

    if (!entry)
        return false;
    *entry = (struct queued){.message = fc_answer_pack(message, &size)};
    pthread_mutex_lock(&stream->mutex);
    if (!stream->over && !stream->ended &&
        stream->length >= call->server->options.max_stream_queue) {
        stream->over = stream->overflow = overflow = true;
        drop_queue_locked(stream);
    } else if (!stream->over && !stream->ended) {
        *stream->last = entry;
        stream->last = &entry->next;
        stream->length++;
        call->reply_bytes += size;
        queued = true;
        if (!stream->writing)
            write_next_locked(call);
    }
    pthread_mutex_unlock(&stream->mutex);
    if (!queued) {
        grpc_byte_buffer_destroy(entry->message);
        free(entry);
    }
    /* The message that gRPC has will never get through, so that a status behind it would not either: a reset does.
     * Its sender learns of it by our result and, from the poller, by fc_rpc_stream_on_cancel. */
    if (overflow)
        (void)grpc_call_cancel_with_status(call->handle, GRPC_STATUS_RESOURCE_EXHAUSTED,
                                           "the client does not read fast enough", NULL);
    return queued;
}

static void set_outcome_locked(struct fc_rpc_call *call, const struct fc_error *err)
{
    struct fc_error own = FC_ERROR_INIT;

    if (call->stream->overflow)
        (void)fc_fail(&own, FC_REASON_REQUEST_TOO_LARGE, "the client does not read fast enough");
    else if (call->stream->stopping)
        (void)fc_fail(&own, FC_REASON_SHUTTING_DOWN, "the server is stopping");
    if (own.rc != FC_OK)
        err = &own;
    if (err)
        fc_status_set(call, err, NULL);
}

void fc_rpc_stream_end(struct fc_rpc_call *call, const struct fc_error *err)
{
    struct stream *stream = call->stream;
    bool finish;

    if (atomic_exchange(&call->answered, true)) {
        fc_log(FC_LOG_ERROR, "a stream was ended twice",
               FC_LOG_STR("method", call->method->row.path));
        return;
    }
    pthread_mutex_lock(&stream->mutex);
    set_outcome_locked(call, err);
    stream->ended = true;
    finish = idle_locked(stream);
    pthread_mutex_unlock(&stream->mutex);
    if (finish)
        fc_answer_send(call);
}

void fc_rpc_stream_on_cancel(struct fc_rpc_call *call, void (*fn)(void *ctx), void *ctx)
{
    struct stream *stream = call->stream;
    bool tell;

    pthread_mutex_lock(&stream->mutex);
    stream->cancel_fn = fn;
    stream->cancel_ctx = ctx;
    tell = stream->over && !stream->told && !stream->ended;
    stream->told = stream->told || tell;
    pthread_mutex_unlock(&stream->mutex);
    if (tell)
        fn(ctx);
}

void fc_stream_over(struct fc_rpc_call *call, bool stopping)
{
    struct stream *stream = call->stream;
    void (*fn)(void *ctx);
    bool tell, alone;

    pthread_mutex_lock(&stream->mutex);
    if (stopping && stream->ended) { /* a call like any other, that the drain waits for */
        pthread_mutex_unlock(&stream->mutex);
        return;
    }
    stream->over = true;
    stream->stopping = stream->stopping || stopping;
    drop_queue_locked(stream);
    fn = stream->cancel_fn;
    tell = fn && !stream->told && !stream->ended;
    alone = stopping && !fn && !stream->ended;
    stream->told = stream->told || tell;
    pthread_mutex_unlock(&stream->mutex);
    if (tell)
        fn(stream->cancel_ctx);
    /* Nobody to tell: a bidirectional stream learns of it by its read, others by their next send. */
    if (alone)
        (void)grpc_call_cancel_with_status(call->handle, GRPC_STATUS_UNAVAILABLE,
                                           "the server is stopping", NULL);
}

static void read_next(struct fc_rpc_call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->payload};

    fc_call_ref(call);
    fc_poller_batch(call, &op, 1, &call->on_read);
}

void fc_stream_first_read(struct fc_rpc_call *call)
{
    read_next(call);
}

static void read_done(struct poller *poller FC_UNUSED, struct fc_rpc_call *call, bool ok)
{
    const struct fc_rpc_method *row = &call->method->row;
    struct fc_error err = FC_ERROR_INIT;
    const ProtobufCMessage *request;

    if (!ok || !call->payload) {
        if (!atomic_load(&call->answered))
            row->handler(call, row->ctx, NULL);
        fc_call_unref(call);
        return;
    }
    request = fc_call_decode(call, &err);
    if (request)
        row->handler(call, row->ctx, request);
    else if (!atomic_load(&call->answered))
        fc_rpc_stream_end(call, &err);
    /* Each message starts afresh, so that a long stream does not run out of the memory of one call. */
    grpc_byte_buffer_destroy(call->payload);
    call->payload = NULL;
    call->request = (fc_str){0};
    fc_arena_reset(call->arena);
    if (!atomic_load(&call->answered))
        read_next(call);
    fc_call_unref(call);
}

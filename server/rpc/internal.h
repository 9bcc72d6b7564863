/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of this room share. Nobody outside includes it.
 *
 *     poller.c   one thread and completion queue each: arms slots, dispatches events
 *     call.c     the life of a call: arrival, decoding, accessors, the end
 *     unary.c    answers         stream.c   streams         status.c   errors as gRPC sends them
 *     drain.c    the stop        stats.c    counters        bind.c     addresses, tls.c identities
 *     accept.c   descriptors     receive.c  header blocks   inflate.c  compressed requests
 *     abuse.c    floods          cork.c     answers that leave together
 *
 * Threads: all events of a call come to the poller at which it arrived, and that poller frees it. Answers may come from
 * anywhere; what they touch is atomic or belongs to the one who answers.
 */
#pragma once

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/rpc/rpc.h"

struct fc_tls;
struct poller;
struct stream;

/* A tag of the completion queue: what to do with which call. Every operation in flight holds a reference to its call. */
struct op {
    struct fc_rpc_call *call;
    void (*done)(struct poller *poller, struct fc_rpc_call *call, bool ok);
};

struct method {
    struct fc_rpc_method row;
    unsigned index; /* in the counters */
    void *handle;   /* of gRPC; NULL in the row for unknown methods */
};

struct method_counters {
    _Atomic uint64_t started;
    struct {
        _Atomic uint64_t handled, nanoseconds;
        _Atomic uint64_t buckets[FC_RPC_BUCKETS]; /* not cumulative */
    } codes[FC_RPC_CODES];
};

#define MAX_TRAILERS   8
#define MAX_FREE_CALLS 128
#define REQUEST_ID_MAX 64
#define PEER_SLOTS     1024

/* As gRPC writes them: an address, "ipv6:%5B", a port. */
#define FC_PEER_NAME_MAX (46 + 32)

struct fc_rpc_call {
    struct fc_rpc_server *server;
    struct poller *poller;
    const struct method *method;
    struct fc_rpc_call *next; /* in the poller's free list, or among held answers */

    /* Filled in by gRPC on arrival */
    grpc_call *handle;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_call_details details; /* unknown methods only */
    grpc_byte_buffer *payload;

    struct fc_arena *arena;
    fc_str request;
    int64_t arrived_ns, deadline_ns;
    char request_id[REQUEST_ID_MAX + 1];
    char *peer;
    unsigned peer_slot; /* one more than the index in poller->peers; 0: not counted */

    bool answered_at_once; /* by its handler; see cork.h */
    _Atomic unsigned refs;
    _Atomic bool answered;
    _Atomic bool close_claimed; /* someone asked gRPC for the end of the call */
    _Atomic bool cancelled;
    int close_flag;

    /* The answer; belongs to the one who answers, then to the poller. */
    grpc_metadata trailers[MAX_TRAILERS + 1]; /* one more for the details */
    size_t trailer_count;
    fc_rc code;
    enum fc_reason reason;
    grpc_byte_buffer *reply;
    size_t reply_bytes;
    grpc_slice status_text;
    bool has_status_text;

    struct op on_arrival, on_close, on_answer, on_read, on_write, on_release;
    struct stream *stream;                         /* NULL for unary calls */
    struct fc_rpc_call *prev_stream, *next_stream; /* among the server's streams */
};

struct poller {
    struct fc_rpc_server *server;
    grpc_completion_queue *queue;
    pthread_t thread;
    bool running;
    struct fc_rpc_call *free_calls;
    unsigned free_count;
    _Atomic uint64_t arrived, gone; /* calls; written by this thread only */
    unsigned peers[PEER_SLOTS];     /* unfinished calls by the hash of their peer; see abuse.c */
    /* one a method, then one for unknown methods; written by this thread only */
    struct method_counters *counters;
};

enum server_state { SERVER_NEW, SERVER_RUNNING, SERVER_STOPPED };

struct stop_hook {
    void (*fn)(void *ctx);
    void *ctx;
};

#define MAX_STOP_HOOKS 4

struct fc_rpc_server {
    struct fc_rpc_options options;
    _Atomic enum server_state state;
    grpc_server *handle;
    grpc_resource_quota *quota;
    struct method *methods;
    size_t method_count;
    struct method unknown;
    struct poller *pollers;
    unsigned poller_count;
    /* one a listen, NULL for plain text: gRPC fetches for each on its own */
    struct fc_tls **identities;
    size_t identity_count;
    struct stop_hook hooks[MAX_STOP_HOOKS];
    size_t hook_count;

    char id_prefix[33]; /* of request ids */
    _Atomic uint64_t request_ids;

    pthread_mutex_t mutex; /* of what follows */
    struct fc_rpc_call *streams;
    bool streams_ended;       /* by the stop: none begins any more */
    struct fc_rpc_call *held; /* answers that wait for the gate, newest first */
    _Atomic bool gate_closed; /* read without the mutex as a hint */
    bool shut_down;           /* gRPC's shutdown is complete */
    struct op on_shut_down;
    pthread_cond_t changed;
};

/* TSan does not see gRPC's own synchronisation: a tag that comes out of a queue happens after it was put in. */
#if defined(__SANITIZE_THREAD__)
#define FC_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FC_TSAN 1
#endif
#endif
#ifdef FC_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define TAG_RELEASE(tag) __tsan_release(tag)
#define TAG_ACQUIRE(tag) __tsan_acquire(tag)
#else
#define TAG_RELEASE(tag) ((void)(tag))
#define TAG_ACQUIRE(tag) ((void)(tag))
#endif

/* poller.c */
FC_MUST fc_rc fc_poller_start(struct poller *poller, unsigned number, struct fc_error *err);
/* Runs the events in this thread, for a poller that has none: to the end of the queue, or until `*done`. */
void fc_poller_run(struct poller *poller);
void fc_poller_run_until(struct poller *poller, const bool *done);
/* Arms one slot: the next call of the method comes to this poller. */
void fc_poller_arm(struct poller *poller, const struct method *method);
/* Runs the operations; the reference that its completion drops must be held by the caller. */
void fc_poller_batch(struct fc_rpc_call *call, const grpc_op *ops, size_t count, struct op *tag);

/* call.c */
struct fc_rpc_call *fc_call_new(struct poller *poller, const struct method *method);
void fc_call_free(struct fc_rpc_call *call);
void fc_call_arrived(struct poller *poller, struct fc_rpc_call *call, bool ok);
void fc_call_ref(struct fc_rpc_call *call);
/* On the call's poller only, unless another reference is known to outlive this one. */
void fc_call_unref(struct fc_rpc_call *call);
/* Unpacks `payload` into the call's arena; NULL when it was refused, then `err` says why. */
const ProtobufCMessage *fc_call_decode(struct fc_rpc_call *call, struct fc_error *err);
void fc_call_closed(struct poller *poller, struct fc_rpc_call *call, bool ok);

/* unary.c: the last batch of a call, streams included. Consumes the reference of the one who answers. */
void fc_answer_send(struct fc_rpc_call *call);
void fc_answer_done(struct poller *poller, struct fc_rpc_call *call, bool ok);
/* Copies the bytes of a packed message into a buffer of gRPC; NULL when memory is out. */
grpc_byte_buffer *fc_answer_pack(const ProtobufCMessage *message, size_t *ret_bytes);

/* status.c */
void fc_status_set(struct fc_rpc_call *call, const struct fc_error *err,
                   const struct fc_violations *violations);

/* stream.c */
FC_MUST bool fc_stream_begin(struct fc_rpc_call *call);
/* It came when the stop had been at the streams already: nobody would end it before the drain does. */
FC_MUST bool fc_stream_too_late(const struct fc_rpc_call *call);
void fc_stream_first_read(struct fc_rpc_call *call);
void fc_stream_over(struct fc_rpc_call *call, bool stopping);
void fc_stream_free(struct fc_rpc_call *call);
/* True when the answer's batch must carry the initial metadata. */
FC_MUST bool fc_stream_needs_initial(const struct fc_rpc_call *call);

/* server.c: joins the pollers and frees what gRPC holds; after its shutdown only. */
void fc_server_tear_down(struct fc_rpc_server *server);

/* drain.c */
void fc_rpc_server_on_stop(struct fc_rpc_server *server, void (*fn)(void *ctx), void *ctx);
/* gRPC's own shutdown: calls in flight get `drain_ns`, then they are cancelled. */
void fc_drain_shut_down(struct fc_rpc_server *server, int64_t drain_ns);
/* True when the answer was put aside; it is sent when the gate opens. */
FC_MUST bool fc_drain_hold(struct fc_rpc_call *call);

/* stats.c */
/* For counters with one writer: no bus lock on the way of a call. */
void fc_stats_add(_Atomic uint64_t *counter, uint64_t value);
void fc_stats_started(struct poller *poller, const struct method *method);
void fc_stats_handled(struct poller *poller, const struct method *method, fc_rc code,
                      int64_t nanoseconds);

/* accept.c */
/* Raises the limit of descriptors and starts to refuse connections above it; see docs/internals/rpc.md. */
void fc_accept_guard_start(unsigned max_connections);
/* No connection has a descriptor of this number or above. */
int fc_accept_highest(void);

/* receive.c */
/* From now on connections whose header blocks are longer than that are closed. False when memory is out. */
FC_MUST bool fc_receive_guard_start(size_t max_block_bytes);
/* A new connection has this descriptor. */
void fc_receive_begins(int fd);

/* abuse.c */
/* The name that gRPC gives to the other end of a socket; "" when it is no TCP socket. */
void fc_abuse_peer_name(int fd, char name[FC_PEER_NAME_MAX]);
/* Both on the call's poller. */
/* Counts the call and hangs up on its peer when that one has far too many. */
void fc_abuse_arrived(struct fc_rpc_call *call);
void fc_abuse_gone(struct fc_rpc_call *call);

/* bind.c */

/* Whether this thread is in gRPC's attempt at an address: what it says of a failure is explained in our words. */
bool fc_bind_under_way(void);
/* `tls` is NULL for plain text. */
FC_MUST fc_rc fc_bind_listen(grpc_server *server, struct fc_rpc_listen *listen, struct fc_tls *tls,
                             struct fc_error *err);

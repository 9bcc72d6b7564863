/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The RPC engine on gRPC C core: completion queues, calls, limits, drain. It knows no domain type.
 *
 * A method is a row of a table; its handler runs on a completion-queue thread and must not block. It answers exactly
 * once (fc_rpc_reply*, fc_rpc_fail), at once or later and from any thread; afterwards the call may be gone. Everything
 * the call owns (decoded request, arena) lives until then.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/violations.h"

struct fc_rpc_server;
struct fc_rpc_call;

/** `ctx` is the row's; `request` was checked (fc_pb_check) and unpacked into the call's arena. */
typedef void (*fc_rpc_handler_fn)(struct fc_rpc_call *call, void *ctx,
                                  const ProtobufCMessage *request);

enum fc_rpc_kind {
    FC_RPC_UNARY,
    FC_RPC_SERVER_STREAM, /**< one request; fc_rpc_stream_send any number of times, then fc_rpc_stream_end */
    /**
     * The handler is called for each request message, and once with NULL when there will be no more because the client
     * is done or gone. The request, the arena and what came from it live until the handler returns.
     */
    FC_RPC_BIDI_STREAM,
};

struct fc_rpc_method {
    const char *path; /**< `/feast.core.CoreService/GetEntity` */
    enum fc_rpc_kind kind;
    const ProtobufCMessageDescriptor *request, *response;
    fc_rpc_handler_fn handler; /**< NULL: UNIMPLEMENTED with `unimplemented` as its text */
    const char *unimplemented;
    void *ctx;
};

/** PEM files; NULL or "" where there is none. */
struct fc_rpc_tls {
    const char *certificate_file; /**< with the chain to, but not including, the root */
    const char *key_file;         /**< without a passphrase */
    /** when given, clients must present a certificate that it vouches for */
    const char *client_ca_file;
};

/** Reads the files as a start does; the error names the one that is not in order. */
FC_MUST fc_rc fc_rpc_tls_check(const struct fc_rpc_tls *files, struct fc_error *err);

struct fc_rpc_listen {
    const char *address; /**< `127.0.0.1:6565`, `[::]:0`, `unix:/path`; port 0 picks a free one */
    const struct fc_rpc_tls *tls; /**< NULL: plain text */
    int bound_port;               /**< filled in by fc_rpc_server_start; 0 for unix sockets */
};

struct fc_rpc_options {
    const struct fc_sys *sys;
    unsigned threads;         /**< completion queues; 0: half as many as cores */
    size_t max_message_bytes; /**< received; 0 means 4 MiB */
    size_t max_call_bytes;    /**< arena of one call; 0 means 64 MiB */
    size_t max_memory_bytes;  /**< buffers of all connections; 0 means 512 MiB */
    unsigned max_connections; /**< of the process; further ones are closed at once; 0 means 10000 */
    int max_streams;          /**< concurrent, a connection; 0 means 1000 */
    int max_metadata_bytes;   /**< 0 means 16 KiB */
    /** Unsent messages of one stream before it ends RESOURCE_EXHAUSTED; 0 means 1024. */
    unsigned max_stream_queue;
    int64_t handshake_timeout_ns; /**< 0 means 10 s */
    int64_t lame_duck_ns;         /**< served on after NOT_SERVING before the shutdown; 0 none */
    int64_t drain_ns;             /**< in-flight calls get this long; 0 means 10 s */
    bool access_log;              /**< one line a call */
};

FC_MUST fc_rc fc_rpc_server_new(const struct fc_rpc_options *options, struct fc_rpc_server **ret,
                                struct fc_error *err);
/** Stops first when it still runs. */
void fc_rpc_server_free(struct fc_rpc_server *server);
FC_DEFINE_FREEP(struct fc_rpc_server, fc_rpc_server_free)

/** Before start. `methods` (count rows) is copied; paths must be unique. */
FC_MUST fc_rc fc_rpc_server_add(struct fc_rpc_server *server, const struct fc_rpc_method *methods,
                                size_t count, struct fc_error *err);
/** Fails naming the first method of the service descriptor that has no row: a missing row would be silently UNIMPLEMENTED. */
FC_MUST fc_rc fc_rpc_server_require(struct fc_rpc_server *server,
                                    const ProtobufCServiceDescriptor *service,
                                    struct fc_error *err);

/** Binds every address (all or none; the error names the one that failed) and starts the threads. */
FC_MUST fc_rc fc_rpc_server_start(struct fc_rpc_server *server, struct fc_rpc_listen *listens,
                                  size_t count, struct fc_error *err);

/**
 * Reads the TLS files again; connections made from now on get what they hold. When they are not in order the error says
 * why, and the server goes on with what it had.
 */
FC_MUST fc_rc fc_rpc_server_reload(struct fc_rpc_server *server, struct fc_error *err);

/** Health NOT_SERVING, lame duck, refuse new calls, drain, cancel what is left, join the threads. Blocks. */
void fc_rpc_server_stop(struct fc_rpc_server *server);

/* Within a call */
struct fc_arena *fc_rpc_arena(struct fc_rpc_call *call);
/** The raw request bytes; unknown fields included. Lives as long as the call. */
fc_str fc_rpc_request_bytes(const struct fc_rpc_call *call);
/** Value of a request metadata key (lower case), NULL when absent; the first when repeated. */
const char *fc_rpc_metadata(const struct fc_rpc_call *call, const char *key);
/** Deadline on the monotonic clock, INT64_MAX when the client set none. */
int64_t fc_rpc_deadline_ns(const struct fc_rpc_call *call);
/** Id of the request in logs: the client's `x-request-id` when it is sane, else ours. */
const char *fc_rpc_request_id(const struct fc_rpc_call *call);
const char *fc_rpc_peer(const struct fc_rpc_call *call);
/** True once the client is gone or its deadline passed; long work should look now and then. */
bool fc_rpc_cancelled(const struct fc_rpc_call *call);

void fc_rpc_reply(struct fc_rpc_call *call, const ProtobufCMessage *response);
/** Encoded response, copied. */
void fc_rpc_reply_bytes(struct fc_rpc_call *call, fc_str response);
/** Adds an ASCII trailing metadata entry to the answer to come; e.g. `feast-validation-verdict`. */
void fc_rpc_add_trailer(struct fc_rpc_call *call, const char *key, const char *value);
/**
 * Status from the error, plus grpc-status-details-bin (google.rpc.Status: ErrorInfo with the reason, BadRequest with
 * the violations, which may be NULL). Message and details together stay below the 8 KiB that C-core clients accept;
 * violations that do not fit are counted.
 */
void fc_rpc_fail(struct fc_rpc_call *call, const struct fc_error *err,
                 const struct fc_violations *violations);

/* Streams */
/** Packs and queues a message; false when the stream is over (client gone, queue full): stop sending. Any thread. */
bool fc_rpc_stream_send(struct fc_rpc_call *call, const ProtobufCMessage *message);
/** Ends it; err NULL for OK. Exactly once; the call may be gone afterwards. */
void fc_rpc_stream_end(struct fc_rpc_call *call, const struct fc_error *err);
/**
 * Called once when the stream is over for whatever reason before fc_rpc_stream_end was called; then call
 * fc_rpc_stream_end. From a thread of the server, or at once from here when it is over already. It may run while another
 * thread ends the stream: a `ctx` in the call's arena is safe, since the call lives until it returned. Not for
 * bidirectional streams, whose handler is told.
 */
void fc_rpc_stream_on_cancel(struct fc_rpc_call *call, void (*fn)(void *ctx), void *ctx);

/** One row a method, for metrics. Buckets: upper bounds in fc_rpc_bucket_bounds, cumulative as Prometheus has them. */
#define FC_RPC_BUCKETS 14
#define FC_RPC_CODES   17
extern const double fc_rpc_bucket_bounds[FC_RPC_BUCKETS]; /**< seconds; the last is +Inf */
struct fc_rpc_method_stats {
    const char *path;
    enum fc_rpc_kind kind;
    uint64_t started;
    uint64_t handled[FC_RPC_CODES];
    uint64_t buckets[FC_RPC_BUCKETS]; /**< of all codes */
    double seconds_sum;
    uint64_t code_buckets[FC_RPC_CODES][FC_RPC_BUCKETS];
    double code_seconds[FC_RPC_CODES];
};
typedef void (*fc_rpc_stats_fn)(void *ctx, const struct fc_rpc_method_stats *stats);
void fc_rpc_server_stats(struct fc_rpc_server *server, fc_rpc_stats_fn fn, void *ctx);

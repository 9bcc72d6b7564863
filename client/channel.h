/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A connection to a gRPC server and blocking calls on it: the base of the client library.
 *
 * A channel connects at its first call and again when it must. Calls may be made from several threads at once; each
 * blocks its own. What a call returns lives in the arena that it was given.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/violations.h"

struct fc_channel;

struct fc_channel_options {
    size_t max_message_bytes; /**< received; 0 means 64 MiB */
    bool tls; /**< the server is verified, by the system's authorities unless ca_file is given */
    const char *ca_file;          /**< PEM; NULL or "" for none, as in the next two */
    const char *certificate_file; /**< PEM, our own, for servers that ask for one */
    const char *key_file;
    /** name that the server's certificate must have; NULL for the host of the target */
    const char *server_name;
};

/**
 * `target` is `HOST:PORT`, `[HOST]:PORT` or `unix:/path`; `options` may be NULL. Does not connect yet; the files are
 * read now.
 */
FC_MUST fc_rc fc_channel_open(const char *target, const struct fc_channel_options *options,
                              struct fc_channel **ret, struct fc_error *err);
void fc_channel_close(struct fc_channel *channel);
FC_DEFINE_FREEP(struct fc_channel, fc_channel_close)

struct fc_channel_metadata {
    const char *key; /**< lower case */
    const char *value;
};

struct fc_channel_request {
    const char *path;                /**< `/feast.core.CoreService/GetEntity` */
    const ProtobufCMessage *message; /**< NULL: `bytes` is sent as it is */
    fc_str bytes;
    const ProtobufCMessageDescriptor *response; /**< type of the answer */
    int64_t timeout_ns;                         /**< 0: none */
    const struct fc_channel_metadata *metadata;
    size_t metadata_count;
    struct fc_arena *arena;
};

/** Filled in on success and, save the message, on failure. */
struct fc_channel_reply {
    ProtobufCMessage *message;       /**< NULL after a stream */
    struct fc_violations violations; /**< from the error details; fields as in the request */
    const char *request_id; /**< under which the server logged a failure; NULL when it told none */
    struct fc_channel_metadata *trailers; /**< ASCII ones */
    size_t trailer_count;
};

/**
 * One request, one answer. The error has the server's code and message; its reason when the server names one that we
 * know, else the nearest general one. A server that cannot be reached is UNREACHABLE, naming the target.
 */
FC_MUST fc_rc fc_channel_call(struct fc_channel *channel, const struct fc_channel_request *request,
                              struct fc_channel_reply *ret, struct fc_error *err);

/** `message` lives until the function returns, in an arena of its own; false ends the stream, which is no error. */
typedef bool (*fc_channel_message_fn)(void *ctx, const ProtobufCMessage *message);

/** One request, any number of answers; returns when the stream has ended. */
FC_MUST fc_rc fc_channel_stream(struct fc_channel *channel,
                                const struct fc_channel_request *request, fc_channel_message_fn fn,
                                void *ctx, struct fc_channel_reply *ret, struct fc_error *err);

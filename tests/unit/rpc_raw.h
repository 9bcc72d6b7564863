/* SPDX-License-Identifier: Apache-2.0 */
/** A call on gRPC itself, for what the client library does not do: bidirectional streams, clients that never read. */
#pragma once

#include <grpc/grpc.h>

#include "tests/unit/rpc_fixture.h"

struct raw_call {
    grpc_channel *channel;
    grpc_completion_queue *queue;
    grpc_call *call;
    grpc_metadata_array initial, trailing;
    bool initial_asked;
    grpc_status_code code;
    grpc_slice text;
};

/** Opens a stream on a connection of its own and sends the initial metadata. */
void raw_open(struct raw_call *raw, const char *target, const char *path);
/** Its messages are compressed. */
void raw_open_with(struct raw_call *raw, const char *target, const char *path,
                   grpc_compression_algorithm algorithm);
/** False when the call is over. */
bool raw_send(struct raw_call *raw, const ProtobufCMessage *message);
/** No more from us. */
void raw_half_close(struct raw_call *raw);
/** The next message, in the arena; NULL when there is none any more. */
ProtobufCMessage *raw_receive(struct raw_call *raw, const ProtobufCMessageDescriptor *type,
                              struct fc_arena *arena);
/** Waits for the status and gives up everything. */
fc_rc raw_finish(struct raw_call *raw);
/** Ends it from our side. */
void raw_cancel(struct raw_call *raw);

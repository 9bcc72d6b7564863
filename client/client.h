/* SPDX-License-Identifier: Apache-2.0 */
/** Calls of the commands: settings of the command line on a channel. */
#pragma once

#include "client/channel.h"
#include "client/context.h"
#include "client/methods.h"

struct fc_call {
    const struct fc_method *method;
    const ProtobufCMessage *request;
    const struct fc_channel_metadata *metadata;
    size_t metadata_count;
    struct fc_arena *arena;        /* NULL: that of the command line */
    int64_t timeout_ns;            /* 0: that of the command line */
    struct fc_channel_reply reply; /* filled in */
};

const char *fc_client_version(void);
void fc_client_free(struct fc_client *client);

/**
 * One call to cli->server; opens the channel when it is the first. When the server is not available an idempotent method
 * is tried again, --retries times within --timeout, with growing pauses.
 */
FC_MUST fc_rc fc_client_call(struct fc_cli *cli, struct fc_call *call, struct fc_error *err);
/** Without a deadline: it ends when the server ends it or `fn` says so. */
FC_MUST fc_rc fc_client_stream(struct fc_cli *cli, struct fc_call *call, fc_channel_message_fn fn,
                               void *ctx, struct fc_error *err);

/** Says what went wrong with a call, its violations each on a line; the exit code. */
enum fc_exit fc_client_fail(struct fc_cli *cli, const struct fc_call *call,
                            const struct fc_error *err);

/** A trailer's value, or NULL. */
const char *fc_client_trailer(const struct fc_call *call, const char *key);

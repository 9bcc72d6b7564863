/* SPDX-License-Identifier: Apache-2.0 */
/** Calls of the commands: settings of the command line on a channel. */
#pragma once

#include "client/channel.h"
#include "client/cli.h"

/** Path and answer type of one method. */
struct fc_method {
    const char *path;
    const ProtobufCMessageDescriptor *response;
};

struct fc_call {
    const struct fc_method *method;
    const ProtobufCMessage *request;
    const struct fc_channel_metadata *metadata;
    size_t metadata_count;
    struct fc_arena *arena;        /* NULL: that of the command line */
    struct fc_channel_reply reply; /* filled in */
};

const char *fc_client_version(void);
void fc_client_free(struct fc_client *client);

/** One call to cli->server; opens the channel when it is the first. */
FC_MUST fc_rc fc_client_call(struct fc_cli *cli, struct fc_call *call, struct fc_error *err);
/** Without a deadline: it ends when the server ends it or `fn` says so. */
FC_MUST fc_rc fc_client_stream(struct fc_cli *cli, struct fc_call *call, fc_channel_message_fn fn,
                               void *ctx, struct fc_error *err);

/** Says what went wrong with a call, its violations each on a line; the exit code. */
enum fc_exit fc_client_fail(struct fc_cli *cli, const struct fc_call *call,
                            const struct fc_error *err);

/** A trailer's value, or NULL. */
const char *fc_client_trailer(const struct fc_call *call, const char *key);

extern const struct fc_method fc_method_core_version, fc_method_core_list_projects,
    fc_method_core_create_project, fc_method_core_get_entity, fc_method_core_list_entities,
    fc_method_core_apply_entity, fc_method_core_get_table, fc_method_core_list_tables,
    fc_method_core_apply_table, fc_method_core_list_features, fc_method_admin_report,
    fc_method_admin_watch_job, fc_method_admin_job_detail, fc_method_jobs_start_batch,
    fc_method_jobs_list, fc_method_jobs_get, fc_method_jobs_cancel, fc_method_serving_get;

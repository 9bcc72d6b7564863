/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of feast.admin.v1.AdminService share. Private to this service. */
#pragma once

#include "feast/admin/v1/admin.pb-c.h"
#include "server/services/request.h"
#include "storage/registry.h"

/** The live or deleted feature table, or TABLE_NOT_FOUND; an empty name is FIELD_REQUIRED at `field`. */
FC_MUST fc_rc admin_find_table(const struct fc_services *services, const char *project,
                               const char *field, const char *name, struct fc_arena *arena,
                               struct fc_table_row *ret, struct fc_error *err);

void admin_get_report(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_validate(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_backup(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_list_revisions(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_watch_job(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_get_job(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);

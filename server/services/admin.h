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

/** The mode that a request asks for; DEFAULT is the server's. FIELD_INVALID at `mode` for what is none. */
FC_MUST fc_rc admin_read_mode(const struct fc_services *services,
                              Feast__Admin__V1__ValidationReport__Mode asked,
                              enum fc_validation_mode *ret, struct fc_error *err);

/**
 * What is on a page that goes from the newest to the oldest: numbers below `*ret`. An empty token begins at the newest;
 * FIELD_INVALID at `page_token` for one that no answer gave.
 */
FC_MUST fc_rc admin_read_token(const char *token, struct fc_arena *arena, int64_t *ret,
                               struct fc_error *err);

/** Violations as field of an answer; texts are those of the list. False: arena exhausted. */
FC_MUST bool admin_add_violations(const struct fc_violations *violations, struct fc_arena *arena,
                                  Google__Rpc__BadRequest__FieldViolation ***ret,
                                  size_t *ret_count);

/** What the request names of a job's log; the answer's data is in the arena. */
FC_MUST fc_rc admin_log_part(const struct fc_services *services,
                             const Feast__Admin__V1__ReadJobLogRequest *request,
                             struct fc_arena *arena, Feast__Admin__V1__ReadJobLogResponse *response,
                             struct fc_error *err);

void admin_get_report(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_validate(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_list_reports(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_reverify(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_get_project_validation(struct fc_rpc_call *call, void *ctx,
                                  const ProtobufCMessage *request);
void admin_set_project_validation(struct fc_rpc_call *call, void *ctx,
                                  const ProtobufCMessage *request);
void admin_backup(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_list_revisions(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_watch_job(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_get_job(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_apply_batch(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_list_schedules(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_list_objects(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_read_job_log(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_follow_job_log(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);
void admin_explain_online(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request);

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/admin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/registry/encode.h"
#include "server/registry/names.h"
#include "server/services/background.h"
#include "server/services/job_view.h"
#include "storage/recheck.h"

fc_rc admin_find_table(const struct fc_services *services, const char *project, const char *field,
                       const char *name, struct fc_arena *arena, struct fc_table_row *ret,
                       struct fc_error *err)
{
    struct fc_reader *reader = NULL;

    if (name[0] == '\0') {
        return fc_fail_field(err, FC_REASON_FIELD_REQUIRED, field,
                             "%s is empty: it names the feature table", field);
    }
    fc_rc rc = fc_store_reader(services->store, &reader, err);
    if (rc == FC_OK) {
        rc = fc_table_find(reader, fc_str_from(project), fc_str_from(name), arena, ret, err);
    }
    if (rc == FC_OK && ret->id == 0) {
        return fc_fail_field(err, FC_REASON_TABLE_NOT_FOUND, field,
                             "No such Feature Table: (project: %s, name: %s)",
                             fc_excerpt(arena, project), fc_excerpt(arena, name));
    }
    return rc;
}

fc_rc admin_read_mode(const struct fc_services *services,
                      Feast__Admin__V1__ValidationReport__Mode asked, enum fc_validation_mode *ret,
                      struct fc_error *err)
{
    switch (asked) {
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__DEFAULT:
        *ret = services->admission != NULL ? fc_admission_default_mode(services->admission)
                                           : FC_VALIDATION_OFF;
        return FC_OK;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF:
        *ret = FC_VALIDATION_OFF;
        return FC_OK;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__WARN:
        *ret = FC_VALIDATION_WARN;
        return FC_OK;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__ENFORCE:
        *ret = FC_VALIDATION_ENFORCE;
        return FC_OK;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__STRICT:
        *ret = FC_VALIDATION_STRICT;
        return FC_OK;
    default:
        return fc_fail_field(err, FC_REASON_FIELD_INVALID, "mode",
                             "mode is %d, expected DEFAULT, OFF, WARN, ENFORCE or STRICT",
                             (int)asked);
    }
}

fc_rc admin_read_token(const char *token, struct fc_arena *arena, int64_t *ret,
                       struct fc_error *err)
{
    char *end = NULL;

    *ret = INT64_MAX;
    if (token[0] == '\0') {
        return FC_OK;
    }
    errno = 0;
    *ret = strtoll(token, &end, 10);
    if (errno != 0 || *end != '\0' || *ret < 0) {
        return fc_fail_field(err, FC_REASON_FIELD_INVALID, "page_token",
                             "page_token is \"%s\", expected the next_page_token of an answer",
                             fc_excerpt(arena, token));
    }
    return FC_OK;
}

bool admin_add_violations(const struct fc_violations *violations, struct fc_arena *arena,
                          Google__Rpc__BadRequest__FieldViolation ***ret, size_t *ret_count)
{
    Google__Rpc__BadRequest__FieldViolation *made =
        fc_arena_calloc(arena, violations->count, sizeof *made);

    *ret = fc_arena_calloc(arena, violations->count,
                           sizeof(Google__Rpc__BadRequest__FieldViolation *));
    if (made == NULL || *ret == NULL) {
        return false;
    }
    for (size_t i = 0; i < violations->count; i++) {
        google__rpc__bad_request__field_violation__init(&made[i]);
        made[i].field = (char *)violations->items[i].field;
        made[i].description = (char *)violations->items[i].message;
        (*ret)[(*ret_count)++] = &made[i];
    }
    return true;
}

/* A table that was applied with validation off has no report of its own: this is what it would say. */
static bool report_of_row(const struct fc_table_row *row, struct fc_arena *arena, fc_str *ret)
{
    Feast__Admin__V1__ValidationReport report = FEAST__ADMIN__V1__VALIDATION_REPORT__INIT;

    report.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF;
    report.verdict = (Feast__Admin__V1__Verdict)row->verdict;
    report.spec_hash = fc_view_text(arena, row->hash);
    return report.spec_hash != NULL && fc_encode(arena, &report.base, ret);
}

/* When the next look is due stands beside the report: the wire lets a field follow the message that it belongs to. */
static fc_rc add_next_check(struct fc_reader *reader, int64_t table_id, struct fc_arena *arena,
                            fc_str *report, struct fc_error *err)
{
    Feast__Admin__V1__ValidationReport more = FEAST__ADMIN__V1__VALIDATION_REPORT__INIT;
    struct fc_recheck_row row = {.table_id = 0};
    fc_str tail;
    fc_rc rc = fc_recheck_find(reader, table_id, &row, err);

    if (rc != FC_OK || row.table_id == 0) {
        return rc;
    }
    more.next_check_at = fc_view_time(arena, row.next_ns);
    if (more.next_check_at == NULL || !fc_encode(arena, &more.base, &tail)) {
        return fc_request_too_large(err);
    }
    char *both = fc_arena_alloc(arena, report->len + tail.len);
    if (both == NULL) {
        return fc_request_too_large(err);
    }
    memcpy(both, report->ptr, report->len);
    memcpy(both + report->len, tail.ptr, tail.len);
    *report = (fc_str){both, report->len + tail.len};
    return FC_OK;
}

static fc_rc find_report(const struct fc_services *services, const struct fc_table_row *row,
                         struct fc_arena *arena, fc_str *ret, struct fc_error *err)
{
    struct fc_reader *reader = NULL;

    if (row->report_id == 0) {
        return report_of_row(row, arena, ret)
                   ? FC_OK
                   : fc_fail(err, FC_REASON_REQUEST_TOO_LARGE, "no memory for the report");
    }
    fc_rc rc = fc_store_reader(services->store, &reader, err);
    if (rc == FC_OK) {
        rc = fc_report_find(reader, row->report_id, arena, ret, err);
    }
    if (rc == FC_OK && ret->len > 0) {
        rc = add_next_check(reader, row->id, arena, ret, err);
    }
    if (rc == FC_OK && ret->len == 0) {
        return fc_fail(err, FC_REASON_REPORT_NOT_FOUND,
                       "there is no validation report of feature table \"%.*s\"",
                       (int)row->name.len, row->name.ptr);
    }
    return rc;
}

void admin_get_report(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Admin__V1__GetValidationReportRequest *request = (const void *)message;
    struct fc_arena *arena = fc_rpc_arena(call);
    const char *project = fc_request_project(request->project);
    struct fc_table_row row = {.id = 0};
    struct fc_error err = FC_ERROR_INIT;
    fc_str report, response;

    fc_rc rc = admin_find_table(ctx, project, "table", request->table, arena, &row, &err);
    if (rc == FC_OK && row.deleted) {
        rc = fc_fail_field(&err, FC_REASON_TABLE_NOT_FOUND, "table",
                           "Feature Table has been deleted: (project: %s, name: %s)",
                           fc_excerpt(arena, project), fc_excerpt(arena, request->table));
    }
    if (rc == FC_OK) {
        rc = find_report(ctx, &row, arena, &report, &err);
    }
    if (rc != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
    } else if (fc_encode_field(arena, 1, report, &response)) {
        fc_rpc_reply_bytes(call, response);
    } else {
        fc_request_fail_too_large(call);
    }
}

#define METHOD(name_, kind_, function, request_, response_)                                        \
    {                                                                                              \
        .path = "/feast.admin.v1.AdminService/" name_, .kind = (kind_),                            \
        .request = &feast__admin__v1__##request_##__descriptor,                                    \
        .response = &feast__admin__v1__##response_##__descriptor, .handler = (function),           \
    }

static const struct fc_rpc_method methods[] = {
    METHOD("GetValidationReport", FC_RPC_UNARY, admin_get_report, get_validation_report_request,
           get_validation_report_response),
    METHOD("Validate", FC_RPC_UNARY, admin_validate, validate_request, validate_response),
    METHOD("ListValidationReports", FC_RPC_UNARY, admin_list_reports,
           list_validation_reports_request, list_validation_reports_response),
    METHOD("Reverify", FC_RPC_UNARY, admin_reverify, reverify_request, reverify_response),
    METHOD("GetProjectValidation", FC_RPC_UNARY, admin_get_project_validation,
           get_project_validation_request, get_project_validation_response),
    METHOD("SetProjectValidation", FC_RPC_UNARY, admin_set_project_validation,
           set_project_validation_request, set_project_validation_response),
    METHOD("Backup", FC_RPC_UNARY, admin_backup, backup_request, backup_response),
    METHOD("ListSchedules", FC_RPC_UNARY, admin_list_schedules, list_schedules_request,
           list_schedules_response),
    METHOD("ListRevisions", FC_RPC_UNARY, admin_list_revisions, list_revisions_request,
           list_revisions_response),
    METHOD("WatchJob", FC_RPC_SERVER_STREAM, admin_watch_job, watch_job_request, job_progress),
    METHOD("GetJobDetail", FC_RPC_UNARY, admin_get_job, get_job_detail_request,
           get_job_detail_response),
    METHOD("ApplyBatch", FC_RPC_UNARY, admin_apply_batch, apply_batch_request,
           apply_batch_response),
    METHOD("ListObjects", FC_RPC_UNARY, admin_list_objects, list_objects_request,
           list_objects_response),
    METHOD("ReadJobLog", FC_RPC_UNARY, admin_read_job_log, read_job_log_request,
           read_job_log_response),
    METHOD("ExplainOnline", FC_RPC_UNARY, admin_explain_online, explain_online_request,
           explain_online_response),
};

fc_rc fc_admin_service_register(struct fc_services *services, struct fc_rpc_server *server,
                                struct fc_error *err)
{
    struct fc_rpc_method rows[FC_ARRAY_LEN(methods)];

    for (size_t i = 0; i < FC_ARRAY_LEN(methods); i++) {
        rows[i] = methods[i];
        rows[i].ctx = services;
    }
    fc_rc rc = fc_background_init(services, err);
    if (rc == FC_OK) {
        rc = fc_rpc_server_add(server, rows, FC_ARRAY_LEN(rows), err);
    }
    return rc == FC_OK
               ? fc_rpc_server_require(server, &feast__admin__v1__admin_service__descriptor, err)
               : rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of feast.admin.v1.AdminService. */
#include "server/services/admin.h"

#include "server/services/background.h"
#include "server/services/log_follow.h"

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
    METHOD("FollowJobLog", FC_RPC_SERVER_STREAM, admin_follow_job_log, read_job_log_request,
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
    if (rc == FC_OK && !services->log_follow)
        rc = fc_log_follow_new(services, &services->log_follow, err);
    if (rc == FC_OK)
        rc = fc_rpc_server_add(server, rows, FC_ARRAY_LEN(rows), err);
    return rc == FC_OK
               ? fc_rpc_server_require(server, &feast__admin__v1__admin_service__descriptor, err)
               : rc;
}

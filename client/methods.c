/* SPDX-License-Identifier: Apache-2.0 */
/* Every method that feastctl calls: path, type of the answer, and whether it may be sent twice. */
#include "client/methods.h"

#include "feast/admin/v1/admin.pb-c.h"
#include "feast/core/CoreService.pb-c.h"
#include "feast/serving/ServingService.pb-c.h"
#include "feast_spark/api/JobService.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"

#define CORE(Method)  "/feast.core.CoreService/" Method
#define ADMIN(Method) "/feast.admin.v1.AdminService/" Method
#define JOBS(Method)  "/feast_spark.api.JobService/" Method

#define METHOD(name, path, response, idempotent)                                                   \
    const struct fc_method fc_method_##name = {path, &response##__descriptor, idempotent}

METHOD(core_version, CORE("GetFeastCoreVersion"), feast__core__get_feast_core_version_response,
       true);
METHOD(core_list_projects, CORE("ListProjects"), feast__core__list_projects_response, true);
METHOD(core_create_project, CORE("CreateProject"), feast__core__create_project_response, false);
METHOD(core_get_entity, CORE("GetEntity"), feast__core__get_entity_response, true);
METHOD(health_check, "/grpc.health.v1.Health/Check", grpc__health__v1__health_check_response, true);
METHOD(core_list_entities, CORE("ListEntities"), feast__core__list_entities_response, true);
METHOD(core_list_tables, CORE("ListFeatureTables"), feast__core__list_feature_tables_response,
       true);
METHOD(admin_backup, ADMIN("Backup"), feast__admin__v1__backup_response, false);
METHOD(core_get_table, CORE("GetFeatureTable"), feast__core__get_feature_table_response, true);
METHOD(admin_report, ADMIN("GetValidationReport"), feast__admin__v1__get_validation_report_response,
       true);
METHOD(admin_watch_job, ADMIN("WatchJob"), feast__admin__v1__job_progress, true);
METHOD(admin_job_detail, ADMIN("GetJobDetail"), feast__admin__v1__get_job_detail_response, true);
METHOD(jobs_start_batch, JOBS("StartOfflineToOnlineIngestionJob"),
       feast_spark__api__start_offline_to_online_ingestion_job_response, false);
METHOD(jobs_list, JOBS("ListJobs"), feast_spark__api__list_jobs_response, true);
METHOD(jobs_get, JOBS("GetJob"), feast_spark__api__get_job_response, true);
METHOD(jobs_cancel, JOBS("CancelJob"), feast_spark__api__cancel_job_response, true);
METHOD(core_archive_project, CORE("ArchiveProject"), feast__core__archive_project_response, true);
METHOD(core_delete_table, CORE("DeleteFeatureTable"), feast__core__delete_feature_table_response,
       true);
METHOD(core_list_online_stores, CORE("ListOnlineStores"), feast__core__list_online_stores_response,
       true);
METHOD(core_get_online_store, CORE("GetOnlineStore"), feast__core__get_online_store_response, true);
METHOD(admin_apply, ADMIN("ApplyBatch"), feast__admin__v1__apply_batch_response, true);
METHOD(admin_list, ADMIN("ListObjects"), feast__admin__v1__list_objects_response, true);
METHOD(admin_list_schedules, ADMIN("ListSchedules"), feast__admin__v1__list_schedules_response,
       true);
METHOD(admin_validate, ADMIN("Validate"), feast__admin__v1__validate_response, true);
METHOD(admin_revisions, ADMIN("ListRevisions"), feast__admin__v1__list_revisions_response, true);
METHOD(admin_follow_log, ADMIN("FollowJobLog"), feast__admin__v1__read_job_log_response, true);
METHOD(admin_job_log, ADMIN("ReadJobLog"), feast__admin__v1__read_job_log_response, true);
METHOD(admin_explain, ADMIN("ExplainOnline"), feast__admin__v1__explain_online_response, true);
METHOD(jobs_start_stream, JOBS("StartStreamToOnlineIngestionJob"),
       feast_spark__api__start_stream_to_online_ingestion_job_response, false);
METHOD(jobs_schedule, JOBS("ScheduleOfflineToOnlineIngestionJob"),
       feast_spark__api__schedule_offline_to_online_ingestion_job_response, true);
METHOD(jobs_unschedule, JOBS("UnscheduleOfflineToOnlineIngestionJob"),
       feast_spark__api__unschedule_offline_to_online_ingestion_job_response, true);
METHOD(serving_get, "/feast.serving.ServingService/GetOnlineFeaturesV2",
       feast__serving__get_online_features_response, true);

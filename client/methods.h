/* SPDX-License-Identifier: Apache-2.0 */
/** Methods of a server, for calls on a channel (client/channel.h). */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

struct fc_method {
    const char *path;
    const ProtobufCMessageDescriptor *response;
    /** a second call changes nothing more: it may follow one that found no server */
    bool idempotent;
};

extern const struct fc_method fc_method_admin_apply, fc_method_admin_backup,
    fc_method_core_list_entities, fc_method_core_list_tables, fc_method_health_check,
    fc_method_admin_explain, fc_method_admin_follow_log, fc_method_admin_job_detail,
    fc_method_admin_job_log, fc_method_admin_list, fc_method_admin_list_schedules,
    fc_method_admin_report, fc_method_admin_revisions, fc_method_admin_validate,
    fc_method_admin_watch_job, fc_method_core_archive_project, fc_method_core_create_project,
    fc_method_core_delete_table, fc_method_core_get_entity, fc_method_core_get_online_store,
    fc_method_core_get_table, fc_method_core_list_online_stores, fc_method_core_list_projects,
    fc_method_core_version, fc_method_jobs_cancel, fc_method_jobs_get, fc_method_jobs_list,
    fc_method_jobs_schedule, fc_method_jobs_start_batch, fc_method_jobs_start_stream,
    fc_method_jobs_unschedule, fc_method_serving_get;

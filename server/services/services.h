/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The gRPC services: each decodes, asks the rules, stores, replies. One file a service; each registers its rows.
 */
#pragma once

#include "base/config.h"
#include "server/admission/admission.h"
#include "server/copies/copies.h"
#include "server/jobs/jobs.h"
#include "server/jobs/schedule.h"
#include "server/reverify/reverify.h"
#include "server/rpc/rpc.h"
#include "storage/store.h"

/** What the services stand on; borrowed, must outlive the server. */
struct fc_services {
    const struct fc_sys *sys;
    struct fc_store *store;
    struct fc_admission *admission;
    struct fc_jobs *jobs;
    struct fc_schedules *schedules;
    struct fc_reverify *reverify; /**< NULL: sources are looked at when tables are applied alone */
    const struct fc_online_stores *stores; /**< NULL: the embedded online store for all tables */
    const char *online_root;               /**< directory of the SQLite online stores */
    const char *version;                   /**< answer of GetFeastCoreVersion */
    /** where Backup may write; made when missing; NULL: Backup is refused */
    const char *backup_dir;
    struct fc_copies *copies; /**< takes backups to backup_url */
    const char *backup_url;   /**< NULL or "": they stay in backup_dir */
    /** belongs to the services: work of theirs off the queues; NULL at first */
    struct fc_background *background;
    struct fc_online_pool *online_pool; /**< the same: reads of Redis */
    struct fc_log_follow *log_follow;   /**< the same: streams of jobs' logs */
};

/** Before the RPC server stops: ends the calls that would hold its drain. */
void fc_services_drain(struct fc_services *services);

/** After the RPC server has stopped, before the store is closed: waits for background work, frees what they keep. */
void fc_services_done(struct fc_services *services);

FC_MUST fc_rc fc_core_service_register(struct fc_services *services, struct fc_rpc_server *server,
                                       struct fc_error *err);
/** Under both names: feast_spark.api.JobService and feast.core.JobService. */
FC_MUST fc_rc fc_job_service_register(struct fc_services *services, struct fc_rpc_server *server,
                                      struct fc_error *err);
FC_MUST fc_rc fc_serving_service_register(struct fc_services *services,
                                          struct fc_rpc_server *server, struct fc_error *err);
FC_MUST fc_rc fc_admin_service_register(struct fc_services *services, struct fc_rpc_server *server,
                                        struct fc_error *err);

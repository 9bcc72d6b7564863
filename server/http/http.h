/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The HTTP side of feast-core, for machines that watch it: `/metrics` (Prometheus text, OpenMetrics when asked for),
 * `/livez` and `/readyz`. One thread, few connections, short timeouts: it must answer when all else is busy.
 */
#pragma once

#include "base/error.h"
#include "server/admission/admission.h"
#include "server/jobs/jobs.h"
#include "server/jobs/schedule.h"
#include "server/reverify/reverify.h"
#include "server/rpc/rpc.h"
#include "storage/store.h"

struct fc_http_server;

/** Everything is borrowed and must outlive it. */
struct fc_http_server_options {
    const char *address; /**< HOST:PORT, a numeric host or localhost; port 0 picks a free one */
    struct fc_rpc_server *rpc;
    struct fc_store *store;
    struct fc_admission *admission;
    struct fc_reverify *reverify; /**< may be NULL */
    struct fc_jobs *jobs;
    struct fc_reconcile *reconcile; /**< NULL: streams do not start by themselves */
    struct fc_schedules *schedules; /**< may be NULL */
};

/** Listens and answers when it returns. The error names the address. */
FC_MUST fc_rc fc_http_server_new(const struct fc_http_server_options *options,
                                 struct fc_http_server **ret, struct fc_error *err);
/** Ends connections and the thread. Takes NULL. */
void fc_http_server_free(struct fc_http_server *http);
FC_DEFINE_FREEP(struct fc_http_server, fc_http_server_free)

/** The port that was bound. */
int fc_http_server_port(const struct fc_http_server *http);

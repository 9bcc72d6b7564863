/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The threads of admission, each with a probe worker of its own. The one used last is used next, so that on a quiet
 * server a single warm worker answers and the others give their memory back.
 */
#pragma once

#include "server/admission/hosts.h"
#include "server/admission/prober.h"

struct fc_pool;

struct fc_pool_task {
    struct fc_pool_task *next; /**< of the pool */
    /** Where it looks: one that does not answer leaves room for others, of threads and of the queue (hosts.h). */
    fc_host_key host;
    /**
     * On a thread of the pool, or with prober NULL when the pool is stopping. `scratch` is forgotten afterwards, the task
     * may be gone. True when it came to a verdict.
     */
    bool (*run)(struct fc_pool_task *task, struct fc_prober *prober, struct fc_arena *scratch);
};

struct fc_pool_options {
    const struct fc_sys *sys;
    const char *worker_path;
    const char *scratch_dir;
    unsigned threads;
    unsigned first_number; /**< of the scratch directories: pools that share a parent differ */
    bool cold; /**< no worker is started ahead, and none is kept when there is nothing to do */
    unsigned queue_limit;
    int64_t patience_ns; /**< a host that keeps a task for so long without a verdict is silent */
};

FC_MUST fc_rc fc_pool_new(const struct fc_pool_options *options, struct fc_pool **ret,
                          struct fc_error *err);
/** Waits for tasks that run; those that wait are run with prober NULL. */
void fc_pool_free(struct fc_pool *pool);
FC_DEFINE_FREEP(struct fc_pool, fc_pool_free)

/** False when the queue is full, for its host or at all, or the pool is stopping: the task is not run then. Any thread. */
FC_MUST bool fc_pool_submit(struct fc_pool *pool, struct fc_pool_task *task);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Threads for reads of online stores that are not on this machine: completion-queue threads must not wait. Each store
 * has its own, so that one that is down hinders no other; each thread has connections of its own, and takes all reads
 * that wait at once, which then share a pipeline. Private to the services.
 */
#pragma once

#include "server/services/services.h"
#include "storage/redis/client.h"

struct fc_online_clients; /**< of one thread */

/** Made once, at registration, when a store is in Redis. */
FC_MUST fc_rc fc_online_pool_init(struct fc_services *services, struct fc_error *err);
/** Ends the work that is there, then the threads. Takes NULL. */
void fc_online_pool_free(struct fc_online_pool *pool);

/** Work for a thread of the pool; the struct lives until `run` has dealt with it. */
struct fc_online_work {
    struct fc_online_work *next;
    /** Deals with `first` and all behind it; all works of a pool have the same. */
    void (*run)(struct fc_online_work *first, struct fc_online_clients *clients);
};
/** Work that needs this store first of all. BUSY when too much waits for it already. */
FC_MUST fc_rc fc_online_pool_add(struct fc_online_pool *pool, const struct fc_redis_store *store,
                                 struct fc_online_work *work, struct fc_error *err);

/** The thread's client of a store, made when it is new; lives as long as the pool. */
FC_MUST fc_rc fc_online_client(struct fc_online_clients *clients,
                               const struct fc_redis_store *store, struct fc_redis_client **ret,
                               struct fc_error *err);

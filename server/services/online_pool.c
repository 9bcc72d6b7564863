/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/online_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
/* Reads that wait for a thread; a store that is down must not fill the memory. */
#define MAX_WAITING 10000

struct client {
    struct client *next;
    const struct fc_redis_store *store;
    struct fc_redis_client *client;
};

struct fc_online_clients {
    struct fc_online_pool *pool;
    struct client *first;
    pthread_t thread;
};

struct fc_online_pool {
    pthread_mutex_t mutex;
    pthread_cond_t news;
    struct fc_online_work *first, **last;
    size_t waiting;
    bool stopping;
    struct fc_online_clients threads[THREADS];
    size_t started;
};

fc_rc fc_online_client(struct fc_online_clients *clients, const struct fc_redis_store *store,
                       struct fc_redis_client **ret, struct fc_error *err)
{
    for (struct client *each = clients->first; each != NULL; each = each->next) {
        if (each->store == store) {
            *ret = each->client;
            return FC_OK;
        }
    }
    struct client *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for an online store");
    }
    fc_rc rc = fc_redis_client_new(&store->redis, &made->client, err);
    if (rc != FC_OK) {
        free(made);
        return rc;
    }
    made->store = store;
    made->next = clients->first;
    clients->first = made;
    *ret = made->client;
    return FC_OK;
}

/* NULL: the pool stops, and nothing is left to do. */
static struct fc_online_work *take(struct fc_online_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    while (pool->first == NULL && !pool->stopping) {
        pthread_cond_wait(&pool->news, &pool->mutex);
    }
    struct fc_online_work *work = pool->first;
    if (work != NULL) {
        pool->first = work->next;
        pool->last = pool->first != NULL ? pool->last : &pool->first;
        pool->waiting--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return work;
}

static void *serve(void *arg)
{
    struct fc_online_clients *mine = arg;
    struct fc_online_work *work = NULL;

    while ((work = take(mine->pool)) != NULL) {
        work->run(work, mine);
    }
    while (mine->first != NULL) {
        struct client *next = mine->first->next;
        fc_redis_client_free(mine->first->client);
        free(mine->first);
        mine->first = next;
    }
    return NULL;
}

fc_rc fc_online_pool_init(struct fc_services *services, struct fc_error *err)
{
    const struct fc_online_stores *stores = services->stores;

    if (stores == NULL || (stores->by_default == NULL && stores->named_count == 0) ||
        services->online_pool != NULL) {
        return FC_OK;
    }
    struct fc_online_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for reads of online stores");
    }
    (void)pthread_mutex_init(&pool->mutex, NULL);
    (void)pthread_cond_init(&pool->news, NULL);
    pool->last = &pool->first;
    services->online_pool = pool;
    for (; pool->started < THREADS; pool->started++) {
        struct fc_online_clients *mine = &pool->threads[pool->started];
        mine->pool = pool;
        int failed = pthread_create(&mine->thread, NULL, serve, mine);
        if (failed != 0) {
            return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start a thread: %s",
                           strerror(failed));
        }
    }
    return FC_OK;
}

void fc_online_pool_free(struct fc_online_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->news);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->started; i++) {
        (void)pthread_join(pool->threads[i].thread, NULL);
    }
    (void)pthread_cond_destroy(&pool->news);
    (void)pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

fc_rc fc_online_pool_add(struct fc_online_pool *pool, struct fc_online_work *work,
                         struct fc_error *err)
{
    pthread_mutex_lock(&pool->mutex);
    bool room = pool->waiting < MAX_WAITING;
    if (room) {
        work->next = NULL;
        *pool->last = work;
        pool->last = &work->next;
        pool->waiting++;
        pthread_cond_signal(&pool->news);
    }
    pthread_mutex_unlock(&pool->mutex);
    return room ? FC_OK
                : fc_fail(err, FC_REASON_BUSY, "%d reads wait for the online store already",
                          MAX_WAITING);
}

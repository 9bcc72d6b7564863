/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/online_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Of a store. Few, so that under load many reads wait for one of them and cost one round trip and one turn of Redis
 * together; two, so that answers are made while the store works.
 */
#define THREADS 2
/* Reads that a thread takes at once: more would wait longer for each other than they gain. */
#define TAKEN_AT_ONCE 64
/* Reads that wait for a thread; a store that is down must not fill the memory. */
#define MAX_WAITING 10000

struct client {
    struct client *next;
    const struct fc_redis_store *store;
    struct fc_redis_client *client;
};

struct fc_online_clients {
    struct queue *queue;
    struct client *first;
    pthread_t thread;
};

struct queue {
    const struct fc_redis_store *store;
    pthread_mutex_t mutex;
    pthread_cond_t news;
    struct fc_online_work *first, **last;
    size_t waiting;
    bool stopping;
    struct fc_online_clients threads[THREADS];
    size_t started;
};

struct fc_online_pool {
    size_t count;
    struct queue queues[];
};

fc_rc fc_online_client(struct fc_online_clients *clients, const struct fc_redis_store *store,
                       struct fc_redis_client **ret, struct fc_error *err)
{
    for (struct client *each = clients->first; each; each = each->next) {
        if (each->store == store) {
            *ret = each->client;
            return FC_OK;
        }
    }
    struct client *made = calloc(1, sizeof *made);
    if (!made)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for an online store");
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

/* ---- Threads ---- */

/* NULL: the pool stops, and nothing is left to do. */
static struct fc_online_work *take(struct queue *queue)
{
    struct fc_online_work *first = NULL, **end = &first;

    pthread_mutex_lock(&queue->mutex);
    while (!queue->first && !queue->stopping)
        pthread_cond_wait(&queue->news, &queue->mutex);
    first = queue->first;
    for (size_t taken = 0; *end && taken < TAKEN_AT_ONCE; taken++) {
        end = &(*end)->next;
        queue->waiting--;
    }
    queue->first = *end;
    *end = NULL;
    if (!queue->first)
        queue->last = &queue->first;
    pthread_mutex_unlock(&queue->mutex);
    return first;
}

static void *serve(void *arg)
{
    struct fc_online_clients *mine = arg;
    struct fc_online_work *work = NULL;

    while ((work = take(mine->queue)))
        work->run(work, mine);
    while (mine->first) {
        struct client *next = mine->first->next;
        fc_redis_client_free(mine->first->client);
        free(mine->first);
        mine->first = next;
    }
    return NULL;
}

static fc_rc start(struct queue *queue, const struct fc_redis_store *store, struct fc_error *err)
{
    queue->store = store;
    (void)pthread_mutex_init(&queue->mutex, NULL);
    (void)pthread_cond_init(&queue->news, NULL);
    queue->last = &queue->first;
    for (; queue->started < THREADS; queue->started++) {
        struct fc_online_clients *mine = &queue->threads[queue->started];
        mine->queue = queue;
        int failed = pthread_create(&mine->thread, NULL, serve, mine);
        if (failed != 0) {
            return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start a thread: %s",
                           strerror(failed));
        }
    }
    return FC_OK;
}

static void stop(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->stopping = true;
    pthread_cond_broadcast(&queue->news);
    pthread_mutex_unlock(&queue->mutex);
    for (size_t i = 0; i < queue->started; i++)
        (void)pthread_join(queue->threads[i].thread, NULL);
    (void)pthread_cond_destroy(&queue->news);
    (void)pthread_mutex_destroy(&queue->mutex);
}

fc_rc fc_online_pool_init(struct fc_services *services, struct fc_error *err)
{
    const struct fc_online_stores *stores = services->stores;
    fc_rc rc = FC_OK;

    if (!stores || (!stores->by_default && stores->named_count == 0) || services->online_pool)
        return FC_OK;
    struct fc_online_pool *pool =
        calloc(1, sizeof *pool + (stores->named_count + 1) * sizeof(struct queue));
    if (!pool)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for reads of online stores");
    services->online_pool = pool;
    if (stores->by_default)
        rc = start(&pool->queues[pool->count++], stores->by_default, err);
    for (size_t i = 0; rc == FC_OK && i < stores->named_count; i++)
        rc = start(&pool->queues[pool->count++], &stores->named[i], err);
    return rc;
}

void fc_online_pool_free(struct fc_online_pool *pool)
{
    if (!pool)
        return;
    for (size_t i = 0; i < pool->count; i++)
        stop(&pool->queues[i]);
    free(pool);
}

fc_rc fc_online_pool_add(struct fc_online_pool *pool, const struct fc_redis_store *store,
                         struct fc_online_work *work, struct fc_error *err)
{
    struct queue *queue = &pool->queues[0];

    while (queue->store != store)
        queue++; /* each store of the configuration has one */
    pthread_mutex_lock(&queue->mutex);
    bool room = queue->waiting < MAX_WAITING;
    if (room) {
        work->next = NULL;
        *queue->last = work;
        queue->last = &work->next;
        queue->waiting++;
        pthread_cond_signal(&queue->news);
    }
    pthread_mutex_unlock(&queue->mutex);
    return room ? FC_OK
                : fc_fail(err, FC_REASON_BUSY, "%d reads wait for the online store already",
                          MAX_WAITING);
}

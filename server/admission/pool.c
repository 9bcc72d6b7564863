/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"

/* What one answer of a worker may unpack to. */
#define SCRATCH_BYTES ((size_t)32 * 1024 * 1024)
/* A worker that was not needed for so long is stopped, but for one. */
#define IDLE_NS (60 * FC_NS_PER_S)

struct slot {
    struct fc_pool *pool;
    pthread_t thread;
    bool started;
    pthread_cond_t wake;
    struct fc_pool_task *task; /* handed over while idle */
    fc_host_key host;          /* of the task that it runs, or is about to */
    struct fc_prober *prober;
    struct fc_arena *scratch;
    struct slot *below; /* in the stack of idle slots */
};

struct fc_pool {
    pthread_mutex_t mutex;
    struct slot *slots;
    unsigned slot_count;
    struct slot *idle; /* the one used last on top */
    struct fc_pool_task *first, **end;
    unsigned queued, queue_limit;
    bool cold, stopping;
    const struct fc_sys *sys;
    int64_t patience_ns;
    struct fc_hosts hosts;
};

static void enqueue_locked(struct fc_pool *pool, struct fc_pool_task *task)
{
    task->next = NULL;
    *pool->end = task;
    pool->end = &task->next;
    pool->queued++;
}

static bool may_run_locked(const struct fc_pool *pool, const struct fc_pool_task *task)
{
    int64_t now = fc_monotonic_ns(pool->sys);
    struct fc_host_load load = {.same = 0};

    for (unsigned i = 0; i < pool->slot_count; i++)
        fc_host_load_add(&load, &pool->hosts, task->host, pool->slots[i].host, now);
    return task->host == 0 ||
           fc_hosts_have_room(&load, fc_hosts_standing(&pool->hosts, task->host, now),
                              pool->slot_count);
}

static bool may_wait_locked(const struct fc_pool *pool, const struct fc_pool_task *task)
{
    int64_t now = fc_monotonic_ns(pool->sys);
    struct fc_host_load load = {.same = 0};

    for (const struct fc_pool_task *other = pool->first; other; other = other->next)
        fc_host_load_add(&load, &pool->hosts, task->host, other->host, now);
    return pool->queued < pool->queue_limit &&
           (task->host == 0 ||
            fc_hosts_have_room(&load, fc_hosts_standing(&pool->hosts, task->host, now),
                               pool->queue_limit));
}

/* The first that may run; all do when the pool stops. */
static struct fc_pool_task *dequeue_locked(struct fc_pool *pool)
{
    struct fc_pool_task **at = &pool->first;

    while (*at && !pool->stopping && !may_run_locked(pool, *at))
        at = &(*at)->next;
    struct fc_pool_task *task = *at;
    if (task) {
        *at = task->next;
        if (!*at)
            pool->end = at;
        pool->queued--;
    }
    return task;
}

static void hand_over_locked(struct fc_pool *pool, struct fc_pool_task *task)
{
    struct slot *slot = pool->idle;

    pool->idle = slot->below;
    slot->task = task;
    slot->host = task->host;
    pthread_cond_signal(&slot->wake);
}

/* One that ended may have made room for several: what its host is held for has changed. */
static void hand_out_locked(struct fc_pool *pool)
{
    struct fc_pool_task *task;

    while (!pool->stopping && pool->idle && (task = dequeue_locked(pool)))
        hand_over_locked(pool, task);
}

bool fc_pool_submit(struct fc_pool *pool, struct fc_pool_task *task)
{
    bool taken = true;

    pthread_mutex_lock(&pool->mutex);
    if (pool->stopping)
        taken = false;
    else if (pool->idle && may_run_locked(pool, task))
        hand_over_locked(pool, task);
    else if (may_wait_locked(pool, task))
        enqueue_locked(pool, task);
    else
        taken = false;
    pthread_mutex_unlock(&pool->mutex);
    return taken;
}

/*
 * Waits for a task as an idle slot; NULL when the pool stops. A slot that waited in vain and has another above it, or
 * is of a cold pool, lets its worker go.
 */
static struct fc_pool_task *wait_locked(struct slot *slot)
{
    struct fc_pool *pool = slot->pool;

    slot->below = pool->idle;
    pool->idle = slot;
    while (!slot->task && !pool->stopping) {
        struct timespec until = fc_cond_after(IDLE_NS);
        if (!fc_cond_wait_until(&slot->wake, &pool->mutex, &until) && !slot->task &&
            (pool->cold || pool->idle != slot))
            fc_prober_cool(slot->prober);
    }
    struct fc_pool_task *task = slot->task;
    slot->task = NULL;
    return task;
}

/* The next task, NULL when there will be none. */
static struct fc_pool_task *next_task(struct slot *slot, bool *ret_stopping)
{
    struct fc_pool *pool = slot->pool;

    pthread_mutex_lock(&pool->mutex);
    slot->host = 0;
    struct fc_pool_task *task = dequeue_locked(pool);
    if (!task && !pool->stopping)
        task = wait_locked(slot);
    slot->host = task ? task->host : 0;
    hand_out_locked(pool);
    *ret_stopping = pool->stopping;
    pthread_mutex_unlock(&pool->mutex);
    return task;
}

/* Ahead of the next probe. Should it fail, that probe meets the same error and reports it. */
static void warm(struct slot *slot)
{
    struct fc_error err = FC_ERROR_INIT;

    if (fc_prober_warm(slot->prober, &err) != FC_OK)
        fc_prober_cool(slot->prober);
}

/* What the pool remembers of the host of the task that has ended. */
static void remember(struct slot *slot, int64_t start_ns, bool heard)
{
    struct fc_pool *pool = slot->pool;
    int64_t now = fc_monotonic_ns(pool->sys);

    /* Who refuses at once holds nobody up. */
    if (!heard && now - start_ns < pool->patience_ns)
        return;
    pthread_mutex_lock(&pool->mutex);
    fc_hosts_tell(&pool->hosts, slot->host, heard, now);
    pthread_mutex_unlock(&pool->mutex);
}

static void *serve(void *arg)
{
    struct slot *slot = arg;
    struct fc_pool_task *task;
    bool stopping = false;

    if (slot == slot->pool->slots && !slot->pool->cold)
        warm(slot);
    while ((task = next_task(slot, &stopping))) {
        int64_t start = fc_monotonic_ns(slot->pool->sys);
        bool heard = task->run(task, stopping ? NULL : slot->prober, slot->scratch);
        remember(slot, start, heard);
        fc_arena_reset(slot->scratch);
        if (!stopping && !slot->pool->cold)
            warm(slot);
    }
    return NULL;
}

static fc_rc init_slot(struct fc_pool *pool, struct slot *slot,
                       const struct fc_pool_options *options, struct fc_error *err)
{
    char scratch_dir[4096], turns_path[4096];

    slot->pool = pool;
    fc_cond_init(&slot->wake);
    (void)snprintf(scratch_dir, sizeof scratch_dir, "%s/probe-%td", options->scratch_dir,
                   slot - pool->slots + (ptrdiff_t)options->first_number);
    (void)snprintf(turns_path, sizeof turns_path, "%s/turns", options->scratch_dir);
    slot->scratch = fc_arena_new(SCRATCH_BYTES);
    if (!slot->scratch)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a probe thread");
    fc_rc rc = fc_prober_new(options->sys, options->worker_path, scratch_dir, turns_path,
                             &slot->prober, err);
    if (rc != FC_OK)
        return rc;
    int failed = pthread_create(&slot->thread, NULL, serve, slot);
    if (failed != 0) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start a probe thread: %s",
                       strerror(failed));
    }
    slot->started = true;
    return FC_OK;
}

fc_rc fc_pool_new(const struct fc_pool_options *options, struct fc_pool **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_pool_freep) struct fc_pool *pool = calloc(1, sizeof *pool);

    if (!pool)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for admission");
    (void)pthread_mutex_init(&pool->mutex, NULL);
    pool->end = &pool->first;
    pool->queue_limit = options->queue_limit;
    pool->cold = options->cold;
    pool->sys = options->sys;
    pool->patience_ns = options->patience_ns;
    pool->slots = calloc(options->threads, sizeof *pool->slots);
    if (!pool->slots) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %u probe threads",
                       options->threads);
    }
    for (unsigned i = 0; i < options->threads; i++) {
        pool->slot_count++;
        fc_rc rc = init_slot(pool, &pool->slots[i], options, err);
        if (rc != FC_OK)
            return rc;
    }
    *ret = fc_steal(pool);
    return FC_OK;
}

void fc_pool_free(struct fc_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    for (unsigned i = 0; i < pool->slot_count; i++)
        pthread_cond_signal(&pool->slots[i].wake);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->slot_count; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->started)
            (void)pthread_join(slot->thread, NULL);
        fc_prober_free(slot->prober);
        fc_arena_free(slot->scratch);
        pthread_cond_destroy(&slot->wake);
    }
    free(pool->slots);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/log_follow.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "server/services/admin.h"

#define LOOK_NS (200 * FC_NS_PER_MS)
/* One look at one log sends at most that many parts of this size: whoever reads slowly is not sent all of a log at once. */
#define PART_BYTES (16U * 1024)
#define PARTS      64
#define PART_ARENA ((size_t)1024 * 1024)

/* In the arena of its call, which lives until its stream is ended: by the thread, or by the adding of it. */
struct follower {
    struct fc_log_follow *follow;
    struct fc_rpc_call *call;
    struct follower *next;
    Feast__Admin__V1__ReadJobLogRequest request; /* what comes next */
    atomic_bool left;                            /* the client */
};

struct fc_log_follow {
    struct fc_services *services;
    struct fc_arena *part;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool started, stopping; /* under the mutex, as is: */
    /* Those to come are put before it, the thread alone takes from it. */
    struct follower *followers;
};

fc_rc fc_log_follow_new(struct fc_services *services, struct fc_log_follow **ret,
                        struct fc_error *err)
{
    struct fc_log_follow *follow = calloc(1, sizeof *follow);
    struct fc_arena *part = fc_arena_new(PART_ARENA);

    if (!follow || !part) {
        free(follow);
        fc_arena_free(part);
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the services");
    }
    follow->services = services;
    follow->part = part;
    (void)pthread_mutex_init(&follow->mutex, NULL);
    fc_cond_init(&follow->changed);
    *ret = follow;
    return FC_OK;
}

/* ---- One stream ---- */

/* What was added since; false when nothing more will come, or an error says why. */
static bool send_news(struct fc_log_follow *follow, struct follower *one, struct fc_error *err)
{
    for (int parts = 0; parts < PARTS; parts++) {
        Feast__Admin__V1__ReadJobLogResponse part = FEAST__ADMIN__V1__READ_JOB_LOG_RESPONSE__INIT;
        fc_arena_reset(follow->part);
        if (admin_log_part(follow->services, &one->request, follow->part, &part, err) != FC_OK)
            return false;
        if (part.next_offset < one->request.offset) {
            /* The file is shorter than what was sent of it: it was begun anew. */
            one->request.offset = 0;
            continue;
        }
        if ((part.data.len > 0 || part.end) && !fc_rpc_stream_send(one->call, &part.base))
            return false;
        one->request.offset = part.next_offset;
        one->request.tail_lines = 0;
        if (part.end || part.data.len == 0)
            return !part.end;
    }
    return true;
}

/* True when it goes on; else its call is over. */
static bool look(struct fc_log_follow *follow, struct follower *one)
{
    struct fc_error err = FC_ERROR_INIT;

    if (!atomic_load(&one->left) && send_news(follow, one, &err))
        return true;
    fc_rpc_stream_end(one->call, err.rc != FC_OK ? &err : NULL);
    return false;
}

/* ---- The thread ---- */

static void look_at_all(struct fc_log_follow *follow, struct follower **from)
{
    while (*from) {
        struct follower *one = *from, *next = one->next;
        if (look(follow, one))
            from = &one->next;
        else
            *from = next;
    }
}

/* Those that came meanwhile stand before the ones that were looked at. */
static void put_back(struct fc_log_follow *follow, struct follower *kept)
{
    struct follower **last = &follow->followers;

    while (*last)
        last = &(*last)->next;
    *last = kept;
}

static void *run(void *arg)
{
    struct fc_log_follow *follow = arg;

    pthread_mutex_lock(&follow->mutex);
    while (!follow->stopping) {
        if (!follow->followers) {
            (void)pthread_cond_wait(&follow->changed, &follow->mutex);
            continue;
        }
        struct follower *all = follow->followers;
        follow->followers = NULL;
        pthread_mutex_unlock(&follow->mutex);
        look_at_all(follow, &all);
        pthread_mutex_lock(&follow->mutex);
        put_back(follow, all);
        const struct timespec next = fc_cond_after(LOOK_NS);
        if (!follow->stopping && follow->followers)
            (void)fc_cond_wait_until(&follow->changed, &follow->mutex, &next);
    }
    struct follower *all = follow->followers;
    follow->followers = NULL;
    pthread_mutex_unlock(&follow->mutex);
    while (all) {
        struct follower *one = all;
        all = one->next;
        fc_rpc_stream_end(one->call, NULL);
    }
    return NULL;
}

void fc_log_follow_stop(struct fc_log_follow *follow)
{
    if (!follow)
        return;
    pthread_mutex_lock(&follow->mutex);
    bool running = follow->started && !follow->stopping;
    follow->stopping = true;
    (void)pthread_cond_signal(&follow->changed);
    pthread_mutex_unlock(&follow->mutex);
    if (running)
        (void)pthread_join(follow->thread, NULL);
}

void fc_log_follow_free(struct fc_log_follow *follow)
{
    if (!follow)
        return;
    fc_log_follow_stop(follow);
    fc_arena_free(follow->part);
    (void)pthread_cond_destroy(&follow->changed);
    (void)pthread_mutex_destroy(&follow->mutex);
    free(follow);
}

/* ---- Whoever comes ---- */

static void client_left(void *ctx)
{
    struct follower *one = ctx;
    struct fc_log_follow *follow = one->follow;

    atomic_store(&one->left, true);
    pthread_mutex_lock(&follow->mutex);
    (void)pthread_cond_signal(&follow->changed);
    pthread_mutex_unlock(&follow->mutex);
}

static fc_rc add_locked(struct fc_log_follow *follow, struct follower *one, struct fc_error *err)
{
    if (follow->stopping)
        return fc_fail(err, FC_REASON_SHUTTING_DOWN, "the server is stopping");
    if (!follow->started && pthread_create(&follow->thread, NULL, run, follow) != 0)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start a thread to follow logs");
    follow->started = true;
    one->next = follow->followers;
    follow->followers = one;
    (void)pthread_cond_signal(&follow->changed);
    return FC_OK;
}

void fc_log_follow_add(struct fc_log_follow *follow, struct fc_rpc_call *call,
                       const Feast__Admin__V1__ReadJobLogRequest *request)
{
    struct fc_arena *arena = fc_rpc_arena(call);
    struct follower *one = fc_arena_alloc(arena, sizeof *one);
    char *id = fc_arena_strdup(arena, request->job_id);
    struct fc_error err = FC_ERROR_INIT;

    if (!one || !id) {
        (void)fc_fail(&err, FC_REASON_OUT_OF_MEMORY, "no memory to follow a log");
        fc_rpc_stream_end(call, &err);
        return;
    }
    *one = (struct follower){.follow = follow, .call = call, .request = *request};
    one->request.job_id = id;
    one->request.max_bytes = PART_BYTES;
    /* In this order: once it is with the thread, the call may be gone. */
    fc_rpc_stream_on_cancel(call, client_left, one);
    pthread_mutex_lock(&follow->mutex);
    fc_rc rc = add_locked(follow, one, &err);
    pthread_mutex_unlock(&follow->mutex);
    if (rc != FC_OK)
        fc_rpc_stream_end(call, &err);
}

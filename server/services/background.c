/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/background.h"
#include "server/services/log_follow.h"
#include "server/services/online_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct fc_background {
    pthread_mutex_t mutex;
    pthread_t thread;
    bool running; /* there is a thread, or one that has ended and was not joined yet */
    bool ended;
    void (*work)(void *ctx);
    void (*finish)(void *ctx);
    void *ctx;
};

fc_rc fc_background_init(struct fc_services *services, struct fc_error *err)
{
    if (services->background)
        return FC_OK;
    services->background = calloc(1, sizeof *services->background);
    if (!services->background)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the services");
    (void)pthread_mutex_init(&services->background->mutex, NULL);
    return FC_OK;
}

static void *run(void *arg)
{
    struct fc_background *background = arg;
    /* Once it is marked as ended, the next work may take its place in the structure. */
    void (*finish)(void *) = background->finish;
    void *ctx = background->ctx;

    background->work(ctx);
    pthread_mutex_lock(&background->mutex);
    background->ended = true;
    pthread_mutex_unlock(&background->mutex);
    finish(ctx);
    return NULL;
}

static fc_rc start_locked(struct fc_background *background, struct fc_error *err)
{
    if (background->running && !background->ended)
        return fc_fail(err, FC_REASON_BUSY, "the server is at such work already");
    if (background->running)
        (void)pthread_join(background->thread, NULL);
    background->ended = false;
    int failed = pthread_create(&background->thread, NULL, run, background);
    background->running = failed == 0;
    return failed == 0 ? FC_OK
                       : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start a thread: %s",
                                 strerror(failed));
}

fc_rc fc_background_run(struct fc_services *services, void (*work)(void *ctx),
                        void (*finish)(void *ctx), void *ctx, struct fc_error *err)
{
    struct fc_background *background = services->background;

    pthread_mutex_lock(&background->mutex);
    if (!background->running || background->ended) {
        background->work = work;
        background->finish = finish;
        background->ctx = ctx;
    }
    fc_rc rc = start_locked(background, err);
    pthread_mutex_unlock(&background->mutex);
    return rc;
}

void fc_services_drain(struct fc_services *services)
{
    fc_log_follow_stop(services->log_follow);
}

void fc_services_done(struct fc_services *services)
{
    struct fc_background *background = fc_steal(services->background);

    fc_online_pool_free(fc_steal(services->online_pool));
    fc_log_follow_free(fc_steal(services->log_follow));
    if (!background)
        return;
    if (background->running)
        (void)pthread_join(background->thread, NULL);
    pthread_mutex_destroy(&background->mutex);
    free(background);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rpc/health.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "grpc/health/v1/health.pb-c.h"
#include "server/rpc/internal.h"

#define SERVING         GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
#define NOT_SERVING     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
#define SERVICE_UNKNOWN GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN

typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus status_t;

struct service {
    struct service *next;
    bool serving;
    char name[];
};

/* One open Watch; lives in the arena of its call. */
struct watcher {
    struct fc_health *health;
    struct fc_rpc_call *call;
    const char *service;
    struct watcher *prev, *next;
    bool listed; /* whoever takes it off the list ends the call */
};

struct fc_health {
    pthread_mutex_t mutex; /* of all that follows */
    struct service *services;
    struct watcher *watchers;
    bool stopped;
};

static struct service *find_locked(struct fc_health *health, const char *name)
{
    for (struct service *service = health->services; service; service = service->next)
        if (strcmp(service->name, name) == 0)
            return service;
    return NULL;
}

static status_t status_locked(struct fc_health *health, const char *name)
{
    const struct service *service = find_locked(health, name);

    if (!service)
        return SERVICE_UNKNOWN;
    return service->serving && !health->stopped ? SERVING : NOT_SERVING;
}

static void answer(struct fc_rpc_call *call, status_t status, bool stream)
{
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

    response.status = status;
    if (!stream)
        fc_rpc_reply(call, &response.base);
    else
        (void)fc_rpc_stream_send(call,
                                 &response.base); /* a client that is gone is told by leave() */
}

static void check(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    struct fc_health *health = ctx;
    const char *name = ((const Grpc__Health__V1__HealthCheckRequest *)message)->service;
    struct fc_error err = FC_ERROR_INIT;
    status_t status;

    pthread_mutex_lock(&health->mutex);
    status = status_locked(health, name);
    pthread_mutex_unlock(&health->mutex);
    if (status != SERVICE_UNKNOWN) {
        answer(call, status, false);
        return;
    }
    (void)fc_fail_field(&err, FC_REASON_SERVICE_UNKNOWN, "service",
                        "this server has no service \"%s\"", name);
    fc_rpc_fail(call, &err, NULL);
}

static void unlist_locked(struct watcher *watcher)
{
    if (watcher->prev)
        watcher->prev->next = watcher->next;
    else
        watcher->health->watchers = watcher->next;
    if (watcher->next)
        watcher->next->prev = watcher->prev;
    watcher->listed = false;
}

/* The client is gone. */
static void leave(void *ctx)
{
    struct watcher *watcher = ctx;
    struct fc_health *health = watcher->health;
    bool mine;

    pthread_mutex_lock(&health->mutex);
    mine = watcher->listed;
    if (mine)
        unlist_locked(watcher);
    pthread_mutex_unlock(&health->mutex);
    if (mine)
        fc_rpc_stream_end(watcher->call, NULL);
}

static void end_stopped(struct fc_rpc_call *call)
{
    struct fc_error err = FC_ERROR_INIT;

    (void)fc_fail(&err, FC_REASON_SHUTTING_DOWN, "the server is stopping");
    fc_rpc_stream_end(call, &err);
}

static void watch(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    struct fc_health *health = ctx;
    struct watcher *watcher = fc_arena_calloc(fc_rpc_arena(call), 1, sizeof *watcher);
    struct fc_error err = FC_ERROR_INIT;
    bool stopped;

    if (!watcher) {
        (void)fc_fail(&err, FC_REASON_OUT_OF_MEMORY, "no memory for the watch");
        fc_rpc_stream_end(call, &err);
        return;
    }
    watcher->health = health;
    watcher->call = call;
    watcher->service = ((const Grpc__Health__V1__HealthCheckRequest *)message)->service;
    pthread_mutex_lock(&health->mutex);
    answer(call, status_locked(health, watcher->service), true);
    stopped = health->stopped;
    if (!stopped) {
        watcher->listed = true;
        watcher->next = health->watchers;
        if (watcher->next)
            watcher->next->prev = watcher;
        health->watchers = watcher;
    }
    pthread_mutex_unlock(&health->mutex);
    if (stopped)
        end_stopped(call);
    else
        fc_rpc_stream_on_cancel(call, leave, watcher);
}

static void tell_locked(struct fc_health *health, const char *service)
{
    for (struct watcher *watcher = health->watchers; watcher; watcher = watcher->next)
        if (strcmp(watcher->service, service) == 0)
            answer(watcher->call, status_locked(health, service), true);
}

void fc_health_set(struct fc_health *health, const char *service, bool serving)
{
    struct service *found;

    pthread_mutex_lock(&health->mutex);
    found = find_locked(health, service);
    if (!found) {
        found = calloc(1, sizeof *found + strlen(service) + 1);
        if (found) {
            memcpy(found->name, service, strlen(service) + 1);
            found->next = health->services;
            health->services = found;
            found->serving = !serving; /* so that the watchers of an unknown service hear of it */
        }
    }
    if (found && found->serving != serving) {
        found->serving = serving;
        if (!health->stopped)
            tell_locked(health, service);
    }
    pthread_mutex_unlock(&health->mutex);
}

void fc_health_shutdown(struct fc_health *health)
{
    struct watcher *list;

    pthread_mutex_lock(&health->mutex);
    health->stopped = true;
    list = health->watchers;
    health->watchers = NULL;
    for (struct watcher *watcher = list; watcher; watcher = watcher->next) {
        watcher->listed = false;
        answer(watcher->call, status_locked(health, watcher->service), true);
    }
    pthread_mutex_unlock(&health->mutex);
    while (list) {
        struct fc_rpc_call *call = list->call;
        list = list->next; /* before the call, and the watcher with it, may be gone */
        end_stopped(call);
    }
}

static void on_stop(void *ctx)
{
    fc_health_shutdown(ctx);
}

fc_rc fc_health_new(struct fc_rpc_server *server, struct fc_health **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_health_freep) struct fc_health *health = calloc(1, sizeof *health);
    const struct fc_rpc_method methods[] = {
        {.path = "/grpc.health.v1.Health/Check",
         .kind = FC_RPC_UNARY,
         .request = &grpc__health__v1__health_check_request__descriptor,
         .response = &grpc__health__v1__health_check_response__descriptor,
         .handler = check,
         .ctx = health},
        {.path = "/grpc.health.v1.Health/Watch",
         .kind = FC_RPC_SERVER_STREAM,
         .request = &grpc__health__v1__health_check_request__descriptor,
         .response = &grpc__health__v1__health_check_response__descriptor,
         .handler = watch,
         .ctx = health},
    };
    fc_rc rc;

    if (!health)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the health service");
    pthread_mutex_init(&health->mutex, NULL);
    rc = fc_rpc_server_add(server, methods, FC_ARRAY_LEN(methods), err);
    if (rc != FC_OK)
        return rc;
    fc_rpc_server_on_stop(server, on_stop, health);
    *ret = fc_steal(health);
    return FC_OK;
}

void fc_health_free(struct fc_health *health)
{
    if (!health)
        return;
    while (health->services) {
        struct service *service = health->services;
        health->services = service->next;
        free(service);
    }
    pthread_mutex_destroy(&health->mutex);
    free(health);
}

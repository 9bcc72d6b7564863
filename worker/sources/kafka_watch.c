/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may connect to, and what it has to say. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sources/kafka.h"

struct fc_kafka_watch *fc_kafka_watch_new(const struct fc_access *access)
{
    struct fc_kafka_watch *watch = calloc(1, sizeof *watch);

    if (watch) {
        pthread_mutex_init(&watch->lock, NULL);
        watch->access = access;
    }
    return watch;
}

void fc_kafka_watch_free(struct fc_kafka_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

/*
 * Whether the policy allows the host, and the address unless that is NULL. The first refusal is kept. Quick, so the lock
 * may be held.
 */
static bool allowed(struct fc_kafka_watch *watch, const char *host, const struct sockaddr *address)
{
    struct fc_error error = FC_ERROR_INIT;
    fc_rc rc = FC_OK;

    pthread_mutex_lock(&watch->lock);
    bool closed = watch->closed;
    if (!closed)
        rc = address ? fc_access_address(watch->access, host, address, &error)
                     : fc_access_host(watch->access, host, &error);
    if (rc != FC_OK && !watch->denied[0])
        (void)snprintf(watch->denied, sizeof(watch->denied), "%.500s", error.message);
    pthread_mutex_unlock(&watch->lock);
    return !closed && rc == FC_OK;
}

static struct addrinfo *copy_of(const struct addrinfo *from)
{
    struct addrinfo *to = calloc(1, sizeof *to + from->ai_addrlen);

    if (to) {
        *to = *from;
        to->ai_canonname = NULL;
        to->ai_next = NULL;
        to->ai_addr = (struct sockaddr *)(to + 1);
        memcpy(to->ai_addr, from->ai_addr, from->ai_addrlen);
    }
    return to;
}

static void free_copies(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list);
        list = next;
    }
}

/* Called without a name, it frees what an earlier call gave. On one of the client's threads. */
static int on_resolve(const char *node, const char *service, const struct addrinfo *hints,
                      struct addrinfo **res, void *opaque)
{
    struct fc_kafka_watch *watch = opaque;
    struct addrinfo *all = NULL, *first = NULL, **last = &first;

    if (!node) {
        free_copies(*res);
        return 0;
    }
    if (!allowed(watch, node, NULL))
        return EAI_FAIL;
    int status = getaddrinfo(node, service, hints, &all);
    for (struct addrinfo *a = all; status == 0 && a; a = a->ai_next) {
        if (!allowed(watch, node, a->ai_addr))
            continue;
        *last = copy_of(a);
        if (*last)
            last = &(*last)->ai_next;
    }
    if (all)
        freeaddrinfo(all);
    if (status == 0 && !first)
        status = EAI_FAIL;
    *res = first;
    return status;
}

/* What was resolved was checked then; this is the door itself, whatever way led to it. On one of the client's threads. */
static int on_connect(int fd, const struct sockaddr *address, int length, const char *id,
                      void *opaque)
{
    const char *colon = strrchr(id, ':');
    char host[300];

    (void)snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - id) : (int)strlen(id), id);
    if (!allowed(opaque, host, address))
        return EACCES;
    return connect(fd, address, (socklen_t)length) == 0 || errno == EINPROGRESS ? 0 : errno;
}

/* `sasl_ssl://h:1/bootstrap: text (after 3ms in state AUTH)` as `h:1: text`. */
static void plain_text(const char *reason, char *ret, size_t size)
{
    const char *start = strstr(reason, "://");
    const char *host = start ? start + 3 : reason;
    const char *text = strstr(host, ": ");
    const char *slash = strchr(host, '/');
    int host_length = text && slash && slash < text ? (int)(slash - host) : 0;

    if (host_length == 0)
        text = host;
    const char *tail = strstr(text, " (after ");
    int length = tail ? (int)(tail - text) : (int)strlen(text);
    (void)snprintf(ret, size, "%.*s%.*s", host_length, host, length, text);
}

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct fc_kafka_watch *watch = opaque;
    enum fc_kafka_trouble trouble = FC_KAFKA_LOST;

    (void)client;
    switch ((rd_kafka_resp_err_t)code) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        watch->all_down = true;
        return;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
        trouble = FC_KAFKA_LOGIN;
        break;
    case RD_KAFKA_RESP_ERR__SSL:
        trouble = FC_KAFKA_TLS;
        break;
    default:
        break;
    }
    if (trouble >= watch->trouble) {
        watch->trouble = trouble;
        plain_text(reason, watch->trouble_text, sizeof(watch->trouble_text));
    }
}

/* The library would else print to stderr, which is the log of jobs. */
static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    (void)level;
    (void)facility;
    (void)text;
}

void fc_kafka_watch_set(struct fc_kafka_watch *watch, rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_opaque(conf, watch);
    rd_kafka_conf_set_resolve_cb(conf, on_resolve);
    rd_kafka_conf_set_connect_cb(conf, on_connect);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
}

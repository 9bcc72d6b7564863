/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before the client library is asked: it tells of an unreachable broker late and in its own words, and tries one address
 * of a name at a time. One connection more for each broker buys an answer at once, with each address and its error.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "worker/sources/kafka_servers.h"

/* Of one name. */
#define ADDRESSES_MAX 4
/* How long the others are waited for once one server is reached: a cluster of which one broker is dead is no slow one. */
#define GRACE_NS (200 * FC_NS_PER_MS)

/* One attempt. */
struct attempt {
    struct fc_kafka_server *server;
    int fd;    /**< -1: over */
    int error; /**< of the attempt when it is over, 0: connected */
};

struct reach {
    struct attempt *attempts;
    size_t count;
    struct fc_arena *arena;
};

static void freeaddrinfop(struct addrinfo **list)
{
    if (*list)
        freeaddrinfo(*list);
}

static void close_all(struct reach *reach)
{
    for (size_t i = 0; i < reach->count; i++) {
        if (reach->attempts[i].fd >= 0)
            close(reach->attempts[i].fd);
        reach->attempts[i].fd = -1;
    }
}

static void begin(struct reach *reach, struct fc_kafka_server *server,
                  const struct addrinfo *address)
{
    struct attempt *a = &reach->attempts[reach->count++];

    *a = (struct attempt){.server = server, .fd = -1};
    a->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (a->fd >= 0 &&
        (connect(a->fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS)) {
        a->error = ETIMEDOUT;
        return;
    }
    a->error = errno;
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

/* Resolves a server and begins to connect to its addresses. */
static void begin_server(struct reach *reach, struct fc_kafka_server *server,
                         const struct fc_access *access)
{
    FC_CLEANUP(freeaddrinfop) struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct fc_error error = FC_ERROR_INIT;
    char port[8];
    int status = 0;
    size_t begun = 0;

    (void)snprintf(port, sizeof(port), "%u", server->port);
    server->denied = fc_access_host(access, server->host, &error) != FC_OK;
    if (!server->denied)
        status = getaddrinfo(server->host, port, &hints, &list);
    if (status != 0)
        server->failure = gai_strerror(status);
    for (const struct addrinfo *a = list; a && begun < ADDRESSES_MAX; a = a->ai_next) {
        if (fc_access_address(access, server->host, a->ai_addr, &error) != FC_OK)
            continue;
        begin(reach, server, a);
        begun++;
    }
    if (status == 0 && begun == 0) {
        server->denied = true;
        server->failure = fc_arena_strdup(reach->arena, error.message);
    }
}

/* What became of one that poll() has something on. */
static void finish(struct attempt *a)
{
    socklen_t size = sizeof(a->error);

    if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &a->error, &size) != 0)
        a->error = errno;
    close(a->fd);
    a->fd = -1;
}

static bool server_connected(const struct reach *reach, const struct fc_kafka_server *server)
{
    for (size_t i = 0; i < reach->count; i++) {
        const struct attempt *a = &reach->attempts[i];
        if (a->server == server && a->fd < 0 && a->error == 0)
            return true;
    }
    return false;
}

/* Those whose outcome still matters: a second address of a server that is reached does not. */
static size_t waiting(const struct reach *reach, struct pollfd *polls, size_t *which)
{
    size_t count = 0;

    for (size_t i = 0; i < reach->count; i++) {
        const struct attempt *a = &reach->attempts[i];
        if (a->fd < 0 || server_connected(reach, a->server))
            continue;
        polls[count] = (struct pollfd){.fd = a->fd, .events = POLLOUT};
        which[count++] = i;
    }
    return count;
}

static bool any_connected(const struct reach *reach)
{
    for (size_t i = 0; i < reach->count; i++)
        if (reach->attempts[i].fd < 0 && reach->attempts[i].error == 0)
            return true;
    return false;
}

static fc_rc wait_all(struct reach *reach, const struct fc_sys *sys, int64_t deadline_ns,
                      struct fc_error *err)
{
    struct pollfd *polls = fc_arena_calloc(reach->arena, reach->count + 1, sizeof *polls);
    size_t *which = fc_arena_calloc(reach->arena, reach->count + 1, sizeof *which);
    bool grace = false;

    if (!polls || !which)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for connections");
    for (size_t count = 0; (count = waiting(reach, polls, which)) > 0;) {
        int64_t now = fc_monotonic_ns(sys);
        if (!grace && any_connected(reach)) {
            grace = true;
            deadline_ns = now + GRACE_NS < deadline_ns ? now + GRACE_NS : deadline_ns;
        }
        int64_t left = (deadline_ns - now) / FC_NS_PER_MS;
        /* Also when it is late, since to resolve names may have taken all the time: what came meanwhile counts. */
        int ready = poll(polls, count, left <= 0 ? 0 : left < INT32_MAX ? (int)left : INT32_MAX);
        if (ready < 0 && errno != EINTR)
            return fc_fail(err, FC_REASON_IO_FAILED, "cannot wait for connections: %s",
                           strerror(errno));
        if (ready == 0 && left <= 0)
            return FC_OK;
        for (size_t i = 0; ready > 0 && i < count; i++)
            if (polls[i].revents != 0)
                finish(&reach->attempts[which[i]]);
    }
    return FC_OK;
}

/* The last failure of a server that none of its addresses reached. */
static void judge(const struct reach *reach, struct fc_kafka_server *server)
{
    if (server->failure || server_connected(reach, server))
        return;
    for (size_t i = 0; i < reach->count; i++)
        if (reach->attempts[i].server == server)
            server->failure = strerrordesc_np(reach->attempts[i].error);
}

fc_rc fc_kafka_reach(struct fc_kafka_servers *servers, const struct fc_access *access,
                     const struct fc_sys *sys, int64_t deadline_ns, struct fc_arena *arena,
                     struct fc_error *err)
{
    FC_CLEANUP(close_all) struct reach reach = {.arena = arena};

    reach.attempts =
        fc_arena_calloc(arena, servers->count * ADDRESSES_MAX + 1, sizeof *reach.attempts);
    if (!reach.attempts)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for connections");
    for (size_t i = 0; i < servers->count; i++)
        begin_server(&reach, &servers->items[i], access);
    fc_rc rc = wait_all(&reach, sys, deadline_ns, err);
    for (size_t i = 0; i < servers->count; i++)
        judge(&reach, &servers->items[i]);
    return rc;
}

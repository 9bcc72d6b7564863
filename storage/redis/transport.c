/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/redis/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sys.h"
#include "storage/redis/tls.h"

struct fc_redis_transport {
    int fd;
    SSL *tls;             /* NULL: plain */
    bool tls_wants_write; /* the last TLS operation has to write before it can go on */
    char why[256];
};

static int milliseconds(int64_t ns)
{
    int64_t ms = (ns + FC_NS_PER_MS - 1) / FC_NS_PER_MS;

    return ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static bool wait_for(int fd, short events, int64_t deadline_ns)
{
    struct pollfd one = {.fd = fd, .events = events};
    int ready = 0;

    do {
        int64_t left = deadline_ns - fc_monotonic_ns(fc_sys_real());
        ready = poll(&one, 1, milliseconds(left));
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

/* 0, or an errno. */
static int connect_to(const struct addrinfo *address, int64_t deadline_ns, int *ret)
{
    int error = 0, on = 1;
    socklen_t size = sizeof error;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        error = errno;
        if (error == EINPROGRESS)
            error = wait_for(fd, POLLOUT, deadline_ns) ? 0 : ETIMEDOUT;
        if (error == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            error = errno;
    }
    if (error != 0) {
        (void)close(fd);
        return error;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    *ret = fd;
    return 0;
}

static fc_rc dial(const struct fc_redis_node_name *node, int64_t deadline_ns, int *ret,
                  struct fc_error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    char port[8];
    int error = ETIMEDOUT;

    (void)snprintf(port, sizeof port, "%u", node->port);
    int failed = getaddrinfo(node->host, port, &hints, &found);
    if (failed != 0) {
        return fc_fail(err, FC_REASON_ONLINE_STORE_UNAVAILABLE, "Redis at %s:%u: %s", node->host,
                       node->port, gai_strerror(failed));
    }
    for (const struct addrinfo *each = found; each && error != 0; each = each->ai_next)
        error = connect_to(each, deadline_ns, ret);
    freeaddrinfo(found);
    return error == 0 ? FC_OK
                      : fc_fail(err, FC_REASON_ONLINE_STORE_UNAVAILABLE,
                                "Redis at %s:%u cannot be reached: %s", node->host, node->port,
                                strerror(error));
}

static fc_rc shake_hands(struct fc_redis_transport *transport, const struct fc_redis_config *config,
                         const struct fc_redis_node_name *node, int64_t deadline_ns,
                         struct fc_error *err)
{
    fc_rc rc = fc_redis_tls_new(config, node, transport->fd, &transport->tls, err);

    while (rc == FC_OK) {
        int done = SSL_connect(transport->tls);
        if (done == 1)
            return FC_OK;
        int wants = SSL_get_error(transport->tls, done);
        if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE)
            return fc_redis_tls_fail(transport->tls, node, wants, err);
        if (!wait_for(transport->fd, wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
                      deadline_ns)) {
            rc = fc_fail(err, FC_REASON_ONLINE_STORE_UNAVAILABLE,
                         "Redis at %s:%u does not answer the TLS handshake in time", node->host,
                         node->port);
        }
    }
    return rc;
}

fc_rc fc_redis_transport_open(const struct fc_redis_config *config,
                              const struct fc_redis_node_name *node,
                              struct fc_redis_transport **ret, struct fc_error *err)
{
    FC_CLEANUP(fc_redis_transport_closep)
    struct fc_redis_transport *transport = calloc(1, sizeof *transport);
    int64_t deadline_ns = fc_monotonic_ns(fc_sys_real()) + config->timeout_ns;

    if (!transport)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a connection");
    transport->fd = -1;
    fc_rc rc = dial(node, deadline_ns, &transport->fd, err);
    if (rc == FC_OK && config->tls)
        rc = shake_hands(transport, config, node, deadline_ns, err);
    if (rc == FC_OK)
        *ret = fc_steal(transport);
    return rc;
}

void fc_redis_transport_close(struct fc_redis_transport *transport)
{
    if (!transport)
        return;
    SSL_free(transport->tls);
    if (transport->fd >= 0)
        (void)close(transport->fd);
    free(transport);
}

/* What a call on a plain socket came to. */
static ssize_t plain(struct fc_redis_transport *transport, ssize_t moved, bool reading)
{
    if (moved > 0)
        return moved;
    if (moved < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    (void)snprintf(transport->why, sizeof transport->why, "%s",
                   moved == 0 && reading ? "it closed the connection" : strerror(errno));
    return -1;
}

static ssize_t encrypted(struct fc_redis_transport *transport, int moved)
{
    if (moved > 0) {
        transport->tls_wants_write = false;
        return moved;
    }
    int wants = SSL_get_error(transport->tls, moved);
    transport->tls_wants_write = wants == SSL_ERROR_WANT_WRITE;
    if (wants == SSL_ERROR_WANT_READ || wants == SSL_ERROR_WANT_WRITE)
        return 0;
    fc_redis_tls_why(wants, transport->why, sizeof transport->why);
    return -1;
}

ssize_t fc_redis_transport_read(struct fc_redis_transport *transport, char *into, size_t size)
{
    if (transport->tls) {
        /* Errors are the thread's: what another connection met would be taken for an end of this one. */
        ERR_clear_error();
        return encrypted(transport, SSL_read(transport->tls, into, (int)size));
    }
    return plain(transport, recv(transport->fd, into, size, 0), true);
}

ssize_t fc_redis_transport_write(struct fc_redis_transport *transport, const char *from,
                                 size_t size)
{
    if (transport->tls) {
        int part = size > (1 << 20) ? 1 << 20 : (int)size;
        ERR_clear_error();
        return encrypted(transport, SSL_write(transport->tls, from, part));
    }
    return plain(transport, send(transport->fd, from, size, MSG_NOSIGNAL), false);
}

bool fc_redis_transport_wait(struct fc_redis_transport *transport, bool writing, int64_t timeout_ns)
{
    bool write = transport->tls ? writing || transport->tls_wants_write : writing;

    if (transport->tls && SSL_pending(transport->tls) > 0)
        return true;
    return wait_for(transport->fd, (short)(POLLIN | (write ? POLLOUT : 0)),
                    fc_monotonic_ns(fc_sys_real()) + timeout_ns);
}

const char *fc_redis_transport_why(const struct fc_redis_transport *transport)
{
    return transport->why;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/rpc/internal.h"
#include "server/rpc/tls.h"

#define UNIX_PREFIX "unix:"

static _Thread_local bool under_way;

bool fc_bind_under_way(void)
{
    return under_way;
}

static bool is_unix(const char *address)
{
    return strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
}

static fc_rc cannot(struct fc_error *err, const char *address, const char *why)
{
    return fc_fail(err, FC_REASON_IO_FAILED, "cannot listen on %s: %s", address, why);
}

/* gRPC removes a socket file that is in its way, even from under a living server. */
static fc_rc check_unix(const char *address, struct fc_error *err)
{
    const char *path = address + strlen(UNIX_PREFIX);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd, error;

    if (strlen(path) == 0 || strlen(path) >= sizeof(name.sun_path))
        return fc_fail(err, FC_REASON_CONFIG_INVALID,
                       "cannot listen on %s: a path has 1 to %zu characters", address,
                       sizeof(name.sun_path) - 1);
    memcpy(name.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return cannot(err, address, strerror(errno));
    error = connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0 ? 0 : errno;
    close(fd);
    if (error == 0)
        return cannot(err, address, "another server answers there");
    if (error != ENOENT && error != ECONNREFUSED)
        return cannot(err, address, strerror(error));
    return FC_OK;
}

/* HOST:PORT or [HOST]:PORT in two; false when it is neither. */
static bool split(const char *address, char *host, size_t size, const char **ret_port)
{
    const char *colon = strrchr(address, ':'), *start = address, *end = colon;

    if (!colon || colon[1] == '\0')
        return false;
    if (address[0] == '[') {
        start = address + 1;
        end = colon - 1;
        if (end < start || *end != ']')
            return false;
    }
    if ((size_t)(end - start) >= size)
        return false;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    *ret_port = colon + 1;
    return true;
}

/* The first errno that keeps us from the address, 0 when none does. */
static int try_bind(const struct addrinfo *list)
{
    int error = 0;

    for (const struct addrinfo *one = list; one && !error; one = one->ai_next) {
        int on = 1, fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
        if (fd < 0)
            return errno;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, one->ai_addr, one->ai_addrlen) != 0)
            error = errno;
        close(fd);
    }
    return error;
}

/* gRPC says that it failed, not why: the same is tried again where the reason can be had. */
static fc_rc explain(const char *address, struct fc_error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char host[256];
    const char *port = "";
    int error;

    if (is_unix(address)) {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        struct addrinfo one = {.ai_family = AF_UNIX,
                               .ai_socktype = SOCK_STREAM,
                               .ai_addr = (struct sockaddr *)&name,
                               .ai_addrlen = sizeof(name)};
        memcpy(name.sun_path, address + strlen(UNIX_PREFIX), strlen(address + strlen(UNIX_PREFIX)));
        error = try_bind(&one);
        return cannot(err, address, error ? strerror(error) : "it could not be bound");
    }
    if (!split(address, host, sizeof(host), &port))
        return cannot(err, address, "expected HOST:PORT");
    error = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
    if (error)
        return cannot(err, address, gai_strerror(error));
    error = try_bind(list);
    freeaddrinfo(list);
    return cannot(err, address, error ? strerror(error) : "it could not be bound");
}

static fc_rc check_address(const char *address, struct fc_error *err)
{
    char host[256];
    const char *port;

    if (is_unix(address))
        return check_unix(address, err);
    if (!split(address, host, sizeof(host), &port))
        return fc_fail(err, FC_REASON_CONFIG_INVALID,
                       "cannot listen on %s: expected HOST:PORT, [HOST]:PORT or unix:PATH",
                       address);
    return FC_OK;
}

fc_rc fc_bind_listen(grpc_server *server, struct fc_rpc_listen *listen, struct fc_tls *tls,
                     struct fc_error *err)
{
    fc_rc rc = check_address(listen->address, err);
    grpc_server_credentials *credentials;
    int port;

    if (rc != FC_OK)
        return rc;
    credentials = tls ? fc_tls_credentials(tls) : grpc_insecure_server_credentials_create();
    if (!credentials)
        return cannot(err, listen->address, "the TLS identity was not taken");
    under_way = true;
    port = grpc_server_add_http2_port(server, listen->address, credentials);
    under_way = false;
    grpc_server_credentials_release(credentials);
    if (port == 0)
        return explain(listen->address, err);
    listen->bound_port = is_unix(listen->address) ? 0 : port;
    return FC_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http/metrics.h"

/* A client that opens connections and says nothing must not keep the scraper out, be it at the same address: so there
 * are more places than one client gets, each is small, and none is kept for long. */
#define MAX_CONNECTIONS        512
#define MAX_CONNECTIONS_A_PEER 256
#define TIMEOUT_SECONDS        10
#define CONNECTION_MEMORY      ((size_t)16 * 1024)
#define BACKLOG                512

struct fc_http_server {
    struct fc_http_server_options sources;
    struct MHD_Daemon *daemon;
    int port;
};

struct answer {
    unsigned status;
    const char *type;
    struct fc_buf body;
};

static void answer_text(struct answer *answer, unsigned status, const char *text)
{
    answer->status = status;
    answer->type = "text/plain; charset=utf-8";
    fc_buf_puts(&answer->body, text);
}

static void answer_metrics(struct fc_http_server *http, struct MHD_Connection *connection,
                           struct answer *answer)
{
    const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
    bool open = accept && strstr(accept, "application/openmetrics-text");

    answer->status = MHD_HTTP_OK;
    answer->type = open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                        : "text/plain; version=0.0.4; charset=utf-8";
    fc_metrics_write(&http->sources, open ? FC_METRICS_OPENMETRICS : FC_METRICS_PROMETHEUS,
                     &answer->body);
}

static void answer_livez(struct fc_http_server *http FC_UNUSED, struct MHD_Connection *c FC_UNUSED,
                         struct answer *answer)
{
    answer_text(answer, MHD_HTTP_OK, "ok\n");
}

static void answer_readyz(struct fc_http_server *http, struct MHD_Connection *connection FC_UNUSED,
                          struct answer *answer)
{
    struct fc_store_checks checks;

    fc_store_checks(http->sources.store, &checks);
    if (checks.damaged) {
        answer_text(answer, MHD_HTTP_SERVICE_UNAVAILABLE,
                    "the registry file is damaged: the log says where\n");
    } else if (!fc_store_writable(http->sources.store)) {
        answer_text(answer, MHD_HTTP_SERVICE_UNAVAILABLE,
                    "the registry cannot write: disk full or an I/O error\n");
    } else {
        answer_text(answer, MHD_HTTP_OK, "ok\n");
    }
}

static const struct {
    const char *path;
    void (*answer)(struct fc_http_server *http, struct MHD_Connection *connection,
                   struct answer *answer);
} pages[] = {
    {"/metrics", answer_metrics},
    {"/livez", answer_livez},
    {"/readyz", answer_readyz},
};

static void route(struct fc_http_server *http, struct MHD_Connection *connection, const char *path,
                  const char *method, struct answer *answer)
{
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        answer_text(answer, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are served here\n");
        return;
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(pages); i++) {
        if (strcmp(path, pages[i].path) == 0) {
            pages[i].answer(http, connection, answer);
            return;
        }
    }
    answer_text(answer, MHD_HTTP_NOT_FOUND, "not here; try /metrics, /livez or /readyz\n");
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct answer *answer)
{
    if (answer->body.failed || !answer->body.ptr)
        return MHD_NO;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body.len, answer->body.ptr, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_add_response_header(response, "Content-Type", answer->type);
    if (result == MHD_YES && answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        result = MHD_add_response_header(response, "Allow", "GET, HEAD");
    if (result == MHD_YES)
        result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version FC_UNUSED,
                                  const char *upload FC_UNUSED, size_t *upload_size,
                                  void **request_state)
{
    static int headers_seen;

    if (!*request_state) {
        *request_state = &headers_seen; /* the library calls again when the body has been read */
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0; /* nobody has use for a body */
        return MHD_YES;
    }
    struct answer answer = {.body = FC_BUF_INIT};
    route(ctx, connection, path, method, &answer);
    enum MHD_Result result = send_answer(connection, &answer);
    fc_buf_done(&answer.body);
    return result;
}

static fc_rc refuse(const char *address, const char *why, struct fc_error *err)
{
    return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "http.listen",
                         "cannot listen for HTTP on '%s': %s", address, why);
}

/* A socket that listens on the address; -1 with errno when one of the calls fails. */
static int open_socket(const struct addrinfo *info)
{
    int one = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static fc_rc listen_on(const char *address, int *ret_fd, struct fc_error *err)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *info = NULL;
    char host[256];
    const char *colon = strrchr(address, ':');

    if (!colon || (size_t)(colon - address) >= sizeof host || colon == address)
        return refuse(address, "expected HOST:PORT", err);
    bool brackets = address[0] == '[' && colon[-1] == ']';
    size_t len = (size_t)(colon - address) - (brackets ? 2 : 0);
    memcpy(host, address + (brackets ? 1 : 0), len);
    host[len] = '\0';
    int code = getaddrinfo(host, colon + 1, &hints, &info);
    if (code != 0)
        return refuse(address, gai_strerror(code), err);
    *ret_fd = open_socket(info);
    int error = errno;
    freeaddrinfo(info);
    /* Nothing is wrong with the value, but with who has the address. */
    return *ret_fd >= 0 ? FC_OK
                        : fc_fail(err, FC_REASON_IO_FAILED, "cannot listen for HTTP on %s: %s",
                                  address, strerror(error));
}

static int port_of(int fd)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char service[16];

    if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0 ||
        getnameinfo((const struct sockaddr *)&bound, size, NULL, 0, service, sizeof service,
                    NI_NUMERICSERV) != 0)
        return 0;
    return (int)strtol(service, NULL, 10);
}

fc_rc fc_http_server_new(const struct fc_http_server_options *options, struct fc_http_server **ret,
                         struct fc_error *err)
{
    FC_CLEANUP(fc_http_server_freep) struct fc_http_server *http = calloc(1, sizeof *http);
    int fd = -1;

    if (!http)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the HTTP listener");
    http->sources = *options;
    fc_rc rc = listen_on(options->address, &fd, err);
    if (rc != FC_OK)
        return rc;
    http->port = port_of(fd);
    http->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, http,
                                    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)MAX_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                    (unsigned)MAX_CONNECTIONS_A_PEER, MHD_OPTION_CONNECTION_TIMEOUT,
                                    (unsigned)TIMEOUT_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    CONNECTION_MEMORY, MHD_OPTION_END);
    if (!http->daemon) {
        (void)close(fd);
        return refuse(options->address, "the HTTP library did not start", err);
    }
    *ret = fc_steal(http);
    return FC_OK;
}

void fc_http_server_free(struct fc_http_server *http)
{
    if (http) {
        if (http->daemon)
            MHD_stop_daemon(http->daemon);
        free(http);
    }
}

int fc_http_server_port(const struct fc_http_server *http)
{
    return http->port;
}

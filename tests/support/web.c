/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/web.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define REQUEST_MAX     ((size_t)256 << 10)

struct connection {
    struct test_web *web;
    pthread_t thread;
    int fd;
    unsigned number;
};

struct test_web {
    test_web_fn fn;
    void *ctx;
    int listener, port;
    pthread_t acceptor;
    pthread_mutex_t lock;
    struct connection connections[CONNECTIONS_MAX];
    unsigned count, requests;
    bool stopping;
};

static void die(const char *what)
{
    perror(what);
    abort();
}

bool test_web_raw(int fd, const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

bool test_web_reply(int fd, const char *status, const char *headers, const char *body)
{
    char head[2048];

    snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers,
             strlen(body));
    return test_web_raw(fd, head) && test_web_raw(fd, body);
}

bool test_web_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    return false;
}

bool test_web_header(const struct test_web_request *request, const char *name, char *ret,
                     size_t size)
{
    const char *end = strstr(request->text, "\r\n\r\n");
    size_t len = strlen(name);

    for (const char *at = strstr(request->text, "\r\n"); at && at < end; at = strstr(at, "\r\n")) {
        at += 2;
        if (strncasecmp(at, name, len) != 0 || at[len] != ':')
            continue;
        at += len + 1;
        at += strspn(at, " ");
        snprintf(ret, size, "%.*s", (int)strcspn(at, "\r"), at);
        return true;
    }
    return false;
}

static bool answer(struct connection *c, char *text, size_t head)
{
    struct test_web *web = c->web;
    char *copy = strdup(text);
    char *method = copy ? strtok(copy, " ") : NULL;
    char *target = method ? strtok(NULL, " ") : NULL;
    struct test_web_request request = {.method = method ? method : "",
                                       .target = target ? target : "",
                                       .text = text,
                                       .body = text + head,
                                       .connection = c->number};

    pthread_mutex_lock(&web->lock);
    request.number = web->requests++;
    bool more = web->fn(web->ctx, &request, c->fd);
    pthread_mutex_unlock(&web->lock);
    free(copy);
    return more;
}

/* Reads one request into `text`; its head's length, 0 at the end of the connection. */
static size_t receive(int fd, char *text)
{
    size_t used = 0;

    for (;;) {
        text[used] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strcasestr(text, "\r\ncontent-length:");
        size_t head = end ? (size_t)(end - text) + 4 : 0;
        size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
        if (head > 0 && used >= head + body)
            return head;
        ssize_t n = used < REQUEST_MAX ? recv(fd, text + used, REQUEST_MAX - used, 0) : 0;
        if (n <= 0)
            return 0;
        used += (size_t)n;
    }
}

static void *serve(void *ctx)
{
    struct connection *c = ctx;
    char *text = malloc(REQUEST_MAX + 1);
    bool more = text != NULL;

    while (more) {
        size_t head = receive(c->fd, text);
        more = head > 0 && answer(c, text, head);
    }
    free(text);
    pthread_mutex_lock(&c->web->lock);
    close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&c->web->lock);
    return NULL;
}

static void *accept_all(void *ctx)
{
    struct test_web *web = ctx;

    for (;;) {
        int fd = accept4(web->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&web->lock);
        if (web->stopping || web->count == CONNECTIONS_MAX) {
            close(fd);
        } else {
            struct connection *c = &web->connections[web->count];
            *c = (struct connection){.web = web, .fd = fd, .number = web->count++};
            if (pthread_create(&c->thread, NULL, serve, c) != 0)
                die("pthread_create");
        }
        pthread_mutex_unlock(&web->lock);
    }
}

struct test_web *test_web_start(test_web_fn fn, void *ctx)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct test_web *web = calloc(1, sizeof *web);
    socklen_t len = sizeof(at);

    if (!web)
        die("calloc");
    web->fn = fn;
    web->ctx = ctx;
    pthread_mutex_init(&web->lock, NULL);
    web->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (web->listener < 0 || bind(web->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(web->listener, 16) != 0 ||
        getsockname(web->listener, (struct sockaddr *)&at, &len) != 0)
        die("listen");
    web->port = ntohs(at.sin_port);
    if (pthread_create(&web->acceptor, NULL, accept_all, web) != 0)
        die("pthread_create");
    return web;
}

void test_web_stop(struct test_web *web)
{
    pthread_mutex_lock(&web->lock);
    web->stopping = true;
    for (unsigned i = 0; i < web->count; i++)
        if (web->connections[i].fd >= 0)
            (void)shutdown(web->connections[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&web->lock);
    (void)shutdown(web->listener, SHUT_RDWR);
    pthread_join(web->acceptor, NULL);
    for (unsigned i = 0; i < web->count; i++)
        pthread_join(web->connections[i].thread, NULL);
    close(web->listener);
    pthread_mutex_destroy(&web->lock);
    free(web);
}

int test_web_port(const struct test_web *web)
{
    return web->port;
}

unsigned test_web_requests(struct test_web *web)
{
    pthread_mutex_lock(&web->lock);
    unsigned requests = web->requests;
    pthread_mutex_unlock(&web->lock);
    return requests;
}

const char *test_web_url(const struct test_web *web, const char *path)
{
    static char texts[8][512];
    static unsigned next;
    char *text = texts[next++ % 8];

    snprintf(text, sizeof(texts[0]), "http://127.0.0.1:%d%s", web->port, path);
    return text;
}

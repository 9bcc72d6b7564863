/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recvmsg() and SSL_read() of this program: the two places where the bytes of HTTP/2 come to gRPC, as they are or out of
 * TLS. What is wrong with them (header_watch.h) ends the connection as if the network had failed, before gRPC keeps any of
 * it; see docs/internals/rpc.md.
 *
 * Plain connections are told apart by descriptor. accept.c hands them out, and says so; socket() is ours as well, so that a
 * connection that we make is not taken for the one that had its descriptor before.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "server/rpc/header_watch.h"
#include "server/rpc/internal.h"

static _Atomic size_t block_limit = SIZE_MAX;
/* By descriptor; made once and kept, since the pollers of gRPC may outlive a server. */
static _Atomic(struct fc_header_watch *) watches;
static int watch_count; /* written before `watches` */
static int tls_index = -1;

static void log_refusal(const char *peer)
{
    fc_log(FC_LOG_WARN, "connection closed: headers without end", FC_LOG_STR("peer", peer),
           FC_LOG_INT("limit", atomic_load_explicit(&block_limit, memory_order_relaxed)));
}

static struct fc_header_watch *watch_of(int fd)
{
    struct fc_header_watch *all = atomic_load_explicit(&watches, memory_order_acquire);

    return all && fd >= 0 && fd < watch_count ? &all[fd] : NULL;
}

static void begin(int fd, struct fc_header_watch first)
{
    struct fc_header_watch *watch = watch_of(fd);

    if (!watch)
        return;
    TAG_ACQUIRE(watch);
    *watch = first;
    TAG_RELEASE(watch);
}

void fc_receive_begins(int fd)
{
    begin(fd, (struct fc_header_watch){0});
}

__attribute__((visibility("default"))) int socket(int domain, int type, int protocol)
{
    int fd = (int)syscall(SYS_socket, domain, type, protocol);

    begin(fd, FC_HEADER_WATCH_OFF);
    return fd;
}

enum verdict { FINE, REFUSED, REFUSED_BEFORE /* gRPC may try to read on before it closes */ };

/* One thread of gRPC at a time reads a connection. */
static enum verdict feed(struct fc_header_watch *watch, const void *bytes, size_t size)
{
    size_t limit = atomic_load_explicit(&block_limit, memory_order_relaxed);
    enum verdict verdict;

    TAG_ACQUIRE(watch);
    if (watch->refused)
        verdict = REFUSED_BEFORE;
    else
        verdict = fc_header_watch_feed(watch, bytes, size, limit) ? FINE : REFUSED;
    TAG_RELEASE(watch);
    return verdict;
}

static enum verdict feed_message(struct fc_header_watch *watch, const struct msghdr *message,
                                 size_t size)
{
    enum verdict verdict = FINE;

    for (size_t i = 0; i < message->msg_iovlen && size > 0 && verdict == FINE; i++) {
        size_t part = message->msg_iov[i].iov_len < size ? message->msg_iov[i].iov_len : size;
        verdict = feed(watch, message->msg_iov[i].iov_base, part);
        size -= part;
    }
    return verdict;
}

__attribute__((visibility("default"))) ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t got = syscall(SYS_recvmsg, fd, message, flags);
    struct fc_header_watch *watch = got > 0 && !(flags & MSG_PEEK) ? watch_of(fd) : NULL;
    enum verdict verdict = watch ? feed_message(watch, message, (size_t)got) : FINE;
    char peer[FC_PEER_NAME_MAX];

    if (verdict == FINE)
        return got;
    if (verdict == REFUSED) {
        fc_abuse_peer_name(fd, peer);
        log_refusal(peer);
    }
    errno = ECONNRESET;
    return -1;
}

static struct fc_header_watch *watch_of_tls(SSL *ssl)
{
    struct fc_header_watch *watch;

    if (tls_index < 0 || !SSL_is_server(ssl))
        return NULL;
    watch = SSL_get_ex_data(ssl, tls_index);
    if (watch)
        return watch;
    watch = calloc(1, sizeof *watch);
    if (watch && SSL_set_ex_data(ssl, tls_index, watch) != 1) {
        free(watch);
        return NULL;
    }
    return watch;
}

/* gRPC looks at the queue of errors when it gets no bytes. */
__attribute__((visibility("default"))) int SSL_read(SSL *ssl, void *buffer, int size)
{
    struct fc_header_watch *watch;
    enum verdict verdict;
    size_t got;

    if (size < 0 || SSL_read_ex(ssl, buffer, (size_t)size, &got) != 1)
        return -1;
    watch = watch_of_tls(ssl);
    verdict = watch ? feed(watch, buffer, got) : FINE;
    if (verdict == FINE)
        return (int)got;
    if (verdict == REFUSED)
        log_refusal("over TLS");
    ERR_raise_data(ERR_LIB_USER, ERR_R_OPERATION_FAIL, "headers without end");
    return -1;
}

static void free_watch(void *parent FC_UNUSED, void *watch, CRYPTO_EX_DATA *data FC_UNUSED,
                       int index FC_UNUSED, long argl FC_UNUSED, void *argp FC_UNUSED)
{
    free(watch);
}

static void make_watches(void)
{
    watch_count = fc_accept_highest();
    tls_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_watch);
    atomic_store_explicit(&watches, calloc((size_t)watch_count, sizeof(struct fc_header_watch)),
                          memory_order_release);
}

bool fc_receive_guard_start(size_t max_block_bytes)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_watches);
    atomic_store(&block_limit, max_block_bytes);
    return tls_index >= 0 && atomic_load(&watches);
}

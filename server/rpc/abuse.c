/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that open calls and reset them at once, without end.
 *
 * The limit of concurrent streams does not hold them: a stream that was reset no longer counts, but the call behind it is
 * still to be answered. gRPC core 1.51 takes in all that comes and writes only when there is a pause, so that under such
 * a flood no call is ever finished and each takes 20 KiB: 100 MB a second from one connection.
 *
 * A client that keeps the rules has at most max_streams calls on a connection. One that has twice as many unfinished is
 * hung up on. The count is kept only while the poller has more unfinished calls than that in all, since it needs the
 * name of the peer, and that is not free.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "server/rpc/internal.h"

#define DISCARD_BYTES ((size_t)1 << 20)

static uint64_t unfinished(const struct poller *poller)
{
    return atomic_load_explicit(&poller->arrived, memory_order_relaxed) -
           atomic_load_explicit(&poller->gone, memory_order_relaxed);
}

static unsigned slot_of(const char *peer)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *peer; peer++)
        hash = (hash ^ (unsigned char)*peer) * UINT64_C(1099511628211);
    return (unsigned)(hash >> 32) % PEER_SLOTS;
}

void fc_abuse_peer_name(int fd, char name[FC_PEER_NAME_MAX])
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof(peer);
    char host[INET6_ADDRSTRLEN];

    name[0] = '\0';
    if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0)
        return;
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&peer;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        snprintf(name, FC_PEER_NAME_MAX, "ipv4:%s:%u", host, ntohs(in->sin_port));
    } else if (peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&peer;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&in->sin6_addr);
        inet_ntop(mapped ? AF_INET : AF_INET6,
                  mapped ? (const void *)&in->sin6_addr.s6_addr[12] : &in->sin6_addr, host,
                  sizeof(host));
        snprintf(name, FC_PEER_NAME_MAX, mapped ? "ipv4:%s:%u" : "ipv6:%%5B%s%%5D:%u", host,
                 ntohs(in->sin6_port));
    }
}

/*
 * gRPC has no call for this, but the socket is ours. Both directions are shut, upon which it closes the connection by
 * itself; what has arrived is thrown away, or it would still be turned into calls.
 */
static bool hang_up(const char *peer)
{
    int end = fc_accept_highest();
    char name[FC_PEER_NAME_MAX];

    for (int fd = 3; fd < end; fd++) {
        fc_abuse_peer_name(fd, name);
        if (strcmp(name, peer) == 0) {
            (void)shutdown(fd, SHUT_RDWR);
            while (recv(fd, NULL, DISCARD_BYTES, MSG_DONTWAIT | MSG_TRUNC) > 0)
                ;
            return true;
        }
    }
    return false;
}

void fc_abuse_arrived(struct fc_rpc_call *call)
{
    struct poller *poller = call->poller;
    unsigned limit = (unsigned)call->server->options.max_streams, slot;

    if (unfinished(poller) <= limit)
        return;
    slot = slot_of(fc_rpc_peer(call));
    call->peer_slot = slot + 1;
    /* Once, and again should it go on, which it cannot but for peers whose names share a slot. */
    if (++poller->peers[slot] % (2 * limit) == 0 && hang_up(fc_rpc_peer(call)))
        fc_log(FC_LOG_WARN, "connection closed: too many calls opened and not waited for",
               FC_LOG_STR("peer", fc_rpc_peer(call)),
               FC_LOG_INT("unfinished", poller->peers[slot]));
}

void fc_abuse_gone(struct fc_rpc_call *call)
{
    if (call->peer_slot > 0)
        call->poller->peers[call->peer_slot - 1]--;
    call->peer_slot = 0;
}

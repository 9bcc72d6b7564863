/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accept4() of this program. gRPC core 1.51 gives up a listening socket for good at the first error of accept4 other
 * than "try again", and running out of descriptors is such an error: a burst of connections would end the service. The
 * library has no limit of connections to prevent it, and accepting by ourselves would cost its handshake timeout and TLS.
 * So the one call that matters is ours: it refuses connections before descriptors run out and never reports what gRPC
 * cannot stand. The number of a descriptor is the lowest that is free, which makes it a count of those in use.
 *
 * Programs that link this room get it for all their libraries; libmicrohttpd gains the same protection.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "server/rpc/internal.h"

#define WANTED_DESCRIPTORS ((rlim_t)1 << 20)
#define MAX_DESCRIPTORS    ((int)WANTED_DESCRIPTORS)
#define KEPT_DESCRIPTORS   256 /* for the database, workers, logs */

static _Atomic int highest = INT_MAX; /* connections with a number from here on are refused */
static _Atomic int spare = -1; /* given up to accept and close a connection when none is left */

static int raw_accept(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    return (int)syscall(SYS_accept4, fd, address, length, flags);
}

/* Takes one connection out of the backlog by means of the spare descriptor; false when even that is gone. */
static bool shed(int fd)
{
    int reserve = atomic_exchange(&spare, -1), got;

    if (reserve >= 0)
        close(reserve);
    got = raw_accept(fd, NULL, NULL, SOCK_CLOEXEC);
    if (got >= 0)
        close(got);
    reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (reserve >= 0 && atomic_exchange(&spare, reserve) >= 0)
        close(reserve);
    return got >= 0;
}

/* What accept4 reports of the connection that it was about to hand out: that one is gone, the next may be fine. */
static bool of_the_connection(int error)
{
    switch (error) {
    case ECONNABORTED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EPERM:
    case EPROTO:
        return true;
    default:
        return false;
    }
}

__attribute__((visibility("default"))) int accept4(int fd, __SOCKADDR_ARG address,
                                                   socklen_t *restrict length, int flags)
{
    socklen_t room = length ? *length : 0;

    for (;;) {
        int got;
        if (length)
            *length = room;
        got = raw_accept(fd, address.__sockaddr__, length, flags);
        if (got >= 0 && got < atomic_load_explicit(&highest, memory_order_relaxed)) {
            fc_receive_begins(got);
            return got;
        }
        if (got >= 0) {
            close(got);
            continue;
        }
        if (of_the_connection(errno))
            continue;
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
            return -1;
        /* Until nothing is left: gRPC looks at the listener again when one more comes, and not for those behind. */
        if (!shed(fd)) {
            errno = EAGAIN;
            return -1;
        }
    }
}

void fc_accept_guard_start(unsigned max_connections)
{
    struct rlimit limit;
    rlim_t kept;
    int reserve;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_cur < limit.rlim_max && limit.rlim_cur < WANTED_DESCRIPTORS) {
        limit.rlim_cur = limit.rlim_max < WANTED_DESCRIPTORS ? limit.rlim_max : WANTED_DESCRIPTORS;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
            return;
    }
    kept = limit.rlim_cur / 4 < KEPT_DESCRIPTORS ? limit.rlim_cur / 4 : KEPT_DESCRIPTORS;
    limit.rlim_cur -= kept;
    if (limit.rlim_cur > (rlim_t)max_connections + kept)
        limit.rlim_cur = (rlim_t)max_connections + kept;
    atomic_store(&highest, limit.rlim_cur > INT_MAX ? INT_MAX : (int)limit.rlim_cur);
    if (atomic_load(&spare) < 0) {
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (reserve >= 0 && atomic_exchange(&spare, reserve) >= 0)
            close(reserve);
    }
}

int fc_accept_highest(void)
{
    int end = atomic_load(&highest);

    return end < MAX_DESCRIPTORS ? end : MAX_DESCRIPTORS;
}

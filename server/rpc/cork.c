/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to calls that came in one read leave in one segment.
 *
 * gRPC core writes each answer by itself: a send, a segment, on loopback also the receiver's half of TCP. That is the
 * larger part of a small call. Clients that have several calls under way on a connection send them together, and their
 * answers may go together too. The library has no means for that, so its sendmsg is ours: while a poller answers a run
 * of calls it tells the kernel that more follows, and the kernel joins the pieces. Nothing is kept in this program, so
 * errors and full buffers show where they always did.
 *
 * How long a run is shows only when it is over; it is taken to be as long as the one before. If it was shorter, the
 * segment is pushed out by hand: when the run is over, when another socket is written to, after HOLD_NS, before the
 * thread sleeps. A lone call is never held, and neither is a large answer. What is missed all the same leaves after the
 * 200 ms of the kernel.
 *
 * All of this is per thread; threads that run no poller send as ever.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/rpc/cork.h"

#define SMALL_BYTES 4096
#define HOLD_NS     (INT64_C(100) * 1000)

static _Thread_local struct {
    unsigned run;      /* calls answered at once since the last pause */
    unsigned open;     /* those of them that are not over */
    unsigned expected; /* the run before this one */
    bool more;         /* the call that is being answered is not the last of its run */
    bool held;
    int fd; /* whose segment is held */
    int64_t since_ns;
} cork;

static bool is_small(const struct msghdr *message)
{
    size_t bytes = 0;

    for (size_t i = 0; i < message->msg_iovlen; i++)
        bytes += message->msg_iov[i].iov_len;
    return bytes <= SMALL_BYTES;
}

static void release(void)
{
    int on = 1;

    /* Set already, by gRPC; setting it again pushes. Not every socket is of TCP: the others have sent at once. */
    if (cork.held)
        (void)setsockopt(cork.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    cork.held = false;
}

__attribute__((visibility("default"))) ssize_t sendmsg(int fd, const struct msghdr *message,
                                                       int flags)
{
    bool more = cork.more && is_small(message);

    if (cork.held && cork.fd != fd)
        release();
    cork.held = more;
    cork.fd = fd;
    return syscall(SYS_sendmsg, fd, message, more ? flags | MSG_MORE : flags);
}

bool fc_cork_held(void)
{
    return cork.held;
}

static void run_over(unsigned expected)
{
    release();
    cork.expected = expected;
    cork.run = 0;
    cork.open = 0;
}

void fc_cork_arrived(int64_t now_ns)
{
    if (cork.run++ == 0) {
        cork.since_ns = now_ns;
    } else if (now_ns - cork.since_ns > HOLD_NS) {
        release();
        cork.since_ns = now_ns;
    }
    cork.open++;
    /* Longer than expected: who knows by how much. */
    cork.more = cork.run == 1 ? cork.expected > 1 : cork.run != cork.expected;
}

void fc_cork_dispatched(bool answered)
{
    cork.more = false;
    if (!answered) {
        cork.run--;
        cork.open--;
    }
}

void fc_cork_call_over(void)
{
    if (cork.open > 0 && --cork.open == 0)
        run_over(cork.run);
}

void fc_cork_sleeps(void)
{
    run_over(1);
}

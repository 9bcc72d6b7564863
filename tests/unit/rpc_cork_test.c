/* SPDX-License-Identifier: Apache-2.0 */
/* What a poller holds back and when it lets go, on real sockets; what the kernel made of it is asked of the kernel. */
#include "tests/unit/harness.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "server/rpc/cork.h"

#define MS INT64_C(1000000)

struct pair {
    int server, client;
};

static struct pair connected(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    struct pair pair;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    pair.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(pair.client, (struct sockaddr *)&address, size), 0);
    pair.server = accept(listener, NULL, NULL);
    assert_true(pair.server >= 0);
    assert_int_equal(setsockopt(pair.server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    close(listener);
    return pair;
}

static void disconnect(struct pair pair)
{
    close(pair.server);
    close(pair.client);
}

static void send_bytes(int fd, size_t count)
{
    static char bytes[8192];
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    assert_int_equal(sendmsg(fd, &message, 0), count);
}

static void expect_bytes(int fd, size_t count)
{
    char bytes[8192];

    assert_int_equal(recv(fd, bytes, count, MSG_WAITALL), count);
}

static unsigned segments(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);

    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_data_segs_out;
}

/* A call that is answered by its handler. */
static void answer(int fd, size_t bytes, int64_t now_ns)
{
    fc_cork_arrived(now_ns);
    send_bytes(fd, bytes);
    fc_cork_dispatched(true);
}

static void over(unsigned calls)
{
    for (; calls > 0; calls--)
        fc_cork_call_over();
}

/* After it, runs of that many are expected. */
static void teach(struct pair pair, unsigned calls)
{
    for (unsigned i = 0; i < calls; i++)
        answer(pair.server, 10, 0);
    over(calls);
    assert_false(fc_cork_held());
    expect_bytes(pair.client, 10 * (size_t)calls);
}

static void lone_calls_are_not_held(void **state FC_UNUSED)
{
    struct pair pair = connected();

    for (unsigned i = 0; i < 5; i++)
        teach(pair, 1);
    answer(pair.server, 10, 0);
    assert_false(fc_cork_held());
    over(1);
    disconnect(pair);
}

static void all_but_the_last_of_a_run_wait_for_it(void **state FC_UNUSED)
{
    struct pair pair = connected();

    teach(pair, 3);
    answer(pair.server, 10, 0);
    assert_true(fc_cork_held());
    answer(pair.server, 10, 0);
    assert_true(fc_cork_held());
    answer(pair.server, 10, 0);
    assert_false(fc_cork_held());
    expect_bytes(pair.client, 30);
    over(3);
    disconnect(pair);
}

/* The kernel lets go by itself after 200 ms, which a busy machine may take between two lines: hence several tries. */
static void a_run_is_one_segment(void **state FC_UNUSED)
{
    struct pair pair = connected();
    bool seen = false;

    teach(pair, 8);
    for (unsigned tries = 0; tries < 100 && !seen; tries++) {
        unsigned before = segments(pair.server);
        teach(pair, 8);
        seen = segments(pair.server) - before == 1;
    }
    assert_true(seen);
    disconnect(pair);
}

static void a_shorter_run_lets_go_at_its_end(void **state FC_UNUSED)
{
    struct pair pair = connected();

    teach(pair, 3);
    answer(pair.server, 10, 0);
    answer(pair.server, 10, 0);
    over(1);
    assert_true(fc_cork_held());
    over(1);
    assert_false(fc_cork_held());
    expect_bytes(pair.client, 20);
    disconnect(pair);
}

static void a_longer_run_is_held_to_its_end(void **state FC_UNUSED)
{
    struct pair pair = connected();

    teach(pair, 2);
    answer(pair.server, 10, 0);
    answer(pair.server, 10, 0);
    assert_false(fc_cork_held());
    answer(pair.server, 10, 0);
    assert_true(fc_cork_held());
    over(3);
    assert_false(fc_cork_held());
    expect_bytes(pair.client, 30);
    disconnect(pair);
}

static void another_socket_lets_the_first_go(void **state FC_UNUSED)
{
    struct pair one = connected(), two = connected();

    teach(one, 4);
    answer(one.server, 10, 0);
    assert_true(fc_cork_held());
    answer(two.server, 20, 0);
    expect_bytes(one.client, 10);
    assert_true(fc_cork_held());
    over(2);
    expect_bytes(two.client, 20);
    assert_false(fc_cork_held());
    disconnect(one);
    disconnect(two);
}

static void calls_answered_later_neither_hold_nor_are_waited_for(void **state FC_UNUSED)
{
    struct pair pair = connected();

    teach(pair, 2);
    answer(pair.server, 10, 0);
    assert_true(fc_cork_held());
    fc_cork_arrived(0);
    fc_cork_dispatched(false);
    over(1);
    assert_false(fc_cork_held());
    expect_bytes(pair.client, 10);
    disconnect(pair);
}

static void slow_handlers_do_not_hold_up_what_is_answered(void **state FC_UNUSED)
{
    struct pair pair = connected();

    teach(pair, 4);
    answer(pair.server, 10, 0);
    assert_true(fc_cork_held());
    fc_cork_arrived(1 * MS);
    assert_false(fc_cork_held());
    expect_bytes(pair.client, 10);
    send_bytes(pair.server, 10);
    fc_cork_dispatched(true);
    assert_true(fc_cork_held());
    over(2);
    expect_bytes(pair.client, 10);
    disconnect(pair);
}

static void large_answers_are_not_held(void **state FC_UNUSED)
{
    struct pair pair = connected();

    teach(pair, 3);
    answer(pair.server, 10, 0);
    answer(pair.server, 8000, 0);
    assert_false(fc_cork_held());
    expect_bytes(pair.client, 8010);
    over(2);
    disconnect(pair);
}

static void nothing_is_held_in_a_thread_that_sleeps(void **state FC_UNUSED)
{
    struct pair pair = connected();

    teach(pair, 3);
    answer(pair.server, 10, 0);
    assert_true(fc_cork_held());
    fc_cork_sleeps();
    assert_false(fc_cork_held());
    expect_bytes(pair.client, 10);
    over(1);
    answer(pair.server, 10, 0); /* and the next is taken for a lone one */
    assert_false(fc_cork_held());
    over(1);
    disconnect(pair);
}

/* Sockets that are not of TCP send at once, and errors are those of the kernel. */
static void other_sockets_and_errors(void **state FC_UNUSED)
{
    struct pair tcp = connected(), local;
    int ends[2];
    struct msghdr empty = {0};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    local = (struct pair){.server = ends[0], .client = ends[1]};
    teach(tcp, 3);
    answer(local.server, 10, 0);
    expect_bytes(local.client, 10);
    over(1);
    assert_false(fc_cork_held());
    assert_int_equal(sendmsg(-1, &empty, 0), -1);
    disconnect(local);
    disconnect(tcp);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(lone_calls_are_not_held),
    cmocka_unit_test(all_but_the_last_of_a_run_wait_for_it),
    cmocka_unit_test(a_run_is_one_segment),
    cmocka_unit_test(a_shorter_run_lets_go_at_its_end),
    cmocka_unit_test(a_longer_run_is_held_to_its_end),
    cmocka_unit_test(another_socket_lets_the_first_go),
    cmocka_unit_test(calls_answered_later_neither_hold_nor_are_waited_for),
    cmocka_unit_test(slow_handlers_do_not_hold_up_what_is_answered),
    cmocka_unit_test(large_answers_are_not_held),
    cmocka_unit_test(nothing_is_held_in_a_thread_that_sleeps),
    cmocka_unit_test(other_sockets_and_errors),
};

FC_TEST_MAIN(cases)

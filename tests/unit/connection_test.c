/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that gRPC core takes for failed while they are under way: errno was set by others after connect(). */
#include "tests/unit/rpc_fixture.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int to_spoil, connects;
static _Thread_local bool connecting;

/* Both instead of the C library's. Between them gRPC does what may set errno. */
__attribute__((visibility("default"))) int connect(int fd, __CONST_SOCKADDR_ARG address,
                                                   socklen_t length)
{
    int type = 0;
    socklen_t size = sizeof type;

    /* Addresses are tried with datagrams, to sort them. */
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM) {
        connecting = true;
        connects++;
    }
    return (int)syscall(SYS_connect, fd, address.__sockaddr__, length);
}

__attribute__((visibility("default"))) int epoll_ctl(int epoll, int operation, int fd,
                                                     struct epoll_event *event)
{
    int before = errno, rc = (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);

    if (rc == 0)
        errno = before;
    if (rc == 0 && connecting && operation == EPOLL_CTL_ADD) {
        connecting = false;
        if (atomic_fetch_sub(&to_spoil, 1) > 0)
            errno = ENOENT;
    }
    return rc;
}

static const struct fc_rpc_method methods[] = {RPC_METHOD("/test.Service/Echo", rpc_echo)};

static int setup(void **state)
{
    static struct rpc_fixture fixture;

    connects = 0;
    rpc_fixture_start(&fixture, NULL, methods, FC_ARRAY_LEN(methods));
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    rpc_fixture_done(*state);
    return 0;
}

static void one_that_failed_for_nothing_is_begun_anew(void **state)
{
    struct rpc_fixture *fixture = *state;

    to_spoil = 1;
    if (rpc_call_name(fixture, "/test.Service/Echo", "x", NULL) != FC_OK)
        fail_msg("%s", fixture->err.message);
    assert_int_equal(connects, 2);
    assert_int_equal(rpc_call_name(fixture, "/test.Service/Echo", "x", NULL), FC_OK);
    assert_int_equal(connects, 2);
}

static void one_that_comes_about_is_the_only_one(void **state)
{
    struct rpc_fixture *fixture = *state;

    to_spoil = 0;
    assert_int_equal(rpc_call_name(fixture, "/test.Service/Echo", "x", NULL), FC_OK);
    assert_int_equal(rpc_call_name(fixture, "/test.Service/Echo", "x", NULL), FC_OK);
    assert_int_equal(connects, 1);
}

/* Twice it is told; the channel goes on trying, and calls go through when it got through. */
static void one_that_fails_again_is_told(void **state)
{
    struct rpc_fixture *fixture = *state;

    to_spoil = 2;
    assert_int_equal(rpc_call_name(fixture, "/test.Service/Echo", "x", NULL), FC_UNAVAILABLE);
    assert_non_null(strstr(fixture->err.message, fixture->target));
    WAIT_FOR(rpc_call_name(fixture, "/test.Service/Echo", "x", NULL) == FC_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(one_that_failed_for_nothing_is_begun_anew),
    CASE(one_that_comes_about_is_the_only_one),
    CASE(one_that_fails_again_is_told),
};

FC_TEST_MAIN(cases)

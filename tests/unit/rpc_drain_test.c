/* SPDX-License-Identifier: Apache-2.0 */
/* What a stop costs the clients, and what a flood of connections costs everyone else. */
#include "tests/unit/rpc_fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void *reply_soon(void *arg)
{
    Message answer = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;

    usleep(300);
    answer.name = (char *)"soon";
    fc_rpc_reply(arg, &answer.base);
    return NULL;
}

static void soon(struct fc_rpc_call *call, void *ctx FC_UNUSED,
                 const ProtobufCMessage *request FC_UNUSED)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, reply_soon, call), 0);
    pthread_detach(thread);
}

static const struct fc_rpc_method methods[] = {
    RPC_METHOD("/test.Service/Echo", rpc_echo),
    RPC_METHOD("/test.Service/Soon", soon),
};

struct loop {
    const char *target, *path;
    _Atomic bool *stop;
    _Atomic unsigned calls;
    unsigned failures;
    struct fc_error first;
};

/* Asks, waits for the answer, asks again. */
static void *closed_loop(void *arg)
{
    struct loop *loop = arg;
    struct rpc_fixture mine = {.arena = fc_arena_new(1 << 20),
                               .channel = rpc_connect(loop->target)};

    while (!*loop->stop) {
        if (rpc_call_name(&mine, loop->path, "x", NULL) != FC_OK) {
            if (loop->failures++ == 0)
                loop->first = mine.err;
        }
        loop->calls++;
        fc_arena_reset(mine.arena);
    }
    fc_channel_close(mine.channel);
    fc_arena_free(mine.arena);
    return NULL;
}

/* Two servers behind one name: the first stops under load, and no client may notice. */
static void drain_costs_no_call(void **state FC_UNUSED)
{
    enum { LOOPS = 12 };
    const struct fc_rpc_options options = {.threads = 2, .drain_ns = MINUTE_NS};
    struct rpc_fixture first = {0}, second = {0};
    struct loop loops[LOOPS];
    pthread_t threads[LOOPS];
    char target[160];

    for (int round = 0; round < 5; round++) {
        _Atomic bool stop = false;
        rpc_fixture_start(&first, &options, methods, FC_ARRAY_LEN(methods));
        rpc_fixture_start(&second, &options, methods, FC_ARRAY_LEN(methods));
        snprintf(target, sizeof(target), "ipv4:%s,%s", first.target, second.target);
        for (int i = 0; i < LOOPS; i++) {
            loops[i] = (struct loop){.target = target,
                                     .path = i % 2 ? "/test.Service/Soon" : "/test.Service/Echo",
                                     .stop = &stop};
            assert_int_equal(pthread_create(&threads[i], NULL, closed_loop, &loops[i]), 0);
        }
        for (int i = 0; i < LOOPS; i++)
            WAIT_FOR(loops[i].calls > 10);
        fc_rpc_server_stop(first.server);
        WAIT_FOR(rpc_stats_of(second.server, "/test.Service/Soon").started > 100);
        stop = true;
        for (int i = 0; i < LOOPS; i++) {
            pthread_join(threads[i], NULL);
            if (loops[i].failures > 0)
                fail_msg("round %d: client %d lost %u calls, first: %s %s", round, i,
                         loops[i].failures, fc_rc_name(loops[i].first.rc), loops[i].first.message);
        }
        rpc_fixture_done(&first);
        rpc_fixture_done(&second);
    }
}

static void lame_duck_serves_on(void **state FC_UNUSED)
{
    const struct fc_rpc_options options = {.threads = 1, .lame_duck_ns = 50 * FC_NS_PER_MS};
    struct rpc_fixture fixture = {0};
    int64_t before = fc_monotonic_ns(fc_sys_real());

    rpc_fixture_start(&fixture, &options, methods, FC_ARRAY_LEN(methods));
    fc_rpc_server_stop(fixture.server);
    assert_true(fc_monotonic_ns(fc_sys_real()) - before >= options.lame_duck_ns);
    rpc_fixture_done(&fixture);
}

static int connect_raw(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A client process of its own: it starts before the descriptors of this one are used up. */
struct crowd {
    pid_t pid;
    int talk; /* our end of the line to it */
};

static void crowd_main(int port, int wanted, int talk)
{
    char byte = 'x';

    /* What the parent had open is not ours. */
    for (int fd = 3; fd < 1024; fd++)
        if (fd != talk)
            close(fd);
    if (read(talk, &byte, 1) != 1)
        _exit(1);
    for (int i = 0; i < wanted; i++)
        if (connect_raw(port) < 0)
            break;
    if (write(talk, &byte, 1) != 1)
        _exit(1);
    (void)!read(talk, &byte, 1);
    _exit(0);
}

static void crowd_prepare(struct crowd *crowd, int port, int wanted)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    crowd->pid = fork();
    assert_true(crowd->pid >= 0);
    if (crowd->pid == 0)
        crowd_main(port, wanted, ends[1]);
    close(ends[1]);
    crowd->talk = ends[0];
}

/* Returns when the crowd has its connections; it says nothing on them. */
static void crowd_come(struct crowd *crowd)
{
    char byte = 'x';

    assert_int_equal(write(crowd->talk, &byte, 1), 1);
    assert_int_equal(read(crowd->talk, &byte, 1), 1);
}

static void crowd_leave(struct crowd *crowd)
{
    close(crowd->talk);
    assert_int_equal(waitpid(crowd->pid, NULL, 0), crowd->pid);
}

/* A client that tries once, on a connection of its own. */
static bool answers(const struct rpc_fixture *fixture)
{
    struct rpc_fixture mine = {.arena = fc_arena_new(1 << 20),
                               .channel = rpc_connect(fixture->target)};
    bool ok = rpc_call_name(&mine, "/test.Service/Echo", "x", NULL) == FC_OK;

    fc_channel_close(mine.channel);
    fc_arena_free(mine.arena);
    return ok;
}

static size_t open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void connections_over_the_limit_are_refused(void **state FC_UNUSED)
{
    const struct fc_rpc_options options = {.threads = 2, .max_connections = 40};
    struct rpc_fixture fixture = {0};
    struct crowd crowd;

    rpc_fixture_start(&fixture, &options, methods, FC_ARRAY_LEN(methods));
    assert_int_equal(rpc_call_name(&fixture, "/test.Service/Echo", "x", NULL), FC_OK);
    crowd_prepare(&crowd, fixture.port, 800);
    crowd_come(&crowd);
    /* Who was there before is served, and there are no more than the limit and what is kept for other uses. */
    for (int i = 0; i < 200; i++) {
        assert_int_equal(rpc_call_name(&fixture, "/test.Service/Echo", "x", NULL), FC_OK);
        assert_true(open_descriptors() < 40 + 256 + 10);
    }
    crowd_leave(&crowd);
    /* Everyone is, when the crowd has gone. */
    WAIT_FOR(answers(&fixture));
    rpc_fixture_done(&fixture);
}

/* All descriptors of this process, and how many it may have else. */
struct taken {
    struct rlimit before;
    int numbers[512];
    size_t count;
};

static void take_descriptors(struct taken *taken)
{
    struct rlimit low;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &taken->before), 0);
    low = taken->before;
    low.rlim_cur = 256;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    for (taken->count = 0; taken->count < FC_ARRAY_LEN(taken->numbers) &&
                           (taken->numbers[taken->count] = dup(0)) >= 0;)
        taken->count++;
    assert_true(taken->count > 0 && taken->count < FC_ARRAY_LEN(taken->numbers));
}

static void give_descriptors_back(struct taken *taken)
{
    while (taken->count > 0)
        close(taken->numbers[--taken->count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &taken->before), 0);
}

/* gRPC stops accepting for good at the first EMFILE that it sees. */
static void running_out_of_descriptors_is_survived(void **state FC_UNUSED)
{
    const struct fc_rpc_options options = {.threads = 2};
    struct rpc_fixture fixture = {0};
    struct taken taken;
    struct crowd crowd;

    rpc_fixture_start(&fixture, &options, methods, FC_ARRAY_LEN(methods));
    assert_int_equal(rpc_call_name(&fixture, "/test.Service/Echo", "x", NULL), FC_OK);
    crowd_prepare(&crowd, fixture.port, 100);
    take_descriptors(&taken);
    crowd_come(&crowd);
    assert_int_equal(rpc_call_name(&fixture, "/test.Service/Echo", "x", NULL), FC_OK);
    give_descriptors_back(&taken);
    crowd_leave(&crowd);
    WAIT_FOR(answers(&fixture));
    rpc_fixture_done(&fixture);
}

/* gRPC is told of a listener when one more connection comes: what is left behind an answer of "none" would wait for it. */
static void without_descriptors_no_connection_is_left_waiting(void **state FC_UNUSED)
{
    const struct fc_rpc_options options = {.threads = 1};
    struct rpc_fixture fixture = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct taken taken;
    int clients[100];

    rpc_fixture_start(&fixture, &options, methods, FC_ARRAY_LEN(methods));
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(listener, FC_ARRAY_LEN(clients)), 0);
    for (size_t i = 0; i < FC_ARRAY_LEN(clients); i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(clients[i], (struct sockaddr *)&address, size), 0);
    }
    take_descriptors(&taken);
    assert_int_equal(accept4(listener, NULL, NULL, SOCK_CLOEXEC), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 0), 0);
    give_descriptors_back(&taken);
    for (size_t i = 0; i < FC_ARRAY_LEN(clients); i++)
        close(clients[i]);
    close(listener);
    rpc_fixture_done(&fixture);
}

static void half_open_connections_are_closed(void **state FC_UNUSED)
{
    const struct fc_rpc_options options = {.threads = 1,
                                           .handshake_timeout_ns = 100 * FC_NS_PER_MS};
    struct rpc_fixture fixture = {0};
    char bytes[256];
    int fds[20];

    rpc_fixture_start(&fixture, &options, methods, FC_ARRAY_LEN(methods));
    for (size_t i = 0; i < FC_ARRAY_LEN(fds); i++)
        fds[i] = connect_raw(fixture.port);
    for (size_t i = 0; i < FC_ARRAY_LEN(fds); i++) {
        assert_true(fds[i] >= 0);
        while (read(fds[i], bytes, sizeof(bytes)) > 0) /* until the server closes it */
            ;
        close(fds[i]);
    }
    assert_true(answers(&fixture));
    rpc_fixture_done(&fixture);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(drain_costs_no_call),
    cmocka_unit_test(lame_duck_serves_on),
    cmocka_unit_test(connections_over_the_limit_are_refused),
    cmocka_unit_test(running_out_of_descriptors_is_survived),
    cmocka_unit_test(without_descriptors_no_connection_is_left_waiting),
    cmocka_unit_test(half_open_connections_are_closed),
};

FC_TEST_MAIN(cases)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would ThreadSanitizer see a race between two calls? gRPC is not instrumented, so that a run without reports says little
 * by itself: marks too generous (TAG_ACQUIRE) or a load on one connection alone, which one thread serves, hide races.
 * Therefore a race is planted here, and it must be found.
 */
#include "tests/unit/rpc_fixture.h"

#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A connection belongs to one thread of the server; with so many of them each thread has some. */
enum { CONNECTIONS = 8, CALLS = 200, FOUND = 66, OUTPUT_MAX = 64 << 10 };

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN true
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN false
#endif

#define IN_CHILD "FC_RACE_CANARY"

static long race_canary;

static void race(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *request)
{
    race_canary++;
    rpc_echo(call, ctx, request);
}

struct client {
    const char *target;
    struct fc_error first; /* and last: it gives up then */
};

static void *call_often(void *arg)
{
    struct client *client = arg;
    struct rpc_fixture mine = {.arena = fc_arena_new(1 << 20),
                               .channel = rpc_connect(client->target)};

    for (unsigned i = 0; i < CALLS && client->first.rc == FC_OK; i++) {
        if (rpc_call_name(&mine, "/test.Service/Race", "x", NULL) != FC_OK)
            client->first = mine.err;
        fc_arena_reset(mine.arena);
    }
    fc_channel_close(mine.channel);
    fc_arena_free(mine.arena);
    return NULL;
}

static void load(fc_rpc_handler_fn handler)
{
    const struct fc_rpc_method method = RPC_METHOD("/test.Service/Race", handler);
    struct rpc_fixture fixture = {0};
    struct client clients[CONNECTIONS];
    pthread_t threads[CONNECTIONS];

    rpc_fixture_start(&fixture, NULL, &method, 1);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        clients[i] = (struct client){.target = fixture.target};
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &clients[i]), 0);
    }
    for (size_t i = 0; i < CONNECTIONS; i++) {
        pthread_join(threads[i], NULL);
        if (clients[i].first.rc != FC_OK)
            fail_msg("client %zu: %s", i, clients[i].first.message);
    }
    rpc_fixture_done(&fixture);
}

/* This program again, with the canary; its output and how it ended. */
static int run_with_canary(char *output, size_t size)
{
    char path[] = "/proc/self/exe", name[] = "canary_is_found", flag[] = IN_CHILD "=1";
    char options[] = "TSAN_OPTIONS=halt_on_error=1:exitcode=66:ignore_noninstrumented_modules=1";
    char *argv[] = {path, name, NULL}, *environment[] = {flag, options, NULL};
    posix_spawn_file_actions_t actions;
    size_t length = 0;
    ssize_t got;
    pid_t child;
    int ends[2], status;

    assert_int_equal(pipe(ends), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    assert_int_equal(posix_spawn(&child, path, &actions, NULL, argv, environment), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    while (length < size - 1 && (got = read(ends[0], output + length, size - 1 - length)) > 0)
        length += (size_t)got;
    output[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void canary_is_found(void **state FC_UNUSED)
{
    static char output[OUTPUT_MAX];
    int status;

    if (!UNDER_TSAN)
        skip();
    if (getenv(IN_CHILD)) {
        load(race);
        return;
    }
    status = run_with_canary(output, sizeof(output));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != FOUND || !strstr(output, "data race") ||
        !strstr(output, "race_canary"))
        fail_msg("the planted race was not found, status 0x%x:\n%s", (unsigned)status, output);
}

/* The same load without it: whatever is found here is ours. */
static void load_without_canary(void **state FC_UNUSED)
{
    load(rpc_echo);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(canary_is_found),
    cmocka_unit_test(load_without_canary),
};

FC_TEST_MAIN(cases)

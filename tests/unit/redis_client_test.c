/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to servers that are on the move. They are stand-ins, which answer what real ones do at such a moment. */
#include "tests/unit/harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sys.h"
#include "storage/redis/client.h"
#include "storage/redis/slot.h"
#include "storage/redis/wire.h"
#include "tests/support/local_port.h"

/* Tries before the client is told to give up. */
#define AGAIN_MAX 6
#define KEY       "a"

/* A node that has all slots, and one that is to get the key's: nobody listens there. */
struct fixture {
    int listener, away;
    uint16_t port, away_port;
    pthread_t thread;
    /* What the server of the first connection answers from now on; NULL: it is as before. */
    _Atomic(const char *) demoted;
    atomic_uint connections;
    unsigned asked; /* for the key */
    struct fc_redis_client *client;
    const char *expected; /* why it tries again */
    unsigned again;       /* its tries */
    struct fc_error err;
};

/* The first word of a command; false when there is none any more. */
static bool read_command(FILE *stream, char word[64])
{
    char line[64], text[64];

    if (!fgets(line, sizeof(line), stream) || line[0] != '*')
        return false;
    long words = strtol(line + 1, NULL, 10);
    for (long i = 0; i < words; i++) {
        /* No word here has a line of its own end, or is longer than that. */
        if (!fgets(line, sizeof(line), stream) || !fgets(text, sizeof(text), stream))
            return false;
        if (i == 0)
            (void)snprintf(word, 64, "%.*s", (int)strcspn(text, "\r\n"), text);
    }
    return true;
}

static void answer(struct fixture *f, FILE *stream, const char *word)
{
    if (strcmp(word, "CLUSTER") == 0)
        fprintf(stream, "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%u\r\n", f->port);
    else if (strcmp(word, "GET") == 0 && f->demoted)
        fprintf(stream, f->connections == 1 ? "-%s\r\n" : "$4\r\nhere\r\n", f->demoted);
    else if (strcmp(word, "GET") == 0 && f->asked++ == 0)
        fprintf(stream, "-ASK %u 127.0.0.1:%u\r\n", fc_redis_slot(FC_STR(KEY)), f->away_port);
    else if (strcmp(word, "GET") == 0)
        fprintf(stream, "$4\r\nhere\r\n");
    else
        fprintf(stream, "+PONG\r\n");
}

static void *serve(void *ctx)
{
    struct fixture *f = ctx;
    char word[64];
    int fd = -1;

    while ((fd = accept(f->listener, NULL, NULL)) >= 0) {
        f->connections++;
        FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
        while (in && out && read_command(in, word)) {
            answer(f, out, word);
            (void)fflush(out);
        }
        if (in)
            (void)fclose(in);
        if (out)
            (void)fclose(out);
    }
    return NULL;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    *state = f;
    f->listener = test_local_port(&f->port);
    f->away = test_local_port(&f->away_port);
    assert_int_equal(listen(f->listener, 4), 0);
    return pthread_create(&f->thread, NULL, serve, f);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_redis_client_free(f->client);
    /* Ends the accept. */
    (void)shutdown(f->listener, SHUT_RDWR);
    (void)pthread_join(f->thread, NULL);
    (void)close(f->listener);
    (void)close(f->away);
    free(f);
    return 0;
}

static bool again(void *ctx, const char *why)
{
    struct fixture *f = ctx;

    assert_non_null(strstr(why, f->expected));
    return ++f->again < AGAIN_MAX;
}

/* What the key's holder says in the end. */
static void gets(struct fixture *f, bool cluster, unsigned count)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf command = FC_BUF_INIT;
    const struct fc_redis_node_name node = {.host = "127.0.0.1", .port = f->port};
    const struct fc_redis_config config = {.url = "redis://127.0.0.1",
                                           .nodes = &node,
                                           .node_count = 1,
                                           .cluster = cluster,
                                           .username = "",
                                           .password = "",
                                           .ca_file = "",
                                           .cert_file = "",
                                           .key_file = "",
                                           .timeout_ns = 60 * FC_NS_PER_S,
                                           .patience_ns = 600 * FC_NS_PER_S};
    struct fc_redis_call calls[2];

    fc_redis_begin(&command, 2);
    fc_redis_word(&command, FC_STR("GET"));
    fc_redis_word(&command, FC_STR(KEY));
    for (unsigned i = 0; i < count; i++)
        calls[i] = (struct fc_redis_call){.key = FC_STR(KEY),
                                          .bytes = {.ptr = command.ptr, .len = command.len}};
    assert_int_equal(fc_redis_client_new(&config, &f->client, &f->err), FC_OK);
    fc_redis_client_again(f->client, again, f);
    fc_rc rc = fc_redis_run(f->client, calls, count, &f->err);
    if (rc != FC_OK)
        fail_msg("%s", f->err.message);
    for (unsigned i = 0; i < count; i++)
        assert_string_equal(calls[i].reply->str, "here");
    fc_redis_calls_done(calls, count);
}

/* The node that a slot moves to dies, and the slot stays where it was: that is to be asked, not the dead one for ever. */
static void a_node_that_was_asked_once_and_is_gone_is_not_asked_again(void **state)
{
    struct fixture *f = *state;

    f->expected = "Connection refused";
    gets(f, true, 1);
}

/* Its name leads to the new master by then, the connection to the old one for as long as it stands. */
static void a_master_that_is_a_replica_now_is_looked_for_anew(void **state)
{
    struct fixture *f = *state;

    f->expected = "READONLY You can't write against a read only replica.";
    f->demoted = f->expected;
    gets(f, false, 2);
    assert_int_equal(f->connections, 2);
}

static void a_replica_that_lost_its_master_is_left(void **state)
{
    struct fixture *f = *state;

    f->expected =
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
    f->demoted = f->expected;
    gets(f, false, 1);
    assert_int_equal(f->connections, 2);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(a_node_that_was_asked_once_and_is_gone_is_not_asked_again,
                                    setup, teardown),
    cmocka_unit_test_setup_teardown(a_master_that_is_a_replica_now_is_looked_for_anew, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(a_replica_that_lost_its_master_is_left, setup, teardown),
};

FC_TEST_MAIN(cases)

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/frame.h"
#include "feast/worker/v1/worker.pb-c.h"

#define TYPE (&feast__worker__v1__worker_message__descriptor)

struct fixture {
    int ours, theirs;
    struct fc_arena *arena;
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    int ends[2];

    if (!fixture || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    fixture->ours = ends[0];
    fixture->theirs = ends[1];
    fixture->arena = fc_arena_new(1 << 20);
    *state = fixture;
    return fixture->arena ? 0 : -1;
}

static void hang_up(struct fixture *fixture)
{
    if (fixture->theirs >= 0)
        close(fixture->theirs);
    fixture->theirs = -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    hang_up(fixture);
    close(fixture->ours);
    fc_arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static fc_rc write_id(int fd, const char *id, struct fc_error *err)
{
    Feast__Worker__V1__WorkerMessage message = FEAST__WORKER__V1__WORKER_MESSAGE__INIT;

    message.id = (char *)id;
    return fc_frame_write(fd, &message.base, err);
}

static fc_rc read_message(struct fixture *fixture, int64_t deadline_ns, const char **ret_id)
{
    ProtobufCMessage *message = NULL;
    fc_rc rc = fc_frame_read(fixture->ours, TYPE, fixture->arena, fc_sys_real(), deadline_ns,
                             &message, &fixture->err);

    if (rc == FC_OK)
        *ret_id = ((Feast__Worker__V1__WorkerMessage *)message)->id;
    return rc;
}

static void send_raw(struct fixture *fixture, const char *bytes, size_t size)
{
    assert_int_equal(send(fixture->theirs, bytes, size, MSG_NOSIGNAL), size);
}

static void messages_go_through_in_order(void **state)
{
    struct fixture *fixture = *state;
    const char *id = NULL;

    assert_int_equal(write_id(fixture->theirs, "one", &fixture->err), FC_OK);
    assert_int_equal(write_id(fixture->theirs, "", &fixture->err), FC_OK);
    assert_int_equal(write_id(fixture->theirs, "three", &fixture->err), FC_OK);
    assert_int_equal(read_message(fixture, 0, &id), FC_OK);
    assert_string_equal(id, "one");
    assert_int_equal(read_message(fixture, 0, &id), FC_OK);
    assert_string_equal(id, "");
    assert_int_equal(read_message(fixture, 0, &id), FC_OK);
    assert_string_equal(id, "three");
}

static void layout_is_length_and_message(void **state)
{
    struct fixture *fixture = *state;
    char bytes[16];

    assert_int_equal(write_id(fixture->theirs, "ab", &fixture->err), FC_OK);
    assert_int_equal(recv(fixture->ours, bytes, sizeof(bytes), 0), 8);
    assert_memory_equal(bytes,
                        "\0\0\0\x04\x0a\x02"
                        "ab",
                        8);
}

struct big {
    int fd;
    size_t size;
    fc_rc rc;
};

static void *write_big(void *arg)
{
    struct big *big = arg;
    struct fc_error err = FC_ERROR_INIT;
    char *id = malloc(big->size + 1);

    memset(id, 'x', big->size);
    id[big->size] = 0;
    big->rc = write_id(big->fd, id, &err);
    free(id);
    return NULL;
}

/* Larger than any socket buffer: the writer blocks in the middle, the reader gets it in pieces. */
static void large_message_goes_through(void **state)
{
    struct fixture *fixture = *state;
    struct big big = {.fd = fixture->theirs, .size = 8 << 20};
    struct fc_arena *large = fc_arena_new(32 << 20);
    ProtobufCMessage *message = NULL;
    pthread_t thread;

    assert_non_null(large);
    assert_int_equal(pthread_create(&thread, NULL, write_big, &big), 0);
    assert_int_equal(fc_frame_read(fixture->ours, TYPE, large, NULL, 0, &message, &fixture->err),
                     FC_OK);
    assert_int_equal(strlen(((Feast__Worker__V1__WorkerMessage *)message)->id), big.size);
    pthread_join(thread, NULL);
    assert_int_equal(big.rc, FC_OK);
    fc_arena_free(large);
}

static void message_over_the_arena_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct big big = {.fd = fixture->theirs, .size = 2 << 20};
    const char *id;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, write_big, &big), 0);
    assert_int_equal(read_message(fixture, 0, &id), FC_RESOURCE_EXHAUSTED);
    pthread_join(thread, NULL);
}

static void closed_peer_is_unavailable(void **state)
{
    struct fixture *fixture = *state;
    const char *id;

    hang_up(fixture);
    assert_int_equal(read_message(fixture, 0, &id), FC_UNAVAILABLE);
    assert_int_equal(fixture->err.reason, FC_REASON_WORKER_FAILED);
    assert_null(strstr(fixture->err.message, "within"));
    /* and writing to it is an error, not a signal */
    assert_int_equal(write_id(fixture->ours, "x", &fixture->err), FC_UNAVAILABLE);
}

static void closed_within_a_message(void **state)
{
    struct fixture *fixture = *state;
    const char *id;

    send_raw(fixture, "\0\0\0\x09\x0a", 5);
    hang_up(fixture);
    assert_int_equal(read_message(fixture, 0, &id), FC_UNAVAILABLE);
    assert_non_null(strstr(fixture->err.message, "within a message"));
}

static void lying_length_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const char *id;

    send_raw(fixture, "\xff\xff\xff\xff", 4);
    assert_int_equal(read_message(fixture, 0, &id), FC_UNAVAILABLE);
    assert_non_null(strstr(fixture->err.message, "4294967295"));
}

static void garbage_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const char *id;

    send_raw(fixture, "\0\0\0\x03\x0a\x7f\x7f", 7);
    assert_int_equal(read_message(fixture, 0, &id), FC_UNAVAILABLE);
    assert_int_equal(fixture->err.reason, FC_REASON_WORKER_FAILED);
    assert_non_null(strstr(fixture->err.message, "no valid message"));
}

static void deadline_ends_the_wait(void **state)
{
    struct fixture *fixture = *state;
    const char *id;

    send_raw(fixture, "\0\0", 2);
    assert_int_equal(read_message(fixture, fc_monotonic_ns(fc_sys_real()) + 5 * FC_NS_PER_MS, &id),
                     FC_DEADLINE_EXCEEDED);
    assert_int_equal(read_message(fixture, 1, &id), FC_DEADLINE_EXCEEDED);
}

static void poll_takes_what_is_there(void **state)
{
    static const char bytes[] = "\0\0\0\x04\x0a\x02"
                                "ab";
    struct fixture *fixture = *state;
    struct fc_frame_reader reader = FC_FRAME_READER_INIT;
    ProtobufCMessage *message = NULL;

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
            assert_int_equal(fc_frame_poll(&reader, fixture->ours, TYPE, fixture->arena, &message,
                                           &fixture->err),
                             FC_OK);
            assert_null(message);
            send_raw(fixture, bytes + i, 1);
        }
        assert_int_equal(
            fc_frame_poll(&reader, fixture->ours, TYPE, fixture->arena, &message, &fixture->err),
            FC_OK);
        assert_non_null(message);
        assert_string_equal(((Feast__Worker__V1__WorkerMessage *)message)->id, "ab");
    }
    send_raw(fixture, bytes, 6);
    assert_int_equal(
        fc_frame_poll(&reader, fixture->ours, TYPE, fixture->arena, &message, &fixture->err),
        FC_OK);
    assert_null(message);
    fc_frame_reader_done(&reader);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static const struct CMUnitTest cases[] = {
    CASE(messages_go_through_in_order), CASE(layout_is_length_and_message),
    CASE(large_message_goes_through),   CASE(message_over_the_arena_is_told),
    CASE(closed_peer_is_unavailable),   CASE(closed_within_a_message),
    CASE(lying_length_is_refused),      CASE(garbage_is_refused),
    CASE(deadline_ends_the_wait),       CASE(poll_takes_what_is_there),
};

FC_TEST_MAIN(cases)

/* SPDX-License-Identifier: Apache-2.0 */
/* Unary calls, errors, limits, addresses. Streams and the drain: rpc_stream_test.c, rpc_drain_test.c. */
#include "tests/unit/rpc_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "feast/core/CoreService.pb-c.h"

/* Fails with as many violations as the request's name says, "N" or "N:length of each text". */
static void fail_handler(struct fc_rpc_call *call, void *ctx FC_UNUSED,
                         const ProtobufCMessage *request)
{
    const char *name = ((const Message *)request)->name, *colon = strchr(name, ':');
    int count = (int)strtol(name, NULL, 10);
    int length = colon ? (int)strtol(colon + 1, NULL, 10) : 10;
    struct fc_violations list;
    struct fc_error err = FC_ERROR_INIT;

    fc_violations_init(&list, fc_rpc_arena(call));
    for (int i = 0; i < count; i++) {
        char field[40];
        snprintf(field, sizeof(field), "table_spec.features[%d].name", i);
        fc_violations_add(&list, FC_REASON_NAME_INVALID, field, "%0*d is no name", length, i);
    }
    if (count == 0)
        (void)fc_fail_field(&err, FC_REASON_ENTITY_NOT_FOUND, "name",
                            "no entity \"Z\xc3\xbcrich\" in 100 %% of projects");
    else
        (void)!fc_violations_to_error(&list, &err);
    fc_rpc_fail(call, &err, &list);
}

/* Tells the caller what the server knows of the call. */
static void describe(struct fc_rpc_call *call, void *ctx FC_UNUSED, const ProtobufCMessage *request)
{
    Message answer = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    const char *key = ((const Message *)request)->name;
    const char *value = fc_rpc_metadata(call, key);
    bool limited = fc_rpc_deadline_ns(call) != INT64_MAX;

    answer.name = fc_arena_printf(fc_rpc_arena(call), "%s|%s|%s|%s|%zu", value ? value : "(none)",
                                  fc_rpc_request_id(call), limited ? "deadline" : "forever",
                                  fc_rpc_peer(call), fc_rpc_request_bytes(call).len);
    fc_rpc_add_trailer(call, "feast-validation-verdict", "passed");
    fc_rpc_add_trailer(call, "Bad Key", "left out");
    fc_rpc_add_trailer(call, "bad-value", "line\nbreak");
    fc_rpc_reply(call, &answer.base);
}

static void *reply_later(void *arg)
{
    Message answer = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;

    usleep(2000);
    answer.name = (char *)"from another thread";
    fc_rpc_reply(arg, &answer.base);
    return NULL;
}

static void later(struct fc_rpc_call *call, void *ctx FC_UNUSED,
                  const ProtobufCMessage *request FC_UNUSED)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, reply_later, call), 0);
    pthread_detach(thread);
}

static _Atomic int cancelled_seen, patient_calls;

static void *wait_cancelled(void *arg)
{
    struct fc_rpc_call *call = arg;
    struct fc_error err = FC_ERROR_INIT;

    while (!fc_rpc_cancelled(call))
        usleep(1000);
    cancelled_seen++;
    (void)fc_fail(&err, FC_REASON_CANCELLED, "/test.Service/Patient: nobody waits any more");
    fc_rpc_fail(call, &err, NULL);
    return NULL;
}

static void patient(struct fc_rpc_call *call, void *ctx FC_UNUSED,
                    const ProtobufCMessage *request FC_UNUSED)
{
    pthread_t thread;

    patient_calls++;
    assert_int_equal(pthread_create(&thread, NULL, wait_cancelled, call), 0);
    pthread_detach(thread);
}

static void bytes_handler(struct fc_rpc_call *call, void *ctx FC_UNUSED,
                          const ProtobufCMessage *request FC_UNUSED)
{
    fc_rpc_reply_bytes(call, fc_rpc_request_bytes(call));
}

static const struct fc_rpc_method methods[] = {
    RPC_METHOD("/test.Service/Echo", rpc_echo),
    RPC_METHOD("/test.Service/Fail", fail_handler),
    RPC_METHOD("/test.Service/Describe", describe),
    RPC_METHOD("/test.Service/Later", later),
    RPC_METHOD("/test.Service/Patient", patient),
    RPC_METHOD("/test.Service/Bytes", bytes_handler),
    {.path = "/test.Service/Nothing",
     .request = MESSAGE_TYPE,
     .response = MESSAGE_TYPE,
     .unimplemented = "Nothing is not served; use Echo"},
};

static int setup_with(void **state, const struct fc_rpc_options *options)
{
    struct rpc_fixture *fixture = calloc(1, sizeof *fixture);

    rpc_fixture_start(fixture, options, methods, FC_ARRAY_LEN(methods));
    *state = fixture;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, NULL);
}

static int setup_small(void **state)
{
    const struct fc_rpc_options options = {.threads = 2,
                                           .max_message_bytes = 64 << 10,
                                           .max_call_bytes = 256 << 10,
                                           .access_log = true};

    return setup_with(state, &options);
}

static int teardown(void **state)
{
    rpc_fixture_done(*state);
    free(*state);
    return 0;
}

static fc_rc call_bytes(struct rpc_fixture *fixture, const char *path, fc_str bytes)
{
    struct fc_channel_request request = {.path = path,
                                         .bytes = bytes,
                                         .response = MESSAGE_TYPE,
                                         .timeout_ns = MINUTE_NS,
                                         .arena = fixture->arena};

    fixture->err = (struct fc_error)FC_ERROR_INIT;
    return fc_channel_call(fixture->channel, &request, &fixture->reply, &fixture->err);
}

static void unary(void **state)
{
    struct rpc_fixture *fixture = *state;
    const char *name = NULL;

    for (int i = 0; i < 100; i++) {
        assert_int_equal(rpc_call_name(fixture, "/test.Service/Echo", "hello", &name), FC_OK);
        assert_string_equal(name, "hello");
    }
    WAIT_FOR(rpc_stats_of(fixture->server, "/test.Service/Echo").handled[FC_OK] == 100);
    assert_int_equal(rpc_stats_of(fixture->server, "/test.Service/Echo").started, 100);
    assert_int_equal(
        rpc_stats_of(fixture->server, "/test.Service/Echo").buckets[FC_RPC_BUCKETS - 1], 100);
    assert_true(rpc_stats_of(fixture->server, "/test.Service/Echo").seconds_sum > 0);
}

static void raw_bytes_keep_unknown_fields(void **state)
{
    struct rpc_fixture *fixture = *state;
    const Message *answer;

    assert_int_equal(call_bytes(fixture, "/test.Service/Bytes", FC_STR("\x0a\x01x\xa2\x1f\x01y")),
                     FC_OK);
    answer = (const Message *)fixture->reply.message;
    assert_string_equal(answer->name, "x");
    assert_int_equal(answer->base.n_unknown_fields, 1);
    assert_int_equal(call_bytes(fixture, "/test.Service/Bytes", (fc_str){0}), FC_OK);
}

static void what_a_call_knows(void **state)
{
    struct rpc_fixture *fixture = *state;
    const struct fc_channel_metadata metadata[] = {{"feast-validation", "strict"},
                                                   {"x-request-id", "client-7"},
                                                   {"feast-validation", "second"}};
    Message message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    struct fc_channel_request request = {.path = "/test.Service/Describe",
                                         .message = &message.base,
                                         .response = MESSAGE_TYPE,
                                         .timeout_ns = MINUTE_NS,
                                         .metadata = metadata,
                                         .metadata_count = 3,
                                         .arena = fixture->arena};
    const char *name;

    message.name = (char *)"feast-validation";
    assert_int_equal(fc_channel_call(fixture->channel, &request, &fixture->reply, &fixture->err),
                     FC_OK);
    name = ((Message *)fixture->reply.message)->name;
    assert_ptr_equal(strstr(name, "strict|client-7|deadline|ipv4:127.0.0.1:"), name);
    assert_non_null(strstr(name, "|18"));
    assert_int_equal(fixture->reply.trailer_count, 1);
    assert_string_equal(fixture->reply.trailers[0].key, "feast-validation-verdict");
    assert_string_equal(fixture->reply.trailers[0].value, "passed");
    request.metadata_count = 0;
    request.timeout_ns = 0;
    assert_int_equal(fc_channel_call(fixture->channel, &request, &fixture->reply, &fixture->err),
                     FC_OK);
    name = ((Message *)fixture->reply.message)->name;
    assert_ptr_equal(strstr(name, "(none)|"), name);
    assert_non_null(strstr(name, "|forever|"));
}

/* An id that could break a log line is not taken over. */
static void insane_request_id_is_replaced(void **state)
{
    struct rpc_fixture *fixture = *state;
    const struct fc_channel_metadata metadata[] = {{"x-request-id", "a b=\"c\""}};
    Message message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    struct fc_channel_request request = {.path = "/test.Service/Describe",
                                         .message = &message.base,
                                         .response = MESSAGE_TYPE,
                                         .timeout_ns = MINUTE_NS,
                                         .metadata = metadata,
                                         .metadata_count = 1,
                                         .arena = fixture->arena};

    message.name = (char *)"x";
    assert_int_equal(fc_channel_call(fixture->channel, &request, &fixture->reply, &fixture->err),
                     FC_OK);
    assert_null(strstr(((Message *)fixture->reply.message)->name, "a b"));
}

static void failure_carries_reason_field_and_text(void **state)
{
    struct rpc_fixture *fixture = *state;

    assert_int_equal(rpc_call_name(fixture, "/test.Service/Fail", "0", NULL), FC_NOT_FOUND);
    assert_int_equal(fixture->err.reason, FC_REASON_ENTITY_NOT_FOUND);
    assert_string_equal(fixture->err.field, "name");
    assert_string_equal(fixture->err.message, "no entity \"Z\xc3\xbcrich\" in 100 % of projects");
    assert_non_null(fixture->reply.request_id);
    assert_false(fixture->err.retryable);
    WAIT_FOR(rpc_stats_of(fixture->server, "/test.Service/Fail").handled[FC_NOT_FOUND] == 1);
}

static void violations_arrive_in_order(void **state)
{
    struct rpc_fixture *fixture = *state;

    assert_int_equal(rpc_call_name(fixture, "/test.Service/Fail", "5", NULL), FC_INVALID_ARGUMENT);
    assert_int_equal(fixture->reply.violations.count, 5);
    assert_string_equal(fixture->reply.violations.items[4].field, "table_spec.features[4].name");
    assert_string_equal(fixture->reply.violations.items[4].message, "0000000004 is no name");
    assert_int_equal(fixture->reply.violations.items[4].reason, FC_REASON_NAME_INVALID);
    assert_non_null(strstr(fixture->err.message, "0000000003 is no name; 0000000004 is no name"));
}

/* The client accepts 8 KiB of trailers: whatever the server has to say, the status gets through whole. */
static void long_failures_stay_readable(void **state)
{
    static const char *const sizes[] = {"1:900",  "1:2900",   "1:4000", "100",
                                        "300:30", "1000:100", "20:200", "7:500"};
    struct rpc_fixture *fixture = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(sizes); i++) {
        assert_int_equal(rpc_call_name(fixture, "/test.Service/Fail", sizes[i], NULL),
                         FC_INVALID_ARGUMENT);
        if (fixture->err.reason != FC_REASON_NAME_INVALID || !fixture->reply.request_id)
            fail_msg("details of %s are lost", sizes[i]);
        assert_true(strlen(fixture->err.message) > 500);
    }
}

static void unknown_and_unserved_methods(void **state)
{
    struct rpc_fixture *fixture = *state;

    assert_int_equal(rpc_call_name(fixture, "/test.Service/Nowhere", "x", NULL), FC_UNIMPLEMENTED);
    assert_non_null(strstr(fixture->err.message, "/test.Service/Nowhere"));
    assert_int_equal(fixture->err.reason, FC_REASON_NOT_IMPLEMENTED);
    assert_int_equal(rpc_call_name(fixture, "/test.Service/Nothing", "x", NULL), FC_UNIMPLEMENTED);
    assert_string_equal(fixture->err.message, "Nothing is not served; use Echo");
    WAIT_FOR(rpc_stats_of(fixture->server, "/unknown/unknown").handled[FC_UNIMPLEMENTED] == 1);
}

static void malformed_bytes_are_refused(void **state)
{
    struct rpc_fixture *fixture = *state;

    assert_int_equal(call_bytes(fixture, "/test.Service/Echo", FC_STR("\x0a\x7f")),
                     FC_INVALID_ARGUMENT);
    assert_int_equal(fixture->err.reason, FC_REASON_MALFORMED_MESSAGE);
    assert_string_equal(fixture->err.field, "name");
    assert_int_equal(call_bytes(fixture, "/test.Service/Echo", FC_STR("\x0a\x02\xff\xfe")),
                     FC_INVALID_ARGUMENT);
    assert_non_null(strstr(fixture->err.message, "UTF-8"));
    assert_int_equal(call_bytes(fixture, "/test.Service/Echo",
                                FC_STR("\x0a\x03"
                                       "a\0b")),
                     FC_INVALID_ARGUMENT);
    assert_int_equal(rpc_call_name(fixture, "/test.Service/Echo", "still here", NULL), FC_OK);
}

static void deep_nesting_is_refused(void **state)
{
    struct rpc_fixture *fixture = *state;
    size_t levels = 100000, size = 0;
    unsigned char *bytes = malloc(levels * 6), *at = bytes + levels * 6;

    assert_non_null(bytes);
    /* Built from the inside out: tag and length in front of what is there. */
    for (size_t i = 0; i < levels && size < (3u << 20); i++) {
        unsigned char length[5];
        size_t n = 0, left = size;
        do {
            length[n] = (unsigned char)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
            n++;
            left >>= 7;
        } while (left);
        at -= n;
        memcpy(at, length, n);
        *--at = 0x1a;
        size += n + 1;
    }
    assert_int_equal(
        call_bytes(fixture, "/test.Service/Echo", (fc_str){.ptr = (char *)at, .len = size}),
        FC_INVALID_ARGUMENT);
    assert_non_null(strstr(fixture->err.message, "too deep"));
    free(bytes);
}

static void too_large_is_refused(void **state)
{
    struct rpc_fixture *fixture = *state;
    char *name = calloc(1, 100 << 10);
    struct fc_buf empties = FC_BUF_INIT;

    assert_non_null(name);
    memset(name, 'x', (100 << 10) - 1);
    assert_int_equal(rpc_call_name(fixture, "/test.Service/Echo", name, NULL),
                     FC_RESOURCE_EXHAUSTED);
    free(name);
    /* A few bytes each on the wire, a structure each in memory: the arena of the call is the limit. */
    for (int i = 0; i < 20000; i++)
        fc_buf_append(&empties, "\x1a\x00", 2);
    assert_int_equal(
        call_bytes(fixture, "/test.Service/Echo", (fc_str){.ptr = empties.ptr, .len = empties.len}),
        FC_RESOURCE_EXHAUSTED);
    assert_int_equal(fixture->err.reason, FC_REASON_REQUEST_TOO_LARGE);
    fc_buf_done(&empties);
    assert_int_equal(rpc_call_name(fixture, "/test.Service/Echo", "still here", NULL), FC_OK);
}

static void answer_from_another_thread(void **state)
{
    struct rpc_fixture *fixture = *state;
    const char *name = NULL;

    for (int i = 0; i < 20; i++) {
        assert_int_equal(rpc_call_name(fixture, "/test.Service/Later", "x", &name), FC_OK);
        assert_string_equal(name, "from another thread");
    }
}

static void deadline_cancels(void **state)
{
    struct rpc_fixture *fixture = *state;
    Message message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    struct fc_channel_request request = {.path = "/test.Service/Patient",
                                         .message = &message.base,
                                         .response = MESSAGE_TYPE,
                                         .timeout_ns = 30 * FC_NS_PER_MS,
                                         .arena = fixture->arena};

    cancelled_seen = patient_calls = 0;
    /* On a busy machine a deadline may pass before its call has left: such a call the server never sees. */
    for (unsigned tries = 0; patient_calls == 0 && tries < 100; tries++) {
        assert_int_equal(
            fc_channel_call(fixture->channel, &request, &fixture->reply, &fixture->err),
            FC_DEADLINE_EXCEEDED);
        assert_non_null(strstr(fixture->err.message, "/test.Service/Patient"));
    }
    assert_true(patient_calls > 0);
    WAIT_FOR(cancelled_seen == patient_calls);
}

static void *call_and_vanish(void *arg)
{
    struct rpc_fixture *fixture = arg, mine = {.arena = fc_arena_new(1 << 20)};

    mine.channel = rpc_connect(fixture->target);
    (void)!rpc_call_name(&mine, "/test.Service/Patient", "x", NULL);
    fc_arena_free(mine.arena);
    fc_channel_close(mine.channel);
    return NULL;
}

/* Calls that nobody waits for: the stop cancels them once the drain is over. */
static void stop_cancels_what_is_left(void **state FC_UNUSED)
{
    const struct fc_rpc_options options = {.threads = 2, .drain_ns = 20 * FC_NS_PER_MS};
    struct rpc_fixture fixture = {0};
    pthread_t threads[4];

    rpc_fixture_start(&fixture, &options, methods, FC_ARRAY_LEN(methods));
    cancelled_seen = 0;
    for (size_t i = 0; i < FC_ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_and_vanish, &fixture), 0);
    WAIT_FOR(rpc_stats_of(fixture.server, "/test.Service/Patient").started ==
             FC_ARRAY_LEN(threads));
    fc_rpc_server_stop(fixture.server);
    assert_int_equal(cancelled_seen, FC_ARRAY_LEN(threads));
    for (size_t i = 0; i < FC_ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    rpc_fixture_done(&fixture);
}

struct caller {
    const char *target;
    unsigned number;
    char failure[256]; /* "" when there was none */
};

static void *call_often(void *arg)
{
    static const char *const paths[] = {"/test.Service/Echo", "/test.Service/Later",
                                        "/test.Service/Bytes"};
    struct caller *caller = arg;
    struct rpc_fixture mine = {.arena = fc_arena_new(1 << 20),
                               .channel = rpc_connect(caller->target)};
    char name[32];

    for (unsigned i = 0; i < 200 && !caller->failure[0]; i++) {
        const char *path = paths[i % FC_ARRAY_LEN(paths)], *answer = NULL;
        snprintf(name, sizeof(name), "caller %u call %u", caller->number, i);
        if (rpc_call_name(&mine, path, name, &answer) != FC_OK ||
            (i % FC_ARRAY_LEN(paths) != 1 && strcmp(answer, name) != 0))
            snprintf(caller->failure, sizeof caller->failure, "%s: %.200s", path, mine.err.message);
        fc_arena_reset(mine.arena);
    }
    fc_channel_close(mine.channel);
    fc_arena_free(mine.arena);
    return NULL;
}

static void many_connections_at_once(void **state)
{
    struct rpc_fixture *fixture = *state;
    struct caller callers[12];
    pthread_t threads[FC_ARRAY_LEN(callers)];

    for (unsigned i = 0; i < FC_ARRAY_LEN(callers); i++) {
        callers[i] = (struct caller){.target = fixture->target, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(callers); i++) {
        pthread_join(threads[i], NULL);
        if (callers[i].failure[0])
            fail_msg("caller %zu: %s", i, callers[i].failure);
    }
}

static void port_in_use_is_named(void **state)
{
    struct rpc_fixture *fixture = *state;
    struct fc_rpc_listen listens[] = {{.address = "127.0.0.1:0"}, {.address = fixture->target}};
    struct fc_rpc_options options = {.threads = 1};
    struct fc_rpc_server *server = NULL;

    assert_int_equal(fc_rpc_server_new(&options, &server, &fixture->err), FC_OK);
    assert_int_equal(fc_rpc_server_add(server, methods, FC_ARRAY_LEN(methods), &fixture->err),
                     FC_OK);
    assert_int_equal(fc_rpc_server_start(server, listens, 2, &fixture->err), FC_UNAVAILABLE);
    assert_non_null(strstr(fixture->err.message, fixture->target));
    assert_non_null(strstr(fixture->err.message, "Address already in use"));
    fc_rpc_server_free(server);
    assert_int_equal(rpc_call_name(fixture, "/test.Service/Echo", "still here", NULL), FC_OK);
}

static void bad_addresses_are_named(void **state FC_UNUSED)
{
    static const struct {
        const char *address;
        const char *text;
    } rows[] = {
        {"nonsense", "expected HOST:PORT"},
        {"127.0.0.1:", "expected HOST:PORT"},
        {"192.0.2.1:0", "Cannot assign requested address"},
        {"unix:", "1 to 107 characters"},
        {"unix:/nonexistent/dir/socket", "No such file or directory"},
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++) {
        struct fc_rpc_listen listen = {.address = rows[i].address};
        struct fc_rpc_options options = {.threads = 1};
        struct fc_rpc_server *server = NULL;
        struct fc_error err = FC_ERROR_INIT;

        assert_int_equal(fc_rpc_server_new(&options, &server, &err), FC_OK);
        assert_int_not_equal(fc_rpc_server_start(server, &listen, 1, &err), FC_OK);
        if (!strstr(err.message, rows[i].address) || !strstr(err.message, rows[i].text))
            fail_msg("\"%s\" for %s", err.message, rows[i].address);
        fc_rpc_server_free(server);
    }
}

static void unix_socket_and_port(void **state FC_UNUSED)
{
    char directory[] = "/tmp/fc-rpc-XXXXXX", address[64];
    struct fc_rpc_listen listens[2], again;
    struct fc_rpc_options options = {.threads = 1};
    struct rpc_fixture fixture = {.arena = fc_arena_new(1 << 20)};
    struct fc_rpc_server *second = NULL;
    const char *name = NULL;

    assert_non_null(mkdtemp(directory));
    snprintf(address, sizeof(address), "unix:%s/socket", directory);
    listens[0] = again = (struct fc_rpc_listen){.address = address};
    listens[1] = (struct fc_rpc_listen){.address = "[::1]:0"};
    assert_int_equal(fc_rpc_server_new(&options, &fixture.server, &fixture.err), FC_OK);
    assert_int_equal(fc_rpc_server_add(fixture.server, methods, 1, &fixture.err), FC_OK);
    assert_int_equal(fc_rpc_server_start(fixture.server, listens, 1, &fixture.err), FC_OK);
    assert_int_equal(listens[0].bound_port, 0);
    fixture.channel = rpc_connect(address);
    assert_int_equal(rpc_call_name(&fixture, "/test.Service/Echo", "by socket", &name), FC_OK);
    assert_string_equal(name, "by socket");
    /* A living server keeps its socket. */
    assert_int_equal(fc_rpc_server_new(&options, &second, &fixture.err), FC_OK);
    assert_int_equal(fc_rpc_server_start(second, &again, 1, &fixture.err), FC_UNAVAILABLE);
    assert_non_null(strstr(fixture.err.message, "another server"));
    fc_rpc_server_free(second);
    assert_int_equal(rpc_call_name(&fixture, "/test.Service/Echo", "by socket", &name), FC_OK);
    rpc_fixture_done(&fixture);
    unlink(address + strlen("unix:"));
    rmdir(directory);
}

static void unreachable_server_is_named(void **state)
{
    struct rpc_fixture *fixture = *state;

    fc_rpc_server_stop(fixture->server);
    fc_rpc_server_stop(fixture->server); /* a second time is nothing */
    assert_int_equal(rpc_call_name(fixture, "/test.Service/Echo", "x", NULL), FC_UNAVAILABLE);
    assert_int_equal(fixture->err.reason, FC_REASON_UNREACHABLE);
    assert_non_null(strstr(fixture->err.message, fixture->target));
    assert_true(fixture->err.retryable);
}

static void services_must_be_complete(void **state FC_UNUSED)
{
    struct fc_rpc_method row = RPC_METHOD("/feast.core.CoreService/GetFeastCoreVersion", rpc_echo);
    struct fc_rpc_options options = {.threads = 1};
    struct fc_rpc_server *server = NULL;
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(fc_rpc_server_new(&options, &server, &err), FC_OK);
    assert_int_equal(fc_rpc_server_add(server, &row, 1, &err), FC_OK);
    assert_int_equal(fc_rpc_server_require(server, &feast__core__core_service__descriptor, &err),
                     FC_INTERNAL);
    assert_non_null(strstr(err.message, "/feast.core.CoreService/"));
    assert_int_equal(fc_rpc_server_add(server, &row, 1, &err), FC_INTERNAL);
    assert_non_null(strstr(err.message, "twice"));
    fc_rpc_server_free(server);
}

#define CASE(name)       cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SMALL_CASE(name) cmocka_unit_test_setup_teardown(name, setup_small, teardown)
static const struct CMUnitTest cases[] = {
    CASE(unary),
    CASE(raw_bytes_keep_unknown_fields),
    CASE(what_a_call_knows),
    CASE(insane_request_id_is_replaced),
    CASE(failure_carries_reason_field_and_text),
    CASE(violations_arrive_in_order),
    CASE(long_failures_stay_readable),
    CASE(unknown_and_unserved_methods),
    CASE(malformed_bytes_are_refused),
    CASE(deep_nesting_is_refused),
    SMALL_CASE(too_large_is_refused),
    CASE(answer_from_another_thread),
    CASE(deadline_cancels),
    cmocka_unit_test(stop_cancels_what_is_left),
    CASE(many_connections_at_once),
    CASE(port_in_use_is_named),
    cmocka_unit_test(bad_addresses_are_named),
    cmocka_unit_test(unix_socket_and_port),
    CASE(unreachable_server_is_named),
    cmocka_unit_test(services_must_be_complete),
};

FC_TEST_MAIN(cases)

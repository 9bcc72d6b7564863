/* SPDX-License-Identifier: Apache-2.0 */
/* The services that the room brings itself: health and reflection. */
#include "tests/unit/rpc_raw.h"

#include <stdlib.h>
#include <unistd.h>

#include "google/protobuf/descriptor.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "protos/descriptor_set.h"
#include "server/rpc/health.h"
#include "server/rpc/reflection.h"

#define CHECK "/grpc.health.v1.Health/Check"
#define WATCH "/grpc.health.v1.Health/Watch"

typedef Grpc__Reflection__V1__ServerReflectionRequest Question;
typedef Grpc__Reflection__V1__ServerReflectionResponse Answer;

struct fixture {
    struct rpc_fixture base;
    struct fc_health *health;
    struct fc_reflection *reflection;
};

static int setup(void **state)
{
    static const char *const services[] = {"feast.core.CoreService", "grpc.health.v1.Health"};
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct rpc_fixture *base = &fixture->base;
    const struct fc_rpc_options options = {.threads = 2};
    struct fc_rpc_listen listen = {.address = "127.0.0.1:0"};
    fc_str set = {.ptr = (const char *)fc_descriptor_set, .len = fc_descriptor_set_size};

    assert_int_equal(fc_rpc_server_new(&options, &base->server, &base->err), FC_OK);
    assert_int_equal(fc_health_new(base->server, &fixture->health, &base->err), FC_OK);
    assert_int_equal(
        fc_reflection_new(base->server, set, services, 2, &fixture->reflection, &base->err), FC_OK);
    assert_int_equal(
        fc_rpc_server_require(base->server, &grpc__health__v1__health__descriptor, &base->err),
        FC_OK);
    assert_int_equal(fc_rpc_server_start(base->server, &listen, 1, &base->err), FC_OK);
    snprintf(base->target, sizeof(base->target), "127.0.0.1:%d", listen.bound_port);
    base->channel = rpc_connect(base->target);
    base->arena = fc_arena_new((size_t)16 << 20);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    rpc_fixture_done(&fixture->base);
    fc_health_free(fixture->health);
    fc_reflection_free(fixture->reflection);
    free(fixture);
    return 0;
}

static int check(struct fixture *fixture, const char *service)
{
    Grpc__Health__V1__HealthCheckRequest message = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    struct fc_channel_request request = {.path = CHECK,
                                         .message = &message.base,
                                         .response =
                                             &grpc__health__v1__health_check_response__descriptor,
                                         .timeout_ns = MINUTE_NS,
                                         .arena = fixture->base.arena};
    struct rpc_fixture *base = &fixture->base;
    fc_rc rc;

    message.service = (char *)service;
    rc = fc_channel_call(base->channel, &request, &base->reply, &base->err);
    return rc == FC_OK ? (int)((Grpc__Health__V1__HealthCheckResponse *)base->reply.message)->status
                       : -(int)rc;
}

static void check_tells_the_state(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(check(fixture, ""), -FC_NOT_FOUND);
    fc_health_set(fixture->health, "", true);
    fc_health_set(fixture->health, "feast.core.CoreService", false);
    assert_int_equal(check(fixture, ""), 1);
    assert_int_equal(check(fixture, "feast.core.CoreService"), 2);
    fc_health_set(fixture->health, "feast.core.CoreService", true);
    assert_int_equal(check(fixture, "feast.core.CoreService"), 1);
    assert_int_equal(check(fixture, "nobody"), -FC_NOT_FOUND);
    assert_non_null(strstr(fixture->base.err.message, "nobody"));
    fc_health_shutdown(fixture->health);
    assert_int_equal(check(fixture, ""), 2);
    fc_health_set(fixture->health, "", true);
    assert_int_equal(check(fixture, ""), 2);
}

static void watch_open(struct fixture *fixture, struct raw_call *raw, const char *service)
{
    Grpc__Health__V1__HealthCheckRequest message = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;

    message.service = (char *)service;
    raw_open(raw, fixture->base.target, WATCH);
    assert_true(raw_send(raw, &message.base));
    raw_half_close(raw);
}

static int watch_next(struct fixture *fixture, struct raw_call *raw)
{
    const ProtobufCMessage *message =
        raw_receive(raw, &grpc__health__v1__health_check_response__descriptor, fixture->base.arena);

    return message ? (int)((const Grpc__Health__V1__HealthCheckResponse *)message)->status : -1;
}

static void watch_tells_changes(void **state)
{
    struct fixture *fixture = *state;
    struct raw_call one, other;

    fc_health_set(fixture->health, "", true);
    watch_open(fixture, &one, "");
    watch_open(fixture, &other, "later");
    assert_int_equal(watch_next(fixture, &one), 1);
    assert_int_equal(watch_next(fixture, &other), 3);
    fc_health_set(fixture->health, "", false);
    assert_int_equal(watch_next(fixture, &one), 2);
    fc_health_set(fixture->health, "", false); /* no change, nothing to tell */
    fc_health_set(fixture->health, "", true);
    assert_int_equal(watch_next(fixture, &one), 1);
    fc_health_set(fixture->health, "later", false);
    assert_int_equal(watch_next(fixture, &other), 2);
    raw_cancel(&one);
    assert_int_equal(raw_finish(&one), FC_CANCELLED);
    WAIT_FOR(rpc_stats_of(fixture->base.server, WATCH).handled[FC_CANCELLED] == 1);
    /* The stop tells the one that is left, and ends it. */
    fc_rpc_server_stop(fixture->base.server);
    assert_int_equal(watch_next(fixture, &other), 2);
    assert_int_equal(watch_next(fixture, &other), -1);
    assert_int_equal(raw_finish(&other), FC_UNAVAILABLE);
}

static const Answer *ask(struct fixture *fixture, struct raw_call *raw, const Question *question)
{
    assert_true(raw_send(raw, &question->base));
    return (const Answer *)raw_receive(
        raw, &grpc__reflection__v1__server_reflection_response__descriptor, fixture->base.arena);
}

/* The first file of the answer is the one asked for. */
static void has_file(struct fixture *fixture, const Answer *answer, const char *name)
{
    const Google__Protobuf__FileDescriptorProto *file;
    const ProtobufCBinaryData *bytes;

    assert_non_null(answer);
    if (answer->message_response_case !=
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE)
        fail_msg("no answer for %s", name);
    bytes = &answer->file_descriptor_response->file_descriptor_proto[0];
    file = google__protobuf__file_descriptor_proto__unpack(fc_arena_allocator(fixture->base.arena),
                                                           bytes->len, bytes->data);
    assert_non_null(file);
    assert_string_equal(file->name, name);
}

static void is_error(const Answer *answer, int code)
{
    assert_non_null(answer);
    assert_int_equal(
        answer->message_response_case,
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE);
    assert_int_equal(answer->error_response->error_code, code);
    assert_true(strlen(answer->error_response->error_message) > 0);
}

#define ASKS(what) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##what

static void ask_everything(struct fixture *fixture, const char *path)
{
    static const struct {
        const char *symbol, *file;
    } rows[] = {
        {"feast.core.CoreService", "feast/core/CoreService.proto"},
        {"feast.core.CoreService.ApplyEntity", "feast/core/CoreService.proto"},
        {"feast.core.ListProjectsRequest", "feast/core/CoreService.proto"},
        {"feast.core.ApplyEntityResponse.entity", "feast/core/CoreService.proto"},
        {"feast.types.ValueType.Enum", "feast/types/Value.proto"},
        {"feast.core.DataSource.KafkaOptions", "feast/core/DataSource.proto"},
        {"google.protobuf.Timestamp", "google/protobuf/timestamp.proto"},
    };
    Question question = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    Grpc__Reflection__V1__ExtensionRequest extension =
        GRPC__REFLECTION__V1__EXTENSION_REQUEST__INIT;
    const Answer *answer;
    struct raw_call raw;

    raw_open(&raw, fixture->base.target, path);
    is_error(ask(fixture, &raw, &question), FC_INVALID_ARGUMENT);
    question.host = (char *)"somewhere";
    question.message_request_case = ASKS(LIST_SERVICES);
    question.list_services = (char *)"*";
    answer = ask(fixture, &raw, &question);
    assert_int_equal(answer->list_services_response->n_service, 2);
    assert_string_equal(answer->list_services_response->service[0]->name, "feast.core.CoreService");
    assert_string_equal(answer->valid_host, "somewhere");
    assert_string_equal(answer->original_request->list_services, "*");
    question.message_request_case = ASKS(FILE_CONTAINING_SYMBOL);
    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++) {
        question.file_containing_symbol = (char *)rows[i].symbol;
        has_file(fixture, ask(fixture, &raw, &question), rows[i].file);
    }
    question.file_containing_symbol = (char *)"feast.core.Nothing";
    is_error(ask(fixture, &raw, &question), FC_NOT_FOUND);
    question.message_request_case = ASKS(FILE_BY_FILENAME);
    question.file_by_filename = (char *)"feast/core/FeatureTable.proto";
    answer = ask(fixture, &raw, &question);
    has_file(fixture, answer, "feast/core/FeatureTable.proto");
    assert_true(answer->file_descriptor_response->n_file_descriptor_proto >
                3); /* with what it imports */
    question.file_by_filename = (char *)"nothing.proto";
    is_error(ask(fixture, &raw, &question), FC_NOT_FOUND);
    question.message_request_case = ASKS(ALL_EXTENSION_NUMBERS_OF_TYPE);
    question.all_extension_numbers_of_type = (char *)"feast.core.Entity";
    is_error(ask(fixture, &raw, &question), FC_NOT_FOUND);
    question.message_request_case = ASKS(FILE_CONTAINING_EXTENSION);
    question.file_containing_extension = &extension;
    extension.containing_type = (char *)"nothing.at.all";
    is_error(ask(fixture, &raw, &question), FC_NOT_FOUND);
    raw_half_close(&raw);
    assert_int_equal(raw_finish(&raw), FC_OK);
}

static void reflection_v1(void **state)
{
    ask_everything(*state, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
}

static void reflection_v1alpha(void **state)
{
    ask_everything(*state, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static const struct CMUnitTest cases[] = {
    CASE(check_tells_the_state),
    CASE(watch_tells_changes),
    CASE(reflection_v1),
    CASE(reflection_v1alpha),
};

FC_TEST_MAIN(cases)

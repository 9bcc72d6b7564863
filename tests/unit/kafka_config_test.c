/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of brokers, and the operator's file of properties. What a real broker makes of them: tests/sources/kafka.py. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/local_port.h"
#include "tests/support/scratch.h"
#include "worker/sources/kafka_config.h"

#define ARENA_BYTES ((size_t)16 << 20)

struct fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    struct fc_kafka_servers servers;
    struct fc_kafka_config config;
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new(ARENA_BYTES);
    *state = f;
    return f->arena ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_arena_free(f->arena);
    test_scratch_done(&f->scratch);
    free(f);
    return 0;
}

static fc_rc read_servers(struct fixture *f, const char *text)
{
    return fc_kafka_servers_read(text, "servers", f->arena, &f->servers, &f->err);
}

static fc_rc read_config(struct fixture *f, const char *servers, const char *text)
{
    const char *path = test_path(&f->scratch, "kafka.properties");

    test_write(path, text);
    assert_int_equal(read_servers(f, servers), FC_OK);
    return fc_kafka_config_read(path, &f->servers, f->arena, &f->config, &f->err);
}

/* The last of its name, as it would count. */
static const char *value_of(const struct fixture *f, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < f->config.count; i++)
        if (strcmp(f->config.properties[i].name, name) == 0)
            value = f->config.properties[i].value;
    return value;
}

static void every_way_to_write_a_server(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        read_servers(f, " A.example:1 ,b,, SASL_SSL://c:65535,[::1]:2,[fe80::1%eth0], a.EXAMPLE:1"),
        FC_OK);
    assert_int_equal(f->servers.count, 5);
    static const char *const want[] = {"a.example:1", "b:9092", "c:65535", "[::1]:2",
                                       "[fe80::1%eth0]:9092"};
    for (size_t i = 0; i < FC_ARRAY_LEN(want); i++)
        assert_string_equal(f->servers.items[i].text, want[i]);
    assert_string_equal(f->servers.items[3].host, "::1");
}

static void what_is_no_server(void **state)
{
    struct fixture *f = *state;
    static const char *const wrong[] = {"",        ",",     ":1",    "a:",   "a:0",
                                        "a:65536", "a:1x",  "::1",   "[::1", "[]:1",
                                        "[::1]x",  "a b:1", "a/b:1", "a:+1", "a@b:1"};

    for (size_t i = 0; i < FC_ARRAY_LEN(wrong); i++) {
        assert_int_equal(read_servers(f, wrong[i]), FC_INVALID_ARGUMENT);
        assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    }
}

static void the_nearer_section_wins(void **state)
{
    struct fixture *f = *state;
    static const char TEXT[] = "client.id = general\n"
                               "[b:1, a:1]\nclient.id = ours\nsasl.username = u\n"
                               "[*]\nclient.id = star\nsasl.username = everyone\n"
                               "[c:1]\nclient.id = theirs\n";

    assert_int_equal(read_config(f, "a:1", TEXT), FC_OK);
    assert_string_equal(value_of(f, "client.id"), "ours");
    assert_string_equal(value_of(f, "sasl.username"), "u");
    assert_int_equal(read_config(f, "d:1", TEXT), FC_OK);
    assert_string_equal(value_of(f, "client.id"), "star");
    assert_string_equal(value_of(f, "sasl.username"), "everyone");
}

static void a_cluster_and_a_stranger(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(read_config(f, "a:1,evil:1", "[a:1]\nclient.id=x\n"), FC_PERMISSION_DENIED);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_DENIED);
    assert_non_null(strstr(f->err.message, "evil:1"));
    /* The port is a part of it: another one is another server. */
    assert_int_equal(read_config(f, "a:2", "[a:1]\nclient.id=x\n"), FC_OK);
    assert_null(value_of(f, "client.id"));
}

static void names_of_the_java_client(void **state)
{
    struct fixture *f = *state;

    test_write(test_path(&f->scratch, "store.pem"), "-----BEGIN PRIVATE KEY-----\n");
    test_write(test_path(&f->scratch, "store.p12"), "0\x82");
    char *text = fc_arena_printf(
        f->arena,
        "ssl.truststore.location = %s\nssl.truststore.type = pem\n"
        "ssl.endpoint.identification.algorithm =\n"
        "[*]\nssl.keystore.location = %s\n"
        "sasl.jaas.config = org.x.ScramLoginModule required username=\"u\" password='p=\"q';\n",
        test_path(&f->scratch, "store.pem"), test_path(&f->scratch, "store.pem"));
    assert_int_equal(read_config(f, "a", text), FC_OK);
    assert_non_null(strstr(value_of(f, "ssl.ca.location"), "store.pem"));
    assert_non_null(strstr(value_of(f, "ssl.certificate.location"), "store.pem"));
    assert_non_null(strstr(value_of(f, "ssl.key.location"), "store.pem"));
    assert_string_equal(value_of(f, "ssl.endpoint.identification.algorithm"), "none");
    assert_string_equal(value_of(f, "sasl.username"), "u");
    assert_string_equal(value_of(f, "sasl.password"), "p=\"q");
    text = fc_arena_printf(f->arena, "[*]\nssl.keystore.location = %s\n",
                           test_path(&f->scratch, "store.p12"));
    assert_int_equal(read_config(f, "a", text), FC_OK);
    assert_non_null(strstr(value_of(f, "ssl.keystore.location"), "store.p12"));
}

static void java_key_stores_are_refused(void **state)
{
    struct fixture *f = *state;

    test_write(test_path(&f->scratch, "store.jks"), "\xfe\xed\xfe\xed");
    char *text = fc_arena_printf(f->arena, "[*]\nssl.keystore.location = %s\n",
                                 test_path(&f->scratch, "store.jks"));
    assert_int_equal(read_config(f, "a", text), FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "keytool"));
    text = fc_arena_printf(f->arena, "ssl.truststore.location = %s\n",
                           test_path(&f->scratch, "store.jks"));
    assert_int_equal(read_config(f, "a", text), FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "no PEM file"));
}

static void secrets_are_scrubbed(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        read_config(f, "a", "[*]\nsasl.password = hush-hush\nssl.key.password = abc\n"), FC_OK);
    assert_string_equal(
        fc_kafka_config_scrub(&f->config, "hush-hush, hush-hushhush-hush: abcd", f->arena),
        "***, ******: abcd");
    assert_string_equal(fc_kafka_config_scrub(&f->config, "nothing", f->arena), "nothing");
}

static void no_file_is_an_empty_one(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(read_servers(f, "a"), FC_OK);
    assert_int_equal(fc_kafka_config_read(NULL, &f->servers, f->arena, &f->config, &f->err), FC_OK);
    assert_int_equal(f->config.count, 0);
    assert_int_equal(fc_kafka_config_read("/not/there", &f->servers, f->arena, &f->config, &f->err),
                     FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "sources.kafka_config"));
}

/* Time passes until the connection stands, and past the deadline. */
struct late {
    struct fc_sys sys;
    int listener, accepted;
};

static int64_t late_now(void *ctx)
{
    struct late *late = ctx;

    if (late->accepted < 0)
        late->accepted = accept(late->listener, NULL, NULL);
    return 2 * FC_NS_PER_S;
}

/* As when the name of another server takes long to resolve: whoever took the connection meanwhile can be reached. */
static void a_connection_that_stands_by_the_deadline_counts(void **state)
{
    struct fixture *f = *state;
    struct late late = {.sys = *fc_sys_real(), .accepted = -1};
    uint16_t port = 0;
    char text[32];

    late.sys.ctx = &late;
    late.sys.monotonic_ns = late_now;
    late.listener = test_local_port(&port);
    assert_int_equal(listen(late.listener, 1), 0);
    (void)snprintf(text, sizeof(text), "127.0.0.1:%u", port);
    assert_int_equal(read_servers(f, text), FC_OK);
    assert_int_equal(fc_kafka_reach(&f->servers, NULL, &late.sys, FC_NS_PER_S, f->arena, &f->err),
                     FC_OK);
    assert_true(late.accepted >= 0);
    (void)close(late.accepted);
    (void)close(late.listener);
    assert_null(f->servers.items[0].failure);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(every_way_to_write_a_server, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_server, setup, teardown),
        cmocka_unit_test_setup_teardown(the_nearer_section_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cluster_and_a_stranger, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_the_java_client, setup, teardown),
        cmocka_unit_test_setup_teardown(java_key_stores_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_are_scrubbed, setup, teardown),
        cmocka_unit_test_setup_teardown(no_file_is_an_empty_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connection_that_stands_by_the_deadline_counts, setup,
                                        teardown),
    };
    return fc_test_run(argc, argv, cases, FC_ARRAY_LEN(cases), NULL, NULL);
}

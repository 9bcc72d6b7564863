/* SPDX-License-Identifier: Apache-2.0 */
/* Where a reading of a topic begins, when messages come while it is asked for. The brokers are the client library's own. */
#include "tests/unit/harness.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#include "worker/sources/broker.h"
#include "worker/spent.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define PATIENCE_MS 60000

struct fixture {
    rd_kafka_t *producer;
    rd_kafka_mock_cluster_t *brokers;
    struct fc_arena *arena;
    struct fc_error err;
};

/* Of the test that runs: to be produced as soon as the brokers have answered where something is. */
static struct fixture *meanwhile;

static void produce(struct fixture *f)
{
    char value[] = "x";

    assert_int_equal(rd_kafka_producev(f->producer, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_VALUE(value, 1), RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_flush(f->producer, PATIENCE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

rd_kafka_resp_err_t __real_rd_kafka_offsets_for_times(rd_kafka_t *client,
                                                      rd_kafka_topic_partition_list_t *offsets,
                                                      int timeout_ms);
rd_kafka_resp_err_t __wrap_rd_kafka_offsets_for_times(rd_kafka_t *client,
                                                      rd_kafka_topic_partition_list_t *offsets,
                                                      int timeout_ms);

rd_kafka_resp_err_t __wrap_rd_kafka_offsets_for_times(rd_kafka_t *client,
                                                      rd_kafka_topic_partition_list_t *offsets,
                                                      int timeout_ms)
{
    rd_kafka_resp_err_t code = __real_rd_kafka_offsets_for_times(client, offsets, timeout_ms);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && meanwhile) {
        produce(meanwhile);
        meanwhile = NULL;
    }
    return code;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char text[512];

    if (!f)
        return -1;
    *state = f;
    f->arena = fc_arena_new(ARENA_BYTES);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    /* It makes brokers of its own for the producer, which the test then reads from. */
    assert_int_equal(rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", text, sizeof(text)),
                     RD_KAFKA_CONF_OK);
    f->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    assert_non_null(f->producer);
    f->brokers = rd_kafka_handle_mock_cluster(f->producer);
    return rd_kafka_mock_topic_create(f->brokers, "t", 1, 1);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    meanwhile = NULL;
    rd_kafka_destroy(f->producer);
    fc_arena_free(f->arena);
    free(f);
    assert_false(fc_spent());
    return 0;
}

struct first {
    char partition[16], offset[16];
};

/* The first batch has the places; the reading ends with it. */
static fc_rc take_first(void *ctx, const struct fc_consume_batch *batch, struct fc_error *err)
{
    struct first *first = ctx;

    assert_int_equal(batch->next_count, 1);
    (void)snprintf(first->partition, sizeof(first->partition), "%s", batch->next[0].partition);
    (void)snprintf(first->offset, sizeof(first->offset), "%s", batch->next[0].offset);
    return fc_fail(err, FC_REASON_CANCELLED, "that is all");
}

static void what_comes_while_the_moment_is_looked_for_is_read(void **state)
{
    struct fixture *f = *state;
    const struct fc_source_env env = {.sys = fc_sys_real()};
    const struct fc_consume_options options = {.start = FC_BROKER_AT_TIME, .time_ms = 1000};
    Feast__Core__DataSource source = FEAST__CORE__DATA_SOURCE__INIT;
    Feast__Core__DataSource__KafkaOptions kafka = FEAST__CORE__DATA_SOURCE__KAFKA_OPTIONS__INIT;
    struct fc_broker *broker = NULL;
    struct first first = {.offset = ""};

    kafka.bootstrap_servers = (char *)(uintptr_t)rd_kafka_mock_cluster_bootstraps(f->brokers);
    kafka.topic = (char *)"t";
    source.type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KAFKA;
    source.options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS;
    source.kafka_options = &kafka;
    produce(f);
    assert_int_equal(fc_broker_kafka.open(&env, &source, f->arena, &broker, &f->err), FC_OK);
    meanwhile = f;
    (void)fc_broker_kafka.consume(broker, &options, take_first, &first, &f->err);
    assert_int_equal(f->err.reason, FC_REASON_CANCELLED);
    assert_null(meanwhile);
    assert_string_equal(first.partition, "0");
    /* No message is as young as that for these brokers, so that it begins at the end: the end there was then. */
    assert_string_equal(first.offset, "1");
    fc_broker_kafka.close(broker);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(what_comes_while_the_moment_is_looked_for_is_read, setup,
                                    teardown),
};

FC_TEST_MAIN(cases)

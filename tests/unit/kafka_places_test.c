/* SPDX-License-Identifier: Apache-2.0 */
/* Where a reading of a topic is, when messages come or go meanwhile. The brokers are the client library's own. */
#include "tests/unit/harness.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#include "worker/sources/broker.h"
#include "worker/spent.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define PATIENCE_MS 60000
/* What a partition begins with when all before it has expired. */
#define FIRST_LEFT 50

struct fixture {
    rd_kafka_t *producer;
    rd_kafka_mock_cluster_t *brokers;
    struct fc_arena *arena;
    struct fc_source_env env;
    struct fc_broker *broker;
    struct fc_error err;
};

/* Of the test that runs: to be produced as soon as the brokers have answered where something is. */
static struct fixture *meanwhile;
/* What was there before has expired, as soon as the first message was taken. */
static enum { STAYS, TO_EXPIRE, EXPIRES, EXPIRED } expiry;
static rd_kafka_message_t expired = {.err = RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET};

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
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && expiry == EXPIRED && i < offsets->cnt;
         i++)
        offsets->elems[i].offset = FIRST_LEFT;
    return code;
}

rd_kafka_message_t *__real_rd_kafka_consume_queue(rd_kafka_queue_t *queue, int timeout_ms);
rd_kafka_message_t *__wrap_rd_kafka_consume_queue(rd_kafka_queue_t *queue, int timeout_ms);

rd_kafka_message_t *__wrap_rd_kafka_consume_queue(rd_kafka_queue_t *queue, int timeout_ms)
{
    if (expiry == EXPIRES) {
        expiry = EXPIRED;
        return &expired;
    }
    rd_kafka_message_t *message = __real_rd_kafka_consume_queue(queue, timeout_ms);
    if (expiry == TO_EXPIRE && message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        expiry = EXPIRES;
    return message;
}

void __real_rd_kafka_message_destroy(rd_kafka_message_t *message);
void __wrap_rd_kafka_message_destroy(rd_kafka_message_t *message);

void __wrap_rd_kafka_message_destroy(rd_kafka_message_t *message)
{
    if (message != &expired)
        __real_rd_kafka_message_destroy(message);
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
    expiry = STAYS;
    if (f->broker)
        fc_broker_kafka.close(f->broker);
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

static void open_topic(struct fixture *f)
{
    Feast__Core__DataSource *source = fc_arena_alloc(f->arena, sizeof *source);
    Feast__Core__DataSource__KafkaOptions *kafka = fc_arena_alloc(f->arena, sizeof *kafka);

    feast__core__data_source__init(source);
    feast__core__data_source__kafka_options__init(kafka);
    kafka->bootstrap_servers = (char *)(uintptr_t)rd_kafka_mock_cluster_bootstraps(f->brokers);
    kafka->topic = fc_arena_strdup(f->arena, "t");
    source->type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KAFKA;
    source->options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS;
    source->kafka_options = kafka;
    f->env.sys = fc_sys_real();
    produce(f);
    assert_int_equal(fc_broker_kafka.open(&f->env, source, f->arena, &f->broker, &f->err), FC_OK);
}

static void what_comes_while_the_moment_is_looked_for_is_read(void **state)
{
    struct fixture *f = *state;
    const struct fc_consume_options options = {.start = FC_BROKER_AT_TIME, .time_ms = 1000};
    struct first first = {.offset = ""};

    open_topic(f);
    meanwhile = f;
    (void)fc_broker_kafka.consume(f->broker, &options, take_first, &first, &f->err);
    assert_int_equal(f->err.reason, FC_REASON_CANCELLED);
    assert_null(meanwhile);
    assert_string_equal(first.partition, "0");
    /* No message is as young as that for these brokers, so that it begins at the end: the end there was then. */
    assert_string_equal(first.offset, "1");
}

/* The account that was told last: what a reading that follows goes on from. */
struct account {
    int64_t next, lost;
    bool apart; /* one of both was told without the other */
};

static fc_rc take_until_lost(void *ctx, const struct fc_consume_batch *batch, struct fc_error *err)
{
    struct account *account = ctx;

    account->lost = batch->lost;
    for (size_t i = 0; i < batch->next_count; i++)
        account->next = strtoll(batch->next[i].offset, NULL, 10);
    if ((account->lost > 0) != (account->next >= FIRST_LEFT))
        account->apart = true;
    return batch->lost == 0 ? FC_OK : fc_fail(err, FC_REASON_CANCELLED, "that is all");
}

/* Else a reading that is begun there after the first of two batches meets the same gap, and counts it again. */
static void what_expired_is_told_with_the_place_behind_it(void **state)
{
    struct fixture *f = *state;
    /* Whoever waits for more messages waits long enough for the gap. */
    const struct fc_consume_options options = {
        .start = FC_BROKER_EARLIEST, .linger_ns = 5 * FC_NS_PER_S, .idle_ns = FC_NS_PER_MS};
    struct account account = {.next = 0};

    open_topic(f);
    expiry = TO_EXPIRE;
    (void)fc_broker_kafka.consume(f->broker, &options, take_until_lost, &account, &f->err);
    assert_int_equal(f->err.reason, FC_REASON_CANCELLED);
    assert_false(account.apart);
    assert_int_equal(account.next, FIRST_LEFT);
    assert_int_equal(account.lost, FIRST_LEFT - 1);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(what_comes_while_the_moment_is_looked_for_is_read, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(what_expired_is_told_with_the_place_behind_it, setup, teardown),
};

FC_TEST_MAIN(cases)

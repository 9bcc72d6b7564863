/* SPDX-License-Identifier: Apache-2.0 */
/* A stream as a source: the schema without messages, messages as rows, what is no message, what a probe makes of it. */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "tests/support/specs.h"
#include "worker/sources/stream.h"

#define MESSAGES_MAX 600

/* A stand-in for a broker: messages in memory. */
static struct {
    bool down;
    struct fc_message messages[MESSAGES_MAX];
    size_t count;
    bool cut;
} memory;

struct fc_broker {
    int unused;
};

static bool memory_accepts(const Feast__Core__DataSource *source)
{
    (void)source;
    return true;
}

static fc_rc memory_open(const struct fc_source_env *env, const Feast__Core__DataSource *source,
                         struct fc_arena *arena, struct fc_broker **ret, struct fc_error *err)
{
    (void)env;
    (void)source;
    if (memory.down)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "all brokers are down");
    *ret = fc_arena_calloc(arena, 1, sizeof(**ret));
    return FC_OK;
}

static size_t memory_partitions(const struct fc_broker *broker)
{
    (void)broker;
    return 3;
}

static fc_rc memory_sample(struct fc_broker *broker, fc_message_fn fn, void *ctx,
                           struct fc_sample_stats *ret, struct fc_error *err)
{
    (void)broker;
    ret->cut = memory.cut;
    for (size_t i = 0; i < memory.count; i++) {
        ret->bytes_read += (int64_t)memory.messages[i].value.len;
        fc_rc rc = fn(ctx, &memory.messages[i], err);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

/* All messages in one batch, then an empty one. */
static fc_rc memory_consume(struct fc_broker *broker, const struct fc_consume_options *options,
                            fc_consume_fn fn, void *ctx, struct fc_error *err)
{
    const struct fc_broker_position next = {.partition = "1", .offset = "18"};
    struct fc_consume_batch batch = {.messages = memory.messages,
                                     .count = memory.count,
                                     .next = &next,
                                     .next_count = 1,
                                     .partitions = 3};

    (void)broker;
    assert_int_equal(options->start, FC_BROKER_LATEST);
    fc_rc rc = fn(ctx, &batch, err);
    batch.count = batch.next_count = 0;
    return rc == FC_OK ? fn(ctx, &batch, err) : rc;
}

static const char *memory_remark(const struct fc_broker *broker)
{
    (void)broker;
    return "partition 2 has no leader";
}

static void memory_close(struct fc_broker *broker)
{
    broker->unused = 0;
}

static const struct fc_broker_ops broker_memory = {
    .version = FC_BROKER_VERSION,
    .kind = "memory",
    .accepts = memory_accepts,
    .open = memory_open,
    .partitions = memory_partitions,
    .sample = memory_sample,
    .remark = memory_remark,
    .close = memory_close,
};

#define SCHEMA                                                                                     \
    "{\"type\":\"record\",\"name\":\"Trip\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{"     \
    "\"name\":\"n\",\"type\":[\"null\",\"int\"]},{\"name\":\"extra\",\"type\":{\"type\":\"map\","  \
    "\"values\":\"int\"}}]}"

struct fixture {
    struct fc_arena *arena;
    struct fc_source_env env;
    Feast__Core__DataSource *source;
    struct fc_source *stream;
    struct fc_error err;
    uint64_t rows, faults, batches;
    int64_t id_sum;
    char first_fault[256];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    memset(&memory, 0, sizeof(memory));
    f->arena = fc_arena_new((size_t)64 << 20);
    f->env = (struct fc_source_env){.sys = fc_sys_real()};
    f->source = test_kafka_source(f->arena);
    f->source->kafka_options->message_format->avro_format->schema_json =
        fc_arena_strdup(f->arena, SCHEMA);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_arena_free(f->arena);
    free(f);
    return 0;
}

static void must(struct fixture *f, fc_rc rc)
{
    if (rc != FC_OK)
        fail_msg("%s", f->err.message);
}

static void put(const char *bytes, size_t size)
{
    memory.messages[memory.count++] = (struct fc_message){
        .value = {.ptr = bytes, .len = size}, .partition = "1", .offset = "17", .time_ms = -1};
}
#define PUT(bytes) put(bytes, sizeof(bytes) - 1)

static void put_tombstone(void)
{
    memory.messages[memory.count++] =
        (struct fc_message){.null = true, .partition = "0", .offset = "3"};
}

static void open_stream(struct fixture *f)
{
    must(f, fc_stream_open(&broker_memory, &f->env, f->source, f->arena, &f->stream, &f->err));
}

static fc_rc take(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct fixture *f = ctx;

    (void)err;
    f->batches++;
    assert_int_equal(batch->column_count, 2);
    assert_string_equal(batch->columns[0].name, "id");
    assert_int_equal(batch->columns[1].type.kind, FC_COLUMN_INT32);
    for (size_t row = 0; row < batch->row_count; row++) {
        const char *fault = batch->faults ? batch->faults[row] : NULL;
        f->rows++;
        if (fault && f->faults++ == 0)
            snprintf(f->first_fault, sizeof(f->first_fault), "%s", fault);
        if (!fault)
            f->id_sum += batch->cells[0][row].as.integer;
    }
    return FC_OK;
}

static fc_rc sample(struct fixture *f, struct fc_sample_stats *stats)
{
    static const char *const columns[] = {"id", "n"};

    return fc_source_stream.sample(f->stream, columns, 2, take, f, stats, &f->err);
}

static fc_rc describe(struct fixture *f, struct fc_source_schema *schema)
{
    return fc_source_stream.describe(f->stream, f->arena, schema, &f->err);
}

static void messages_are_rows(void **state)
{
    struct fixture *f = *state;
    struct fc_source_schema schema;
    struct fc_sample_stats stats;

    for (size_t i = 0; i < 520; i++)
        PUT("\x02\x02\x0a\x00"); /* id 1, n 5 */
    open_stream(f);
    must(f, describe(f, &schema));
    assert_int_equal(schema.column_count, 3);
    assert_int_equal(schema.files_total, 3);
    must(f, sample(f, &stats));
    assert_int_equal(f->rows, 520);
    assert_int_equal(f->id_sum, 520);
    assert_int_equal(f->faults, 0);
    assert_int_equal(f->batches, 3);
    assert_int_equal(stats.bytes_read, 520 * 4);
    assert_false(fc_source_stream.is_empty(f->stream));
    assert_string_equal(stats.notes[0], "partition 2 has no leader");
    assert_null(stats.notes[1]);
    fc_source_stream.close(f->stream);
}

static void what_is_no_message_is_a_row_with_a_reason(void **state)
{
    struct fixture *f = *state;
    struct fc_sample_stats stats;
    struct fc_source_schema schema;

    PUT("\x02\x00\x00");
    PUT("{\"id\": 1}");
    put_tombstone();
    PUT("");
    PUT("\x00\x00\x00\x00\x07\x04\x00\x00");
    open_stream(f);
    must(f, describe(f, &schema));
    must(f, sample(f, &stats));
    assert_int_equal(f->rows, 4);
    assert_int_equal(f->faults, 2);
    assert_int_equal(f->id_sum, 3);
    assert_non_null(strstr(f->first_fault, "partition 1, offset 17: "));
    assert_non_null(strstr(stats.notes[0], "Confluent"));
    assert_non_null(strstr(stats.notes[2], "1 of 5 messages are tombstones"));
    fc_source_stream.close(f->stream);
}

static void nothing_to_look_at(void **state)
{
    struct fixture *f = *state;
    struct fc_sample_stats stats;
    struct fc_source_schema schema;

    open_stream(f);
    must(f, describe(f, &schema));
    assert_int_equal(sample(f, &stats), FC_UNAVAILABLE);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_UNREACHABLE);
    assert_non_null(strstr(f->err.message, "is empty: no message is in it"));
    assert_true(fc_source_stream.is_empty(f->stream));
    put_tombstone();
    assert_int_equal(sample(f, &stats), FC_UNAVAILABLE);
    assert_non_null(strstr(f->err.message, "of 1 messages none has a payload"));
    memory.count = 0;
    memory.cut = true;
    assert_int_equal(sample(f, &stats), FC_DEADLINE_EXCEEDED);
    fc_source_stream.close(f->stream);
}

static void the_schema_without_the_broker(void **state)
{
    struct fixture *f = *state;
    const char *const wanted[] = {"extra.key", "none"};
    struct fc_sample_stats stats;
    struct fc_source_schema schema;

    memory.down = true;
    f->env.wanted = wanted;
    f->env.wanted_count = 2;
    open_stream(f);
    must(f, describe(f, &schema));
    assert_int_equal(schema.column_count, 4);
    assert_string_equal(schema.columns[3].name, "extra.key");
    assert_int_equal(schema.columns[3].type.kind, FC_COLUMN_INT32);
    assert_int_equal(sample(f, &stats), FC_UNAVAILABLE);
    assert_string_equal(f->err.message, "all brokers are down");
    fc_source_stream.close(f->stream);
}

static void a_format_that_is_none(void **state)
{
    struct fixture *f = *state;
    Feast__Core__StreamFormat *format = f->source->kafka_options->message_format;

    format->avro_format->schema_json = fc_arena_strdup(f->arena, "{\"type\":\"recrod\"}");
    assert_int_equal(
        fc_stream_open(&broker_memory, &f->env, f->source, f->arena, &f->stream, &f->err),
        FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    format->format_case = FEAST__CORE__STREAM_FORMAT__FORMAT__NOT_SET;
    assert_int_equal(
        fc_stream_open(&broker_memory, &f->env, f->source, f->arena, &f->stream, &f->err),
        FC_UNIMPLEMENTED);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_UNSUPPORTED);
    assert_null(fc_stream_format(test_bigquery_source(f->arena, "p:d.t")));
}

static void a_stream_has_no_span(void **state)
{
    struct fixture *f = *state;
    const struct fc_scan_request request = {.count = 0};
    struct fc_scan_progress progress;

    open_stream(f);
    assert_int_equal(fc_source_stream.scan(f->stream, &request, take, f, &progress, &f->err),
                     FC_UNIMPLEMENTED);
    fc_source_stream.close(f->stream);
}

static fc_rc take_followed(void *ctx, const struct fc_batch *batch,
                           const struct fc_message *const *messages, struct fc_error *err)
{
    struct fixture *f = ctx;

    for (size_t row = 0; row < batch->row_count; row++) {
        assert_false(messages[row]->null);
        assert_string_equal(messages[row]->offset, "17");
    }
    return take(f, batch, err);
}

static fc_rc take_reached(void *ctx, const struct fc_consume_batch *batch, struct fc_error *err)
{
    struct fixture *f = ctx;

    /* After all of its rows. */
    assert_int_equal(f->rows, memory.count - 1);
    if (batch->count > 0) {
        assert_string_equal(batch->next[0].offset, "18");
        return FC_OK;
    }
    return fc_fail(err, FC_REASON_CANCELLED, "enough");
}

static void a_stream_is_followed_as_it_is_sampled(void **state)
{
    static const char *const columns[] = {"id", "n"};
    struct fixture *f = *state;
    const struct fc_consume_options options = {.start = FC_BROKER_LATEST};
    const struct fc_stream_follower follower = {
        .rows = take_followed, .reached = take_reached, .ctx = f};
    struct fc_broker_ops followed = broker_memory;
    struct fc_source_schema schema;

    for (size_t i = 0; i < 300; i++)
        PUT("\x02\x02\x0a\x00");
    put_tombstone();
    PUT("{\"id\": 1}");
    open_stream(f);
    must(f, describe(f, &schema));
    assert_int_equal(fc_stream_follow(f->stream, columns, 2, &options, &follower, &f->err),
                     FC_UNIMPLEMENTED);
    assert_non_null(strstr(f->err.message, "does not follow"));
    fc_source_stream.close(f->stream);

    followed.consume = memory_consume;
    must(f, fc_stream_open(&followed, &f->env, f->source, f->arena, &f->stream, &f->err));
    must(f, describe(f, &schema));
    assert_int_equal(fc_stream_follow(f->stream, columns, 2, &options, &follower, &f->err),
                     FC_CANCELLED);
    assert_int_equal(f->rows, 301);
    assert_int_equal(f->id_sum, 300);
    assert_int_equal(f->faults, 1);
    /* A follower knows where a message is: the reason is all that is said. */
    assert_null(strstr(f->first_fault, "partition"));
    fc_source_stream.close(f->stream);

    memory.down = true;
    must(f, fc_stream_open(&followed, &f->env, f->source, f->arena, &f->stream, &f->err));
    assert_int_equal(fc_stream_follow(f->stream, columns, 2, &options, &follower, &f->err),
                     FC_UNAVAILABLE);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test_setup_teardown(messages_are_rows, setup, teardown),
    cmocka_unit_test_setup_teardown(what_is_no_message_is_a_row_with_a_reason, setup, teardown),
    cmocka_unit_test_setup_teardown(nothing_to_look_at, setup, teardown),
    cmocka_unit_test_setup_teardown(the_schema_without_the_broker, setup, teardown),
    cmocka_unit_test_setup_teardown(a_format_that_is_none, setup, teardown),
    cmocka_unit_test_setup_teardown(a_stream_has_no_span, setup, teardown),
    cmocka_unit_test_setup_teardown(a_stream_is_followed_as_it_is_sampled, setup, teardown),
};

FC_TEST_MAIN(cases)

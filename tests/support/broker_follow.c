/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows a topic or stream, without formats and sinks, and prints each batch as a line of JSON: how kafka_follow.py and
 * kinesis_follow.py in tests/sources drive fc_broker_ops.consume.
 *
 *     broker_follow kafka|kinesis SERVERS|REGION NAME earliest|latest|MILLISECONDS [PARTITION=OFFSET]...
 *
 * Ends when its stdin does; with a last line {"reason", "message"} when the reading ends by itself.
 */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/sources/broker.h"
#include "worker/spent.h"

#define ARENA_BYTES   ((size_t)64 << 20)
#define POSITIONS_MAX 64

struct follower {
    bool troubled, behind, begun;
};

static bool stdin_ended(void)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;

    return poll(&fd, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

static void print(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(line);
    putchar('\n');
    fflush(stdout);
}

static json_t *line_of(const struct fc_consume_batch *batch)
{
    json_t *messages = json_array(), *next = json_object(), *gone = json_array();

    for (size_t i = 0; i < batch->count; i++) {
        const struct fc_message *m = &batch->messages[i];
        json_array_append_new(
            messages, json_pack("[s, s, s%]", m->partition, m->offset, m->value.ptr, m->value.len));
    }
    for (size_t i = 0; i < batch->next_count; i++)
        json_object_set_new(next, batch->next[i].partition, json_string(batch->next[i].offset));
    for (size_t i = 0; i < batch->gone_count; i++)
        json_array_append_new(gone, json_string(batch->gone[i]));
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:s?}", "messages", messages, "next",
                     next, "gone", gone, "partitions", (json_int_t)batch->partitions, "behind",
                     (json_int_t)batch->behind, "behind_ms", (json_int_t)batch->behind_ms, "lost",
                     (json_int_t)batch->lost, "trouble", batch->trouble);
}

/* Empty batches are told of when they have something new to say: that the reading has begun, or that all is not well. */
static fc_rc take(void *ctx, const struct fc_consume_batch *batch, struct fc_error *err)
{
    struct follower *f = ctx;
    bool troubled = batch->trouble != NULL;
    bool behind = batch->behind != 0;

    if (batch->count > 0 || batch->next_count > 0 || batch->gone_count > 0 || !f->begun ||
        troubled != f->troubled || behind != f->behind)
        print(line_of(batch));
    f->begun = true;
    f->troubled = troubled;
    f->behind = behind;
    return stdin_ended() ? fc_fail(err, FC_REASON_CANCELLED, "stdin has ended") : FC_OK;
}

static void read_positions(char **words, size_t count, struct fc_broker_position *ret)
{
    for (size_t i = 0; i < count; i++) {
        char *equals = strchr(words[i], '=');
        if (!equals)
            abort();
        *equals = '\0';
        ret[i] = (struct fc_broker_position){.partition = words[i], .offset = equals + 1};
    }
}

static fc_rc follow(const Feast__Core__DataSource *source, const struct fc_consume_options *options,
                    struct fc_arena *arena, struct fc_error *err)
{
    const struct fc_source_env env = {.sys = fc_sys_real()};
    const struct fc_broker_ops *ops =
        fc_broker_kafka.accepts(source) ? &fc_broker_kafka : &fc_broker_kinesis;
    struct fc_broker *broker = NULL;
    struct follower follower = {.begun = false};

    fc_rc rc = ops->open(&env, source, arena, &broker, err);
    if (rc != FC_OK)
        return rc;
    rc = ops->consume(broker, options, take, &follower, err);
    ops->close(broker);
    return rc;
}

/* false: no such kind. */
static bool describe(char **words, Feast__Core__DataSource *source,
                     Feast__Core__DataSource__KafkaOptions *kafka,
                     Feast__Core__DataSource__KinesisOptions *kinesis)
{
    kafka->bootstrap_servers = kinesis->region = words[1];
    kafka->topic = kinesis->stream_name = words[2];
    if (strcmp(words[0], "kafka") == 0) {
        source->type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KAFKA;
        source->options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS;
        source->kafka_options = kafka;
    } else {
        source->type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KINESIS;
        source->options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS;
        source->kinesis_options = kinesis;
    }
    return strcmp(words[0], "kafka") == 0 || strcmp(words[0], "kinesis") == 0;
}

int main(int argc, char **argv)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(ARENA_BYTES);
    Feast__Core__DataSource source = FEAST__CORE__DATA_SOURCE__INIT;
    Feast__Core__DataSource__KafkaOptions kafka = FEAST__CORE__DATA_SOURCE__KAFKA_OPTIONS__INIT;
    Feast__Core__DataSource__KinesisOptions kinesis =
        FEAST__CORE__DATA_SOURCE__KINESIS_OPTIONS__INIT;
    struct fc_broker_position positions[POSITIONS_MAX];
    struct fc_error err = FC_ERROR_INIT;

    if (argc < 5 || argc - 5 > POSITIONS_MAX || !arena ||
        !describe(argv + 1, &source, &kafka, &kinesis)) {
        fputs("usage: broker_follow KIND PLACE NAME START [PARTITION=OFFSET]...\n", stderr);
        return 2;
    }
    read_positions(argv + 5, (size_t)argc - 5, positions);
    const struct fc_consume_options options = {
        .start = strcmp(argv[4], "earliest") == 0 ? FC_BROKER_EARLIEST
                 : strcmp(argv[4], "latest") == 0 ? FC_BROKER_LATEST
                                                  : FC_BROKER_AT_TIME,
        .time_ms = strtoll(argv[4], NULL, 10),
        .positions = positions,
        .position_count = (size_t)argc - 5,
        .messages = 50,
        .linger_ns = 20 * FC_NS_PER_MS,
    };
    if (follow(&source, &options, arena, &err) != FC_OK && err.reason != FC_REASON_CANCELLED)
        print(json_pack("{s:s, s:s}", "reason", fc_reason_info(err.reason)->word, "message",
                        err.message));
    if (fc_spent())
        _exit(0);
    return 0;
}

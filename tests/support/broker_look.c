/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at a topic or stream as a probe does, without formats and contract, and prints what it saw as JSON: how
 * tests/sources/ drive worker/sources/broker.h.
 *
 *     broker_look kafka SERVERS TOPIC [key=value]...
 *     broker_look kinesis REGION STREAM [key=value]...
 *
 * Keys: rows, bytes, deadline_ms, config, ca, denied, endpoint, scheme.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/sources/broker.h"
#include "worker/spent.h"

#define ARENA_BYTES ((size_t)256 << 20)

struct look {
    Feast__Worker__V1__Limits limits;
    Feast__Worker__V1__Access access;
    char *denied, *scheme;
    json_t *messages;
};

static char *text_of(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        abort();
    return copy;
}

static bool set(struct look *look, const char *key, const char *value)
{
    if (strcmp(key, "rows") == 0)
        look->limits.rows = strtoull(value, NULL, 10);
    else if (strcmp(key, "bytes") == 0)
        look->limits.bytes = strtoull(value, NULL, 10);
    else if (strcmp(key, "deadline_ms") == 0)
        look->limits.deadline_ms = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(key, "config") == 0)
        look->access.kafka_config = text_of(value);
    else if (strcmp(key, "ca") == 0)
        look->access.ca_file = text_of(value);
    else if (strcmp(key, "endpoint") == 0)
        look->access.kinesis_endpoint = text_of(value);
    else if (strcmp(key, "denied") == 0)
        look->denied = text_of(value);
    else if (strcmp(key, "scheme") == 0)
        look->scheme = text_of(value);
    else
        return false;
    return true;
}

/* As text, or in hex when it is none. */
static json_t *json_of(fc_str text)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf hex = FC_BUF_INIT;
    json_t *json = json_stringn(text.len > 0 ? text.ptr : "", text.len);

    for (size_t i = 0; !json && i < text.len; i++)
        fc_buf_printf(&hex, "%02x", (unsigned char)text.ptr[i]);
    return json ? json : json_string(fc_buf_text(&hex));
}

static fc_rc take(void *ctx, const struct fc_message *message, struct fc_error *err)
{
    struct look *look = ctx;
    json_t *value = message->null ? json_null() : json_of(message->value);

    (void)err;
    json_array_append_new(look->messages,
                          json_pack("{s:o, s:s, s:s, s:I, s:o}", "value", value, "partition",
                                    message->partition, "offset", message->offset, "time_ms",
                                    (json_int_t)message->time_ms, "key", json_of(message->key)));
    return FC_OK;
}

static json_t *failure(const struct fc_error *err)
{
    return json_pack("{s:s, s:s}", "reason", fc_reason_info(err->reason)->word, "message",
                     err->message);
}

static json_t *run(struct look *look, const struct fc_broker_ops *ops,
                   const Feast__Core__DataSource *source, struct fc_arena *arena)
{
    const struct fc_sys *sys = fc_sys_real();
    const struct fc_access access = {.order = &look->access};
    struct fc_source_env env = {.sys = sys, .limits = &look->limits, .access = &access};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_sample_stats stats = {.cut = false};
    struct fc_broker *broker = NULL;
    int64_t start = fc_monotonic_ns(sys);

    if (look->limits.deadline_ms > 0)
        env.deadline_ns = start + (int64_t)look->limits.deadline_ms * FC_NS_PER_MS;
    if (ops->open(&env, source, arena, &broker, &err) != FC_OK)
        return failure(&err);
    size_t partitions = ops->partitions(broker);
    int64_t opened = fc_monotonic_ns(sys);
    fc_rc rc = ops->sample(broker, take, look, &stats, &err);
    int64_t sampled = fc_monotonic_ns(sys);
    const char *remark = ops->remark(broker);
    json_t *remark_text = remark ? json_string(remark) : json_null();
    ops->close(broker);
    if (rc != FC_OK) {
        json_decref(remark_text);
        return failure(&err);
    }
    return json_pack("{s:I, s:I, s:b, s:o, s:O, s:f, s:f, s:f}", "partitions",
                     (json_int_t)partitions, "bytes", (json_int_t)stats.bytes_read, "cut",
                     stats.cut, "remark", remark_text, "messages", look->messages, "open_ms",
                     (double)(opened - start) / FC_NS_PER_MS, "sample_ms",
                     (double)(sampled - opened) / FC_NS_PER_MS, "close_ms",
                     (double)(fc_monotonic_ns(sys) - sampled) / FC_NS_PER_MS);
}

static void free_unless_empty(char *text)
{
    if (text != protobuf_c_empty_string)
        free(text);
}

static int usage(void)
{
    fputs("usage: broker_look kafka|kinesis PLACE NAME [key=value]...\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(ARENA_BYTES);
    struct look look = {.limits = FEAST__WORKER__V1__LIMITS__INIT,
                        .access = FEAST__WORKER__V1__ACCESS__INIT,
                        .messages = json_array()};
    Feast__Core__DataSource source = FEAST__CORE__DATA_SOURCE__INIT;
    Feast__Core__DataSource__KafkaOptions kafka = FEAST__CORE__DATA_SOURCE__KAFKA_OPTIONS__INIT;
    Feast__Core__DataSource__KinesisOptions kinesis =
        FEAST__CORE__DATA_SOURCE__KINESIS_OPTIONS__INIT;
    bool is_kafka = argc >= 4 && strcmp(argv[1], "kafka") == 0;

    if (argc < 4 || !arena || (!is_kafka && strcmp(argv[1], "kinesis") != 0))
        return usage();
    if (is_kafka) {
        source.type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KAFKA;
        source.options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS;
        source.kafka_options = &kafka;
        kafka.bootstrap_servers = argv[2];
        kafka.topic = argv[3];
    } else {
        source.type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KINESIS;
        source.options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS;
        source.kinesis_options = &kinesis;
        kinesis.region = argv[2];
        kinesis.stream_name = argv[3];
    }
    for (int i = 4; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals)
            return usage();
        *equals = '\0';
        if (!set(&look, argv[i], equals + 1))
            return usage();
    }
    look.access.denied = &look.denied;
    look.access.n_denied = look.denied != NULL;
    look.access.schemes = &look.scheme;
    look.access.n_schemes = look.scheme != NULL;
    json_t *seen = run(&look, is_kafka ? &fc_broker_kafka : &fc_broker_kinesis, &source, arena);
    json_dumpf(seen, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(seen);
    json_decref(look.messages);
    free_unless_empty(look.access.kafka_config);
    free_unless_empty(look.access.ca_file);
    free_unless_empty(look.access.kinesis_endpoint);
    free(look.denied);
    free(look.scheme);
    /* As the worker does: threads that run on must not meet what exit handlers tear down. */
    if (fc_spent()) {
        fflush(stdout);
        _exit(0);
    }
    return 0;
}

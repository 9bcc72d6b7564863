/* SPDX-License-Identifier: Apache-2.0 */
/* A client of librdkafka: its configuration, its end, and what its errors mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "worker/sources/kafka.h"
#include "worker/spent.h"

/* The library refuses less than a second, and needs no more than a minute. */
#define TIMEOUT_MIN_MS 1000
#define TIMEOUT_MAX_MS 60000
/* An answer that takes longer is asked for again. */
#define WAIT_MAX_MS 4000
/* The library's smallest and largest answer to a fetch. */
#define FETCH_MIN (INT64_C(1) << 20)
#define FETCH_MAX (INT64_C(50) << 20)
/* Fetched ahead of what was read, of all partitions and of each one. */
#define AHEAD_KB      (32 << 10)
#define AHEAD_PART_KB (16 << 10)
/* Threads that wait for nothing end within milliseconds; one may be resolving a name. */
#define END_S 2

int fc_kafka_left_ms(const struct fc_broker *self, int most)
{
    int64_t left = (self->deadline_ns - fc_monotonic_ns(self->env->sys)) / FC_NS_PER_MS;

    return left <= 0 ? 0 : left < most ? (int)left : most;
}

int fc_kafka_next_wait(int wait_ms)
{
    static const struct timespec PAUSE = {.tv_nsec = 50 * FC_NS_PER_MS};

    (void)nanosleep(&PAUSE, NULL);
    return wait_ms < WAIT_MAX_MS ? wait_ms * 2 : wait_ms;
}

const char *fc_kafka_name(const struct fc_broker *self)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;

    fc_buf_printf(&text, "topic \"%s\" at ", self->topic);
    for (size_t i = 0; i < self->servers.count; i++)
        fc_buf_printf(&text, "%s%s", i > 0 ? "," : "", self->servers.items[i].text);
    const char *name = text.failed ? NULL : fc_arena_strdup(self->arena, fc_buf_text(&text));
    return name ? name : "a topic";
}

struct setting {
    const char *name, *value;
};

static fc_rc set(rd_kafka_conf_t *conf, const char *name, const char *value, struct fc_error *err)
{
    char text[512];

    if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
        return fc_fail(err, FC_REASON_INTERNAL, "librdkafka refuses %s", name);
    return FC_OK;
}

/* What the operator set. The library's text may show the value. */
static fc_rc set_properties(struct fc_broker *self, rd_kafka_conf_t *conf, struct fc_error *err)
{
    char text[512];

    for (size_t i = 0; i < self->config.count; i++) {
        const struct fc_kafka_property *p = &self->config.properties[i];
        if (rd_kafka_conf_set(conf, p->name, p->value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
            return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                           "the server's Kafka properties (sources.kafka_config), line %u: %s",
                           p->line,
                           p->secret ? "the value is refused"
                                     : fc_kafka_config_scrub(&self->config, text, self->arena));
    }
    return FC_OK;
}

/* Those that take connections: the library would try the others again and again. */
static const char *bootstrap(const struct fc_broker *self)
{
    char *list = fc_arena_strdup(self->arena, "");

    for (size_t i = 0; list && i < self->servers.count; i++) {
        const struct fc_kafka_server *server = &self->servers.items[i];
        if (!server->failure)
            list = fc_arena_printf(self->arena, "%s%s%s", list, *list ? "," : "", server->text);
    }
    return list;
}

/* The library's bound holds for each partition. */
static int ahead_kb(const struct fc_broker *self)
{
    size_t share = AHEAD_KB / (self->partition_count > 0 ? self->partition_count : 1);

    return share > AHEAD_PART_KB ? AHEAD_PART_KB : share > 0 ? (int)share : 1;
}

static fc_rc set_own(struct fc_broker *self, rd_kafka_conf_t *conf, bool follows,
                     struct fc_error *err)
{
    const Feast__Worker__V1__Limits *limits = self->env->limits;
    int64_t bytes = limits && limits->bytes > 0 && limits->bytes < (uint64_t)FETCH_MAX
                        ? (int64_t)limits->bytes
                        : FETCH_MAX;
    int timeout = fc_kafka_left_ms(self, TIMEOUT_MAX_MS);
    char timeout_text[16], ahead_text[16], bytes_text[24];

    if (timeout < TIMEOUT_MIN_MS)
        timeout = TIMEOUT_MIN_MS;
    (void)snprintf(timeout_text, sizeof(timeout_text), "%d", timeout);
    (void)snprintf(ahead_text, sizeof(ahead_text), "%d", ahead_kb(self));
    (void)snprintf(bytes_text, sizeof(bytes_text), "%lld",
                   (long long)(bytes < FETCH_MIN ? FETCH_MIN : bytes));
    const struct setting settings[] = {
        {"bootstrap.servers", bootstrap(self)},
        {"client.id", "feast-core"},
        {"allow.auto.create.topics", "false"},
        {"enable.auto.commit", "false"},
        {"enable.partition.eof", follows ? "false" : "true"},
        {"check.crcs", "true"},
        {"socket.timeout.ms", timeout_text},
        {"socket.connection.setup.timeout.ms", timeout_text},
        {"reconnect.backoff.ms", "20"},
        {"reconnect.backoff.max.ms", "500"},
        {"fetch.wait.max.ms", follows ? "500" : "10"},
        {"queued.max.messages.kbytes", follows ? ahead_text : "16384"},
        {"topic.metadata.refresh.interval.ms", "10000"},
        {"fetch.error.backoff.ms", "50"},
        {"fetch.max.bytes", bytes_text},
    };
    for (size_t i = 0; i < FC_ARRAY_LEN(settings); i++) {
        fc_rc rc = settings[i].value
                       ? set(conf, settings[i].name, settings[i].value, err)
                       : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a Kafka client");
        if (rc != FC_OK)
            return rc;
    }
    const Feast__Worker__V1__Access *order = self->env->access ? self->env->access->order : NULL;
    return order && order->ca_file && order->ca_file[0]
               ? set(conf, "ssl.ca.location", order->ca_file, err)
               : FC_OK;
}

static void conf_freep(rd_kafka_conf_t **conf)
{
    if (*conf)
        rd_kafka_conf_destroy(*conf);
}

fc_rc fc_kafka_client_new(struct fc_broker *self, bool follows, struct fc_error *err)
{
    FC_CLEANUP(conf_freep) rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[512];

    self->watch = fc_kafka_watch_new(self->env->access);
    if (!self->watch)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a Kafka client");
    fc_kafka_watch_set(self->watch, conf);
    fc_rc rc = set_own(self, conf, follows, err);
    if (rc == FC_OK)
        rc = set_properties(self, conf, err);
    if (rc != FC_OK)
        return rc;
    self->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
    if (!self->client)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "the server's Kafka properties (sources.kafka_config): %s",
                       fc_kafka_config_scrub(&self->config, text, self->arena));
    (void)fc_steal(conf); /* the client has it now */
    rd_kafka_topic_conf_t *topic = rd_kafka_topic_conf_new();
    /* What expired is told of, not passed over. */
    (void)rd_kafka_topic_conf_set(topic, "auto.offset.reset", "error", NULL, 0);
    self->handle = rd_kafka_topic_new(self->client, self->topic, topic);
    if (!self->handle)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "\"%.300s\" is no name of a topic",
                       self->topic);
    return FC_OK;
}

/* The part of a client that its end needs. */
struct ending {
    rd_kafka_t *client;
    rd_kafka_topic_t *handle;
};

static void *end_client(void *arg)
{
    struct ending *ending = arg;

    if (ending->handle)
        rd_kafka_topic_destroy(ending->handle);
    rd_kafka_destroy_flags(ending->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    free(ending);
    return NULL;
}

/* True when the client is gone. */
static bool end_in_time(const struct ending *what)
{
    struct ending *ending = malloc(sizeof *ending);
    struct timespec until;
    pthread_t thread;

    if (!ending)
        return false;
    *ending = *what;
    if (pthread_create(&thread, NULL, end_client, ending) != 0) {
        free(ending);
        return false;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += END_S;
    if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0)
        return true;
    (void)pthread_detach(thread);
    return false;
}

void fc_kafka_client_close(struct fc_broker *self)
{
    const struct ending ending = {.client = self->client, .handle = self->handle};
    struct fc_kafka_watch *watch = self->watch;

    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->closed = true;
    watch->access = NULL;
    pthread_mutex_unlock(&watch->lock);
    if (self->client && !end_in_time(&ending))
        fc_spent_set();
    else
        fc_kafka_watch_free(watch);
    self->client = NULL;
    self->watch = NULL;
}

bool fc_kafka_is_hopeless(struct fc_broker *self)
{
    rd_kafka_poll(self->client, 0);
    return self->watch->all_down || self->watch->trouble == FC_KAFKA_LOGIN;
}

/*
 * A listener that is spoken to in another protocol hangs up. Whether the library then says so itself hangs on whether it
 * was about to read or to write.
 */
static bool may_be_the_protocol(enum fc_kafka_trouble trouble, const char *text)
{
    static const char *const ENDS[] = {"Disconnected", "Receive failed", "Send failed",
                                       "reset by peer", "closed by peer"};

    for (size_t i = 0; trouble == FC_KAFKA_LOST && i < FC_ARRAY_LEN(ENDS); i++)
        if (strstr(text, ENDS[i]))
            return !strstr(text, "security.protocol");
    return false;
}

static fc_rc fail_by_trouble(struct fc_broker *self, struct fc_error *err)
{
    static const char *const WORDS[] = {
        [FC_KAFKA_LOST] = "the broker ended the connection",
        [FC_KAFKA_TLS] = "no TLS connection could be made",
        [FC_KAFKA_LOGIN] = "the broker refused the login",
    };
    const char *text = fc_kafka_config_scrub(&self->config, self->watch->trouble_text, self->arena);

    if (!text)
        text = "";
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s: %s%s", fc_kafka_name(self),
                   WORDS[self->watch->trouble], text,
                   may_be_the_protocol(self->watch->trouble, text)
                       ? "; its listener may take another security.protocol (sources.kafka_config)"
                       : "");
}

static fc_rc fail_by_code(struct fc_broker *self, rd_kafka_resp_err_t code, const char *doing,
                          struct fc_error *err)
{
    const char *name = fc_kafka_name(self);

    switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: there is no such topic", name);
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: that is no name of a topic", name);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: the broker does not authorize this server; it needs Describe and Read "
                       "on the topic",
                       name);
    default:
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s failed: %s", name, doing,
                       rd_kafka_err2str(code));
    }
}

fc_rc fc_kafka_fail(struct fc_broker *self, rd_kafka_resp_err_t code, const char *doing,
                    struct fc_error *err)
{
    char denied[sizeof(self->watch->denied)];
    /* Codes below zero are the library's own, and mean no more than that no answer came. */
    bool silent = code < 0;

    rd_kafka_poll(self->client, 0);
    pthread_mutex_lock(&self->watch->lock);
    memcpy(denied, self->watch->denied, sizeof(denied));
    pthread_mutex_unlock(&self->watch->lock);
    if (silent && denied[0])
        return fc_fail(err, FC_REASON_SOURCE_DENIED, "%s: %s", fc_kafka_name(self), denied);
    if (silent && self->watch->trouble != FC_KAFKA_NO_TROUBLE)
        return fail_by_trouble(self, err);
    if (silent && fc_kafka_left_ms(self, 1) == 0)
        return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED, "%s: %s took longer than the probe may",
                       fc_kafka_name(self), doing);
    return fail_by_code(self, code, doing, err);
}

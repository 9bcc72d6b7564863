/* SPDX-License-Identifier: Apache-2.0 */
/* A client of librdkafka: its configuration, what it may connect to, and what its errors mean. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sources/kafka.h"

/* The library refuses less than a second, and needs no more than a minute. */
#define TIMEOUT_MIN_MS 1000
#define TIMEOUT_MAX_MS 60000
/* The library's smallest and largest answer to a fetch. */
#define FETCH_MIN (INT64_C(1) << 20)
#define FETCH_MAX (INT64_C(50) << 20)

int fc_kafka_left_ms(const struct fc_broker *self, int most)
{
    int64_t left = (self->deadline_ns - fc_monotonic_ns(self->env->sys)) / FC_NS_PER_MS;

    return left <= 0 ? 0 : left < most ? (int)left : most;
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

/* The first address that was refused stays. */
static void note_denied(struct fc_broker *self, const struct fc_error *error)
{
    pthread_mutex_lock(&self->lock);
    if (!self->denied[0])
        (void)snprintf(self->denied, sizeof(self->denied), "%.500s", error->message);
    pthread_mutex_unlock(&self->lock);
}

static struct addrinfo *copy_of(const struct addrinfo *from)
{
    struct addrinfo *to = calloc(1, sizeof(*to) + from->ai_addrlen);

    if (to) {
        *to = *from;
        to->ai_canonname = NULL;
        to->ai_next = NULL;
        to->ai_addr = (struct sockaddr *)(to + 1);
        memcpy(to->ai_addr, from->ai_addr, from->ai_addrlen);
    }
    return to;
}

static void free_copies(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list);
        list = next;
    }
}

/* Called without a name, it frees what an earlier call gave. On one of the client's threads. */
static int on_resolve(const char *node, const char *service, const struct addrinfo *hints,
                      struct addrinfo **res, void *opaque)
{
    struct fc_broker *self = opaque;
    struct fc_error error = FC_ERROR_INIT;
    struct addrinfo *all = NULL, *first = NULL, **last = &first;

    if (!node) {
        free_copies(*res);
        return 0;
    }
    if (fc_access_host(self->env->access, node, &error) != FC_OK) {
        note_denied(self, &error);
        return EAI_FAIL;
    }
    int status = getaddrinfo(node, service, hints, &all);
    for (struct addrinfo *a = all; status == 0 && a; a = a->ai_next) {
        if (fc_access_address(self->env->access, node, a->ai_addr, &error) != FC_OK)
            continue;
        *last = copy_of(a);
        if (*last)
            last = &(*last)->ai_next;
    }
    if (all)
        freeaddrinfo(all);
    if (status == 0 && !first) {
        note_denied(self, &error);
        status = EAI_FAIL;
    }
    *res = first;
    return status;
}

/* What was resolved was checked then; this is the door itself, whatever way led to it. On one of the client's threads. */
static int on_connect(int fd, const struct sockaddr *address, int length, const char *id,
                      void *opaque)
{
    struct fc_broker *self = opaque;
    struct fc_error error = FC_ERROR_INIT;
    const char *colon = strrchr(id, ':');
    char host[300];

    (void)snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - id) : (int)strlen(id), id);
    if (fc_access_address(self->env->access, host, address, &error) != FC_OK) {
        note_denied(self, &error);
        return EACCES;
    }
    return connect(fd, address, (socklen_t)length) == 0 || errno == EINPROGRESS ? 0 : errno;
}

/* `sasl_ssl://h:1/bootstrap: text (after 3ms in state AUTH)` as `h:1: text`. */
static void plain_text(const char *reason, char *ret, size_t size)
{
    const char *host = strstr(reason, "://");
    const char *end = NULL;

    host = host ? host + 3 : reason;
    const char *text = strstr(host, ": ");
    const char *slash = strchr(host, '/');
    if (text && slash && slash < text)
        end = slash;
    int host_length = end ? (int)(end - host) : 0;
    if (end)
        host_length = (int)(end - host);
    text = end ? text : host;
    const char *tail = strstr(text, " (after ");
    int length = tail ? (int)(tail - text) : (int)strlen(text);
    (void)snprintf(ret, size, "%.*s%.*s", host_length, host, length, text);
}

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct fc_broker *self = opaque;
    enum fc_kafka_trouble trouble = FC_KAFKA_LOST;

    (void)client;
    switch ((rd_kafka_resp_err_t)code) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        self->all_down = true;
        return;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
        trouble = FC_KAFKA_LOGIN;
        break;
    case RD_KAFKA_RESP_ERR__SSL:
        trouble = FC_KAFKA_TLS;
        break;
    default:
        break;
    }
    if (trouble >= self->trouble) {
        self->trouble = trouble;
        plain_text(reason, self->trouble_text, sizeof(self->trouble_text));
    }
}

/* The library would else print to stderr, which is the log of jobs. */
static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    (void)level;
    (void)facility;
    (void)text;
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

static fc_rc set_own(struct fc_broker *self, rd_kafka_conf_t *conf, struct fc_error *err)
{
    const Feast__Worker__V1__Limits *limits = self->env->limits;
    int64_t bytes = limits && limits->bytes > 0 && limits->bytes < (uint64_t)FETCH_MAX
                        ? (int64_t)limits->bytes
                        : FETCH_MAX;
    int timeout = fc_kafka_left_ms(self, TIMEOUT_MAX_MS);
    char timeout_text[16], bytes_text[24];

    if (timeout < TIMEOUT_MIN_MS)
        timeout = TIMEOUT_MIN_MS;
    (void)snprintf(timeout_text, sizeof(timeout_text), "%d", timeout);
    (void)snprintf(bytes_text, sizeof(bytes_text), "%lld",
                   (long long)(bytes < FETCH_MIN ? FETCH_MIN : bytes));
    const struct setting settings[] = {
        {"bootstrap.servers", bootstrap(self)},
        {"client.id", "feast-core"},
        {"allow.auto.create.topics", "false"},
        {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"},
        {"check.crcs", "true"},
        {"socket.timeout.ms", timeout_text},
        {"socket.connection.setup.timeout.ms", timeout_text},
        {"reconnect.backoff.ms", "20"},
        {"reconnect.backoff.max.ms", "500"},
        {"fetch.wait.max.ms", "10"},
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

fc_rc fc_kafka_client_new(struct fc_broker *self, struct fc_error *err)
{
    FC_CLEANUP(conf_freep) rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[512];

    rd_kafka_conf_set_opaque(conf, self);
    rd_kafka_conf_set_resolve_cb(conf, on_resolve);
    rd_kafka_conf_set_connect_cb(conf, on_connect);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    fc_rc rc = set_own(self, conf, err);
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
    self->handle = rd_kafka_topic_new(self->client, self->topic, NULL);
    if (!self->handle)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "\"%.300s\" is no name of a topic",
                       self->topic);
    return FC_OK;
}

bool fc_kafka_is_hopeless(struct fc_broker *self)
{
    rd_kafka_poll(self->client, 0);
    return self->all_down || self->trouble == FC_KAFKA_LOGIN;
}

static fc_rc fail_by_trouble(struct fc_broker *self, struct fc_error *err)
{
    static const char *const WORDS[] = {
        [FC_KAFKA_LOST] = "the broker ended the connection",
        [FC_KAFKA_TLS] = "no TLS connection could be made",
        [FC_KAFKA_LOGIN] = "the broker refused the login",
    };
    const char *text = fc_kafka_config_scrub(&self->config, self->trouble_text, self->arena);

    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: %s: %s", fc_kafka_name(self),
                   WORDS[self->trouble], text ? text : "");
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
    char denied[sizeof(self->denied)];
    /* Codes below zero are the library's own, and mean no more than that no answer came. */
    bool silent = code < 0;

    rd_kafka_poll(self->client, 0);
    pthread_mutex_lock(&self->lock);
    memcpy(denied, self->denied, sizeof(denied));
    pthread_mutex_unlock(&self->lock);
    if (silent && denied[0])
        return fc_fail(err, FC_REASON_SOURCE_DENIED, "%s: %s", fc_kafka_name(self), denied);
    if (silent && self->trouble != FC_KAFKA_NO_TROUBLE)
        return fail_by_trouble(self, err);
    if (silent && fc_kafka_left_ms(self, 1) == 0)
        return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED, "%s: %s took longer than the probe may",
                       fc_kafka_name(self), doing);
    return fail_by_code(self, code, doing, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka topics. Nothing is left behind on the brokers: no consumer group is joined or made (the partitions are read by
 * the client's simple consumer), no offset is stored, no topic is created.
 */
#include "worker/sources/kafka.h"

#include <string.h>

/* When the caller has no deadline. */
#define DEADLINE_NS (30 * FC_NS_PER_S)
/* An answer that takes longer is asked for again. */
#define FIRST_WAIT_MS 250

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a Kafka client");
}

static bool accepts(const Feast__Core__DataSource *source)
{
    return source->type == FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KAFKA;
}

/* None of the servers takes a connection: each with its reason. */
static fc_rc fail_unreached(struct fc_broker *self, const struct fc_kafka_servers *servers,
                            const char *whose, struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    bool denied = true;

    for (size_t i = 0; i < servers->count; i++) {
        const struct fc_kafka_server *server = &servers->items[i];
        denied = denied && server->denied;
        fc_buf_printf(&text, "%s%s: %s", i > 0 ? "; " : "", server->text, server->failure);
    }
    return fc_fail(err, denied ? FC_REASON_SOURCE_DENIED : FC_REASON_SOURCE_UNREACHABLE,
                   "%s: %s can be reached: %.3000s", fc_kafka_name(self), whose,
                   fc_buf_text(&text));
}

static size_t reached(const struct fc_kafka_servers *servers)
{
    size_t count = 0;

    for (size_t i = 0; i < servers->count; i++)
        count += !servers->items[i].failure;
    return count;
}

/* Half of the time left: what is unreachable is to be told before the deadline. */
static int64_t half_way(const struct fc_broker *self)
{
    int64_t now = fc_monotonic_ns(self->env->sys);

    return now + (self->deadline_ns - now) / 2;
}

static fc_rc find_servers(struct fc_broker *self, const char *list, struct fc_error *err)
{
    fc_rc rc = fc_kafka_servers_read(list, "bootstrap_servers", self->arena, &self->servers, err);
    if (rc == FC_OK)
        rc = fc_kafka_reach(&self->servers, self->env->access, self->env->sys, half_way(self),
                            self->arena, err);
    if (rc == FC_OK && reached(&self->servers) == 0)
        rc = fail_unreached(self, &self->servers, "none of the brokers", err);
    return rc;
}

/* Waits for an answer, but no longer than it makes sense. */
static fc_rc ask(struct fc_broker *self, const struct rd_kafka_metadata **ret, struct fc_error *err)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;

    for (int wait = FIRST_WAIT_MS; fc_kafka_left_ms(self, 1) > 0;) {
        code = rd_kafka_metadata(self->client, 0, self->handle, ret, fc_kafka_left_ms(self, wait));
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return FC_OK;
        if (fc_kafka_is_hopeless(self))
            break;
        wait = fc_kafka_next_wait(wait);
    }
    return fc_kafka_fail(self, code, "asking for its partitions", err);
}

static bool leads(const struct rd_kafka_metadata_topic *topic, int32_t broker)
{
    for (int i = 0; i < topic->partition_cnt; i++)
        if (topic->partitions[i].leader == broker)
            return true;
    return false;
}

/* Brokers that lead a partition, where they say that they can be reached. `ids` are theirs. */
static fc_rc list_leaders(struct fc_broker *self, const struct rd_kafka_metadata *metadata,
                          struct fc_kafka_servers *ret, int32_t *ids, struct fc_error *err)
{
    for (int i = 0; i < metadata->broker_cnt; i++) {
        const struct rd_kafka_metadata_broker *broker = &metadata->brokers[i];
        struct fc_kafka_server *server = &ret->items[ret->count];
        if (!leads(&metadata->topics[0], broker->id))
            continue;
        server->host = fc_arena_strdup(self->arena, broker->host);
        server->port = (uint16_t)broker->port;
        server->text = fc_arena_printf(self->arena, strchr(broker->host, ':') ? "[%s]:%d" : "%s:%d",
                                       broker->host, broker->port);
        if (!server->host || !server->text)
            return no_memory(err);
        ids[ret->count++] = broker->id;
    }
    return FC_OK;
}

/*
 * Those brokers are reached under the addresses that the cluster gives out, which are often only good inside its own
 * network: told here, where each address can be named.
 */
static fc_rc reach_leaders(struct fc_broker *self, struct fc_kafka_servers *leaders,
                           struct fc_error *err)
{
    struct fc_kafka_servers others = {.count = 0};

    others.items = fc_arena_calloc(self->arena, leaders->count + 1, sizeof *others.items);
    size_t *at = fc_arena_calloc(self->arena, leaders->count + 1, sizeof *at);
    if (!others.items || !at)
        return no_memory(err);
    for (size_t i = 0; i < leaders->count; i++) {
        if (fc_kafka_servers_have(&self->servers, &leaders->items[i]))
            continue;
        at[others.count] = i;
        others.items[others.count++] = leaders->items[i];
    }
    if (others.count == 0)
        return FC_OK;
    fc_rc rc = fc_kafka_reach(&others, self->env->access, self->env->sys, half_way(self),
                              self->arena, err);
    if (rc == FC_OK && others.count == leaders->count && reached(&others) == 0)
        return fail_unreached(self, &others,
                              "none of the addresses under which its brokers announce themselves",
                              err);
    for (size_t i = 0; i < others.count; i++)
        leaders->items[at[i]] = others.items[i];
    return rc;
}

static bool leader_reached(const struct fc_kafka_servers *leaders, const int32_t *ids, int32_t id)
{
    for (size_t i = 0; i < leaders->count; i++)
        if (ids[i] == id)
            return !leaders->items[i].failure;
    return false;
}

static fc_rc take_partitions(struct fc_broker *self, const struct rd_kafka_metadata *metadata,
                             struct fc_error *err)
{
    const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
    size_t brokers = (size_t)metadata->broker_cnt, count = (size_t)topic->partition_cnt;
    struct fc_kafka_servers leaders = {.count = 0};

    leaders.items = fc_arena_calloc(self->arena, brokers + 1, sizeof *leaders.items);
    int32_t *ids = fc_arena_calloc(self->arena, brokers + 1, sizeof *ids);
    self->partitions = fc_arena_calloc(self->arena, count + 1, sizeof *self->partitions);
    if (!leaders.items || !ids || !self->partitions)
        return no_memory(err);
    fc_rc rc = list_leaders(self, metadata, &leaders, ids, err);
    if (rc == FC_OK)
        rc = reach_leaders(self, &leaders, err);
    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; i < count; i++) {
        struct fc_kafka_partition *p = &self->partitions[i];
        *p = (struct fc_kafka_partition){.id = topic->partitions[i].id,
                                         .leader = topic->partitions[i].leader};
        p->reachable = leader_reached(&leaders, ids, p->leader);
        self->unreachable += !p->reachable;
    }
    self->partition_count = count;
    return FC_OK;
}

static fc_rc judge_partitions(struct fc_broker *self, struct fc_error *err)
{
    if (self->partition_count == 0 || self->unreachable == self->partition_count)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s: none of its %zu partitions has a leader that can be reached",
                       fc_kafka_name(self), self->partition_count);
    if (self->unreachable > 0)
        self->remark =
            fc_arena_printf(self->arena, "%zu of %zu partitions have no leader that can be reached",
                            self->unreachable, self->partition_count);
    return FC_OK;
}

static fc_rc find_topic(struct fc_broker *self, struct fc_error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    fc_rc rc = ask(self, &metadata, err);

    if (rc != FC_OK || !metadata)
        return rc;
    rd_kafka_resp_err_t code = metadata->topic_cnt == 1 ? metadata->topics[0].err
                                                        : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    /* A leader that is missing is told of each partition. */
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
        rc = take_partitions(self, metadata, err);
    else
        rc = fc_kafka_fail(self, code, "asking for its partitions", err);
    rd_kafka_metadata_destroy(metadata);
    return rc == FC_OK ? judge_partitions(self, err) : rc;
}

static fc_rc open_topic(struct fc_broker *self, const char *servers, struct fc_error *err)
{
    const Feast__Worker__V1__Access *order = self->env->access ? self->env->access->order : NULL;

    fc_rc rc = fc_access_scheme(self->env->access, "kafka", err);
    if (rc == FC_OK)
        rc = find_servers(self, servers, err);
    if (rc == FC_OK)
        rc = fc_kafka_config_read(order ? order->kafka_config : NULL, &self->servers, self->arena,
                                  &self->config, err);
    if (rc == FC_OK)
        rc = fc_kafka_client_new(self, false, err);
    return rc == FC_OK ? find_topic(self, err) : rc;
}

static fc_rc kafka_open(const struct fc_source_env *env, const Feast__Core__DataSource *source,
                        struct fc_arena *arena, struct fc_broker **ret, struct fc_error *err)
{
    const Feast__Core__DataSource__KafkaOptions *options = source->kafka_options;
    struct fc_broker *self = fc_arena_calloc(arena, 1, sizeof *self);

    if (!self)
        return no_memory(err);
    if (source->options_case != FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS ||
        !options->topic[0])
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "a Kafka source without a topic");
    self->env = env;
    self->arena = arena;
    self->topic = options->topic;
    self->deadline_ns =
        env->deadline_ns != 0 ? env->deadline_ns : fc_monotonic_ns(env->sys) + DEADLINE_NS;
    fc_rc rc = open_topic(self, options->bootstrap_servers, err);
    if (rc != FC_OK) {
        fc_kafka_client_close(self);
        return rc;
    }
    *ret = self;
    return FC_OK;
}

static size_t kafka_partitions(const struct fc_broker *self)
{
    return self->partition_count;
}

static const char *kafka_remark(const struct fc_broker *self)
{
    return self->remark;
}

const struct fc_broker_ops fc_broker_kafka = {
    .version = FC_BROKER_VERSION,
    .kind = "kafka",
    .accepts = accepts,
    .open = kafka_open,
    .partitions = kafka_partitions,
    .sample = fc_kafka_sample,
    .consume = fc_kafka_consume,
    .remark = kafka_remark,
    .close = fc_kafka_client_close,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Kinesis streams: found, their shards listed. No consumer is registered, nothing is written. */
#include "worker/sources/kinesis.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define SCRATCH_MAX ((size_t)64 << 20)
/* When the caller has no deadline. */
#define DEADLINE_NS (30 * FC_NS_PER_S)
#define SHARDS_MAX  20000
#define TEXT_MAX    128

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the shards of a stream");
}

static bool accepts(const Feast__Core__DataSource *source)
{
    return source->type == FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KINESIS;
}

/* Of letters, digits and these; a region becomes part of a host's name. */
static bool is_made_of(const char *text, const char *others, size_t most)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr(others, text[i]))
            return false;
    return length > 0 && length <= most;
}

static fc_rc set_place(struct fc_broker *self, const char *region, struct fc_error *err)
{
    const Feast__Worker__V1__Access *order = self->env->access ? self->env->access->order : NULL;
    const char *endpoint = fc_aws_endpoint(order ? order->kinesis_endpoint : NULL, "KINESIS");

    self->region = fc_aws_region(region, self->arena);
    if (!self->region)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "the source of stream \"%.128s\" has no region", self->stream);
    if (!is_made_of(self->region, "-", TEXT_MAX))
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "\"%.128s\" is no AWS region", self->region);
    if (!is_made_of(self->stream, "-_.", TEXT_MAX))
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "\"%.200s\" is no name of a Kinesis stream",
                       self->stream);
    if (endpoint && strncasecmp(endpoint, "http://", 7) != 0 &&
        strncasecmp(endpoint, "https://", 8) != 0)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "the endpoint of Kinesis is no URL of HTTP or HTTPS: \"%.100s\"", endpoint);
    self->endpoint = endpoint != NULL;
    self->url = endpoint ? fc_arena_printf(self->arena, "%s%s", endpoint,
                                           endpoint[strlen(endpoint) - 1] == '/' ? "" : "/")
                         : fc_arena_printf(self->arena, "https://kinesis.%s.%s/", self->region,
                                           fc_aws_domain(self->region));
    self->name = fc_arena_printf(self->arena, "stream \"%s\" in %s", self->stream, self->region);
    return self->url && self->name ? FC_OK : no_memory(err);
}

static fc_rc find_stream(struct fc_broker *self, struct fc_arena *scratch, struct fc_error *err)
{
    FC_CLEANUP(fc_json_freep) json_t *answer = NULL;
    fc_rc rc = fc_kinesis_call(self, "DescribeStreamSummary",
                               json_pack("{s:s}", "StreamName", self->stream), "asking for it",
                               scratch, &answer, err);

    if (rc != FC_OK)
        return rc;
    const char *status = json_string_value(
        json_object_get(json_object_get(answer, "StreamDescriptionSummary"), "StreamStatus"));
    if (!status || (strcmp(status, "ACTIVE") != 0 && strcmp(status, "UPDATING") != 0))
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s: its status is %.40s, not ACTIVE",
                       fc_kinesis_name(self), status ? status : "unknown");
    return FC_OK;
}

bool fc_kinesis_is_closed(const json_t *shard)
{
    return json_is_string(
        json_object_get(json_object_get(shard, "SequenceNumberRange"), "EndingSequenceNumber"));
}

static fc_rc take_shard(void *ctx, const json_t *one, struct fc_error *err)
{
    struct fc_broker *self = ctx;
    const char *id = json_string_value(json_object_get(one, "ShardId"));

    if (!id || self->shard_count == SHARDS_MAX)
        return FC_OK;
    struct fc_kinesis_shard *shard = &self->shards[self->shard_count];
    shard->id = fc_arena_strdup(self->arena, id);
    if (!shard->id)
        return no_memory(err);
    shard->closed = fc_kinesis_is_closed(one);
    self->open_count += !shard->closed;
    self->shard_count++;
    return FC_OK;
}

fc_rc fc_kinesis_list(struct fc_broker *self, struct fc_arena *scratch, fc_kinesis_shard_fn fn,
                      void *ctx, struct fc_error *err)
{
    FC_CLEANUP(fc_json_freep) json_t *answer = NULL;
    const char *token = NULL;

    do {
        json_t *input = token ? json_pack("{s:s}", "NextToken", token)
                              : json_pack("{s:s}", "StreamName", self->stream);
        json_t *page = NULL, *one = NULL;
        size_t index = 0;
        fc_rc rc = fc_kinesis_call(self, "ListShards", input, "asking for its shards", scratch,
                                   &page, err);
        if (rc != FC_OK)
            return rc;
        json_decref(answer);
        answer = page;
        json_array_foreach (json_object_get(answer, "Shards"), index, one) {
            rc = fn(ctx, one, err);
            if (rc != FC_OK)
                return rc;
        }
        token = json_string_value(json_object_get(answer, "NextToken"));
    } while (token);
    return FC_OK;
}

static fc_rc list_shards(struct fc_broker *self, struct fc_arena *scratch, struct fc_error *err)
{
    self->shards = fc_arena_calloc(self->arena, SHARDS_MAX, sizeof *self->shards);
    return self->shards ? fc_kinesis_list(self, scratch, take_shard, self, err) : no_memory(err);
}

/* The newest records are in open shards; those of closed ones are older. */
static fc_rc open_first(struct fc_broker *self, struct fc_error *err)
{
    struct fc_kinesis_shard *sorted =
        fc_arena_calloc(self->arena, self->shard_count + 1, sizeof *sorted);
    size_t count = 0;

    if (!sorted)
        return no_memory(err);
    for (int closed = 0; closed <= 1; closed++) {
        for (size_t i = 0; i < self->shard_count; i++)
            if (self->shards[i].closed == (closed == 1))
                sorted[count++] = self->shards[i];
    }
    self->shards = sorted;
    return FC_OK;
}

static void kinesis_close(struct fc_broker *self)
{
    fc_http_free(self->http);
}

static fc_rc look(struct fc_broker *self, const char *region, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *scratch = fc_arena_new(SCRATCH_MAX);
    const struct fc_http_options options = {
        .access = self->env->access, .sys = self->env->sys, .deadline_ns = self->deadline_ns};

    if (!scratch)
        return no_memory(err);
    fc_rc rc = fc_access_scheme(self->env->access, "kinesis", err);
    if (rc == FC_OK)
        rc = set_place(self, region, err);
    if (rc == FC_OK)
        rc = fc_http_new(&options, &self->http, err);
    if (rc == FC_OK)
        rc = find_stream(self, scratch, err);
    if (rc == FC_OK)
        rc = list_shards(self, scratch, err);
    return rc == FC_OK ? open_first(self, err) : rc;
}

static fc_rc kinesis_open(const struct fc_source_env *env, const Feast__Core__DataSource *source,
                          struct fc_arena *arena, struct fc_broker **ret, struct fc_error *err)
{
    const Feast__Core__DataSource__KinesisOptions *options = source->kinesis_options;
    struct fc_broker *self = fc_arena_calloc(arena, 1, sizeof *self);

    if (!self)
        return no_memory(err);
    if (source->options_case != FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS ||
        !options->stream_name[0])
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "a Kinesis source without a stream");
    self->env = env;
    self->arena = arena;
    self->stream = options->stream_name;
    self->deadline_ns =
        env->deadline_ns != 0 ? env->deadline_ns : fc_monotonic_ns(env->sys) + DEADLINE_NS;
    fc_rc rc = look(self, options->region, err);
    if (rc != FC_OK) {
        kinesis_close(self);
        return rc;
    }
    *ret = self;
    return FC_OK;
}

static size_t kinesis_partitions(const struct fc_broker *self)
{
    return self->open_count;
}

static const char *kinesis_remark(const struct fc_broker *self)
{
    return self->remark;
}

const struct fc_broker_ops fc_broker_kinesis = {
    .version = FC_BROKER_VERSION,
    .kind = "kinesis",
    .accepts = accepts,
    .open = kinesis_open,
    .partitions = kinesis_partitions,
    .sample = fc_kinesis_sample,
    .consume = fc_kinesis_consume,
    .remark = kinesis_remark,
    .close = kinesis_close,
};

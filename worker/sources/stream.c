/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "worker/sources/stream_rows.h"

static const struct fc_broker_ops *const BROKERS[] = {&fc_broker_kafka, &fc_broker_kinesis};

const Feast__Core__StreamFormat *fc_stream_format(const Feast__Core__DataSource *source)
{
    switch (source->options_case) {
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS:
        return source->kafka_options->message_format;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS:
        return source->kinesis_options->record_format;
    default:
        return NULL;
    }
}

static const struct fc_broker_ops *broker_of(const Feast__Core__DataSource *source)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(BROKERS); i++)
        if (BROKERS[i]->accepts(source))
            return BROKERS[i];
    return NULL;
}

static bool accepts(const Feast__Core__DataSource *source)
{
    return broker_of(source) != NULL;
}

fc_rc fc_stream_open(const struct fc_broker_ops *broker, const struct fc_source_env *env,
                     const Feast__Core__DataSource *source, struct fc_arena *arena,
                     struct fc_source **ret, struct fc_error *err)
{
    const struct fc_format_env format_env = {
        .access = env->access, .sys = env->sys, .deadline_ns = env->deadline_ns};
    const Feast__Core__StreamFormat *format = fc_stream_format(source);
    struct fc_source *self = fc_arena_calloc(arena, 1, sizeof *self);

    if (!self)
        return fc_stream_no_memory(err);
    self->env = env;
    self->arena = arena;
    self->broker_ops = broker;
    self->location = fc_source_location(source, arena);
    fc_rc rc = fc_format_ops_for(format, &self->format_ops, err);
    if (rc == FC_OK)
        rc = self->format_ops->open(&format_env, format, arena, &self->format, err);
    if (rc != FC_OK)
        return rc;
    self->unreached = (struct fc_error)FC_ERROR_INIT;
    if (broker->open(env, source, arena, &self->broker, &self->unreached) != FC_OK)
        self->broker = NULL;
    *ret = self;
    return FC_OK;
}

static fc_rc stream_open(const struct fc_source_env *env, const Feast__Core__DataSource *source,
                         struct fc_arena *arena, struct fc_source **ret, struct fc_error *err)
{
    return fc_stream_open(broker_of(source), env, source, arena, ret, err);
}

static bool stream_is_empty(const struct fc_source *self)
{
    return self->sampled && self->messages == self->tombstones;
}

static fc_rc stream_describe(struct fc_source *self, struct fc_arena *arena,
                             struct fc_source_schema *ret, struct fc_error *err)
{
    size_t partitions = self->broker ? self->broker_ops->partitions(self->broker) : 0;

    fc_rc rc = self->format_ops->describe(self->format, self->env->wanted, self->env->wanted_count,
                                          self->arena, &self->columns, &self->column_count, err);
    if (rc != FC_OK)
        return rc;
    *ret = (struct fc_source_schema){
        .files_total = partitions, .files_seen = partitions, .rows_total = -1, .bytes_total = -1};
    ret->columns =
        fc_arena_memdup(arena, self->columns, self->column_count * sizeof *self->columns);
    if (!ret->columns && self->column_count > 0)
        return fc_stream_no_memory(err);
    ret->column_count = self->column_count;
    return FC_OK;
}

/* Nothing to look at is no verdict on what will come. */
static fc_rc end_empty(const struct fc_source *self, bool cut, struct fc_error *err)
{
    if (cut)
        return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED, "%s: no message could be read in time",
                       self->location);
    if (self->tombstones > 0)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                       "%s is empty: of %" PRIu64 " messages none has a payload", self->location,
                       self->messages);
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s is empty: no message is in it",
                   self->location);
}

static void add_note(struct fc_sample_stats *stats, const char *note)
{
    for (size_t i = 0; note && i < FC_SAMPLE_NOTES; i++) {
        if (!stats->notes[i]) {
            stats->notes[i] = note;
            return;
        }
    }
}

static void add_notes(const struct fc_source *self, struct fc_sample_stats *stats)
{
    add_note(stats, self->format_ops->remark(self->format, self->arena));
    add_note(stats, self->broker_ops->remark(self->broker));
    if (self->tombstones > 0)
        add_note(stats,
                 fc_arena_printf(self->arena,
                                 "%" PRIu64 " of %" PRIu64
                                 " messages are tombstones (no payload) and were passed over",
                                 self->tombstones, self->messages));
}

static fc_rc take_sampled(void *ctx, const struct fc_message *message, struct fc_error *err)
{
    return fc_stream_rows_take(ctx, message, err);
}

static fc_rc stream_sample(struct fc_source *self, const char *const *columns, size_t count,
                           fc_batch_fn fn, void *ctx, struct fc_sample_stats *ret,
                           struct fc_error *err)
{
    FC_CLEANUP(fc_stream_rows_done)
    struct fc_stream_rows rows = {.source = self, .fn = fn, .ctx = ctx};

    *ret = (struct fc_sample_stats){.cut = false};
    fc_rc rc = fc_stream_rows_begin(&rows, columns, count, err);
    if (rc == FC_OK)
        rc = self->broker_ops->sample(self->broker, take_sampled, &rows, ret, err);
    if (rc == FC_OK)
        rc = fc_stream_rows_flush(&rows, err);
    if (rc != FC_OK)
        return rc;
    self->sampled = true;
    if (self->messages == self->tombstones)
        return end_empty(self, ret->cut, err);
    add_notes(self, ret);
    return FC_OK;
}

static fc_rc stream_scan(struct fc_source *self, const struct fc_scan_request *request,
                         fc_batch_fn fn, void *ctx, struct fc_scan_progress *progress,
                         struct fc_error *err)
{
    (void)request;
    (void)fn;
    (void)ctx;
    (void)progress;
    return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED,
                   "%s is a stream: it has no end, a span of event time cannot be read from it",
                   self->location);
}

static void stream_close(struct fc_source *self)
{
    if (self && self->broker)
        self->broker_ops->close(self->broker);
}

const struct fc_source_ops fc_source_stream = {
    .version = FC_SOURCE_VERSION,
    .kind = "stream",
    .accepts = accepts,
    .open = stream_open,
    .is_empty = stream_is_empty,
    .describe = stream_describe,
    .sample = stream_sample,
    .scan = stream_scan,
    .close = stream_close,
};

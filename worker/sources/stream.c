/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/stream.h"

#include <inttypes.h>
#include <string.h>

#include "worker/formats/format.h"

static const struct fc_broker_ops *const BROKERS[] = {&fc_broker_kafka, &fc_broker_kinesis};

/* Rows are handed on in batches of this many, or of this many bytes. */
#define BATCH_ROWS  256
#define BATCH_BYTES ((size_t)32 << 20)
/* One message and its cells may be larger than the bound, then it is alone in its batch. */
#define BATCH_MAX ((size_t)256 << 20)

struct fc_source {
    const struct fc_source_env *env;
    struct fc_arena *arena;
    const struct fc_broker_ops *broker_ops;
    struct fc_broker *broker;  /**< NULL when it could not be reached */
    struct fc_error unreached; /**< then: why */
    const struct fc_format_ops *format_ops;
    struct fc_format *format;
    const char *location;
    struct fc_source_column *columns;
    size_t column_count;
    uint64_t messages, tombstones; /**< sampled */
    bool sampled;
};

/* A batch in the making. */
struct batching {
    struct fc_source *source;
    struct fc_arena *arena; /**< of the batch */
    struct fc_source_column *columns;
    size_t column_count, row_count;
    struct fc_cell *row;    /**< the message just decoded */
    struct fc_cell **cells; /**< [column][row] */
    const char **faults;
    bool faulty;
    fc_batch_fn fn;
    void *ctx;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "the stream needs more memory than it may have");
}

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
    for (size_t i = 0; i < FC_ARRAY_LEN(BROKERS); i++) {
        if (BROKERS[i]->accepts(source))
            return BROKERS[i];
    }
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
    struct fc_source *self = fc_arena_calloc(arena, 1, sizeof(*self));

    if (!self)
        return no_memory(err);
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
        fc_arena_memdup(arena, self->columns, self->column_count * sizeof(*self->columns));
    if (!ret->columns && self->column_count > 0)
        return no_memory(err);
    ret->column_count = self->column_count;
    return FC_OK;
}

static fc_rc flush(struct batching *b, struct fc_error *err)
{
    const struct fc_batch batch = {
        .row_count = b->row_count,
        .column_count = b->column_count,
        .columns = b->columns,
        .cells = (const struct fc_cell *const *)b->cells,
        .path = b->source->location,
        .faults = b->faulty ? b->faults : NULL,
    };
    fc_rc rc = b->row_count > 0 ? b->fn(b->ctx, &batch, err) : FC_OK;

    b->row_count = 0;
    b->faulty = false;
    fc_arena_reset(b->arena);
    return rc;
}

/* The row of a message that could not be decoded: no cells, but a reason. */
static fc_rc take_fault(struct batching *b, const struct fc_message *message,
                        const struct fc_error *why, struct fc_error *err)
{
    const char *text = fc_arena_printf(b->arena, "partition %s, offset %s: %s", message->partition,
                                       message->offset, why->message);

    if (!text)
        return no_memory(err);
    for (size_t i = 0; i < b->column_count; i++)
        b->row[i] = (struct fc_cell){.null = true};
    b->faults[b->row_count] = text;
    b->faulty = true;
    return FC_OK;
}

/* A payload lives no longer than the call: the batch keeps a copy, which its cells point into. */
static fc_rc take_message(void *ctx, const struct fc_message *message, struct fc_error *err)
{
    struct batching *b = ctx;
    struct fc_source *self = b->source;
    struct fc_error error = FC_ERROR_INIT;

    self->messages++;
    if (message->null) {
        self->tombstones++;
        return FC_OK;
    }
    const fc_str value = {.ptr = fc_arena_strndup(b->arena,
                                                  message->value.len > 0 ? message->value.ptr : "",
                                                  message->value.len),
                          .len = message->value.len};
    if (!value.ptr)
        return no_memory(err);
    b->faults[b->row_count] = NULL;
    fc_rc rc = self->format_ops->decode(self->format, value, b->arena, b->row, &error);
    if (rc != FC_OK && error.reason != FC_REASON_SOURCE_INVALID) {
        *err = error;
        return rc;
    }
    if (rc != FC_OK)
        rc = take_fault(b, message, &error, err);
    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; i < b->column_count; i++)
        b->cells[i][b->row_count] = b->row[i];
    b->row_count++;
    return b->row_count == BATCH_ROWS || fc_arena_used(b->arena) >= BATCH_BYTES ? flush(b, err)
                                                                                : FC_OK;
}

static fc_rc begin_batches(struct batching *b, const char *const *columns, size_t count,
                           struct fc_error *err)
{
    struct fc_source *self = b->source;
    struct fc_arena *arena = self->arena;

    b->column_count = count;
    b->columns = fc_arena_calloc(arena, count + 1, sizeof(*b->columns));
    b->row = fc_arena_calloc(arena, count + 1, sizeof(*b->row));
    b->cells = fc_arena_calloc(arena, count + 1, sizeof(struct fc_cell *));
    b->faults = fc_arena_calloc(arena, BATCH_ROWS, sizeof(char *));
    if (!b->columns || !b->row || !b->cells || !b->faults)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        b->cells[i] = fc_arena_calloc(arena, BATCH_ROWS, sizeof(struct fc_cell));
        if (!b->cells[i])
            return no_memory(err);
        for (size_t j = 0; j < self->column_count; j++) {
            if (strcmp(self->columns[j].name, columns[i]) == 0)
                b->columns[i] = self->columns[j];
        }
    }
    return self->format_ops->select(self->format, columns, count, err);
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

static fc_rc stream_sample(struct fc_source *self, const char *const *columns, size_t count,
                           fc_batch_fn fn, void *ctx, struct fc_sample_stats *ret,
                           struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(BATCH_MAX);
    struct batching b = {.source = self, .arena = arena, .fn = fn, .ctx = ctx};

    *ret = (struct fc_sample_stats){.cut = false};
    if (!arena)
        return no_memory(err);
    if (!self->broker) {
        *err = self->unreached;
        return err->rc;
    }
    fc_rc rc = begin_batches(&b, columns, count, err);
    if (rc == FC_OK)
        rc = self->broker_ops->sample(self->broker, take_message, &b, ret, err);
    if (rc == FC_OK)
        rc = flush(&b, err);
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

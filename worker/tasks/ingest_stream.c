/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/ingest_stream.h"

#include "worker/sinks/sink.h"
#include "worker/sources/stream.h"
#include "worker/stop.h"
#include "worker/tasks/ingest_check.h"
#include "worker/tasks/newest.h"
#include "worker/tasks/row.h"
#include "worker/tasks/stream_account.h"

/* To find brokers and descriptors. */
#define OPEN_NS (30 * FC_NS_PER_S)
/*
 * A micro-batch: waited for so long after its first message, so that rows that come one by one share a commit; then
 * what is there, so that whoever is behind writes many at once.
 */
#define LINGER_NS      (20 * FC_NS_PER_MS)
#define BATCH_MESSAGES ((size_t)8192)
#define BATCH_BYTES    ((size_t)8 << 20)
/* How often a stream in which nothing comes looks up. */
#define IDLE_NS (500 * FC_NS_PER_MS)

struct work {
    const struct fc_ingest_stream *ingest;
    const Feast__Worker__V1__Ingest *order;
    struct fc_arena *arena;
    struct fc_binding binding;
    const char *const *columns; /**< of the binding, in its order */
    struct fc_source *source;
    struct fc_row_maker *maker;
    struct fc_newest *newest;
    struct fc_dead_letters *letters;
    const struct fc_sink_ops *sink_ops;
    struct fc_sink *sink;
    struct fc_stream_account account;
    bool stopped;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to ingest a stream");
}

static fc_rc tell(struct work *work, const char *phase, struct fc_error *err)
{
    return fc_stream_account_tell(&work->account, phase, work->ingest->progress,
                                  work->ingest->progress_ctx, err);
}

/* ---- Rows ---- */

static void count_row(void *ctx, fc_str key, bool written)
{
    struct work *work = ctx;

    (void)key;
    if (written)
        work->account.receipt.rows_written++;
    else
        work->account.receipt.rows_late++;
}

static fc_rc stopped(struct work *work, struct fc_error *err)
{
    work->stopped = true;
    return fc_fail(err, FC_REASON_CANCELLED, "the stream was told to end");
}

/* What was read since the last progress begins again with the next worker. */
static fc_rc store_waits(void *ctx, const char *why, struct fc_error *err)
{
    struct work *work = ctx;
    fc_rc rc = fc_stream_account_waits(&work->account, why, work->ingest->progress,
                                       work->ingest->progress_ctx, err);

    return rc == FC_OK && fc_stop_asked() ? stopped(work, err) : rc;
}

static fc_rc write_row(void *ctx, const struct fc_online_row *row, struct fc_error *err)
{
    struct work *work = ctx;
    struct fc_moment *newest = &work->account.newest_event;

    if (!newest->set || row->event.seconds > newest->seconds ||
        (row->event.seconds == newest->seconds && row->event.nanos > newest->nanos))
        *newest = (struct fc_moment){
            .seconds = row->event.seconds, .nanos = row->event.nanos, .set = true};
    return work->sink_ops->put(work->sink, row, err);
}

/* Also what is rejected is safe afterwards. */
static fc_rc flush(struct work *work, struct fc_error *err)
{
    fc_rc rc = fc_newest_drain(work->newest, write_row, work, err);

    if (rc == FC_OK)
        rc = work->sink_ops->commit(work->sink, err);
    return rc == FC_OK ? fc_dead_letters_sync(work->letters, err) : rc;
}

static fc_rc reject(struct work *work, const struct fc_rejection *rejection, struct fc_error *err)
{
    work->account.receipt.rows_rejected++;
    return fc_dead_letters_add(work->letters, rejection, err);
}

static fc_rc take_row(struct work *work, const struct fc_batch *batch, size_t row,
                      const struct fc_message *message, struct fc_error *err)
{
    static const struct fc_moment ANY = {.set = false};
    struct fc_rejection rejection = {.batch = batch, .row = row, .raw = message};
    struct fc_row_verdict verdict;
    struct fc_online_row made;

    work->account.receipt.rows_read++;
    work->account.receipt.bytes_read += message->value.len;
    if (batch->faults && batch->faults[row]) {
        rejection.column = FC_REJECTED_WHOLE;
        rejection.fault = FC_FAULT_UNDECODABLE;
        rejection.message = batch->faults[row];
        return reject(work, &rejection, err);
    }
    fc_rc rc = fc_row_make(work->maker, batch, row, &ANY, &ANY, &made, &verdict, err);
    if (rc != FC_OK)
        return rc;
    if (verdict.kind == FC_ROW_BAD) {
        rejection.column = verdict.column;
        rejection.fault = verdict.fault;
        rejection.message = verdict.message;
        return reject(work, &rejection, err);
    }
    rc = fc_newest_put(work->newest, &made, err);
    return rc == FC_OK && fc_newest_full(work->newest) ? flush(work, err) : rc;
}

static fc_rc take_rows(void *ctx, const struct fc_batch *batch,
                       const struct fc_message *const *messages, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t row = 0; rc == FC_OK && row < batch->row_count; row++)
        rc = take_row(ctx, batch, row, messages[row], err);
    return rc;
}

static fc_rc take_reached(void *ctx, const struct fc_consume_batch *batch, struct fc_error *err)
{
    struct work *work = ctx;
    fc_rc rc = batch->count > 0 ? flush(work, err) : FC_OK;

    if (rc == FC_OK)
        rc = fc_stream_account_reached(&work->account, batch, err);
    if (rc == FC_OK && (fc_stop_asked() || fc_stream_account_due(&work->account)))
        rc = tell(work, "read", err);
    return rc == FC_OK && fc_stop_asked() ? stopped(work, err) : rc;
}

/* ---- Before and after ---- */

static fc_rc check_order(const struct fc_ingest_stream *ingest, struct fc_error *err)
{
    const Feast__Worker__V1__Ingest *order = ingest->order->ingest;
    const Google__Protobuf__Timestamp *start = ingest->order->start_time;

    if (!order || !order->spec || !order->spec->stream_source)
        return fc_fail(err, FC_REASON_REQUEST_INVALID, "the order has no stream source to read");
    if (order->project[0] == '\0')
        return fc_fail(err, FC_REASON_REQUEST_INVALID, "the order names no project");
    if (!fc_source_stream.accepts(order->spec->stream_source))
        return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED,
                       "the stream source of feature table \"%s\" is neither Kafka nor Kinesis",
                       order->spec->name);
    if (ingest->order->start == FEAST__WORKER__V1__INGEST_STREAM__START__AT_TIME &&
        (!start || start->seconds < 0 || start->seconds > INT64_MAX / 1000 - 1 ||
         start->nanos < 0 || start->nanos >= (int32_t)FC_NS_PER_S))
        return fc_fail(err, FC_REASON_REQUEST_INVALID,
                       "the order begins at a time, and has none after 1970");
    return FC_OK;
}

static fc_rc prepare(struct work *work, struct fc_error *err)
{
    const Feast__Worker__V1__Ingest *order = work->order;

    fc_rc rc = fc_bind(order->spec, order->spec->stream_source, order->entities, order->n_entities,
                       work->arena, &work->binding, err);
    if (rc == FC_OK)
        rc = fc_bound_columns(&work->binding, work->arena, &work->columns, err);
    if (rc == FC_OK)
        rc = fc_sink_ops_for(order, &work->sink_ops, err);
    if (rc == FC_OK)
        rc = fc_row_maker_new(order->project, order->spec, &work->binding, &work->maker, err);
    if (rc == FC_OK)
        rc = fc_newest_new(BATCH_BYTES * 2, BATCH_MESSAGES, &work->account.receipt.rows_superseded,
                           &work->newest, err);
    if (rc == FC_OK)
        rc = fc_dead_letters_open(order->dead_letter_path, FC_LETTERS_LAST, &work->binding,
                                  &work->letters, err);
    if (rc == FC_OK && order->from && order->from->receipt)
        fc_dead_letters_resume(work->letters, order->from->receipt);
    return rc == FC_OK ? fc_stream_account_begin(&work->account, work->ingest->sys, order,
                                                 work->letters, err)
                       : rc;
}

/*
 * When there are positions, a partition without one is younger than they are. That holds since the first ones told are
 * of all partitions.
 */
static fc_rc make_options(const struct work *work, struct fc_consume_options *ret,
                          struct fc_error *err)
{
    static const enum fc_broker_start STARTS[] = {
        [FEAST__WORKER__V1__INGEST_STREAM__START__EARLIEST] = FC_BROKER_EARLIEST,
        [FEAST__WORKER__V1__INGEST_STREAM__START__LATEST] = FC_BROKER_LATEST,
        [FEAST__WORKER__V1__INGEST_STREAM__START__AT_TIME] = FC_BROKER_AT_TIME,
    };
    const Feast__Worker__V1__IngestStream *order = work->ingest->order;
    const Feast__Worker__V1__Progress *from = work->order->from;
    size_t count = from ? from->n_positions : 0;
    struct fc_broker_position *positions =
        fc_arena_calloc(work->arena, count + 1, sizeof *positions);

    if (!positions)
        return no_memory(err);
    if ((size_t)order->start >= FC_ARRAY_LEN(STARTS))
        return fc_fail(err, FC_REASON_REQUEST_INVALID, "the order begins nowhere that is known");
    for (size_t i = 0; i < count; i++)
        positions[i] = (struct fc_broker_position){.partition = from->positions[i]->part,
                                                   .offset = from->positions[i]->offset};
    *ret = (struct fc_consume_options){
        .start = count > 0 ? FC_BROKER_EARLIEST : STARTS[order->start],
        .positions = positions,
        .position_count = count,
        .messages = BATCH_MESSAGES,
        .bytes = BATCH_BYTES,
        .linger_ns = LINGER_NS,
        .idle_ns = IDLE_NS,
    };
    if (order->start_time)
        ret->time_ms =
            order->start_time->seconds * 1000 + order->start_time->nanos / (int32_t)FC_NS_PER_MS;
    return FC_OK;
}

static fc_rc follow(struct work *work, struct fc_error *err)
{
    const struct fc_sink_told told = {.fn = count_row, .waits = store_waits, .ctx = work};
    const struct fc_stream_follower follower = {
        .rows = take_rows, .reached = take_reached, .ctx = work};
    struct fc_consume_options options;
    struct fc_source_schema schema;

    fc_rc rc = make_options(work, &options, err);
    if (rc == FC_OK)
        rc = fc_source_stream.describe(work->source, work->arena, &schema, err);
    if (rc == FC_OK)
        rc = fc_ingest_check(&work->binding, &schema, work->arena, err);
    if (rc == FC_OK)
        rc = work->sink_ops->open(work->order, &told, work->arena, &work->sink, err);
    if (rc != FC_OK)
        return rc;
    fc_stop_listen();
    rc = fc_stream_follow(work->source, work->columns, work->binding.count, &options, &follower,
                          err);
    work->sink_ops->close(work->sink);
    return work->stopped ? FC_OK : rc;
}

static fc_rc read_source(struct work *work, struct fc_error *err)
{
    const struct fc_access access = {.order = work->order->access};
    const struct fc_source_env env = {
        .sys = work->ingest->sys,
        .access = &access,
        .deadline_ns = fc_monotonic_ns(work->ingest->sys) + OPEN_NS,
        .wanted = work->columns,
        .wanted_count = work->binding.count,
    };

    fc_rc rc = tell(work, "open", err);
    if (rc == FC_OK)
        rc = fc_source_stream.open(&env, work->order->spec->stream_source, work->arena,
                                   &work->source, err);
    if (rc != FC_OK)
        return rc;
    rc = follow(work, err);
    fc_source_stream.close(work->source);
    return rc;
}

static void work_done(struct work *work)
{
    fc_row_maker_free(work->maker);
    fc_newest_free(work->newest);
    fc_stream_account_done(&work->account);
    fc_dead_letters_free(work->letters);
}

fc_rc fc_ingest_stream_run(const struct fc_ingest_stream *ingest, struct fc_arena *arena,
                           Feast__Worker__V1__Receipt **ret, struct fc_error *err)
{
    FC_CLEANUP(work_done)
    struct work work = {.ingest = ingest, .order = ingest->order->ingest, .arena = arena};
    struct fc_error second = FC_ERROR_INIT;

    *ret = NULL;
    fc_rc rc = check_order(ingest, err);
    if (rc == FC_OK)
        rc = prepare(&work, err);
    if (rc != FC_OK)
        return rc;
    rc = read_source(&work, err);
    fc_rc told = fc_stream_account_receipt(&work.account, arena, ret, &second);
    if (rc == FC_OK && told != FC_OK)
        *err = second;
    return rc == FC_OK ? told : rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/ingest_batch.h"

#include <inttypes.h>

#include "worker/tasks/batch_work.h"
#include "worker/tasks/ingest_check.h"
#include "worker/text.h"

/*
 * Rows in memory between two flushes: bytes (less when the engine has little memory as well), and rows read, so that
 * a long job leaves something behind. The more rows, the fewer times a page of the store is written.
 */
#define SLICE_BYTES       ((size_t)192 << 20)
#define SLICE_BYTES_LEAST ((size_t)4 << 20)
#define SLICE_SHARE       2
#define SLICE_ROWS        UINT64_C(5000000)
#define SLICE_KEYS        ((size_t)1 << 20)
/* Rows in one transaction of the sink. */
#define COMMIT_ROWS 20000

static fc_rc commit(struct fc_batch_work *work, struct fc_error *err)
{
    fc_rc rc = work->sink_ops->commit(work->sink, err);
    if (rc != FC_OK)
        return rc;
    work->writes += work->uncommitted;
    work->uncommitted = 0;
    return fc_batch_tell(work, "write", fc_text_put(work->trouble, sizeof work->trouble, ""), err);
}

/* The sink tells what became of a row, some rows later. */
static void count_row(void *ctx, fc_str key, bool written)
{
    struct fc_batch_work *work = ctx;

    if (written) {
        work->uncommitted++;
        work->rewrites += fc_keyset_add(work->keys, key);
    } else if (fc_keyset_has(work->keys, key)) {
        work->receipt->rows_superseded++;
    } else {
        work->receipt->rows_late++;
    }
}

static fc_rc store_waits(void *ctx, const char *why, struct fc_error *err)
{
    return fc_batch_waits(ctx, why, err);
}

static fc_rc write_row(void *ctx, const struct fc_online_row *row, struct fc_error *err)
{
    struct fc_batch_work *work = ctx;

    fc_rc rc = work->sink_ops->put(work->sink, row, err);
    if (rc != FC_OK)
        return rc;
    return work->uncommitted >= COMMIT_ROWS ? commit(work, err) : FC_OK;
}

static fc_rc flush(struct fc_batch_work *work, struct fc_error *err)
{
    work->rows_in_slice = 0;
    fc_rc rc = fc_newest_drain(work->newest, write_row, work, err);
    return rc == FC_OK ? commit(work, err) : rc;
}

static fc_rc take_row(struct fc_batch_work *work, const struct fc_batch *batch, size_t row,
                      struct fc_error *err)
{
    Feast__Worker__V1__Receipt *receipt = work->receipt;
    struct fc_row_verdict verdict;
    struct fc_online_row made;

    fc_rc rc = fc_row_make(work->maker, batch, row, &work->request.start, &work->request.end, &made,
                           &verdict, err);
    if (rc != FC_OK || verdict.kind == FC_ROW_OUTSIDE)
        return rc;
    receipt->rows_read++;
    if (verdict.kind == FC_ROW_BAD) {
        const struct fc_rejection rejection = {.batch = batch,
                                               .row = row,
                                               .column = verdict.column,
                                               .fault = verdict.fault,
                                               .message = verdict.message};
        receipt->rows_rejected++;
        return fc_dead_letters_add(work->letters, &rejection, err);
    }
    rc = fc_newest_put(work->newest, &made, err);
    if (rc != FC_OK)
        return rc;
    if (++work->rows_in_slice < SLICE_ROWS && !fc_newest_full(work->newest))
        return FC_OK;
    rc = flush(work, err);
    return rc == FC_OK ? fc_batch_keep_place(work, batch, row, err) : rc;
}

static fc_rc take_batch(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct fc_batch_work *work = ctx;

    if (batch->path != work->checked_path) {
        fc_rc rc = fc_ingest_check_batch(&work->binding, batch, work->arena, err);
        if (rc != FC_OK)
            return rc;
        work->checked_path = batch->path;
    }
    for (size_t row = 0; row < batch->row_count; row++) {
        fc_rc rc = take_row(work, batch, row, err);
        if (rc != FC_OK)
            return rc;
    }
    return fc_batch_tell(work, "read", false, err);
}

static struct fc_moment moment_of(const Google__Protobuf__Timestamp *time)
{
    if (!time)
        return (struct fc_moment){.set = false};
    return (struct fc_moment){.seconds = time->seconds, .nanos = time->nanos, .set = true};
}

/* All bound columns are read, in the order of the binding. */
static fc_rc make_request(struct fc_batch_work *work, const Feast__Core__DataSource *source,
                          struct fc_error *err)
{
    const char *const *columns = NULL;
    fc_rc rc = fc_bound_columns(&work->binding, work->arena, &columns, err);

    if (rc != FC_OK)
        return rc;
    work->request = (struct fc_scan_request){
        .columns = columns,
        .count = work->binding.count,
        .event = work->binding.event,
        .date_partition = source->date_partition_column[0] ? source->date_partition_column : NULL,
        .start = moment_of(work->ingest->order->start),
        .end = moment_of(work->ingest->order->end),
    };
    return FC_OK;
}

static fc_rc check_order(const Feast__Worker__V1__Ingest *order, struct fc_error *err)
{
    const Google__Protobuf__Timestamp *times[] = {order->start, order->end};

    if (!order->spec || !order->spec->batch_source)
        return fc_fail(err, FC_REASON_REQUEST_INVALID, "the order has no batch source to read");
    if (order->project[0] == '\0')
        return fc_fail(err, FC_REASON_REQUEST_INVALID, "the order names no project");
    for (size_t i = 0; i < FC_ARRAY_LEN(times); i++) {
        if (times[i] && (times[i]->nanos < 0 || times[i]->nanos >= (int32_t)FC_NS_PER_S))
            return fc_fail(err, FC_REASON_REQUEST_INVALID, "the order's span has %d nanoseconds",
                           times[i]->nanos);
    }
    return FC_OK;
}

static size_t slice_bytes(const Feast__Worker__V1__Ingest *order)
{
    uint64_t share = order->memory_limit_bytes / SLICE_SHARE;

    if (order->memory_limit_bytes == 0 || share > SLICE_BYTES)
        return SLICE_BYTES;
    return share < SLICE_BYTES_LEAST ? SLICE_BYTES_LEAST : (size_t)share;
}

static fc_rc prepare(struct fc_batch_work *work, struct fc_error *err)
{
    const Feast__Worker__V1__Ingest *order = work->ingest->order;

    fc_rc rc = check_order(order, err);
    if (rc == FC_OK)
        rc = fc_bind(order->spec, order->spec->batch_source, order->entities, order->n_entities,
                     work->arena, &work->binding, err);
    if (rc == FC_OK)
        rc = make_request(work, order->spec->batch_source, err);
    if (rc == FC_OK)
        rc = fc_sink_ops_for(order, &work->sink_ops, err);
    if (rc == FC_OK)
        rc = fc_row_maker_new(order->project, order->spec, &work->binding, &work->maker, err);
    if (rc == FC_OK)
        rc = fc_newest_new(slice_bytes(order), SLICE_KEYS, &work->receipt->rows_superseded,
                           &work->newest, err);
    work->keys = fc_keyset_new();
    if (rc == FC_OK && !work->keys)
        rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the account of keys");
    return rc;
}

static fc_rc transfer(struct fc_batch_work *work, const struct fc_source_ops *ops,
                      struct fc_source *source, struct fc_error *err)
{
    struct fc_source_schema schema;

    fc_rc rc = fc_batch_tell(work, "open", true, err);
    if (rc == FC_OK)
        rc = ops->describe(source, work->arena, &schema, err);
    if (rc == FC_OK)
        rc = fc_ingest_check(&work->binding, &schema, work->arena, err);
    if (rc != FC_OK)
        return rc;
    work->rows_total = schema.rows_total;
    work->earlier.percent = fc_batch_percent(work);
    const struct fc_sink_told told = {.fn = count_row, .waits = store_waits, .ctx = work};
    rc = work->sink_ops->open(work->ingest->order, &told, work->arena, &work->sink, err);
    if (rc != FC_OK)
        return rc;
    rc = ops->scan(source, &work->request, take_batch, work, &work->scan, err);
    if (rc == FC_OK)
        rc = flush(work, err);
    work->sink_ops->close(work->sink);
    return rc;
}

static fc_rc read_source(struct fc_batch_work *work, struct fc_error *err)
{
    const Feast__Core__DataSource *from = work->ingest->order->spec->batch_source;
    const struct fc_access access = {.order = work->ingest->order->access};
    const struct fc_source_env env = {
        .duck = work->ingest->duck, .sys = work->ingest->sys, .access = &access};
    const struct fc_source_ops *ops = NULL;
    struct fc_source *source = NULL;

    fc_rc rc = fc_source_ops_for(from, &ops, err);
    if (rc == FC_OK)
        rc = ops->open(&env, from, work->arena, &source, err);
    if (rc != FC_OK)
        return rc;
    rc = fc_batch_find_place(work, ops, source, err);
    /* A place with nothing in it has no schema to fit, and no rows to move. */
    if (rc == FC_OK && !ops->is_empty(source))
        rc = transfer(work, ops, source, err);
    ops->close(source);
    return rc;
}

static fc_rc finish(struct fc_batch_work *work, fc_rc rc, struct fc_error *err)
{
    Feast__Worker__V1__Receipt *receipt = work->receipt;
    struct fc_error second = FC_ERROR_INIT;

    fc_rc letters = work->letters ? fc_dead_letters_finish(work->letters, &second) : FC_OK;
    fc_rc settled = fc_batch_settle(work, work->arena, receipt, &second);
    letters = letters == FC_OK ? settled : letters;
    if (rc != FC_OK)
        return rc;
    if (letters != FC_OK) {
        *err = second;
        return letters;
    }
    if (receipt->rows_read > 0 && receipt->rows_rejected == receipt->rows_read) {
        const Feast__Worker__V1__Receipt__Rejection *most = receipt->rejections[0];
        return fc_fail(err, FC_REASON_ROWS_ALL_INVALID,
                       "all %" PRIu64
                       " rows were rejected; most often column \"%s\": %s, the first is %s",
                       receipt->rows_read, most->column, most->reason, most->first_value);
    }
    work->scan.rows_passed = work->rows_total;
    return fc_batch_tell(work, "done", true, err);
}

static void work_done(struct fc_batch_work *work)
{
    fc_row_maker_free(work->maker);
    fc_newest_free(work->newest);
    fc_keyset_free(work->keys);
    fc_dead_letters_free(work->letters);
    fc_batch_place_done(&work->place);
}

fc_rc fc_ingest_run(const struct fc_ingest *ingest, struct fc_arena *arena,
                    Feast__Worker__V1__Receipt **ret, struct fc_error *err)
{
    FC_CLEANUP(work_done)
    struct fc_batch_work work = {
        .ingest = ingest, .arena = arena, .started_ns = fc_monotonic_ns(ingest->sys)};

    *ret = NULL;
    work.receipt = fc_arena_calloc(arena, 1, sizeof *work.receipt);
    if (!work.receipt)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a receipt");
    feast__worker__v1__receipt__init(work.receipt);
    work.receipt->spec_revision = ingest->order->spec_revision;
    fc_rc rc = prepare(&work, err);
    if (rc != FC_OK)
        return rc;
    *ret = work.receipt;
    return finish(&work, read_source(&work, err), err);
}

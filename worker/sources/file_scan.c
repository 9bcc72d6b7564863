/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rows of a span, in input order: files by path, rows as they lie in the file. The span is pushed down
 * into the engine, which skips row groups by their statistics; directories of other days are not opened.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/contract/convert.h"
#include "worker/sources/file.h"

#define SCRATCH_MAX ((size_t)256 << 20)
#define DAY_SECONDS 86400
#define US_PER_S    INT64_C(1000000)
#define NS_PER_US   1000

/* A time that the engine's 64-bit microseconds hold with room to spare: 200 000 years either way. */
#define SECONDS_MAX (INT64_C(200000) * 366 * DAY_SECONDS)
/* And its nanoseconds: 1678 to 2262. */
#define NANO_SECONDS_MAX INT64_C(9214646400)

struct scan {
    struct fc_source *source;
    const struct fc_scan_request *request;
    fc_batch_fn fn;
    void *ctx;
    struct fc_scan_progress *progress;
    /* Of the file being read. */
    int64_t file_rows, file_bytes, rows_before, bytes_before;
};

static int64_t clamp(int64_t value, int64_t limit)
{
    return value < -limit ? -limit : value > limit ? limit : value;
}

static int64_t day_of(int64_t seconds)
{
    return seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
}

/* The first instant of the column's own precision that is not before the moment, as SQL. */
static void put_moment(struct fc_buf *sql, const struct fc_column_type *type,
                       const struct fc_moment *moment)
{
    if (type->kind == FC_COLUMN_DATE) {
        bool exact = moment->seconds % DAY_SECONDS == 0 && moment->nanos == 0;
        int64_t day = day_of(clamp(moment->seconds, SECONDS_MAX)) + !exact;
        fc_buf_printf(sql, "DATE '1970-01-01' + %" PRId64, day);
    } else if (type->nanos && !type->int96 && type->kind == FC_COLUMN_TIMESTAMP_NAIVE) {
        int64_t seconds = clamp(moment->seconds, NANO_SECONDS_MAX);
        fc_buf_printf(sql, "make_timestamp_ns(%" PRId64 ")", seconds * FC_NS_PER_S + moment->nanos);
    } else {
        int64_t micros = (moment->nanos + NS_PER_US - 1) / NS_PER_US;
        micros += clamp(moment->seconds, SECONDS_MAX) * US_PER_S;
        fc_buf_printf(sql, "%s(%" PRId64 ")",
                      type->kind == FC_COLUMN_TIMESTAMP_UTC ? "make_timestamptz" : "make_timestamp",
                      micros);
    }
}

static void put_bounds(struct fc_buf *sql, size_t index, const struct fc_column_type *type,
                       const struct fc_moment *start, const struct fc_moment *end)
{
    if (start->set) {
        fc_buf_printf(sql, "fc_%zu >= ", index);
        put_moment(sql, type, start);
    }
    fc_buf_puts(sql, start->set && end->set ? " AND " : "");
    if (end->set) {
        fc_buf_printf(sql, "fc_%zu < ", index);
        put_moment(sql, type, end);
    }
}

static bool is_bounded(const struct scan *scan)
{
    return scan->request->start.set || scan->request->end.set;
}

/* Rows without an event time are let through where there may be some; the test costs the pruning. */
static void put_span(struct fc_buf *sql, const struct scan *scan, struct fc_file_reader *reader,
                     bool nulls)
{
    const struct fc_file_column *from = &reader->from[scan->request->event];
    const struct fc_column_type *type = &reader->columns[scan->request->event].type;

    if (!is_bounded(scan) || from->partition || type->kind == FC_COLUMN_NULL)
        return;
    reader->filters[reader->filter_count++] = from->index;
    fc_buf_puts(sql, nulls ? " AND ((" : " AND (");
    put_bounds(sql, from->index, type, &scan->request->start, &scan->request->end);
    if (nulls)
        fc_buf_printf(sql, ") OR fc_%zu IS NULL", from->index);
    fc_buf_puts(sql, ")");
}

/* The days of the span, both ends included, as the peers take them. */
static bool is_day_outside(const struct scan *scan, int64_t day)
{
    const struct fc_scan_request *request = scan->request;

    return (request->start.set && day < day_of(request->start.seconds)) ||
           (request->end.set && day > day_of(request->end.seconds));
}

/* For a date partition column that lies in the file itself. */
static void put_partition(struct fc_buf *sql, const struct scan *scan,
                          struct fc_file_reader *reader)
{
    const struct fc_scan_request *request = scan->request;
    const struct fc_parquet_file *file = &reader->parquet;
    char cast[64];

    if (!request->date_partition || !is_bounded(scan))
        return;
    for (size_t i = 0; i < file->column_count; i++) {
        enum fc_column_kind kind = file->columns[i].type.kind;
        if (strcmp(file->columns[i].name, request->date_partition) != 0)
            continue;
        if (kind == FC_COLUMN_DATE)
            snprintf(cast, sizeof(cast), "fc_%zu", i);
        else if (kind == FC_COLUMN_STRING || kind == FC_COLUMN_TIMESTAMP_UTC ||
                 kind == FC_COLUMN_TIMESTAMP_NAIVE)
            snprintf(cast, sizeof(cast), "TRY_CAST(fc_%zu AS DATE)", i);
        else
            continue;
        reader->filters[reader->filter_count++] = i;
        if (request->start.set)
            fc_buf_printf(sql, " AND %s >= DATE '1970-01-01' + %" PRId64, cast,
                          day_of(clamp(request->start.seconds, SECONDS_MAX)));
        if (request->end.set)
            fc_buf_printf(sql, " AND %s <= DATE '1970-01-01' + %" PRId64, cast,
                          day_of(clamp(request->end.seconds, SECONDS_MAX)));
        return;
    }
}

/* Whether the directory's day says that no row of the file is in the span. */
static bool is_file_outside(const struct scan *scan, const struct fc_file *file)
{
    const struct fc_file_list *list = &scan->source->list;
    struct fc_error ignored = FC_ERROR_INIT;
    enum fc_fault fault = FC_FAULT_NONE;
    struct fc_cell cell;
    int64_t day = 0;

    for (size_t i = 0; scan->request->date_partition && i < list->key_count; i++) {
        if (strcmp(list->keys[i].name, scan->request->date_partition) != 0)
            continue;
        fc_file_partition_cell(list, file, i, &cell);
        return !cell.null &&
               fc_convert_date(&list->keys[i].type, &cell, &day, &fault, &ignored) == FC_OK &&
               is_day_outside(scan, day);
    }
    return false;
}

static fc_rc pass_on(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct scan *scan = ctx;
    int64_t last = batch->positions[batch->row_count - 1] + 1;

    scan->progress->rows_passed = scan->rows_before + last;
    if (scan->file_rows > 0)
        scan->progress->bytes_read =
            scan->bytes_before +
            (int64_t)((double)scan->file_bytes * ((double)last / (double)scan->file_rows));
    return scan->fn(scan->ctx, batch, err);
}

static fc_rc account(struct scan *scan, const struct fc_file_reader *reader, bool *ret_nulls,
                     struct fc_error *err)
{
    struct fc_parquet_usage usage = {.nulls = true};
    const struct fc_file_column *event = &reader->from[scan->request->event];
    fc_rc rc = FC_OK;

    if (reader->read_count > 0)
        rc = fc_parquet_usage(scan->source->env->duck, &reader->parquet,
                              event->partition ? 0 : event->index, reader->read, reader->read_count,
                              &usage, err);
    scan->file_rows = reader->parquet.rows;
    scan->file_bytes = usage.bytes;
    scan->rows_before = scan->progress->rows_passed;
    scan->bytes_before = scan->progress->bytes_read;
    *ret_nulls = usage.nulls;
    return rc;
}

static fc_rc scan_file(struct scan *scan, const struct fc_file *file, struct fc_arena *arena,
                       struct fc_error *err)
{
    struct fc_buf where = FC_BUF_INIT;
    struct fc_file_reader reader;
    bool nulls = true;

    fc_rc rc = fc_file_reader_open(scan->source, file, scan->request->columns, scan->request->count,
                                   arena, &reader, err);
    if (rc == FC_OK)
        rc = account(scan, &reader, &nulls, err);
    if (rc != FC_OK)
        return rc;
    if (fc_contract_timestamp(&reader.columns[scan->request->event].type).level == FC_LEVEL_REJECT)
        return fc_fail(err, FC_REASON_SOURCE_MISMATCH, "%s: column \"%s\" is %s and no timestamp",
                       file->path, reader.columns[scan->request->event].name,
                       reader.columns[scan->request->event].type.text);
    put_span(&where, scan, &reader, nulls);
    put_partition(&where, scan, &reader);
    const struct fc_file_run run = {.where = fc_buf_text(&where), .fn = pass_on, .ctx = scan};
    rc = where.failed ? fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a query")
                      : fc_file_reader_run(scan->source, &reader, &run, err);
    fc_buf_done(&where);
    if (rc == FC_OK) {
        scan->progress->rows_passed = scan->rows_before + scan->file_rows;
        scan->progress->bytes_read = scan->bytes_before + scan->file_bytes;
    }
    return rc;
}

fc_rc fc_file_scan(struct fc_source *source, const struct fc_scan_request *request, fc_batch_fn fn,
                   void *ctx, struct fc_scan_progress *progress, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(SCRATCH_MAX);
    struct scan scan = {
        .source = source, .request = request, .fn = fn, .ctx = ctx, .progress = progress};
    fc_rc rc = FC_OK;

    *progress = (struct fc_scan_progress){.bytes_read = 0};
    if (!arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a scan");
    for (size_t i = 0; rc == FC_OK && i < source->list.count; i++) {
        fc_arena_reset(arena);
        if (!is_file_outside(&scan, &source->list.files[i]))
            rc = scan_file(&scan, &source->list.files[i], arena, err);
    }
    return rc;
}

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
    const struct fc_parquet_layout *layout;
    int64_t first_row, rows_before, bytes_before;
    size_t group;        /* that the last batch was of */
    int64_t group_bytes; /* of those before it that had rows of the span */
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

static void put_bounds(struct fc_buf *sql, const struct fc_parquet_file *file, size_t index,
                       const struct fc_moment *start, const struct fc_moment *end)
{
    const struct fc_column_type *type = &file->columns[index].type;

    if (start->set) {
        fc_parquet_put_column(sql, file, index);
        fc_buf_puts(sql, " >= ");
        put_moment(sql, type, start);
    }
    fc_buf_puts(sql, start->set && end->set ? " AND " : "");
    if (end->set) {
        fc_parquet_put_column(sql, file, index);
        fc_buf_puts(sql, " < ");
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
    put_bounds(sql, &reader->parquet, from->index, &scan->request->start, &scan->request->end);
    if (nulls) {
        fc_buf_puts(sql, ") OR ");
        fc_parquet_put_column(sql, &reader->parquet, from->index);
        fc_buf_puts(sql, " IS NULL");
    }
    fc_buf_puts(sql, ")");
}

/* The days of the span, both ends included, as the peers take them. */
static bool is_day_outside(const struct scan *scan, int64_t day)
{
    const struct fc_scan_request *request = scan->request;

    return (request->start.set && day < day_of(request->start.seconds)) ||
           (request->end.set && day > day_of(request->end.seconds));
}

static void put_day(struct fc_buf *sql, const struct fc_parquet_file *file, size_t index,
                    const char *operator, const struct fc_moment * moment)
{
    bool date = file->columns[index].type.kind == FC_COLUMN_DATE;

    fc_buf_puts(sql, date ? " AND " : " AND TRY_CAST(");
    fc_parquet_put_column(sql, file, index);
    fc_buf_printf(sql, "%s %s DATE '1970-01-01' + %" PRId64, date ? "" : " AS DATE)", operator,
                  day_of(clamp(moment->seconds, SECONDS_MAX)));
}

/* For a date partition column that lies in the file itself. */
static void put_partition(struct fc_buf *sql, const struct scan *scan,
                          struct fc_file_reader *reader)
{
    const struct fc_scan_request *request = scan->request;
    const struct fc_parquet_file *file = &reader->parquet;

    if (!request->date_partition || !is_bounded(scan))
        return;
    for (size_t i = 0; i < file->column_count; i++) {
        enum fc_column_kind kind = file->columns[i].type.kind;
        if (strcmp(file->columns[i].name, request->date_partition) != 0)
            continue;
        if (kind != FC_COLUMN_DATE && kind != FC_COLUMN_STRING && kind != FC_COLUMN_TIMESTAMP_UTC &&
            kind != FC_COLUMN_TIMESTAMP_NAIVE)
            continue;
        reader->filters[reader->filter_count++] = i;
        if (request->start.set)
            put_day(sql, file, i, ">=", &request->start);
        if (request->end.set)
            put_day(sql, file, i, "<=", &request->end);
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

static int64_t bytes_of(const struct fc_parquet_layout_group *group)
{
    int64_t bytes = 0;

    for (size_t i = 0; i < group->chunk_count; i++)
        bytes += group->chunks[i].size;
    return bytes;
}

/* Of a row group that was begun, the part that is behind. */
static int64_t bytes_until(const struct fc_parquet_layout_group *group, int64_t row)
{
    double share = group->rows > 0 ? (double)(row - group->first_row) / (double)group->rows : 1;

    return (int64_t)((double)bytes_of(group) * (share < 0 ? 0 : share > 1 ? 1 : share));
}

/* Groups without a row of the span are not counted: mostly their statistics say so, and they are not read. */
static void count_bytes(struct scan *scan, int64_t first, int64_t next)
{
    const struct fc_parquet_layout *layout = scan->layout;
    size_t group = scan->group;

    while (group + 1 < layout->group_count && layout->groups[group + 1].first_row <= first)
        group++;
    if (group != scan->group) {
        const struct fc_parquet_layout_group *last = &layout->groups[scan->group];
        if (scan->progress->rows_passed > scan->rows_before + last->first_row)
            scan->group_bytes += bytes_of(last);
        scan->group = group;
    }
    if (layout->group_count > 0)
        scan->progress->bytes_read =
            scan->bytes_before + scan->group_bytes + bytes_until(&layout->groups[group], next);
}

static fc_rc pass_on(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct scan *scan = ctx;
    int64_t next = batch->positions[batch->row_count - 1] + 1;

    count_bytes(scan, batch->positions[0], next);
    scan->progress->rows_passed = scan->rows_before + next;
    return scan->fn(scan->ctx, batch, err);
}

/* Of a file that was begun, the earlier attempt has counted what is before the row. */
static void account(struct scan *scan, const struct fc_file_reader *reader, int64_t first_row)
{
    const struct fc_parquet_layout *layout = &reader->layout;

    scan->layout = layout;
    scan->first_row = first_row;
    scan->rows_before = scan->progress->rows_passed - first_row;
    scan->bytes_before = scan->progress->bytes_read;
    scan->group = 0;
    scan->group_bytes = 0;
    while (scan->group + 1 < layout->group_count &&
           layout->groups[scan->group + 1].first_row <= first_row)
        scan->group++;
    if (first_row > 0 && layout->group_count > 0)
        scan->bytes_before -= bytes_until(&layout->groups[scan->group], first_row);
}

/* The footer is asked only for the sake of a span: that takes milliseconds. */
static fc_rc event_has_nulls(const struct scan *scan, const struct fc_file_reader *reader,
                             bool *ret, struct fc_error *err)
{
    const struct fc_file_column *event = &reader->from[scan->request->event];

    return is_bounded(scan) && !event->partition
               ? fc_parquet_may_be_null(scan->source->env->duck, &reader->parquet, event->index,
                                        ret, err)
               : FC_OK;
}

static fc_rc scan_file(struct scan *scan, const struct fc_file *file, int64_t first_row,
                       struct fc_arena *arena, struct fc_error *err)
{
    struct fc_buf where = FC_BUF_INIT;
    struct fc_error changed = FC_ERROR_INIT;
    struct fc_file_reader reader;
    bool nulls = true;

    fc_rc rc = fc_file_reader_open(scan->source, file, scan->request->columns, scan->request->count,
                                   arena, &reader, err);
    if (rc == FC_OK)
        rc = event_has_nulls(scan, &reader, &nulls, err);
    if (rc != FC_OK)
        return rc;
    if (fc_contract_timestamp(&reader.columns[scan->request->event].type).level == FC_LEVEL_REJECT)
        return fc_fail(err, FC_REASON_SOURCE_MISMATCH, "%s: column \"%s\" is %s and no timestamp",
                       file->path, reader.columns[scan->request->event].name,
                       reader.columns[scan->request->event].type.text);
    put_span(&where, scan, &reader, nulls);
    put_partition(&where, scan, &reader);
    account(scan, &reader, first_row);
    const struct fc_file_run run = {.where = fc_buf_text(&where),
                                    .first_row = first_row,
                                    .ahead = true,
                                    .fn = pass_on,
                                    .ctx = scan};
    rc = where.failed ? fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a query")
                      : fc_file_reader_run(scan->source, &reader, &run, err);
    fc_buf_done(&where);
    /* A file that is written to may look damaged: what it is called then is no matter of luck. */
    if ((rc == FC_OK || err->reason == FC_REASON_SOURCE_INVALID) &&
        fc_file_unchanged(scan->source, file, &changed) != FC_OK) {
        *err = changed;
        rc = changed.rc;
    }
    if (rc == FC_OK)
        scan->progress->rows_passed = scan->rows_before + reader.parquet.rows;
    return rc;
}

static fc_rc first_file(const struct fc_file_list *list, const struct fc_scan_place *from,
                        size_t *ret, struct fc_error *err)
{
    *ret = 0;
    if (!from->path)
        return FC_OK;
    for (size_t i = 0; i < list->count; i++) {
        *ret = i;
        if (strcmp(list->files[i].path, from->path) == 0)
            return FC_OK;
    }
    return fc_fail(err, FC_REASON_REQUEST_INVALID,
                   "the order goes on from %s, which the source does not have", from->path);
}

fc_rc fc_file_scan(struct fc_source *source, const struct fc_scan_request *request, fc_batch_fn fn,
                   void *ctx, struct fc_scan_progress *progress, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(SCRATCH_MAX);
    struct scan scan = {
        .source = source, .request = request, .fn = fn, .ctx = ctx, .progress = progress};
    size_t first;

    *progress = request->from.progress;
    if (!arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a scan");
    fc_rc rc = first_file(&source->list, &request->from, &first, err);
    for (size_t i = first; rc == FC_OK && i < source->list.count; i++) {
        fc_arena_reset(arena);
        if (!is_file_outside(&scan, &source->list.files[i]))
            rc = scan_file(&scan, &source->list.files[i], i == first ? request->from.row : 0, arena,
                           err);
    }
    return rc;
}

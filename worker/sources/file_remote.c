/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A remote file is read row group by row group: what a group's rows need is fetched, read, and forgotten when all of
 * it was wanted. So the room on disk is bounded by the largest row group.
 */
#include <stdlib.h>

#include "worker/sources/file.h"

#define LAYOUT_MAX ((size_t)256 << 20)
/* The engine decodes so many rows at a time, and may be one step ahead of what was asked for. */
#define ENGINE_ROWS 2048

struct reading {
    struct fc_source *source;
    struct fc_file_reader *reader;
    const struct fc_file_run *run;
    struct fc_parquet_layout layout; /* of the columns that are read */
    /* of those that the condition is about; without groups when there is none */
    struct fc_parquet_layout filters;
};

static fc_rc take_any(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    bool *any = ctx;

    (void)batch;
    *any = true;
    return fc_fail(err, FC_REASON_CANCELLED, "one row is enough");
}

/* Whether a row of the group fulfils the condition: its columns are fetched first, and often nothing else has to be. */
static fc_rc has_match(struct reading *r, size_t group, bool *ret, struct fc_error *err)
{
    const struct fc_parquet_layout_group *span = &r->reader->layout.groups[group];
    struct fc_file_reader filter = {.file = r->reader->file, .parquet = r->reader->parquet};
    const struct fc_file_run run = {.where = r->run->where,
                                    .first_row = span->first_row,
                                    .row_count = span->rows,
                                    .fn = take_any,
                                    .ctx = ret};

    *ret = r->filters.group_count == 0;
    if (*ret)
        return FC_OK;
    const struct fc_remote_part part = {.group = &r->filters.groups[group], .rows = span->rows};
    fc_rc rc = fc_remote_fetch(r->source->remote, &part, err);
    if (rc == FC_OK)
        rc = fc_file_reader_query(r->source, &filter, &run, err);
    return *ret ? FC_OK : rc;
}

static fc_rc read_rows(struct reading *r, const struct fc_parquet_layout_group *group,
                       int64_t first_row, int64_t row_count, struct fc_error *err)
{
    const struct fc_file_run run = {.where = r->run->where,
                                    .first_row = first_row,
                                    .row_count = row_count,
                                    .ahead = r->run->ahead,
                                    .fn = r->run->fn,
                                    .ctx = r->run->ctx};
    int64_t need = first_row - group->first_row + row_count;
    struct fc_remote_part part = {.group = group,
                                  .rows = (need + ENGINE_ROWS - 1) / ENGINE_ROWS * ENGINE_ROWS +
                                          ENGINE_ROWS,
                                  .max_bytes = r->run->max_bytes};
    uint64_t before = r->reader->batches;

    fc_rc rc = fc_remote_fetch(r->source->remote, &part, err);
    if (rc == FC_OK)
        rc = fc_file_reader_query(r->source, r->reader, &run, err);
    if (err->reason != FC_REASON_SOURCE_INVALID || rc == FC_OK || r->reader->batches > before ||
        fc_remote_has(r->source->remote, group))
        return rc;
    /* Before the data is called damaged, all of it is looked at: pages may lie otherwise than they should. */
    part.rows = group->rows;
    struct fc_error again = FC_ERROR_INIT;
    if (fc_remote_fetch(r->source->remote, &part, &again) != FC_OK)
        return rc;
    return fc_file_reader_query(r->source, r->reader, &run, err);
}

/* Where the footer begins: what comes before may be forgotten. */
static int64_t data_end(const struct fc_parquet_layout_group *group)
{
    int64_t end = 0;

    for (size_t i = 0; i < group->chunk_count; i++) {
        const struct fc_parquet_chunk *chunk = &group->chunks[i];
        if (chunk->first + chunk->size > end)
            end = chunk->first + chunk->size;
    }
    return end;
}

static fc_rc read_group(struct reading *r, size_t index, struct fc_error *err)
{
    const struct fc_parquet_layout_group *group = &r->reader->layout.groups[index];
    int64_t first = r->run->first_row > group->first_row ? r->run->first_row : group->first_row;
    int64_t end = group->first_row + group->rows;
    bool all = r->run->row_count == 0;
    bool match = true;
    fc_rc rc = FC_OK;

    if (!all && r->run->first_row + r->run->row_count < end)
        end = r->run->first_row + r->run->row_count;
    if (first >= end)
        return FC_OK;
    if (all)
        rc = has_match(r, index, &match, err);
    if (rc == FC_OK && match)
        rc = read_rows(r, group, first, end - first, err);
    if (all && index + 1 < r->reader->layout.group_count)
        fc_remote_forget(r->source->remote, data_end(group));
    return rc;
}

fc_rc fc_file_remote_run(struct fc_source *source, struct fc_file_reader *reader,
                         const struct fc_file_run *run, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(LAYOUT_MAX);
    struct reading r = {.source = source, .reader = reader, .run = run};

    if (!arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to read a remote file");
    fc_rc rc = FC_OK;
    if (reader->filter_count > 0)
        rc = fc_file_reader_layout(reader, reader->filters, reader->filter_count, arena, &r.filters,
                                   err);
    for (size_t i = 0; rc == FC_OK && i < reader->layout.group_count; i++)
        rc = read_group(&r, i, err);
    return rc;
}

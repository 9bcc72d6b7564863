/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample is a few rows from the front of row groups that are spread over files that are spread over the
 * source: each costs a footer and some pages. The engine's own sampling reads everything, or only the front.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/sources/file.h"

/* Each costs some milliseconds: a page of each column is decoded for a few rows of it. */
#define SLICES_MAX 8
/* What all slices of a file may decode, compressed, and what a page is taken to have that is not looked at. */
#define SLICES_BYTES ((int64_t)4 << 20)
#define PAGE_BYTES   ((int64_t)1 << 20)
/* From here on a second thread is worth being started, and planning what the first one plans. */
#define BESIDE_BYTES ((int64_t)8 << 20)
#define SCRATCH_MAX  ((size_t)256 << 20)

struct sampling {
    struct fc_source *source;
    fc_batch_fn fn;
    void *ctx;
    int64_t rows_left; /**< -1: no limit */
    int64_t bytes_limit;
    int64_t bytes_before;
    int64_t slice_left; /**< of the slice being read; -1: no limit */
    struct fc_sample_stats *stats;
};

/* Bytes that this process has read from anywhere; 0 where the system does not tell. */
static int64_t bytes_read_by_us(void)
{
    char text[512];
    int fd = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    const char *at = strstr(text, "rchar: ");
    return at ? strtoll(at + strlen("rchar: "), NULL, 10) : 0;
}

/* True when the sample must end here although rows are left to take. */
static bool is_over(struct sampling *s)
{
    s->stats->bytes_read = s->source->remote ? fc_remote_bytes(s->source->remote)
                                             : bytes_read_by_us() - s->bytes_before;
    if (fc_file_past_deadline(s->source) ||
        (s->bytes_limit > 0 && s->stats->bytes_read >= s->bytes_limit))
        s->stats->cut = true;
    return s->stats->cut || s->rows_left == 0;
}

static fc_rc take(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct sampling *s = ctx;
    struct fc_batch cut = *batch;

    if (s->rows_left >= 0 && (int64_t)cut.row_count > s->rows_left)
        cut.row_count = (size_t)s->rows_left;
    if (cut.row_count == 0)
        return FC_OK;
    if (s->rows_left >= 0)
        s->rows_left -= (int64_t)cut.row_count;
    fc_rc rc = s->fn(s->ctx, &cut, err);
    if (rc == FC_OK && is_over(s) && s->stats->cut)
        return fc_fail(err, FC_REASON_CANCELLED, "the sample is cut");
    return rc;
}

/* The share of one of `parts` in what is left, rounded up. */
static int64_t share(int64_t left, size_t parts)
{
    return (left + (int64_t)parts - 1) / (int64_t)parts;
}

/* What may still be fetched; 0 for no limit. */
static int64_t bytes_left(const struct sampling *s)
{
    int64_t left = s->bytes_limit - s->stats->bytes_read;

    return s->bytes_limit == 0 ? 0 : left > 1 ? left : 1;
}

/* Bytes that are decoded for a few rows of a row group, compressed. */
static int64_t cost_of(const struct fc_file_reader *reader)
{
    const struct fc_parquet_layout *layout = &reader->layout;
    int64_t cost = 1;

    for (size_t i = 0; layout->group_count > 0 && i < layout->groups[0].chunk_count; i++) {
        int64_t size = layout->groups[0].chunks[i].size;
        cost += size < PAGE_BYTES ? size : PAGE_BYTES;
    }
    return cost;
}

static fc_rc sample_group(struct sampling *s, struct fc_file_reader *reader, size_t group,
                          int64_t budget, struct fc_error *err)
{
    const struct fc_parquet_layout_group *span = &reader->layout.groups[group];
    int64_t rows = budget < span->rows ? budget : span->rows;

    if (rows == 0)
        return FC_OK;
    const struct fc_file_run run = {.first_row = span->first_row,
                                    .row_count = rows,
                                    .max_bytes = bytes_left(s),
                                    .beside = !s->source->remote && cost_of(reader) >= BESIDE_BYTES,
                                    .fn = take,
                                    .ctx = s};
    fc_rc rc = fc_file_reader_run(s->source, reader, &run, err);
    if (rc == FC_RESOURCE_EXHAUSTED && err->reason == FC_REASON_BUSY)
        s->stats->cut = true;
    return rc != FC_OK && s->stats->cut ? FC_OK : rc;
}

/* The newest full row group tells most about what is written today. */
static fc_rc sample_newest(struct sampling *s, struct fc_file_reader *reader, int64_t budget,
                           struct fc_error *err)
{
    int64_t want = budget < s->rows_left ? budget : s->rows_left;

    for (size_t i = reader->layout.group_count; i-- > 0 && want > 0 && !is_over(s);) {
        int64_t rows = reader->layout.groups[i].rows;
        if (rows < want && i > 0 && reader->layout.groups[i - 1].rows >= want)
            continue;
        fc_rc rc = sample_group(s, reader, i, want, err);
        if (rc != FC_OK)
            return rc;
        want -= rows < want ? rows : want;
    }
    return FC_OK;
}

/* How many row groups are worth their cost, at most `most`: of a remote file one. */
static size_t slices_of(const struct sampling *s, const struct fc_file_reader *reader, size_t most)
{
    size_t affordable = s->source->remote ? 1 : (size_t)(SLICES_BYTES / cost_of(reader));

    return affordable < 1 ? 1 : affordable < most ? affordable : most;
}

/* The footer is there already: what it says of all rows goes beyond any sample. */
static void tell_ranges(const struct fc_source *source, const struct fc_file_reader *reader)
{
    const struct fc_source_env *env = source->env;

    for (size_t i = 0; env->told && i < reader->count; i++) {
        enum fc_column_kind kind = reader->columns[i].type.kind;
        if (reader->from[i].partition || kind < FC_COLUMN_INT8 || kind > FC_COLUMN_INT64)
            continue;
        for (size_t g = 0; g < reader->layout.group_count; g++) {
            const struct fc_parquet_layout_group *group = &reader->layout.groups[g];
            struct fc_source_range range = {.rows = group->rows, .nulls = -1};
            for (size_t c = 0; c < group->chunk_count; c++) {
                const struct fc_parquet_chunk *chunk = &group->chunks[c];
                if (chunk->column != reader->from[i].slot || chunk->nested)
                    continue;
                range.known = chunk->statistics.ranged;
                range.min = chunk->statistics.min;
                range.max = chunk->statistics.max;
                range.nulls = chunk->statistics.nulls;
            }
            env->told(env->told_ctx, i, &range);
        }
    }
}

static fc_rc sample_file(struct sampling *s, struct fc_file_reader *reader, size_t slices,
                         int64_t budget, struct fc_error *err)
{
    size_t groups = reader->layout.group_count;
    size_t wanted = groups < slices ? groups : slices;
    int64_t left = budget < s->rows_left ? budget : s->rows_left;

    if (wanted == 1)
        return sample_newest(s, reader, budget, err);
    for (size_t i = 0; i < wanted && left > 0; i++) {
        int64_t before = s->rows_left;
        fc_rc rc =
            sample_group(s, reader, fc_spread(groups, wanted, i), share(left, wanted - i), err);
        if (rc != FC_OK || is_over(s))
            return rc;
        left -= before - s->rows_left;
    }
    return FC_OK;
}

fc_rc fc_file_sample(struct fc_source *source, const char *const *columns, size_t count,
                     fc_batch_fn fn, void *ctx, struct fc_sample_stats *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(SCRATCH_MAX);
    const Feast__Worker__V1__Limits *limits = source->env->limits;
    bool all = !limits || limits->rows == 0 || limits->rows > INT64_MAX;
    struct sampling s = {.source = source,
                         .fn = fn,
                         .ctx = ctx,
                         .rows_left = all ? INT64_MAX : (int64_t)limits->rows,
                         .bytes_limit =
                             limits && limits->bytes < INT64_MAX ? (int64_t)limits->bytes : 0,
                         .bytes_before = bytes_read_by_us(),
                         .stats = ret};
    size_t seen = fc_file_seen(source);
    size_t wanted = all || seen < SLICES_MAX ? seen : SLICES_MAX;

    *ret = (struct fc_sample_stats){.cut = false};
    if (!arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a sample");
    for (size_t i = 0; i < wanted && !is_over(&s); i++) {
        const struct fc_file *file = &source->list.files[fc_spread(source->list.count, wanted, i)];
        struct fc_file_reader reader;
        fc_arena_reset(arena);
        fc_rc rc = fc_file_reader_open(source, file, columns, count, arena, &reader, err);
        if (rc != FC_OK)
            return rc;
        tell_ranges(source, &reader);
        const struct fc_file_run run = {.fn = take, .ctx = &s};
        if (all)
            rc = fc_file_reader_run(source, &reader, &run, err);
        else
            rc = sample_file(&s, &reader, slices_of(&s, &reader, SLICES_MAX / wanted),
                             share(s.rows_left, wanted - i), err);
        if (rc != FC_OK && !(rc == FC_CANCELLED && ret->cut))
            return rc;
    }
    return FC_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files of the file source: file.c (schema), file_sample.c, file_scan.c, file_state.c. */
#pragma once

#include "worker/sources/file_list.h"
#include "worker/sources/parquet.h"
#include "worker/sources/remote.h"
#include "worker/sources/source.h"

struct fc_source {
    const struct fc_source_env *env;
    struct fc_arena *arena; /**< the caller's, for what lives as long as the source */
    struct fc_file_list list;
    struct fc_remote *remote; /**< NULL when the files are local */
    bool holds_turn;          /**< of the engine, until it is closed */
    const struct fc_file *known_file;
    struct fc_parquet_file known; /**< what was last found out about that one */
};

/** Where a named column comes from within one file. */
struct fc_file_column {
    bool partition;
    size_t index; /**< into the list's keys, or the file's columns */
    size_t slot;  /**< among the columns read from the file, when it is one */
};

/** A file with the columns that are wanted of it. */
struct fc_file_reader {
    const struct fc_file *file;
    struct fc_parquet_file parquet;
    struct fc_file_column *from;
    struct fc_source_column *columns; /**< as the batch shows them */
    size_t count;
    size_t *read; /**< indices into parquet.columns */
    size_t read_count;
    struct fc_parquet_layout layout; /**< of the columns read */
    size_t filters[2]; /**< indices into parquet.columns that the condition of a run is about */
    size_t filter_count;
    uint64_t batches; /**< handed on so far */
};

/** A reading has failed at or behind this row: should it be for text that is no UTF-8, the error tells the column. */
fc_rc fc_file_blame_text(struct fc_source *source, const struct fc_file_reader *reader, int64_t row,
                         struct fc_error *err);

/** What a run reads. */
struct fc_file_run {
    const char *where; /**< SQL over fc_<index of a column of the file>, "" or NULL for all */
    int64_t first_row, row_count; /**< row_count 0 means to the end of the file */
    int64_t max_bytes;            /**< of a remote file to fetch; 0 for no limit */
    bool beside; /**< half of the columns may be decoded by a second thread; not with `ahead` */
    bool ahead;  /**< rows are decoded by a thread, before they are asked for */
    fc_batch_fn fn;
    void *ctx;
};

/** The footer of one of the source's files, fetched if need be; the file can then be read. */
FC_MUST fc_rc fc_file_footer(struct fc_source *source, const struct fc_file *file,
                             struct fc_arena *arena, struct fc_parquet_file *ret,
                             struct fc_error *err);

/** Describes the file and finds the columns; a missing or repeated one is SOURCE_MISMATCH naming file and column. */
FC_MUST fc_rc fc_file_reader_open(struct fc_source *source, const struct fc_file *file,
                                  const char *const *columns, size_t count, struct fc_arena *arena,
                                  struct fc_file_reader *ret, struct fc_error *err);

/** Where some columns of the file are. */
FC_MUST fc_rc fc_file_reader_layout(const struct fc_file_reader *reader, const size_t *columns,
                                    size_t count, struct fc_arena *arena,
                                    struct fc_parquet_layout *ret, struct fc_error *err);

/**
 * Runs one query over the file, or over each row group of a remote one as it comes, and hands each chunk on. `fn` sees
 * partition values as columns like any other. BUSY when more would have to be fetched than may be.
 */
FC_MUST fc_rc fc_file_reader_run(struct fc_source *source, struct fc_file_reader *reader,
                                 const struct fc_file_run *run, struct fc_error *err);

/** The same over a local file; for file_reader.c and file_remote.c. */
FC_MUST fc_rc fc_file_reader_query(struct fc_source *source, struct fc_file_reader *reader,
                                   const struct fc_file_run *run, struct fc_error *err);
/** The same over the file in the spool. */
FC_MUST fc_rc fc_file_remote_run(struct fc_source *source, struct fc_file_reader *reader,
                                 const struct fc_file_run *run, struct fc_error *err);

fc_rc fc_file_sample(struct fc_source *source, const char *const *columns, size_t count,
                     fc_batch_fn fn, void *ctx, struct fc_sample_stats *ret, struct fc_error *err);
fc_rc fc_file_scan(struct fc_source *source, const struct fc_scan_request *request, fc_batch_fn fn,
                   void *ctx, struct fc_scan_progress *progress, struct fc_error *err);

const char *fc_file_state(struct fc_source *source, struct fc_arena *arena);
/** Every file is known by its version, or by its size and time. */
bool fc_file_resumes(const struct fc_source *source);

/** SOURCE_UNREACHABLE when a local file is not the one that was listed: it was written to, or replaced. */
FC_MUST fc_rc fc_file_unchanged(const struct fc_source *source, const struct fc_file *file,
                                struct fc_error *err);

/** Files whose schema is looked at: limits->files, or all. */
size_t fc_file_seen(const struct fc_source *source);
bool fc_file_past_deadline(const struct fc_source *source);

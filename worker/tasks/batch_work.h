/* SPDX-License-Identifier: Apache-2.0 */
/** One batch ingestion under way: what ingest_batch.c (its course) and batch_account.c (what is told of it) share. */
#pragma once

#include "worker/sinks/sink.h"
#include "worker/sources/source.h"
#include "worker/tasks/batch_place.h"
#include "worker/tasks/dead_letter.h"
#include "worker/tasks/ingest_batch.h"
#include "worker/tasks/keyset.h"
#include "worker/tasks/newest.h"
#include "worker/tasks/row.h"

struct fc_batch_work {
    const struct fc_ingest *ingest;
    struct fc_arena *arena;
    struct fc_binding binding;
    struct fc_scan_request request;
    const char *checked_path; /**< file whose types were looked at */
    struct fc_row_maker *maker;
    struct fc_newest *newest;
    struct fc_keyset *keys; /**< written by this job */
    struct fc_dead_letters *letters;
    const struct fc_sink_ops *sink_ops;
    struct fc_sink *sink;
    struct fc_scan_progress scan;
    int64_t rows_total; /**< of the source; 0 when unknown */
    uint64_t rows_in_slice;
    uint64_t uncommitted; /**< written, not yet durable */
    uint64_t writes;      /**< durable; a key that is written twice counts twice */
    uint64_t rewrites;    /**< of these, over a row of this job */
    bool resumes;         /**< the source can be gone on with */
    struct fc_batch_place place;
    struct {
        uint64_t rows_read, rows_written;
        double seconds, percent;
    } earlier; /**< done by earlier attempts */
    int64_t started_ns, told_ns;
    char trouble[512];                   /**< why the store takes nothing, "" while it does */
    Feast__Worker__V1__Receipt *receipt; /**< fc_batch_settle completes its counts */
};

/** Of the rows of the source that are behind; negative when it cannot be told. */
double fc_batch_percent(const struct fc_batch_work *work);

/** Tells how far it is: now, or when it is time again. */
FC_MUST fc_rc fc_batch_tell(struct fc_batch_work *work, const char *phase, bool now,
                            struct fc_error *err);

/** Rows are there that the store does not take yet; told at once when it is news. The next commit ends it. */
FC_MUST fc_rc fc_batch_waits(struct fc_batch_work *work, const char *why, struct fc_error *err);

/** Completes a receipt that has the other counts of `work->receipt`: as if this were the end. Nothing is uncommitted. */
FC_MUST fc_rc fc_batch_settle(const struct fc_batch_work *work, struct fc_arena *arena,
                              Feast__Worker__V1__Receipt *receipt, struct fc_error *err);

/** All rows up to this one are with the store: tells that another attempt may go on from here. */
FC_MUST fc_rc fc_batch_keep_place(struct fc_batch_work *work, const struct fc_batch *batch,
                                  size_t row, struct fc_error *err);

/** What is going to be read, and from where on; opens the dead letters. */
FC_MUST fc_rc fc_batch_find_place(struct fc_batch_work *work, const struct fc_source_ops *ops,
                                  struct fc_source *source, struct fc_error *err);

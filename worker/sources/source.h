/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where feature data comes from, behind one table: describe the columns, sample rows, scan all of them. Each
 * kind of source is one file.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/sys.h"
#include "feast/core/DataSource.pb-c.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "worker/contract/column.h"
#include "worker/duck/duck.h"
#include "worker/net/access.h"

#define FC_SOURCE_VERSION 4

struct fc_source;

/** What a source's own statistics say of some of its rows, of one column of signed whole numbers. */
struct fc_source_range {
    int64_t rows;
    bool known;       /**< false: nothing but how many they are */
    int64_t min, max; /**< of the values; there is one at least, unless all are null */
    int64_t nulls;    /**< -1 when they are not counted */
};

/** What a source works with; must outlive it. */
struct fc_source_env {
    struct fc_duck *duck; /**< fresh: the source confines it to its own place */
    const struct fc_sys *sys;
    int64_t deadline_ns;                     /**< monotonic, 0 for none */
    const Feast__Worker__V1__Limits *limits; /**< NULL for none */
    const struct fc_access *access;          /**< which hosts it may reach */
    /**
     * The columns that the table names, NULL when that is not told: those that are found only by looking for them, and
     * those in which files that differ are told of one by one.
     */
    const char *const *wanted;
    size_t wanted_count;
    /** Told during sample, `column` by its place in there, of what is known without further reading. NULL: nobody asks. */
    void (*told)(void *ctx, size_t column, const struct fc_source_range *range);
    void *told_ctx;
};

#define FC_SAMPLE_NOTES 4

/** What a sample cost, and whether a limit cut it short. */
struct fc_sample_stats {
    int64_t bytes_read;
    bool cut;
    const char *notes[FC_SAMPLE_NOTES]; /**< for people, of what was seen; NULL ends them */
    const char *remark; /**< why no row was looked at although the source has some; NULL else */
};

/** Seconds and nanoseconds since 1970. */
struct fc_moment {
    int64_t seconds;
    int32_t nanos;
    bool set;
};

/** Where a scan is; counters only grow. */
struct fc_scan_progress {
    int64_t bytes_read;  /**< compressed, of the columns and row groups read; grows with the rows */
    int64_t rows_passed; /**< rows of the source that are behind, those outside the span included */
};

/** Between two rows of a source, in input order. */
struct fc_scan_place {
    const char *path; /**< fc_batch.path; NULL is before the first row */
    int64_t row;      /**< fc_batch.positions: of the first row that is not behind */
    struct fc_scan_progress progress; /**< as it was there */
};

/** Which rows to scan: start <= event time < end; an unset side is open. */
struct fc_scan_request {
    const char *const *columns; /**< source names */
    size_t count;
    size_t event;               /**< index into columns */
    const char *date_partition; /**< source name; NULL when there is none */
    struct fc_moment start, end;
    struct fc_scan_place from; /**< of a source that resumes and is in the state of then */
};

struct fc_source_ops {
    unsigned version; /**< FC_SOURCE_VERSION */
    const char *kind; /**< "file" */
    /** Whether this kind reads the given source. */
    bool (*accepts)(const Feast__Core__DataSource *source);
    /**
     * Finds it. Missing or denied: SOURCE_UNREACHABLE; there but unreadable: SOURCE_INVALID; a place or
     * format that is not served: SOURCE_UNSUPPORTED.
     */
    fc_rc (*open)(const struct fc_source_env *env, const Feast__Core__DataSource *source,
                  struct fc_arena *arena, struct fc_source **ret, struct fc_error *err);
    /**
     * There, but with nothing in it: sample then fails SOURCE_UNREACHABLE, describe too unless the columns are known
     * without a look at data, scan finds no row. A stream knows only once it was sampled.
     */
    bool (*is_empty)(const struct fc_source *source);
    /**
     * Columns, files seen (limits->files of them, spread), what disagrees. A stream tells the columns of its format even
     * when its broker is out of reach, which sample then fails with.
     */
    fc_rc (*describe)(struct fc_source *source, struct fc_arena *arena,
                      struct fc_source_schema *ret, struct fc_error *err);
    /** Calls `fn` with batches of the named columns, spread over the source, until a limit is reached. */
    fc_rc (*sample)(struct fc_source *source, const char *const *columns, size_t count,
                    fc_batch_fn fn, void *ctx, struct fc_sample_stats *ret, struct fc_error *err);
    /**
     * What scan is going to read, as a text that is another one when the source was changed: versions of objects, sizes
     * and times of files. In the arena; NULL when there is no memory. A stream has no such thing.
     */
    const char *(*state)(struct fc_source *source, struct fc_arena *arena);
    /** Equal states have equal rows in equal order, and scan can begin in the middle. */
    bool (*resumes)(const struct fc_source *source);
    /**
     * Calls `fn` with all rows of the span in input order. Rows whose event time is null come too: they
     * belong to no span, but must not vanish. A file without one of the columns is SOURCE_MISMATCH.
     */
    fc_rc (*scan)(struct fc_source *source, const struct fc_scan_request *request, fc_batch_fn fn,
                  void *ctx, struct fc_scan_progress *progress, struct fc_error *err);
    void (*close)(struct fc_source *source);
};

/** The table entry that reads this source; SOURCE_UNSUPPORTED when none does. */
FC_MUST fc_rc fc_source_ops_for(const Feast__Core__DataSource *source,
                                const struct fc_source_ops **ret, struct fc_error *err);

/** Where the source is, for people; never with credentials. */
const char *fc_source_location(const Feast__Core__DataSource *source, struct fc_arena *arena);

extern const struct fc_source_ops fc_source_stream;
extern const struct fc_source_ops fc_source_file, fc_source_bigquery;

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * DuckDB behind a narrow door: one in-memory database a process, settings that keep it on a leash, queries
 * whose chunks come out as the contract's cells. No other room includes duckdb.h.
 *
 * Not thread-safe; the engine's own threads stay inside.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "worker/contract/column.h"
#include "worker/duck/turns.h"

struct fc_duck;
struct fc_duck_result;

struct fc_duck_options {
    /** bytes; 0 means 512 MiB. A target of the engine, no cap on the process */
    uint64_t memory_limit;
    unsigned threads;     /**< 0 means 1 */
    bool brief;           /**< little is read of each file: plans are made soon rather than well */
    const char *temp_dir; /**< where it may spill to; NULL forbids spilling */
    /** One is held while it works; they outlive it. NULL when there are none. */
    struct fc_turns *turns;
};

/**
 * Opens an engine that loads no extension, knows no secrets and thinks in UTC. It can still read any
 * file: call fc_duck_confine before it meets one.
 */
FC_MUST fc_rc fc_duck_open(const struct fc_duck_options *options, struct fc_duck **ret,
                           struct fc_error *err);
void fc_duck_close(struct fc_duck *duck);
FC_DEFINE_FREEP(struct fc_duck, fc_duck_close)

/** Has memory ready that the first query would have to ask the kernel for; takes as long as that. */
void fc_duck_warm(struct fc_duck *duck);

/** Keeps the engine's turn, or waits for one, over all that is done until it is given back; NULL has none. */
void fc_duck_turn_take(struct fc_duck *duck);
void fc_duck_turn_give(struct fc_duck *duck);

/** From here on only this file, or files below this directory, can be read, and no setting can be changed. */
FC_MUST fc_rc fc_duck_confine(struct fc_duck *duck, const char *path, struct fc_error *err);

/**
 * Runs one statement; rows stream, in order. `path` is the file that a `?` in it stands for, or NULL: a
 * statement that names its file itself is planned twice, once to be prepared and once to be run. Engine errors
 * are OUT_OF_MEMORY, CANCELLED, INTERNAL, IO_FAILED or, for whatever it holds against the data, SOURCE_INVALID,
 * with the engine's own words.
 */
FC_MUST fc_rc fc_duck_query(struct fc_duck *duck, const char *sql, const char *path,
                            struct fc_duck_result **ret, struct fc_error *err);
void fc_duck_result_free(struct fc_duck_result *result);
FC_DEFINE_FREEP(struct fc_duck_result, fc_duck_result_free)

/** From here on the next rows are decoded while the last ones are worked on, by a thread; without one, as before. */
void fc_duck_read_ahead(struct fc_duck_result *result);

size_t fc_duck_column_count(const struct fc_duck_result *result);
/** Kind, element, precision and scale as the engine has them; `text` is NULL. */
struct fc_column_type fc_duck_column_type(const struct fc_duck_result *result, size_t column);

/**
 * The next rows as cells in the arena; strings point into the engine's memory until the next call or the
 * end of the result. `*ret_cells` has one array a column; `*ret_rows` is 0 at the end.
 */
FC_MUST fc_rc fc_duck_next(struct fc_duck_result *result, struct fc_arena *arena,
                           const struct fc_cell *const **ret_cells, size_t *ret_rows,
                           struct fc_error *err);

/** Appends `text` as a SQL string literal. */
void fc_duck_quote(struct fc_buf *sql, const char *text);

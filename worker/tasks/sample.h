/* SPDX-License-Identifier: Apache-2.0 */
/** Sampled rows, converted as ingestion would convert them, and what became of them column by column. */
#pragma once

#include "worker/tasks/binding.h"
#include "worker/tasks/keyset.h"

struct fc_sample_extreme {
    bool set;
    struct fc_cell cell; /**< strings are copies, cut */
};

struct fc_sample_column {
    bool present; /**< the source has it, once */
    size_t slot;  /**< among the wanted columns */
    struct fc_column_type type;
    uint64_t nulls, invalid;
    uint64_t faults[FC_FAULT_COUNT]; /**< invalid, by reason */
    struct fc_sample_extreme min, max;
    struct {
        bool any;
        int64_t first, last;  /**< seconds since 1970 */
    } times;                  /**< of time columns */
    const char *first_bad;    /**< value as text; "" while all are fine */
    const char *first_reason; /**< why */
};

struct fc_sample {
    struct fc_arena *arena;
    const struct fc_binding *binding;
    struct fc_sample_column *columns; /**< one a bound column */
    const char **wanted;              /**< source names to ask for */
    size_t wanted_count;
    uint64_t rows, rows_invalid;
    uint64_t undecodable;          /**< of rows_invalid: bytes that are no row */
    const char *first_undecodable; /**< where and why; "" while there is none */
    uint64_t duplicates;           /**< rows with the key and the times of a row before */
    struct fc_keyset *seen;        /**< keys with their times; freed by fc_sample_done */
};

FC_MUST fc_rc fc_sample_new(const struct fc_binding *binding, struct fc_arena *arena,
                            struct fc_sample **ret, struct fc_error *err);

/** Frees what is not in the arena. */
void fc_sample_done(struct fc_sample *sample);

/** The bound column is there: ask for it. */
void fc_sample_want(struct fc_sample *sample, size_t index, const struct fc_source_column *column);

/** A fc_batch_fn over the wanted columns; `ctx` is the sample. */
fc_rc fc_sample_take(void *ctx, const struct fc_batch *batch, struct fc_error *err);

/** "" while there is none. */
const char *fc_sample_text(const struct fc_sample_column *column,
                           const struct fc_sample_extreme *extreme, struct fc_arena *arena);

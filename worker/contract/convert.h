/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Value by value: a cell of a source column into a feast.types.Value of the declared type. Never wraps
 * or truncates, and rounds only where docs/validation.md says so (double and decimal into FLOAT, decimal
 * into DOUBLE): a value that does not fit is an error that says which and why.
 */
#pragma once

#include "base/arena.h"
#include "worker/contract/lattice.h"

/** Why a value did not convert; the words are part of receipts and dead letters. */
enum fc_fault {
    FC_FAULT_NONE,
    FC_FAULT_NULL,         /**< null where a value is needed */
    FC_FAULT_WRONG_TYPE,   /**< the lattice rejects the pair */
    FC_FAULT_OUT_OF_RANGE, /**< the declared type cannot hold it */
    FC_FAULT_NOT_INTEGRAL, /**< a fraction, NaN or an infinity where a whole number is declared */
    FC_FAULT_NOT_TEXT,     /**< no UTF-8, or a NUL within */
    FC_FAULT_NULL_ELEMENT, /**< a list cannot hold null on the wire */
    FC_FAULT_UNDECODABLE,  /**< of a whole message: its bytes are not of the declared format */
    FC_FAULT_COUNT
};
/** "OUT_OF_RANGE" */
const char *fc_fault_word(enum fc_fault fault);

/**
 * `cell` must not be null. `*ret` is made in the arena (BYTES are borrowed from the cell). On failure
 * FIELD_INVALID with the value as text and what was expected, and `*ret_fault` says which kind.
 */
FC_MUST fc_rc fc_convert_value(const struct fc_column_type *source, const struct fc_cell *cell,
                               Feast__Types__ValueType__Enum declared, struct fc_arena *arena,
                               Feast__Types__Value *ret, enum fc_fault *ret_fault,
                               struct fc_error *err);

/** Seconds and nanoseconds since 1970 UTC, within the years 1 to 9999 that the wire knows. */
FC_MUST fc_rc fc_convert_timestamp(const struct fc_column_type *source, const struct fc_cell *cell,
                                   int64_t *ret_seconds, int32_t *ret_nanos,
                                   enum fc_fault *ret_fault, struct fc_error *err);

/** Days since 1970 of a date partition value. */
FC_MUST fc_rc fc_convert_date(const struct fc_column_type *source, const struct fc_cell *cell,
                              int64_t *ret_days, enum fc_fault *ret_fault, struct fc_error *err);

/**
 * The cell as short text for reports ("137", "'SIN'", "2021-01-01T00:00:00Z"), cut at 80 bytes. Never
 * NULL; "?" when the arena is exhausted.
 */
const char *fc_cell_text(const struct fc_column_type *type, const struct fc_cell *cell,
                         struct fc_arena *arena);

/** Order of two cells of one column that are not null: <0, 0, >0; NaN sorts last, lists are all equal. */
int fc_cell_cmp(const struct fc_column_type *type, const struct fc_cell *a,
                const struct fc_cell *b);

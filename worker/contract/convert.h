/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Value by value: a cell of a source column into a feast.types.Value of the declared type. Never wraps, rounds (but for
 * double into FLOAT, to nearest) or truncates: a value that does not fit is an error that says which and why.
 */
#pragma once

#include "base/arena.h"
#include "worker/contract/lattice.h"

/**
 * `cell` must not be null. `*ret` is made in the arena (strings are borrowed from the cell). On failure FIELD_INVALID
 * with the value as text and what was expected.
 */
FC_MUST fc_rc fc_convert_value(const struct fc_column_type *source, const struct fc_cell *cell,
                               Feast__Types__ValueType__Enum declared, struct fc_arena *arena,
                               Feast__Types__Value *ret, struct fc_error *err);

/** Seconds and nanoseconds since 1970 UTC. */
FC_MUST fc_rc fc_convert_timestamp(const struct fc_column_type *source, const struct fc_cell *cell,
                                   int64_t *ret_seconds, int32_t *ret_nanos, struct fc_error *err);

/** The cell as short text for reports ("137", "'SIN'", "2021-01-01T00:00:00Z"), cut at 80 bytes. */
const char *fc_cell_text(const struct fc_column_type *type, const struct fc_cell *cell, struct fc_arena *arena);

/* SPDX-License-Identifier: Apache-2.0 */
/** A thread that has the engine decode the next chunks of a result while the last one is worked on. */
#pragma once

#include <duckdb.h>

#include "base/attr.h"

struct fc_duck_ahead;

/** NULL when there is no thread to be had. From here on only the thread uses the result, which must outlive it. */
struct fc_duck_ahead *fc_duck_ahead_start(duckdb_result *result);
/** The next chunk, for duckdb_destroy_data_chunk; NULL at the end or after an error, which the result then tells. */
duckdb_data_chunk fc_duck_ahead_next(struct fc_duck_ahead *ahead);
/** Ends the thread, in the middle if need be. */
void fc_duck_ahead_stop(struct fc_duck_ahead *ahead);

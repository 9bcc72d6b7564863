/* SPDX-License-Identifier: Apache-2.0 */
/** Parquet files for tests, written by the engine that reads them. Failures abort the test program. */
#pragma once

#include "base/arena.h"
#include "feast/core/DataSource.pb-c.h"

/** Rows of a SELECT as one file, in row groups of `group_rows` (0: the engine's default; else at least 2048). */
void test_parquet(const char *path, const char *select, unsigned group_rows);

/** Closes the engine that test_parquet opened: the teardown of a group of cases. */
int test_parquet_done(void **state);

/** `tests/data/parquet/<name>.parquet`, written by another library. */
const char *test_parquet_data(struct fc_arena *arena, const char *name);

/** A file source at this location with event timestamp column `ts`. */
Feast__Core__DataSource *test_source_at(struct fc_arena *arena, const char *url);

/** Writes `size` bytes over the file at `offset`; from the end when negative. */
void test_overwrite(const char *path, long offset, const void *bytes, size_t size);

/** Copies a file. */
void test_copy(const char *from, const char *to);

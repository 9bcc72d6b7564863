/* SPDX-License-Identifier: Apache-2.0 */
/** A directory, an arena, and the file source opened at some place; shared by the programs about the file source. */
#pragma once

#include "tests/unit/harness.h"

#include "tests/support/parquet.h"
#include "tests/support/scratch.h"
#include "worker/sources/source.h"

#define OPS (&fc_source_file)

struct file_source {
    struct test_scratch scratch;
    struct fc_arena *arena;
    struct fc_duck *duck;
    bool brief; /**< of the engines opened from here on */
    struct fc_source_env env;
    struct fc_source *source;
    Feast__Worker__V1__Limits limits;
    struct fc_error err;
};

int file_source_setup(void **state);
int file_source_teardown(void **state);

/** Opens with the fixture's limits, with a fresh engine. */
fc_rc file_source_open(struct file_source *f, const char *url);
/** Opens and describes; both must work. */
struct fc_source_schema file_source_schema(struct file_source *f, const char *url);
const struct fc_source_column *file_source_column(const struct fc_source_schema *schema,
                                                  const char *name);
/** Fails unless opening or describing ends with this reason and a message that holds the text. */
void file_source_refuses(struct file_source *f, const char *url, enum fc_reason reason,
                         const char *text);

/** First column of what was read, as integers, and where the rows were from. */
struct file_rows {
    size_t count, batches;
    int64_t values[20000];
    bool nulls[20000];
    int64_t positions[20000];
    char last_path[600];
};
/** A fc_batch_fn; `ctx` is a struct file_rows. */
fc_rc file_rows_take(void *ctx, const struct fc_batch *batch, struct fc_error *err);

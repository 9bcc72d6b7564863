/* SPDX-License-Identifier: Apache-2.0 */
/** One batch of rows into a Redis (worker/sinks/redis_writer.h says how). Private to the sink. One thread. */
#pragma once

#include "worker/sinks/redis_writer.h"

struct fc_redis_runner {
    struct fc_redis_client *client;
    const struct fc_redis_config *config;
    enum fc_redis_layout layout;
    const struct fc_redis_fields *fields;
    char sha[41];
    struct fc_redis_call calls[FC_REDIS_BATCH_ROWS];
    size_t rows[FC_REDIS_BATCH_ROWS]; /* for the script, in their order */
    size_t row_count;
    struct fc_buf commands, pack;
};

/** Connects to nothing yet. Close it whatever this returns. */
FC_MUST fc_rc fc_redis_runner_open(struct fc_redis_runner *runner,
                                   const struct fc_redis_writer_options *options,
                                   struct fc_error *err);
void fc_redis_runner_close(struct fc_redis_runner *runner);

/** Writes the rows and notes what became of them. */
FC_MUST fc_rc fc_redis_run_batch(struct fc_redis_runner *runner, struct fc_redis_batch *batch,
                                 struct fc_error *err);

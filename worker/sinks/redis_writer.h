/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Batches of rows on their way to a Redis: while one is filled, a thread writes those before it, in their order.
 *
 * A row under a key that is not there yet goes by RESTORE, which creates and never overwrites; the others, and all once
 * most keys turn out to be there, go by storage/online/redis_put.lua, which compares and writes. Private to the sink.
 */
#pragma once

#include "storage/online/redis_layout.h"
#include "storage/redis/client.h"
#include "worker/sinks/sink.h"

#define FC_REDIS_BATCH_ROWS 512

/** A row; places are in the bytes of its batch, which move as they grow. */
struct fc_redis_place {
    size_t key_at, key_len;         /**< as the row has it */
    size_t stored_at, stored_len;   /**< key as Redis has it */
    size_t command_at, command_len; /**< RESTORE, when it is to be created */
    size_t fields_at, fields_len; /**< its dump then, else its pack (storage/online/redis_dump.h) */
    size_t nulls_at, nulls_len;   /**< pack of the features that are null */
    int64_t expiry;               /**< what the script takes, when it `expires` */
    bool expires;
    bool late; /**< afterwards: a newer one stays */
    char time[FC_REDIS_TIME_MAX];
    size_t time_len;
    char order[FC_REDIS_ORDER_SIZE];
};

/** In which form rows that can be are created. */
enum fc_redis_form { FC_REDIS_NO_DUMP, FC_REDIS_PLAIN, FC_REDIS_COMPACT };

struct fc_redis_batch {
    struct fc_buf bytes;
    struct fc_redis_place places[FC_REDIS_BATCH_ROWS];
    size_t count;
    enum fc_redis_form form;
    size_t there; /**< afterwards: keys that were there */
    bool refused; /**< afterwards: RESTORE is not to be had in this form */
    fc_rc rc;     /**< afterwards */
    struct fc_error err;
};

struct fc_redis_writer;

/** What a writer needs; everything is borrowed. */
struct fc_redis_writer_options {
    const struct fc_redis_config *config;
    enum fc_redis_layout layout;
    const struct fc_redis_fields *fields;
    const struct fc_sink_told *told;
};

/** Starts the thread; connects to nothing yet. */
FC_MUST fc_rc fc_redis_writer_open(const struct fc_redis_writer_options *options,
                                   struct fc_redis_writer **ret, struct fc_error *err);
/** Drops what was not written yet; what is under way is waited for, no longer than one attempt. Takes NULL. */
void fc_redis_writer_close(struct fc_redis_writer *writer);

/** The batch to fill, the writer's until it is sent. */
struct fc_redis_batch *fc_redis_writer_batch(struct fc_redis_writer *writer);
/** Sends it, waiting for room; rows of batches before may be told of. After an error all later calls return it. */
FC_MUST fc_rc fc_redis_writer_send(struct fc_redis_writer *writer, struct fc_error *err);
/** Sends it if it has rows and waits until all are written and told of. */
FC_MUST fc_rc fc_redis_writer_finish(struct fc_redis_writer *writer, struct fc_error *err);

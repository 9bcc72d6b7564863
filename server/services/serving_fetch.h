/* SPDX-License-Identifier: Apache-2.0 */
/** What a read has in Redis, from commands to rows. Private to the serving service. */
#pragma once

#include "server/services/serving.h"

/** The rows of one table. In the arena of the read, but for the answers. */
struct serving_fetch {
    struct serving_read *read;
    const struct serving_table *table;
    size_t index;     /**< of the table */
    size_t *features; /**< of the read, that are of this table and in its spec */
    fc_str *names;    /**< of their fields */
    size_t count;
    struct fc_redis_fields fields;
    struct fc_redis_call *calls; /**< one for each row that has a key */
    size_t *rows;                /**< of each call */
    size_t call_count;
};

/** One fetch for each table in Redis, with its calls. */
FC_MUST fc_rc serving_fetch_prepare(struct serving_read *read, struct serving_fetch **ret,
                                    size_t *ret_count, struct fc_error *err);
/** From the answers of all its calls to `read->fetched`. */
FC_MUST fc_rc serving_fetch_take(struct serving_fetch *fetch, const struct fc_redis_client *client,
                                 struct fc_error *err);

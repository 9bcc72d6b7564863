/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A connection to one Redis server: commands are appended to `fc_redis_link_out`, sent together, and answered in their
 * order. Answers are parsed by hiredis. One thread.
 */
#pragma once

#include <hiredis/hiredis.h>

#include "base/str.h"
#include "storage/redis/config.h"

struct fc_redis_link;

/** Connects, authenticates, selects the database. ONLINE_STORE_UNAVAILABLE or ONLINE_STORE_REFUSED. */
FC_MUST fc_rc fc_redis_link_open(const struct fc_redis_config *config,
                                 const struct fc_redis_node_name *node, struct fc_redis_link **ret,
                                 struct fc_error *err);
void fc_redis_link_close(struct fc_redis_link *link);
FC_DEFINE_FREEP(struct fc_redis_link, fc_redis_link_close)

/** Commands that were not sent yet. */
struct fc_buf *fc_redis_link_out(struct fc_redis_link *link);

/** Sends what can be sent without waiting, so that the server begins. */
FC_MUST fc_rc fc_redis_link_push(struct fc_redis_link *link, struct fc_error *err);

/**
 * Sends the rest and takes one answer, which is the caller's (freeReplyObject); an error that the server answers with
 * is an answer. After ONLINE_STORE_UNAVAILABLE the link is of no more use.
 */
FC_MUST fc_rc fc_redis_link_take(struct fc_redis_link *link, redisReply **ret,
                                 struct fc_error *err);

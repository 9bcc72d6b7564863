/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Commands to a Redis, a single one or a cluster. Many go out at once, each to the node that has its key's slot, and
 * all nodes work at the same time. Redirections are followed, lost connections opened again and scripts loaded where
 * they are missing; whatever was not answered is sent again, so commands must bear being carried out twice. One thread.
 */
#pragma once

#include <hiredis/hiredis.h>

#include "base/str.h"
#include "storage/redis/config.h"

struct fc_redis_client;

struct fc_redis_call {
    fc_str key;        /**< decides the node */
    fc_str bytes;      /**< the command (storage/redis/wire.h) */
    bool script;       /**< it is an EVALSHA of the client's script */
    redisReply *reply; /**< NULL at first; set by fc_redis_run, and the caller's */
    size_t ask;        /**< 0 at first; private */
};

/** Does not connect. The config must outlive it. */
FC_MUST fc_rc fc_redis_client_new(const struct fc_redis_config *config,
                                  struct fc_redis_client **ret, struct fc_error *err);
void fc_redis_client_free(struct fc_redis_client *client);
FC_DEFINE_FREEP(struct fc_redis_client, fc_redis_client_free)

/** The one Lua script of this client, borrowed; `ret_sha` is what EVALSHA takes. */
FC_MUST fc_rc fc_redis_client_script(struct fc_redis_client *client, fc_str text, char ret_sha[41],
                                     struct fc_error *err);

/** Whether it goes on, when calls without an answer are to be sent again. `why` is as a failure would tell it. */
typedef bool (*fc_redis_again_fn)(void *ctx, const char *why);

/**
 * Called by fc_redis_run before each pause, but not before the first one of a connection that is lost at once: servers
 * close those that nobody uses. False ends the run as if the patience were over.
 */
void fc_redis_client_again(struct fc_redis_client *client, fc_redis_again_fn fn, void *ctx);

/**
 * Until each call has an answer. An answer may be an error of the command itself (fc_redis_reply_check).
 * ONLINE_STORE_UNAVAILABLE when the config's patience is over, ONLINE_STORE_REFUSED at once. After a failure some calls
 * may have their answer, others not.
 */
FC_MUST fc_rc fc_redis_run(struct fc_redis_client *client, struct fc_redis_call *calls,
                           size_t count, struct fc_error *err);

/** Frees the answers. */
void fc_redis_calls_done(struct fc_redis_call *calls, size_t count);

/** ONLINE_STORE_REFUSED with the server's words when the answer is an error. */
FC_MUST fc_rc fc_redis_reply_check(const struct fc_redis_client *client, const redisReply *reply,
                                   struct fc_error *err);

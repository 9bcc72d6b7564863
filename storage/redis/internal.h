/* SPDX-License-Identifier: Apache-2.0 */
/** Nodes of a client and where slots are. Private to storage/redis. */
#pragma once

#include "storage/redis/client.h"
#include "storage/redis/link.h"
#include "storage/redis/slot.h"

/* Nodes that a client knows of at once. */
#define FC_REDIS_MAX_NODES 1024

struct fc_redis_node {
    struct fc_redis_node_name name;
    struct fc_redis_link *link; /* NULL: not connected */
    bool scripted;              /* the script is there */
    bool loading;               /* in this round, loading it goes first */
    bool replica;               /* in this round, it answered as one that takes no writes */
    size_t *queue;              /* calls of this round */
    size_t queued, room;
};

struct fc_redis_client {
    const struct fc_redis_config *config;
    struct fc_redis_node **nodes;
    size_t node_count;
    uint16_t *slots; /* of a cluster: number of a node and 1, 0 where it is not known */
    bool stale;      /* the slots should be asked for again */
    fc_str script;
    bool waits;              /* something in this round was put off: it is worth a pause */
    char why[512];           /* the last thing that was */
    fc_redis_again_fn again; /* may be NULL */
    void *again_ctx;
};

/** The node of this name, made when it is new; NULL when memory is out or there are too many. */
struct fc_redis_node *fc_redis_node_get(struct fc_redis_client *client,
                                        const struct fc_redis_node_name *name, size_t *ret_index);
/** Connects it unless it is. */
FC_MUST fc_rc fc_redis_node_connect(struct fc_redis_client *client, struct fc_redis_node *node,
                                    struct fc_error *err);
/** After its link failed, or led to a server that is not the one to ask. */
void fc_redis_node_drop(struct fc_redis_client *client, struct fc_redis_node *node);

/** Asks the nodes, one after the other, where slots are. */
FC_MUST fc_rc fc_redis_slots_refresh(struct fc_redis_client *client, struct fc_error *err);
/** From the answer to CLUSTER SLOTS. */
FC_MUST fc_rc fc_redis_slots_take(struct fc_redis_client *client, const struct fc_redis_node *asked,
                                  const redisReply *reply, struct fc_error *err);
/** The node that MOVED or ASK names; false when the text is not understood. */
bool fc_redis_redirection(struct fc_redis_client *client, const struct fc_redis_node *from,
                          const char *text, uint16_t *ret_slot, size_t *ret_node);

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/redis/internal.h"
#include "storage/redis/wire.h"

/* ---- Nodes ---- */

struct fc_redis_node *fc_redis_node_get(struct fc_redis_client *client,
                                        const struct fc_redis_node_name *name, size_t *ret_index)
{
    for (size_t i = 0; i < client->node_count; i++) {
        const struct fc_redis_node_name *known = &client->nodes[i]->name;
        if (known->port == name->port && strcmp(known->host, name->host) == 0) {
            *ret_index = i;
            return client->nodes[i];
        }
    }
    if (client->node_count == FC_REDIS_MAX_NODES)
        return NULL;
    struct fc_redis_node *node = calloc(1, sizeof *node);
    if (node) {
        node->name = *name;
        *ret_index = client->node_count;
        client->nodes[client->node_count++] = node;
    }
    return node;
}

fc_rc fc_redis_node_connect(struct fc_redis_client *client, struct fc_redis_node *node,
                            struct fc_error *err)
{
    if (node->link)
        return FC_OK;
    node->scripted = false;
    return fc_redis_link_open(client->config, &node->name, &node->link, err);
}

void fc_redis_node_drop(struct fc_redis_client *client, struct fc_redis_node *node)
{
    fc_redis_link_close(node->link);
    node->link = NULL;
    client->stale = true;
}

/* ---- Slots ---- */

/* An empty host is that of the node that was asked. */
static bool node_of(struct fc_redis_client *client, const struct fc_redis_node *asked,
                    const char *host, size_t len, long long port, size_t *ret)
{
    struct fc_redis_node_name name = {.port = (uint16_t)port};

    if (port < 1 || port > 65535 || len >= sizeof name.host)
        return false;
    if (len == 0) {
        name = asked->name;
        name.port = (uint16_t)port;
    } else {
        memcpy(name.host, host, len);
    }
    return fc_redis_node_get(client, &name, ret) != NULL;
}

static bool is_number(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER;
}

/* One of: first slot, last slot, [host, port, …] of the master, replicas. */
static bool take_range(struct fc_redis_client *client, const struct fc_redis_node *asked,
                       const redisReply *range, uint16_t *slots)
{
    size_t index = 0;

    if (range->type != REDIS_REPLY_ARRAY || range->elements < 3 || !is_number(range->element[0]) ||
        !is_number(range->element[1]))
        return false;
    const redisReply *master = range->element[2];
    long long first = range->element[0]->integer, last = range->element[1]->integer;
    if (master->type != REDIS_REPLY_ARRAY || master->elements < 2 ||
        !is_number(master->element[1]) || first < 0 || last >= FC_REDIS_SLOTS)
        return false;
    const redisReply *host = master->element[0];
    size_t len = host->type == REDIS_REPLY_STRING ? host->len : 0;
    if (!node_of(client, asked, host->str, len, master->element[1]->integer, &index))
        return false;
    for (long long slot = first; slot <= last; slot++)
        slots[slot] = (uint16_t)(index + 1);
    return true;
}

fc_rc fc_redis_slots_take(struct fc_redis_client *client, const struct fc_redis_node *asked,
                          const redisReply *reply, struct fc_error *err)
{
    uint16_t *slots = calloc(FC_REDIS_SLOTS, sizeof *slots);
    bool good = slots && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;

    for (size_t i = 0; good && i < reply->elements; i++)
        good = take_range(client, asked, reply->element[i], slots);
    if (!good) {
        free(slots);
        return fc_fail(err, FC_REASON_ONLINE_STORE_UNAVAILABLE,
                       "Redis at %s:%u does not tell where the slots of its cluster are: %s",
                       asked->name.host, asked->name.port,
                       reply->type == REDIS_REPLY_ERROR ? reply->str : "it knows of none");
    }
    free(client->slots);
    client->slots = slots;
    client->stale = false;
    return FC_OK;
}

static fc_rc ask_node(struct fc_redis_client *client, struct fc_redis_node *node,
                      struct fc_error *err)
{
    redisReply *reply = NULL;
    fc_rc rc = fc_redis_node_connect(client, node, err);

    if (rc != FC_OK)
        return rc;
    struct fc_buf *out = fc_redis_link_out(node->link);
    fc_redis_begin(out, 2);
    fc_redis_word(out, FC_STR("CLUSTER"));
    fc_redis_word(out, FC_STR("SLOTS"));
    rc = fc_redis_link_take(node->link, &reply, err);
    if (rc != FC_OK) {
        fc_redis_node_drop(client, node);
        return rc;
    }
    if (reply->type == REDIS_REPLY_ERROR && strstr(reply->str, "cluster support disabled")) {
        rc = fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED,
                     "Redis at %s:%u is no cluster; expected redis:// or rediss:// for it",
                     node->name.host, node->name.port);
    } else {
        rc = fc_redis_slots_take(client, node, reply, err);
    }
    freeReplyObject(reply);
    return rc;
}

fc_rc fc_redis_slots_refresh(struct fc_redis_client *client, struct fc_error *err)
{
    fc_rc rc = FC_UNAVAILABLE;

    /* Those that are connected first; what is learnt on the way need not be asked. */
    for (int connected = 1; connected >= 0; connected--) {
        size_t count = client->node_count;
        for (size_t i = 0; i < count; i++) {
            struct fc_redis_node *node = client->nodes[i];
            if ((node->link != NULL) != (connected != 0))
                continue;
            rc = ask_node(client, node, err);
            if (rc == FC_OK || err->reason != FC_REASON_ONLINE_STORE_UNAVAILABLE)
                return rc;
        }
    }
    return rc;
}

bool fc_redis_redirection(struct fc_redis_client *client, const struct fc_redis_node *from,
                          const char *text, uint16_t *ret_slot, size_t *ret_node)
{
    char *end = NULL;
    const char *space = strchr(text, ' ');
    long slot = space ? strtol(space + 1, &end, 10) : -1;

    if (slot < 0 || slot >= FC_REDIS_SLOTS || *end != ' ')
        return false;
    const char *host = end + 1, *colon = strrchr(host, ':');
    if (!colon)
        return false;
    *ret_slot = (uint16_t)slot;
    return node_of(client, from, host, (size_t)(colon - host), strtol(colon + 1, NULL, 10),
                   ret_node);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/redis/client.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "storage/redis/internal.h"
#include "storage/redis/wire.h"

#define PAUSE_MIN_NS (5 * FC_NS_PER_MS)
#define PAUSE_MAX_NS FC_NS_PER_S
/* Redirections that are followed without a pause. */
#define ROUNDS_AT_ONCE 8
/* An attempt that fails sooner than this was over a connection that nobody used, as far as anyone can tell. */
#define LOST_AT_ONCE_NS FC_NS_PER_S

fc_rc fc_redis_client_new(const struct fc_redis_config *config, struct fc_redis_client **ret,
                          struct fc_error *err)
{
    FC_CLEANUP(fc_redis_client_freep) struct fc_redis_client *client = calloc(1, sizeof *client);
    size_t index = 0;
    bool good = client != NULL;

    if (good) {
        client->config = config;
        client->nodes = calloc(FC_REDIS_MAX_NODES, sizeof(struct fc_redis_node *));
        good = client->nodes != NULL;
    }
    for (size_t i = 0; good && i < config->node_count; i++)
        good = fc_redis_node_get(client, &config->nodes[i], &index) != NULL;
    if (!good)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for an online store");
    client->stale = config->cluster;
    *ret = fc_steal(client);
    return FC_OK;
}

void fc_redis_client_free(struct fc_redis_client *client)
{
    if (!client)
        return;
    for (size_t i = 0; i < client->node_count; i++) {
        fc_redis_link_close(client->nodes[i]->link);
        free(client->nodes[i]->queue);
        free(client->nodes[i]);
    }
    free(client->nodes);
    free(client->slots);
    free(client);
}

fc_rc fc_redis_client_script(struct fc_redis_client *client, fc_str text, char ret_sha[41],
                             struct fc_error *err)
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (EVP_Digest(text.ptr, text.len, sum, &size, EVP_sha1(), NULL) != 1 || size != 20) {
        return fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED,
                       "OpenSSL on this machine has no SHA-1, by which Redis names scripts");
    }
    for (unsigned i = 0; i < size; i++)
        (void)snprintf(ret_sha + (size_t)2 * i, 3, "%02x", sum[i]);
    client->script = text;
    return FC_OK;
}

void fc_redis_client_again(struct fc_redis_client *client, fc_redis_again_fn fn, void *ctx)
{
    client->again = fn;
    client->again_ctx = ctx;
}

void fc_redis_calls_done(struct fc_redis_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        freeReplyObject(calls[i].reply);
        calls[i].reply = NULL;
    }
}

fc_rc fc_redis_reply_check(const struct fc_redis_client *client, const redisReply *reply,
                           struct fc_error *err)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return FC_OK;
    return fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED, "the online store %s answers: %s",
                   client->config->url, reply->str);
}

/* ---- Answers ---- */

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/* States of a server that pass. Older servers put the error of a script's command into the text of their own. */
static bool will_pass(const char *text)
{
    return begins(text, "TRYAGAIN") || begins(text, "CLUSTERDOWN") || begins(text, "LOADING") ||
           begins(text, "BUSY ") || begins(text, "MASTERDOWN") || begins(text, "MISCONF") ||
           strstr(text, "OOM command not allowed") || strstr(text, "READONLY ") ||
           strstr(text, "NOREPLICAS");
}

/* Of a replica: its name may lead to another server by now, which is the master. */
static bool is_replicas(const char *text)
{
    return begins(text, "MASTERDOWN") || strstr(text, "READONLY ");
}

static void put_off(struct fc_redis_client *client, struct fc_redis_node *node, const char *text)
{
    client->waits = true;
    client->stale = client->config->cluster;
    node->replica = node->replica || is_replicas(text);
    (void)snprintf(client->why, sizeof client->why, "Redis at %.255s:%u answers: %.160s",
                   node->name.host, node->name.port, text);
}

/* True when the call is done; else it is sent again. */
static bool judge(struct fc_redis_client *client, struct fc_redis_node *node,
                  struct fc_redis_call *call, const redisReply *reply)
{
    const char *text = reply->str;
    uint16_t slot = 0;
    size_t index = 0;

    if (reply->type != REDIS_REPLY_ERROR)
        return true;
    call->ask = 0;
    if (begins(text, "MOVED ") && fc_redis_redirection(client, node, text, &slot, &index)) {
        if (client->slots)
            client->slots[slot] = (uint16_t)(index + 1);
        (void)snprintf(client->why, sizeof client->why, "slot %u of the cluster is on the move",
                       slot);
        return !client->config->cluster;
    }
    if (begins(text, "ASK ") && fc_redis_redirection(client, node, text, &slot, &index)) {
        call->ask = index + 1;
        return !client->config->cluster;
    }
    if (begins(text, "NOSCRIPT") && call->script) {
        node->scripted = false;
        (void)snprintf(client->why, sizeof client->why, "Redis at %s:%u forgets its scripts",
                       node->name.host, node->name.port);
        return false;
    }
    if (will_pass(text)) {
        put_off(client, node, text);
        return false;
    }
    return true;
}

static fc_rc collect_one(struct fc_redis_client *client, struct fc_redis_node *node,
                         struct fc_redis_call *call, struct fc_error *err)
{
    redisReply *reply = NULL;
    fc_rc rc = FC_OK;

    if (call->ask != 0) {
        rc = fc_redis_link_take(node->link, &reply, err); /* of ASKING */
        freeReplyObject(reply);
        reply = NULL;
    }
    if (rc == FC_OK)
        rc = fc_redis_link_take(node->link, &reply, err);
    if (rc != FC_OK)
        return rc;
    if (judge(client, node, call, reply))
        call->reply = reply;
    else
        freeReplyObject(reply);
    return FC_OK;
}

/* The answer to SCRIPT LOAD: without it the calls answer NOSCRIPT, so its error is the one to tell. */
static fc_rc collect_script(struct fc_redis_client *client, struct fc_redis_node *node,
                            struct fc_error *err)
{
    redisReply *reply = NULL;
    fc_rc rc = fc_redis_link_take(node->link, &reply, err);

    if (rc == FC_OK && reply->type == REDIS_REPLY_ERROR && will_pass(reply->str))
        put_off(client, node, reply->str);
    else if (rc == FC_OK && reply->type == REDIS_REPLY_ERROR)
        rc = fc_redis_reply_check(client, reply, err);
    else if (rc == FC_OK)
        node->scripted = true;
    freeReplyObject(reply);
    return rc;
}

static fc_rc collect(struct fc_redis_client *client, struct fc_redis_node *node,
                     struct fc_redis_call *calls, struct fc_error *err)
{
    node->replica = false;
    fc_rc rc = node->loading ? collect_script(client, node, err) : FC_OK;

    for (size_t i = 0; rc == FC_OK && i < node->queued; i++)
        rc = collect_one(client, node, &calls[node->queue[i]], err);
    if (rc != FC_OK || node->replica) {
        /* What was not taken would be taken for the answers to something else. */
        fc_redis_node_drop(client, node);
    }
    return rc;
}

/* ---- Rounds ---- */

static size_t node_for(const struct fc_redis_client *client, const struct fc_redis_call *call)
{
    if (call->ask != 0)
        return call->ask - 1;
    if (!client->config->cluster)
        return 0;
    uint16_t known = client->slots[fc_redis_slot(call->key)];
    /* Any node tells where a slot is that nobody told of. */
    return known != 0 ? (size_t)known - 1 : 0;
}

static bool enqueue(struct fc_redis_node *node, size_t call)
{
    if (node->queued == node->room) {
        size_t room = node->room == 0 ? 64 : 2 * node->room;
        size_t *grown = realloc(node->queue, room * sizeof *grown);
        if (!grown)
            return false;
        node->queue = grown;
        node->room = room;
    }
    node->queue[node->queued++] = call;
    return true;
}

static void append(struct fc_buf *out, const struct fc_redis_call *call)
{
    if (call->ask != 0) {
        fc_redis_begin(out, 1);
        fc_redis_word(out, FC_STR("ASKING"));
    }
    fc_buf_append(out, call->bytes.ptr, call->bytes.len);
}

static fc_rc send_queue(struct fc_redis_client *client, struct fc_redis_node *node,
                        const struct fc_redis_call *calls, struct fc_error *err)
{
    fc_rc rc = fc_redis_node_connect(client, node, err);

    if (rc != FC_OK) {
        client->stale = client->config->cluster;
        return rc;
    }
    struct fc_buf *out = fc_redis_link_out(node->link);
    node->loading = false;
    for (size_t i = 0; i < node->queued; i++)
        node->loading = node->loading || (calls[node->queue[i]].script && !node->scripted);
    if (node->loading) {
        fc_redis_begin(out, 3);
        fc_redis_word(out, FC_STR("SCRIPT"));
        fc_redis_word(out, FC_STR("LOAD"));
        fc_redis_word(out, client->script);
    }
    for (size_t i = 0; i < node->queued; i++)
        append(out, &calls[node->queue[i]]);
    rc = fc_redis_link_push(node->link, err);
    if (rc != FC_OK)
        fc_redis_node_drop(client, node);
    return rc;
}

/* The node is gone: what has no answer is for the owners of the slots once more, who know where they are by now. */
static void forget_redirections(const struct fc_redis_node *node, struct fc_redis_call *calls)
{
    for (size_t i = 0; i < node->queued; i++)
        calls[node->queue[i]].ask = 0;
}

/* Each node gets what is its own before any is waited for. The first error is kept, the other nodes are still heard. */
static fc_rc exchange(struct fc_redis_client *client, struct fc_redis_call *calls,
                      struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t n = 0; n < client->node_count; n++) {
        struct fc_redis_node *node = client->nodes[n];
        struct fc_error own = FC_ERROR_INIT;
        if (node->queued > 0 && send_queue(client, node, calls, &own) != FC_OK) {
            forget_redirections(node, calls);
            node->queued = 0;
            *err = rc == FC_OK ? own : *err;
            rc = err->rc;
        }
    }
    for (size_t n = 0; n < client->node_count; n++) {
        struct fc_redis_node *node = client->nodes[n];
        struct fc_error own = FC_ERROR_INIT;
        if (node->queued > 0 && collect(client, node, calls, &own) != FC_OK) {
            forget_redirections(node, calls);
            *err = rc == FC_OK ? own : *err;
            rc = err->rc;
        }
    }
    return rc;
}

/* Sends what has no answer yet; `*ret_left` is what still has none. */
static fc_rc round_of(struct fc_redis_client *client, struct fc_redis_call *calls, size_t count,
                      size_t *ret_left, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    client->waits = false;
    if (client->config->cluster && (client->stale || !client->slots))
        rc = fc_redis_slots_refresh(client, err);
    for (size_t n = 0; n < client->node_count; n++)
        client->nodes[n]->queued = 0;
    for (size_t i = 0; rc == FC_OK && i < count; i++)
        if (!calls[i].reply && !enqueue(client->nodes[node_for(client, &calls[i])], i))
            rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for commands to Redis");
    if (rc == FC_OK)
        rc = exchange(client, calls, err);
    *ret_left = 0;
    for (size_t i = 0; i < count; i++)
        *ret_left += calls[i].reply == NULL;
    return rc;
}

static void pause_for(int64_t ns)
{
    const struct timespec pause = {.tv_sec = ns / FC_NS_PER_S, .tv_nsec = ns % FC_NS_PER_S};

    (void)nanosleep(&pause, NULL);
}

/* False when it is to be given up. */
static bool goes_on(const struct fc_redis_client *client, bool first, int64_t began_ns,
                    const char *why)
{
    bool passing = first && fc_monotonic_ns(fc_sys_real()) - began_ns < LOST_AT_ONCE_NS;

    return !client->again || passing || client->again(client->again_ctx, why);
}

fc_rc fc_redis_run(struct fc_redis_client *client, struct fc_redis_call *calls, size_t count,
                   struct fc_error *err)
{
    int64_t began_ns = fc_monotonic_ns(fc_sys_real());
    int64_t deadline_ns = began_ns + client->config->patience_ns;
    int64_t pause_ns = PAUSE_MIN_NS;

    for (unsigned rounds = 1;; rounds++) {
        size_t left = 0;
        fc_rc rc = round_of(client, calls, count, &left, err);
        if (rc != FC_OK && err->reason != FC_REASON_ONLINE_STORE_UNAVAILABLE)
            return rc;
        if (rc == FC_OK && left == 0)
            return FC_OK;
        if (rc == FC_OK && !client->waits && rounds <= ROUNDS_AT_ONCE)
            continue;
        int64_t over_ns = deadline_ns - fc_monotonic_ns(fc_sys_real());
        if (over_ns <= 0 || !goes_on(client, rounds == 1 && rc != FC_OK, began_ns,
                                     rc != FC_OK ? err->message : client->why)) {
            return rc != FC_OK
                       ? rc
                       : fc_fail(err, FC_REASON_ONLINE_STORE_UNAVAILABLE, "%s", client->why);
        }
        pause_for(pause_ns < over_ns ? pause_ns : over_ns);
        pause_ns = pause_ns * 2 < PAUSE_MAX_NS ? pause_ns * 2 : PAUSE_MAX_NS;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/redis/link.h"

#include <stdlib.h>
#include <string.h>

#include "storage/redis/transport.h"
#include "storage/redis/wire.h"

#define READ_BYTES ((size_t)64 * 1024)

struct fc_redis_link {
    const struct fc_redis_config *config;
    struct fc_redis_node_name node;
    struct fc_redis_transport *transport;
    redisReader *reader;
    struct fc_buf out;
    size_t sent;
    char read[READ_BYTES];
};

static fc_rc lost(const struct fc_redis_link *link, const char *why, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_ONLINE_STORE_UNAVAILABLE, "Redis at %s:%u: %s", link->node.host,
                   link->node.port, why);
}

struct fc_buf *fc_redis_link_out(struct fc_redis_link *link)
{
    return &link->out;
}

fc_rc fc_redis_link_push(struct fc_redis_link *link, struct fc_error *err)
{
    if (link->out.failed)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for commands to Redis");
    while (link->sent < link->out.len) {
        ssize_t moved = fc_redis_transport_write(link->transport, link->out.ptr + link->sent,
                                                 link->out.len - link->sent);
        if (moved < 0)
            return lost(link, fc_redis_transport_why(link->transport), err);
        if (moved == 0)
            return FC_OK;
        link->sent += (size_t)moved;
    }
    fc_buf_clear(&link->out);
    link->sent = 0;
    return FC_OK;
}

/* Feeds the parser with what is there; `*ret_any` tells whether that was something. */
static fc_rc read_some(struct fc_redis_link *link, bool *ret_any, struct fc_error *err)
{
    ssize_t moved = fc_redis_transport_read(link->transport, link->read, sizeof link->read);

    if (moved < 0)
        return lost(link, fc_redis_transport_why(link->transport), err);
    *ret_any = moved > 0;
    if (moved > 0 && redisReaderFeed(link->reader, link->read, (size_t)moved) != REDIS_OK)
        return lost(link, link->reader->errstr, err);
    return FC_OK;
}

fc_rc fc_redis_link_take(struct fc_redis_link *link, redisReply **ret, struct fc_error *err)
{
    void *reply = NULL;

    for (;;) {
        bool any = false;
        if (redisReaderGetReply(link->reader, &reply) != REDIS_OK)
            return lost(link, link->reader->errstr, err);
        if (reply) {
            *ret = reply;
            return FC_OK;
        }
        /* Both ways at once: a server that cannot get rid of its answers takes no more commands. */
        fc_rc rc = fc_redis_link_push(link, err);
        if (rc == FC_OK)
            rc = read_some(link, &any, err);
        if (rc != FC_OK)
            return rc;
        if (!any &&
            !fc_redis_transport_wait(link->transport, link->out.len > 0, link->config->timeout_ns))
            return lost(link, "it does not answer in time", err);
    }
}

/* ---- Opening ---- */

/* Servers say why they refuse; what they repeat of a command is cut off, it may hold the password. */
static fc_rc refused(const struct fc_redis_link *link, const char *doing, const redisReply *reply,
                     struct fc_error *err)
{
    const char *text = reply->str ? reply->str : "";
    int shown = (int)strcspn(text, "'`\"");
    bool loading = strncmp(text, "LOADING", 7) == 0 || strncmp(text, "MASTERDOWN", 10) == 0;

    return fc_fail(
        err, loading ? FC_REASON_ONLINE_STORE_UNAVAILABLE : FC_REASON_ONLINE_STORE_REFUSED,
        "Redis at %s:%u refuses to %s: %.*s", link->node.host, link->node.port, doing, shown, text);
}

static fc_rc settle(struct fc_redis_link *link, const char *doing, struct fc_error *err)
{
    redisReply *reply = NULL;
    fc_rc rc = fc_redis_link_take(link, &reply, err);

    if (rc == FC_OK && reply->type == REDIS_REPLY_ERROR)
        rc = refused(link, doing, reply, err);
    freeReplyObject(reply);
    return rc;
}

static fc_rc greet(struct fc_redis_link *link, struct fc_error *err)
{
    const struct fc_redis_config *config = link->config;
    bool named = config->username[0] != '\0';
    fc_rc rc = FC_OK;

    if (named || config->password[0] != '\0') {
        fc_redis_begin(&link->out, named ? 3 : 2);
        fc_redis_word(&link->out, FC_STR("AUTH"));
        if (named)
            fc_redis_word(&link->out, fc_str_from(config->username));
        fc_redis_word(&link->out, fc_str_from(config->password));
        rc = settle(link, "log in", err);
    } else {
        fc_redis_begin(&link->out, 1);
        fc_redis_word(&link->out, FC_STR("PING"));
        rc = settle(link, "serve", err);
    }
    if (rc == FC_OK && config->database != 0) {
        fc_redis_begin(&link->out, 2);
        fc_redis_word(&link->out, FC_STR("SELECT"));
        fc_redis_number(&link->out, config->database);
        rc = settle(link, "select the database", err);
    }
    return rc;
}

fc_rc fc_redis_link_open(const struct fc_redis_config *config,
                         const struct fc_redis_node_name *node, struct fc_redis_link **ret,
                         struct fc_error *err)
{
    FC_CLEANUP(fc_redis_link_closep) struct fc_redis_link *link = malloc(sizeof *link);

    if (!link)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a connection");
    link->config = config;
    link->node = *node;
    link->transport = NULL;
    link->out = (struct fc_buf)FC_BUF_INIT;
    link->sent = 0;
    link->reader = redisReaderCreate();
    if (!link->reader)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a connection");
    fc_rc rc = fc_redis_transport_open(config, node, &link->transport, err);
    if (rc == FC_OK)
        rc = greet(link, err);
    if (rc == FC_OK)
        *ret = fc_steal(link);
    return rc;
}

void fc_redis_link_close(struct fc_redis_link *link)
{
    if (!link)
        return;
    fc_redis_transport_close(link->transport);
    if (link->reader)
        redisReaderFree(link->reader);
    /* It may have held the password. */
    if (link->out.ptr)
        explicit_bzero(link->out.ptr, link->out.capacity);
    fc_buf_done(&link->out);
    free(link);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/kafka_servers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define PORT_DEFAULT 9092
#define SERVERS_MAX  256
#define HOST_MAX     255

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a list of brokers");
}

/* `SASL_SSL://host:1` without what stands before the host. */
static fc_str without_protocol(fc_str text)
{
    for (size_t i = 0; i + 3 <= text.len; i++)
        if (memcmp(text.ptr + i, "://", 3) == 0)
            return (fc_str){.ptr = text.ptr + i + 3, .len = text.len - i - 3};
    return text;
}

/* Splits `host`, `host:port`, `[v6]`, `[v6]:port`; `port` is empty when there is none. */
static bool split(fc_str text, fc_str *host, fc_str *port)
{
    const char *end = text.ptr + text.len;
    const char *colon = NULL;

    *port = (fc_str){.ptr = end, .len = 0};
    if (text.len > 0 && text.ptr[0] == '[') {
        const char *close = memchr(text.ptr, ']', text.len);
        if (!close || (close + 1 < end && close[1] != ':'))
            return false;
        *host = (fc_str){.ptr = text.ptr + 1, .len = (size_t)(close - text.ptr) - 1};
        colon = close + 1 < end ? close + 1 : NULL;
    } else {
        colon = memchr(text.ptr, ':', text.len);
        *host = (fc_str){.ptr = text.ptr, .len = colon ? (size_t)(colon - text.ptr) : text.len};
    }
    if (colon) {
        *port = (fc_str){.ptr = colon + 1, .len = (size_t)(end - colon) - 1};
        if (port->len == 0)
            return false;
    }
    return host->len > 0 && host->len <= HOST_MAX;
}

/* -1 when it is no port. */
static long port_of(fc_str text)
{
    long port = 0;

    if (text.len == 0)
        return PORT_DEFAULT;
    if (text.len > 5)
        return -1;
    for (size_t i = 0; i < text.len; i++) {
        if (!isdigit((unsigned char)text.ptr[i]))
            return -1;
        port = port * 10 + (text.ptr[i] - '0');
    }
    return port >= 1 && port <= UINT16_MAX ? port : -1;
}

static bool host_is_plain(fc_str host)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.ptr[i];
        if (!isalnum(c) && !strchr("-._:%", c))
            return false;
    }
    return true;
}

static fc_rc read_one(fc_str text, const char *what, struct fc_arena *arena,
                      struct fc_kafka_server *ret, struct fc_error *err)
{
    fc_str host, port;
    bool well_formed = split(without_protocol(text), &host, &port);
    long number = well_formed ? port_of(port) : -1;

    if (!well_formed || number < 0 || !host_is_plain(host))
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: \"%.*s\" is no host:port", what,
                       (int)(text.len < 300 ? text.len : 300), text.ptr);
    char *name = fc_arena_strndup(arena, host.ptr, host.len);
    if (!name)
        return no_memory(err);
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    ret->host = name;
    ret->port = (uint16_t)number;
    ret->text = fc_arena_printf(arena, strchr(name, ':') ? "[%s]:%ld" : "%s:%ld", name, number);
    return ret->text ? FC_OK : no_memory(err);
}

fc_rc fc_kafka_servers_read(const char *text, const char *what, struct fc_arena *arena,
                            struct fc_kafka_servers *ret, struct fc_error *err)
{
    struct fc_kafka_servers list = {.items =
                                        fc_arena_calloc(arena, SERVERS_MAX, sizeof *list.items)};

    if (!list.items)
        return no_memory(err);
    while (*text) {
        size_t length = strcspn(text, ",");
        fc_str one = fc_str_trim((fc_str){.ptr = text, .len = length});
        text += length + (text[length] == ',');
        if (one.len == 0)
            continue;
        if (list.count == SERVERS_MAX)
            return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: more than %d brokers are named",
                           what, SERVERS_MAX);
        fc_rc rc = read_one(one, what, arena, &list.items[list.count], err);
        if (rc != FC_OK)
            return rc;
        if (!fc_kafka_servers_have(&list, &list.items[list.count]))
            list.count++;
    }
    if (list.count == 0)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: no broker is named", what);
    *ret = list;
    return FC_OK;
}

bool fc_kafka_servers_have(const struct fc_kafka_servers *servers,
                           const struct fc_kafka_server *server)
{
    for (size_t i = 0; i < servers->count; i++)
        if (servers->items[i].port == server->port &&
            strcmp(servers->items[i].host, server->host) == 0)
            return true;
    return false;
}

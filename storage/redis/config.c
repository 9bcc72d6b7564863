/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/redis/config.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NODES    64
#define MAX_DATABASE 65535

static fc_rc wrong(const char *what, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_CONFIG_INVALID,
                   "the URL of a Redis %s; expected redis://, rediss://, redis+cluster:// or "
                   "rediss+cluster://, then [user@]host[:port] and, unless it is a cluster, "
                   "[/database]",
                   what);
}

static bool number(const char *text, size_t len, long max, long *ret)
{
    char copy[8] = "", *end = NULL;

    if (len == 0 || len >= sizeof copy || text[0] < '0' || text[0] > '9')
        return false;
    memcpy(copy, text, len);
    *ret = strtol(copy, &end, 10);
    return *end == '\0' && *ret <= max;
}

/* host, host:port or [v6]:port. */
static bool parse_node(const char *text, size_t len, struct fc_redis_node_name *ret)
{
    const char *host = text, *port = NULL;
    size_t host_len = len;
    long parsed = FC_REDIS_PORT;

    if (len > 0 && text[0] == '[') {
        const char *close = memchr(text, ']', len);
        if (!close || (close + 1 != text + len && close[1] != ':'))
            return false;
        host = text + 1;
        host_len = (size_t)(close - host);
        port = close + 1 != text + len ? close + 2 : NULL;
    } else {
        const char *colon = memchr(text, ':', len);
        host_len = colon ? (size_t)(colon - text) : len;
        port = colon ? colon + 1 : NULL;
    }
    if (host_len == 0 || host_len >= sizeof ret->host)
        return false;
    if (port && (!number(port, (size_t)(text + len - port), 65535, &parsed) || parsed == 0))
        return false;
    memcpy(ret->host, host, host_len);
    ret->host[host_len] = '\0';
    ret->port = (uint16_t)parsed;
    return true;
}

static fc_rc parse_nodes(const char *text, size_t len, struct fc_arena *arena,
                         struct fc_redis_config *ret, struct fc_error *err)
{
    struct fc_redis_node_name *nodes = fc_arena_calloc(arena, MAX_NODES, sizeof *nodes);
    const char *end = text + len;
    size_t count = 0;

    if (!nodes)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the URL of a Redis");
    for (bool more = true; more;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        size_t size = (size_t)((comma ? comma : end) - text);
        if (count == MAX_NODES)
            return wrong("names more than 64 nodes", err);
        if (!parse_node(text, size, &nodes[count++]))
            return wrong("has no host, or no port between 1 and 65535", err);
        more = comma != NULL;
        text += size + more;
    }
    if (count > 1 && !ret->cluster)
        return wrong("names several hosts and is none of a cluster", err);
    ret->nodes = nodes;
    ret->node_count = count;
    return FC_OK;
}

static const char *parse_scheme(const char *url, struct fc_redis_config *ret)
{
    static const struct {
        const char *prefix;
        bool tls, cluster;
    } schemes[] = {{"redis://", false, false},
                   {"rediss://", true, false},
                   {"redis+cluster://", false, true},
                   {"rediss+cluster://", true, true}};

    for (size_t i = 0; i < FC_ARRAY_LEN(schemes); i++) {
        size_t len = strlen(schemes[i].prefix);
        if (strncmp(url, schemes[i].prefix, len) == 0) {
            ret->tls = schemes[i].tls;
            ret->cluster = schemes[i].cluster;
            return url + len;
        }
    }
    return NULL;
}

static fc_rc parse_database(const char *text, struct fc_redis_config *ret, struct fc_error *err)
{
    long database = 0;

    if (text[0] == '\0')
        return FC_OK;
    if (ret->cluster)
        return wrong("of a cluster names a database, and clusters have none", err);
    if (!number(text, strlen(text), MAX_DATABASE, &database))
        return wrong("has something else than the number of a database after its host", err);
    ret->database = (int)database;
    return FC_OK;
}

fc_rc fc_redis_config_parse(const char *url, struct fc_arena *arena, struct fc_redis_config *ret,
                            struct fc_error *err)
{
    struct fc_redis_config made = *ret;
    const char *rest = parse_scheme(url, &made);

    made.database = 0;
    made.username = "";
    if (!rest)
        return wrong("has another scheme", err);
    const char *at = strrchr(rest, '@');
    if (at) {
        /* Whatever stands there is not repeated: it may be a password. */
        if (memchr(rest, ':', (size_t)(at - rest))) {
            return fc_fail(err, FC_REASON_CONFIG_INVALID,
                           "the URL of a Redis holds a password; give it by "
                           "online_store.password_file or in the environment, as %s",
                           FC_REDIS_PASSWORD_ENV);
        }
        made.username = fc_arena_strndup(arena, rest, (size_t)(at - rest));
        rest = at + 1;
    }
    const char *slash = strchr(rest, '/');
    size_t len = slash ? (size_t)(slash - rest) : strlen(rest);
    fc_rc rc = parse_nodes(rest, len, arena, &made, err);
    if (rc == FC_OK)
        rc = parse_database(slash ? slash + 1 : "", &made, err);
    made.url = fc_arena_strdup(arena, url);
    if (rc == FC_OK && fc_arena_exhausted(arena))
        rc = fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the URL of a Redis");
    if (rc == FC_OK)
        *ret = made;
    return rc;
}

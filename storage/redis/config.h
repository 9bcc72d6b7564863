/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which Redis to speak to:
 *
 *     redis://[user@]host[:port][/database]          one server
 *     rediss://…                                     the same over TLS
 *     redis+cluster://[user@]host[:port][,host…]     a cluster, of which some nodes are named
 *     rediss+cluster://…                             the same over TLS
 *
 * The password is no part of the URL, which is printed, stored and passed on.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#define FC_REDIS_PORT     6379
#define FC_REDIS_HOST_MAX 256
/** Environment variable by which a worker gets the password. */
#define FC_REDIS_PASSWORD_ENV "FEAST_CORE_ONLINE_STORE_PASSWORD"

struct fc_redis_node_name {
    char host[FC_REDIS_HOST_MAX];
    uint16_t port;
};

/** Strings are borrowed and must outlive what is opened with it. */
struct fc_redis_config {
    const char *url; /**< as it was given, for messages */
    const struct fc_redis_node_name *nodes;
    size_t node_count;
    bool cluster, tls;
    int database;
    const char *username;  /**< "" for the default user */
    const char *password;  /**< "" for none */
    const char *ca_file;   /**< PEM authorities; "" for the system's */
    const char *cert_file; /**< PEM client certificate; "" for none */
    const char *key_file;  /**< its key */
    int64_t timeout_ns;    /**< for a connection to stand, and for an answer to come */
    /** how long lost connections, moving slots and loading servers are waited for */
    int64_t patience_ns;
};

/** Fills what the URL tells; the rest is left as it is. CONFIG_INVALID names what was expected. In the arena. */
FC_MUST fc_rc fc_redis_config_parse(const char *url, struct fc_arena *arena,
                                    struct fc_redis_config *ret, struct fc_error *err);

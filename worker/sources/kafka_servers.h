/* SPDX-License-Identifier: Apache-2.0 */
/** Bootstrap servers: the list, and which of them take a connection. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/sys.h"
#include "worker/net/access.h"

/** One host and port; in the arena. */
struct fc_kafka_server {
    const char *host; /**< lower case, without brackets */
    uint16_t port;
    const char *text;    /**< as people write it: "host:9092", "[::1]:9092" */
    const char *failure; /**< set by fc_kafka_reach; NULL: it took a connection */
    bool denied;         /**< by the access policy */
};

struct fc_kafka_servers {
    struct fc_kafka_server *items;
    size_t count;
};

/**
 * Reads `host:port,[::1]:9092,PLAINTEXT://host:port`; the protocol before a host says nothing, as in the Java client,
 * and the port is 9092 when there is none. `what` begins the error, SOURCE_INVALID.
 */
FC_MUST fc_rc fc_kafka_servers_read(const char *text, const char *what, struct fc_arena *arena,
                                    struct fc_kafka_servers *ret, struct fc_error *err);

/** Whether the list has this host and port. */
bool fc_kafka_servers_have(const struct fc_kafka_servers *servers,
                           const struct fc_kafka_server *server);

/**
 * Connects to all of them at once over TCP, closes again, and leaves in each what came of it. Resolves names, which
 * blocks. `deadline_ns` is monotonic.
 */
FC_MUST fc_rc fc_kafka_reach(struct fc_kafka_servers *servers, const struct fc_access *access,
                             const struct fc_sys *sys, int64_t deadline_ns, struct fc_arena *arena,
                             struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/** A TCP connection that never blocks, plain or TLS 1.2 and newer. One thread. */
#pragma once

#include <sys/types.h>

#include "storage/redis/config.h"

struct fc_redis_transport;

/**
 * Connects within the config's timeout and, for TLS, checks certificate and name. ONLINE_STORE_UNAVAILABLE when nobody
 * answers, ONLINE_STORE_REFUSED when the two sides cannot agree on TLS.
 */
FC_MUST fc_rc fc_redis_transport_open(const struct fc_redis_config *config,
                                      const struct fc_redis_node_name *node,
                                      struct fc_redis_transport **ret, struct fc_error *err);
void fc_redis_transport_close(struct fc_redis_transport *transport);
FC_DEFINE_FREEP(struct fc_redis_transport, fc_redis_transport_close)

/** Bytes moved, 0 when it would block, -1 when the connection is over (see fc_redis_transport_why). */
ssize_t fc_redis_transport_read(struct fc_redis_transport *transport, char *into, size_t size);
ssize_t fc_redis_transport_write(struct fc_redis_transport *transport, const char *from,
                                 size_t size);
/** Waits until there may be something to read or, if `writing`, to write; false after `timeout_ns`. */
bool fc_redis_transport_wait(struct fc_redis_transport *transport, bool writing,
                             int64_t timeout_ns);
/** Why the connection is over; valid until it is closed. */
const char *fc_redis_transport_why(const struct fc_redis_transport *transport);

/* SPDX-License-Identifier: Apache-2.0 */
/** TLS towards a Redis: authorities, client certificate, the name to expect. Private to storage/redis. */
#pragma once

#include <openssl/types.h>

#include "storage/redis/config.h"

/** A TLS client over the socket, which stays the caller's. */
FC_MUST fc_rc fc_redis_tls_new(const struct fc_redis_config *config,
                               const struct fc_redis_node_name *node, int fd, SSL **ret,
                               struct fc_error *err);
/** Why a handshake failed; `wants` is what SSL_get_error said. */
fc_rc fc_redis_tls_fail(const SSL *tls, const struct fc_redis_node_name *node, int wants,
                        struct fc_error *err);
/** The same for a connection that stood. */
void fc_redis_tls_why(int wants, char *text, size_t size);

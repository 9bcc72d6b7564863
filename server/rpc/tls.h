/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The TLS identity of a server: certificate, key and the authority of its clients, re-readable while it serves.
 * Belongs to this room. Thread-safe.
 */
#pragma once

#include <grpc/grpc_security.h>

#include "server/rpc/rpc.h"

struct fc_tls;

/** Reads and checks the files. */
FC_MUST fc_rc fc_tls_new(const struct fc_rpc_tls *files, struct fc_tls **ret, struct fc_error *err);
/** Only after the server that uses it is gone. */
void fc_tls_free(struct fc_tls *tls);
FC_DEFINE_FREEP(struct fc_tls, fc_tls_free)

/** Reads the files again; new connections get what they hold. What was there stays when they are not in order. */
FC_MUST fc_rc fc_tls_reload(struct fc_tls *tls, struct fc_error *err);

/** To listen with; refers to `tls` until it is released. NULL when gRPC does not take the identity. */
grpc_server_credentials *fc_tls_credentials(struct fc_tls *tls);

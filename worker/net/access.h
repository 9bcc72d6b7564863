/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which hosts a worker may talk to. Sources name their hosts, and whoever may apply a table names the sources: so names
 * are held against lists before they are resolved, and addresses again before they are connected to.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/error.h"
#include "feast/worker/v1/worker.pb-c.h"

/** Borrowed from the order; NULL `order` forbids nothing. */
struct fc_access {
    const Feast__Worker__V1__Access *order;
};

/** SOURCE_DENIED when no URL of this scheme may be opened; `scheme` without the colon. */
FC_MUST fc_rc fc_access_scheme(const struct fc_access *access, const char *scheme,
                               struct fc_error *err);

/** SOURCE_DENIED when this name or address literal is forbidden or on no list of what is allowed. */
FC_MUST fc_rc fc_access_host(const struct fc_access *access, const char *host,
                             struct fc_error *err);

/** The same for the address that is about to be connected to: what a name resolves to may change. */
FC_MUST fc_rc fc_access_address(const struct fc_access *access, const char *host,
                                const struct sockaddr *address, struct fc_error *err);

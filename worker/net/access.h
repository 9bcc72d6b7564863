/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which places a worker may read. Sources name their hosts, and whoever may apply a table names the sources: so names
 * are held against lists before they are resolved, and addresses again before they are connected to.
 *
 * What is denied wins over what is allowed. Link-local addresses and those of clouds' metadata services, under any
 * name, are refused unless the order allows them; unspecified, multicast and reserved addresses always are.
 *
 * Credentials are asked for at places that the operator names (a metadata service, a token endpoint): those requests
 * go with an fc_access without an order.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/error.h"
#include "feast/worker/v1/worker.pb-c.h"

/** Borrowed from the order; NULL `order` forbids nothing. A NULL fc_access is the same. */
struct fc_access {
    const Feast__Worker__V1__Access *order;
};

/**
 * SOURCE_DENIED when no location of this scheme may be read: file, s3, gs, http, https, bigquery, kafka, kinesis; s3a
 * and s3n count as s3. It is the scheme of the location as the source names it, without the colon, and that of each
 * place it redirects to; that S3 is spoken over https is not asked.
 */
FC_MUST fc_rc fc_access_scheme(const struct fc_access *access, const char *scheme,
                               struct fc_error *err);

/**
 * SOURCE_DENIED when this name or address literal is forbidden, or on no list of what is allowed. A name that only a
 * network on the list could allow passes here: its address decides.
 */
FC_MUST fc_rc fc_access_host(const struct fc_access *access, const char *host,
                             struct fc_error *err);

/** The same for the address that is about to be connected to, as `host` resolved: what a name resolves to may change. */
FC_MUST fc_rc fc_access_address(const struct fc_access *access, const char *host,
                                const struct sockaddr *address, struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/** What the configuration says about sources, in the form in which workers get it with each order. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "feast/worker/v1/worker.pb-c.h"

struct fc_sources_local {
    bool any;                 /**< any local file that the process may read */
    const char *const *roots; /**< else those below these; NULL-terminated */
};

/**
 * Made in the arena; borrows texts of the configuration. CONFIG_INVALID names the key: an unknown scheme, an entry that
 * is no host, an endpoint that is no http or https URL, a file that cannot be read.
 */
FC_MUST fc_rc fc_sources_access(const struct fc_config *config,
                                const struct fc_sources_local *local, struct fc_arena *arena,
                                const Feast__Worker__V1__Access **ret, struct fc_error *err);

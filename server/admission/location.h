/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which sources this server reads, and which local files a request may make it read.
 *
 * The location of a source comes from whoever may apply a table. Symbolic links are resolved before a path is held
 * against the roots, and the worker is given the resolved path, so that it opens what was checked.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "feast/core/DataSource.pb-c.h"
#include "feast/worker/v1/worker.pb-c.h"

struct fc_location_policy {
    const Feast__Worker__V1__Access *access; /**< whose schemes may be read; NULL for all */
    bool local_any;                          /**< any path that the process may read */
    const char *const *local_roots; /**< else only below these; NULL-terminated, NULL for none */
};

/** NULL when sources of this kind and location are read; else what they are, to be put before "are not …". */
const char *fc_location_unsupported(const Feast__Core__DataSource *source, struct fc_arena *arena);

/** Where the data is, for people and reports: without credentials. Never NULL. */
const char *fc_location_text(const Feast__Core__DataSource *source, struct fc_arena *arena);

/** Who has to answer for it: the host or bucket of a URL, brokers, a service. NULL for this machine. */
const char *fc_location_host(const Feast__Core__DataSource *source, struct fc_arena *arena);

/**
 * Holds a source that is read against the policy: its scheme, and of a local path the place. `*ret_url` is what the
 * worker shall open; NULL when the source is no file. A scheme that is not listed, or a path outside the roots, is
 * SOURCE_DENIED, also when there is nothing; missing below a root is SOURCE_UNREACHABLE. Hosts are held against the
 * lists by the worker, which resolves them.
 */
FC_MUST fc_rc fc_location_check(const struct fc_location_policy *policy,
                                const Feast__Core__DataSource *source, struct fc_arena *arena,
                                const char **ret_url, struct fc_error *err);

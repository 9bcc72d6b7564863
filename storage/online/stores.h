/* SPDX-License-Identifier: Apache-2.0 */
/** Which online store a feature table is in: the one that it names, else the configured default. Read-only, shared. */
#pragma once

#include "feast/core/OnlineStore.pb-c.h"
#include "storage/online/redis_layout.h"
#include "storage/redis/config.h"

/** An online store in a Redis. */
struct fc_redis_store {
    const char *name; /**< in the registry; "" for the default */
    struct fc_redis_config redis;
    enum fc_redis_layout layout;
    bool keep_nulls; /**< a null leaves the older value of its feature */
};

struct fc_online_stores {
    const struct fc_redis_store *by_default; /**< NULL: the embedded store */
    const struct fc_redis_store *named;
    size_t named_count;
    /** "NAME=value" that workers get when a store has a password; NULL for none. A secret. */
    const char *password_env;
};

/**
 * The store of a table whose spec names `wanted` (NULL or without a name: the default); `*ret` NULL: the embedded
 * store. `stores` NULL: there is only that one. ONLINE_STORE_REFUSED when the configuration has no address for it.
 */
FC_MUST fc_rc fc_online_stores_find(const struct fc_online_stores *stores,
                                    const Feast__Core__OnlineStore *wanted,
                                    const struct fc_redis_store **ret, struct fc_error *err);

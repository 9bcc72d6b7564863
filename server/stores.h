/* SPDX-License-Identifier: Apache-2.0 */
/** What the configuration says about online stores. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "storage/online/stores.h"

/**
 * Made in the arena; borrows texts of the configuration. CONFIG_INVALID names the key: a URL that is none of a Redis, a
 * file that cannot be read, a certificate without its key. Nothing is connected to.
 */
FC_MUST fc_rc fc_stores_config(const struct fc_config *config, struct fc_arena *arena,
                               const struct fc_online_stores **ret, struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/** What the configuration says about the place of backups, as workers get it. Private to the copies. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "feast/worker/v1/worker.pb-c.h"

/** backup.url is checked, backup.s3.* is taken over. In the arena; borrows texts of the configuration. */
FC_MUST fc_rc fc_copies_access(const struct fc_config *config, struct fc_arena *arena,
                               const Feast__Worker__V1__Access **ret, struct fc_error *err);

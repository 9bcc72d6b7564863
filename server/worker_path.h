/* SPDX-License-Identifier: Apache-2.0 */
/** Where the worker program is. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/error.h"

/** worker.path, else feast-worker beside this program. CONFIG_INVALID when it cannot be executed. In the arena. */
FC_MUST fc_rc fc_worker_path(const struct fc_config *config, struct fc_arena *arena,
                             const char **ret, struct fc_error *err);

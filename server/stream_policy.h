/* SPDX-License-Identifier: Apache-2.0 */
/** Configuration keys `stream.*` as a policy. */
#pragma once

#include "base/config.h"
#include "server/jobs/streams.h"

/** Strings are those of the configuration. CONFIG_INVALID names the key. */
FC_MUST fc_rc fc_stream_policy_config(const struct fc_config *config, struct fc_arena *arena,
                                      struct fc_stream_policy *ret, struct fc_error *err);

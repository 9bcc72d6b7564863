/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Looks at one source of a feature table: its schema and a sample of its rows, held against what is
 * declared. Judges types and values, not what is acceptable: that is the registry's policy.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/sys.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "worker/duck/duck.h"

/**
 * `duck` is fresh and spent afterwards. A source that does not fit or cannot be reached is a finding within
 * the report; an error is an order that cannot be followed (REQUEST_INVALID) or a lack of memory. The
 * report lives in the arena.
 */
FC_MUST fc_rc fc_probe_run(const Feast__Worker__V1__Probe *probe, struct fc_duck *duck,
                           const struct fc_sys *sys, struct fc_arena *arena,
                           Feast__Admin__V1__SourceReport **ret, struct fc_error *err);

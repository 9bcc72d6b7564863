/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of this room share about an admission. Private to it. */
#pragma once

#include <stdatomic.h>

#include "server/admission/admission.h"
#include "server/admission/location.h"
#include "server/admission/pool.h"

struct fc_admission {
    const struct fc_sys *sys;
    struct fc_location_policy location;
    char **roots; /**< NULL-terminated, owned */
    enum fc_validation_mode mode;
    int64_t deadline_ns;
    double max_invalid_ratio;
    struct fc_pool *pool;
    struct fc_pool *background; /**< NULL: looks of the background go to the same pool */
    atomic_uint_fast64_t probes, refused, unverified, worker_failures, next_id;
    atomic_uint_fast64_t verdicts[FC_ADMISSION_VERDICTS];
};

/* SPDX-License-Identifier: Apache-2.0 */
/** The order of one probe. */
#pragma once

#include "feast/worker/v1/worker.pb-c.h"
#include "server/admission/admission.h"

struct fc_probe_order {
    uint64_t number; /**< unlike that of other orders to the same worker */
    Feast__Admin__V1__SourceSlot slot;
    const char *url; /**< of a file, where to look: the location as it was checked */
    const Feast__Worker__V1__Access *access; /**< NULL for none */
    int64_t left_ns;                         /**< until the deadline */
    double max_invalid_ratio;
};

/** Made in the arena; borrows from the request. */
FC_MUST fc_rc fc_probe_order_make(const struct fc_probe_order *order,
                                  const struct fc_admission_request *request,
                                  struct fc_arena *arena, const Feast__Worker__V1__WorkOrder **ret,
                                  struct fc_error *err);

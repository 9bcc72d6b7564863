/* SPDX-License-Identifier: Apache-2.0 */
/** What batch and stream orders have in common, for those who do not care which it is. */
#pragma once

#include <stddef.h>

#include "feast/worker/v1/worker.pb-c.h"

/** What the order moves from where to where; NULL for other tasks. */
static inline Feast__Worker__V1__Ingest *
fc_work_order_ingest(const Feast__Worker__V1__WorkOrder *order)
{
    switch (order->task_case) {
    case FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_BATCH:
        return order->ingest_batch;
    case FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_STREAM:
        return order->ingest_stream->ingest;
    default:
        return NULL;
    }
}

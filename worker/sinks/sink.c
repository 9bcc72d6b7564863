/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sinks/sink.h"

static const struct fc_sink_ops *const KINDS[] = {&fc_sink_sqlite, &fc_sink_redis};

fc_rc fc_sink_ops_for(const Feast__Worker__V1__Ingest *order, const struct fc_sink_ops **ret,
                      struct fc_error *err)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(KINDS); i++) {
        if (KINDS[i]->accepts(order)) {
            *ret = KINDS[i];
            return FC_OK;
        }
    }
    return fc_fail(err, FC_REASON_REQUEST_INVALID, "the order names no online store to write to");
}

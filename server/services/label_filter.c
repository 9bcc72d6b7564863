/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/label_filter.h"

#include "feast/core/Entity.pb-c.h"
#include "feast/core/FeatureTable.pb-c.h"
#include "server/services/request.h"

fc_rc fc_entity_has_labels(const struct fc_entity_row *row, struct fc_map labels,
                           struct fc_arena *scratch, bool *ret, struct fc_error *err)
{
    *ret = true;
    if (labels.count == 0)
        return FC_OK;
    const Feast__Core__EntitySpecV2 *spec = feast__core__entity_spec_v2__unpack(
        fc_arena_allocator(scratch), row->spec.len, (const uint8_t *)row->spec.ptr);
    if (!spec)
        return fc_request_too_large(err);
    *ret = fc_map_contains(FC_MAP(spec, labels), labels);
    return FC_OK;
}

fc_rc fc_table_has_labels(const struct fc_table_row *row, struct fc_map labels,
                          struct fc_arena *scratch, bool *ret, struct fc_error *err)
{
    *ret = true;
    if (labels.count == 0)
        return FC_OK;
    const Feast__Core__FeatureTableSpec *spec = feast__core__feature_table_spec__unpack(
        fc_arena_allocator(scratch), row->spec.len, (const uint8_t *)row->spec.ptr);
    if (!spec)
        return fc_request_too_large(err);
    *ret = fc_map_contains(FC_MAP(spec, labels), labels);
    return FC_OK;
}

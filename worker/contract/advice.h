/* SPDX-License-Identifier: Apache-2.0 */
/** Words about a column for people: its type as all kinds of sources call it, and what to do about a finding. Pure. */
#pragma once

#include "base/arena.h"
#include "worker/contract/convert.h"

/** "int64", "decimal(18,2)", "list<float>", "timestamp without zone"; "" when the arena is exhausted. */
const char *fc_kind_text(const struct fc_column_type *type, struct fc_arena *arena);

/** Whether two columns hold the same: equal kinds, elements, digits. Names of types and units are not looked at. */
bool fc_kind_same(const struct fc_column_type *a, const struct fc_column_type *b);

/** What a column of a table was found to be. */
struct fc_finding {
    bool value; /**< an entity or feature, else a time column */
    Feast__Types__ValueType__Enum declared;
    const struct fc_column_type *type;
    enum fc_contract_level level;
    const uint64_t *faults; /**< FC_FAULT_COUNT counts; NULL for none */
    bool range_known;       /**< of whole numbers: the sampled ones */
    int64_t min, max;
};

/** What to do about it, a clause or two; "" for nothing. In the arena or constant. */
const char *fc_contract_advice(const struct fc_finding *finding, struct fc_arena *arena);

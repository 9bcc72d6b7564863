/* SPDX-License-Identifier: Apache-2.0 */
/** When a feature table is looked at again, and what a look makes of its verdict. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** All in nanoseconds. */
struct fc_reverify_plan {
    int64_t interval_ns; /**< between looks at tables that were judged; 0: never again */
    /** first pause before a table that could not be judged, or drifted, is tried again */
    int64_t retry_min_ns;
    int64_t retry_max_ns; /**< the pause doubles with each look up to this */
};

/**
 * The time of the next look at a table with this verdict (feast.admin.v1.Verdict) after `failures` looks in a row that
 * did not end in OK. False: none. `random` spreads looks that would fall together.
 */
bool fc_reverify_next(const struct fc_reverify_plan *plan, int32_t verdict, int64_t failures,
                      int64_t now_ns, uint32_t random, int64_t *ret_ns);

/**
 * What a table with the verdict `before` has after a look that found `found`. `*ret_keep`: the report that it has says
 * more than the new one, which found nothing to judge.
 */
int32_t fc_reverify_verdict(int32_t before, int32_t found, bool *ret_keep);

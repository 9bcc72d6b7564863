/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reverify/plan.h"

#include "feast/admin/v1/report.pb-c.h"

#define OK          FEAST__ADMIN__V1__VERDICT__OK
#define UNVERIFIED  FEAST__ADMIN__V1__VERDICT__UNVERIFIED
#define MISMATCHED  FEAST__ADMIN__V1__VERDICT__MISMATCHED
#define DRIFTED     FEAST__ADMIN__V1__VERDICT__DRIFTED
#define NOT_CHECKED FEAST__ADMIN__V1__VERDICT__NOT_CHECKED

/* Nine to eleven tenths: tables that were applied together drift apart. */
static int64_t spread(int64_t pause_ns, uint32_t random)
{
    return pause_ns - pause_ns / 10 + (int64_t)((double)pause_ns / 5 * (random / 4294967296.0));
}

static int64_t backoff(const struct fc_reverify_plan *plan, int64_t failures)
{
    int64_t pause = plan->retry_min_ns;

    for (int64_t i = 1; i < failures && pause < plan->retry_max_ns; i++)
        pause *= 2;
    return pause < plan->retry_max_ns ? pause : plan->retry_max_ns;
}

bool fc_reverify_next(const struct fc_reverify_plan *plan, int32_t verdict, int64_t failures,
                      int64_t now_ns, uint32_t random, int64_t *ret_ns)
{
    int64_t pause = 0;

    switch (verdict) {
    case OK:
    case MISMATCHED:
        pause = plan->interval_ns;
        break;
    case UNVERIFIED:
    case DRIFTED:
        pause = backoff(plan, failures);
        break;
    default:
        break;
    }
    if (pause <= 0)
        return false;
    *ret_ns = now_ns + spread(pause, random);
    return true;
}

int32_t fc_reverify_verdict(int32_t before, int32_t found, bool *ret_keep)
{
    bool wrong = before == MISMATCHED || before == DRIFTED;

    *ret_keep = found == UNVERIFIED && wrong;
    if (*ret_keep)
        return before;
    if (found == MISMATCHED && before != MISMATCHED && before != NOT_CHECKED)
        return DRIFTED;
    return found;
}

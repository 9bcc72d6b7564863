/* SPDX-License-Identifier: Apache-2.0 */
/** Validation reports as text. */
#pragma once

#include "client/client.h"
#include "feast/admin/v1/admin.pb-c.h"

/** A line for the verdict, then for each source a table of its columns, findings with what to do, notes. */
enum fc_exit fc_report_print(struct fc_cli *cli, const char *table,
                             const Feast__Admin__V1__ValidationReport *report);

/** True for verdicts that are a finding: the sources do not fit. */
static inline bool fc_report_is_finding(Feast__Admin__V1__Verdict verdict)
{
    return verdict == FEAST__ADMIN__V1__VERDICT__MISMATCHED ||
           verdict == FEAST__ADMIN__V1__VERDICT__DRIFTED;
}

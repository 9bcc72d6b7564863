/* SPDX-License-Identifier: Apache-2.0 */
/** The batch and the stream source of one table held against each other. Pure. */
#pragma once

#include "base/arena.h"
#include "feast/admin/v1/report.pb-c.h"

/**
 * Adds a note for each column that both sources have and that fits in both, but is of another kind in each: the same
 * value may then be read from one and rejected from the other, or keys be written in two ways. Where one of them does not
 * fit, that is a finding of its own. Notes that there were stay, and none is
 * added twice; memory that is out costs the new ones.
 */
void fc_report_compare(Feast__Admin__V1__ValidationReport *report, struct fc_arena *arena);

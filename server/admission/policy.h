/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The validation policy: what a worker found in a source, held against a mode. A pure function; the table of modes is
 * in docs/validation.md.
 */
#pragma once

#include "server/admission/admission.h"

/**
 * Judges `report->sources`, fills in the report's verdict and reason and each column's `blocking` flag, and adds a
 * violation for each finding that the mode refuses.
 */
void fc_policy_judge(enum fc_validation_mode mode, double max_invalid_ratio,
                     Feast__Admin__V1__ValidationReport *report, struct fc_violations *violations);

/* SPDX-License-Identifier: Apache-2.0 */
/** Making the report of one source: from what a worker said, or from why it could not be asked. Pure. */
#pragma once

#include "server/admission/admission.h"

/** The source of the table in this slot, or NULL when it has none. */
const Feast__Core__DataSource *fc_report_source_of(const Feast__Core__FeatureTableSpec *spec,
                                                   Feast__Admin__V1__SourceSlot slot);

/** A report that says UNREACHABLE with the error's reason and message. NULL when the arena is exhausted. */
Feast__Admin__V1__SourceReport *fc_report_unreachable(const Feast__Core__DataSource *source,
                                                      Feast__Admin__V1__SourceSlot slot,
                                                      const struct fc_error *why,
                                                      struct fc_arena *arena);

/**
 * Takes over what the worker said about the source into the arena of the request. A report that leaves out a column of
 * the table is a lie that would let a mismatch pass: WORKER_FAILED.
 */
FC_MUST fc_rc fc_report_adopt(const Feast__Admin__V1__SourceReport *said,
                              const Feast__Core__FeatureTableSpec *spec,
                              Feast__Admin__V1__SourceSlot slot, struct fc_arena *arena,
                              Feast__Admin__V1__SourceReport **ret, struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/** Whether a source can be ingested into a table: the types of all files, before a row is written. */
#pragma once

#include "worker/contract/column.h"
#include "worker/tasks/binding.h"

/** SOURCE_MISMATCH listing every column that is missing, repeated or of a rejected type, in any file. */
FC_MUST fc_rc fc_ingest_check(const struct fc_binding *binding,
                              const struct fc_source_schema *schema, struct fc_arena *arena,
                              struct fc_error *err);

/** The same for the columns of one file as they are scanned. */
FC_MUST fc_rc fc_ingest_check_batch(const struct fc_binding *binding, const struct fc_batch *batch,
                                    struct fc_arena *arena, struct fc_error *err);

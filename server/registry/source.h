/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rules of data sources: what must be there, and in which form. Nothing is looked at outside of the message; whether a
 * source exists and fits is the admission's question.
 */
#pragma once

#include "base/violations.h"
#include "feast/core/DataSource.pb-c.h"
#include "server/registry/table_names.h"

enum fc_source_slot {
    FC_SOURCE_BATCH,  /**< `table_spec.batch_source` */
    FC_SOURCE_STREAM, /**< `table_spec.stream_source` */
};

/** `BATCH_FILE` and so on, or NULL when this generation has no source of that number. */
const char *fc_source_type_name(int32_t type);

/** Adds every violation of a source whose field_mapping is normalised; `names` are those of its table. */
void fc_source_check(enum fc_source_slot slot, const Feast__Core__DataSource *source,
                     const struct fc_table_names *names, struct fc_violations *violations);

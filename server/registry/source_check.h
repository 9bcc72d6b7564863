/* SPDX-License-Identifier: Apache-2.0 */
/** What the files that check sources share. */
#pragma once

#include "server/registry/source.h"

/** One source under check. */
struct source_check {
    struct fc_violations *violations;
    const char *slot; /**< `batch_source` or `stream_source`: begins messages */
};

/** `table_spec.<slot>.<name>` in the arena; the slot alone when that is exhausted. */
const char *fc_source_field(const struct source_check *check, const char *name);

/** The options arm of the source's type, and its formats. */
void fc_source_check_options(const struct source_check *check,
                             const Feast__Core__DataSource *source);

/** field_mapping against the names of the table. */
void fc_source_check_mapping(const struct source_check *check,
                             const Feast__Core__DataSource *source,
                             const struct fc_table_names *names);

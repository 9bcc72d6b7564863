/* SPDX-License-Identifier: Apache-2.0 */
/** References to BigQuery tables. */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

struct fc_bigquery_ref {
    fc_str project; /**< `my-project`, or `example.com:my-project` when it belongs to a domain */
    fc_str dataset;
    fc_str table; /**< may end in a wildcard or a partition: `events_*`, `events$20210101` */
};

/**
 * Reads `project:dataset.table` and `project.dataset.table`; the parts are borrowed from `text`. False when it is
 * neither.
 */
FC_MUST bool fc_bigquery_ref_parse(const char *text, struct fc_bigquery_ref *ret);

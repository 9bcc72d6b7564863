/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The compatibility lattice: a source column type against a declared value type. The one place where
 * probe and ingestion learn what converts and how; the table is drawn in docs/validation.md. Pure.
 */
#pragma once

#include "feast/types/Value.pb-c.h"
#include "worker/contract/column.h"

/** The numbers are those of feast.admin.v1.ColumnReport.Level. */
enum fc_contract_level {
    FC_LEVEL_EXACT = 1,
    FC_LEVEL_WIDENING = 2, /**< every value representable */
    FC_LEVEL_CHECKED = 3,  /**< value by value; one that does not fit makes its row invalid */
    FC_LEVEL_REJECT = 4,   /**< another meaning */
};

struct fc_contract_verdict {
    enum fc_contract_level level;
    const char *why; /**< one clause for people; "" for exact */
};

/** For an entity or a feature. */
struct fc_contract_verdict fc_contract_value(const struct fc_column_type *source,
                                             Feast__Types__ValueType__Enum declared);

/** For the event or created timestamp column. */
struct fc_contract_verdict fc_contract_timestamp(const struct fc_column_type *source);

/** For the date partition column: a date, a timestamp, or text `YYYY-MM-DD`. */
struct fc_contract_verdict fc_contract_date_partition(const struct fc_column_type *source);

/** Word for messages: "INT64"; "INVALID" for a number that is no type. */
const char *fc_contract_type_name(int32_t value_type);

/* SPDX-License-Identifier: Apache-2.0 */
/** The schema of a BigQuery table, from the JSON of the REST API into column types. Pure. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "worker/contract/column.h"

/** Records within records; BigQuery itself allows 15. */
#define FC_BQ_DEPTH_MAX 16

/** One field of the schema's tree. */
struct fc_bq_field {
    const char *name; /**< of itself: "b" */
    const char *path; /**< from the root, as a table's spec names it: "a.b" */
    struct fc_column_type type;
    enum fc_column_kind scalar; /**< of the value, or of each element of a REPEATED field */
    bool repeated, required;
    bool pseudo; /**< no field of the rows: only queries have it */
    /** of a pseudo field: its values are starts of so many months; 0: of days or hours */
    uint8_t months;
    bool wide; /**< BIGNUMERIC of more than 38 digits: its scale follows from the values */
    struct fc_bq_field *fields; /**< of a record */
    size_t field_count;
};

struct fc_bq_schema {
    struct fc_bq_field *fields; /**< of the table, in its order */
    size_t field_count;
    /** All that a table may name, records before what is in them; those within REPEATED records cannot be named. */
    struct fc_source_column *columns;
    const struct fc_bq_field **leaves; /**< the field of each column */
    size_t column_count;
};

/**
 * Reads a TableSchema object into the arena. SOURCE_INVALID, naming `what`, when it is none or beyond what BigQuery
 * itself allows.
 */
FC_MUST fc_rc fc_bq_schema_read(const json_t *schema, const char *what, struct fc_arena *arena,
                                struct fc_bq_schema *ret, struct fc_error *err);

/**
 * Adds the columns that a table has which is partitioned by the time of arrival: _PARTITIONTIME and, by DAY,
 * _PARTITIONDATE. `type` is DAY, HOUR, MONTH or YEAR. False when the arena is exhausted.
 */
FC_MUST bool fc_bq_schema_add_pseudo(struct fc_bq_schema *schema, const char *type,
                                     struct fc_arena *arena);

/** The field with this path, or NULL. */
const struct fc_bq_field *fc_bq_schema_find(const struct fc_bq_schema *schema, const char *path);

/* SPDX-License-Identifier: Apache-2.0 */
/** Queries in GoogleSQL that read a table's columns. Pure. */
#pragma once

#include "base/str.h"
#include "worker/sources/bigquery_schema.h"
#include "worker/sources/source.h"

/** `SELECT <columns> FROM <table>`; nested columns get names of their own. `table` is "project.dataset.table". */
void fc_bq_sql_select(struct fc_buf *sql, const char *table, const char *const *columns,
                      size_t count);

/**
 * ` WHERE …` for the span of the request: start <= event < end, and rows without an event time. When the table is
 * partitioned by the request's date partition (`partition`), its days limit what is read, first and last included.
 * Appends nothing when the span is open at both ends.
 */
void fc_bq_sql_span(struct fc_buf *sql, const struct fc_scan_request *request,
                    const struct fc_bq_field *event, const struct fc_bq_field *partition);

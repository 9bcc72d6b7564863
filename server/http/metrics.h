/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What `/metrics` says. The single values are the table server/http/metrics.def, from which
 * docs/reference/metrics.md is made; the calls have the names that gRPC dashboards know.
 */
#pragma once

#include <stdio.h>

#include "base/str.h"
#include "server/http/http.h"

enum fc_metrics_format { FC_METRICS_PROMETHEUS, FC_METRICS_OPENMETRICS };

/** Appends all metrics as they are now. A registry that cannot be read leaves its counts out. */
void fc_metrics_write(const struct fc_http_server_options *sources, enum fc_metrics_format format,
                      struct fc_buf *out);

/** The table as Markdown. */
void fc_metrics_print_markdown(FILE *out);

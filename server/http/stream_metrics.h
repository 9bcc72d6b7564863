/* SPDX-License-Identifier: Apache-2.0 */
/** The part of `/metrics` that is told by feature table. Private to this room. */
#pragma once

#include "server/http/metrics.h"
#include "server/jobs/jobs.h"

/** HELP and TYPE of a family; metrics.c. */
void fc_metrics_head(struct fc_buf *out, enum fc_metrics_format format, const char *name,
                     const char *type, const char *help);

void fc_stream_metrics_write(struct fc_jobs *jobs, enum fc_metrics_format format,
                             struct fc_buf *out);
/** Rows of the table that fc_metrics_print_markdown begins. */
void fc_stream_metrics_print_markdown(FILE *out);

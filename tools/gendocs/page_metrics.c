/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/metrics.h"
#include "tools/gendocs/pages.h"

static const char intro[] =
    "# Metrics\n"
    "\n"
    "`GET /metrics` at `http.listen` answers in Prometheus' text format, or in OpenMetrics when "
    "the\n"
    "scraper asks for it. Calls have the names that gRPC dashboards know, with the labels\n"
    "`grpc_type`, `grpc_service`, `grpc_method` and, where answers are counted, `grpc_code`.\n"
    "\n";

void page_metrics(FILE *out)
{
    (void)fputs(intro, out);
    fc_metrics_print_markdown(out);
}

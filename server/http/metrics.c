/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "feast/admin/v1/report.pb-c.h"
#include "server/http/process_stats.h"
#include "server/http/stream_metrics.h"
#include "server/jobs/reconcile.h"
#include "storage/registry.h"

struct snapshot {
    struct fc_registry_counts counts;
    struct fc_store_stats store;
    struct fc_store_checks checks;
    int64_t tables[FC_VERDICTS]; /* by verdict; negative: not known */
    struct fc_admission_stats admission;
    struct fc_reverify_stats reverify;
    struct fc_jobs_stats jobs;
    struct fc_reconcile_stats reconcile;
    struct fc_schedules_stats schedules;
    int64_t schedule_count; /* negative: not known */
    struct fc_process_stats process;
    bool writable;
};

enum metric_type { COUNTER, GAUGE };

struct metric {
    const char *name;
    enum metric_type type;
    const char *help;
    double (*value)(const struct snapshot *s);
};

#define FC_METRIC(name_, type_, help_, value_)                                                     \
    static double value_of_##name_(const struct snapshot *s)                                       \
    {                                                                                              \
        return (double)(value_);                                                                   \
    }
#include "server/http/metrics.def"
#undef FC_METRIC

static const struct metric metrics[] = {
#define FC_METRIC(name_, type_, help_, value_)                                                     \
    {.name = #name_, .type = type_, .help = help_, .value = value_of_##name_},
#include "server/http/metrics.def"
#undef FC_METRIC
};

static void take_snapshot(const struct fc_http_server_options *sources, struct snapshot *s)
{
    struct fc_reader *reader = NULL;
    struct fc_error err = FC_ERROR_INIT;

    *s = (struct snapshot){0};
    if (fc_store_reader(sources->store, &reader, &err) != FC_OK ||
        fc_registry_count(reader, &s->counts, &err) != FC_OK) {
        /* A scrape must not fail with the store: the gap in the counts and store_writable tell. */
        s->counts = (struct fc_registry_counts){-1, -1, -1, -1, -1};
    }
    if (!reader || fc_registry_count_verdicts(reader, s->tables, &err) != FC_OK)
        memset(s->tables, -1, sizeof s->tables);
    if (!reader || fc_schedule_count(reader, &s->schedule_count, &err) != FC_OK)
        s->schedule_count = -1;
    fc_store_stats(sources->store, &s->store);
    fc_store_checks(sources->store, &s->checks);
    s->writable = fc_store_writable(sources->store);
    fc_admission_stats(sources->admission, &s->admission);
    fc_reverify_stats(sources->reverify, &s->reverify);
    fc_jobs_stats(sources->jobs, &s->jobs);
    fc_reconcile_stats(sources->reconcile, &s->reconcile);
    fc_schedules_stats(sources->schedules, &s->schedules);
    fc_process_stats_read(&s->process);
}

/* OpenMetrics names the family of a counter without the suffix that its sample has. */
void fc_metrics_head(struct fc_buf *out, enum fc_metrics_format format, const char *name,
                     const char *type, const char *help)
{
    bool suffix = format == FC_METRICS_PROMETHEUS && strcmp(type, "counter") == 0;
    fc_buf_printf(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix ? "_total" : "", help, name,
                  suffix ? "_total" : "", type);
}

static const char *type_name(enum metric_type type)
{
    return type == COUNTER ? "counter" : "gauge";
}

static void put_single(struct fc_buf *out, enum fc_metrics_format format,
                       const struct metric *metric, const struct snapshot *s)
{
    double value = metric->value(s);

    if (value < 0)
        return;
    fc_metrics_head(out, format, metric->name, type_name(metric->type), metric->help);
    fc_buf_printf(out, "%s%s %.17g\n", metric->name, metric->type == COUNTER ? "_total" : "",
                  value);
}

/* `/package.Service/Method` as two labels, and the type as a third. */
static void put_labels(struct fc_buf *out, const struct fc_rpc_method_stats *stats)
{
    static const char *const types[] = {
        [FC_RPC_UNARY] = "unary",
        [FC_RPC_SERVER_STREAM] = "server_stream",
        [FC_RPC_BIDI_STREAM] = "bidi_stream",
    };
    const char *service = stats->path[0] == '/' ? stats->path + 1 : stats->path;
    const char *slash = strchr(service, '/');
    int service_len = !slash ? (int)strlen(service) : (int)(slash - service);

    fc_buf_printf(out, "{grpc_type=\"%s\",grpc_service=\"%.*s\",grpc_method=\"%s\"",
                  types[stats->kind], service_len, service, !slash ? "" : slash + 1);
}

static void put_started(void *ctx, const struct fc_rpc_method_stats *stats)
{
    struct fc_buf *out = ctx;
    fc_buf_puts(out, "grpc_server_started_total");
    put_labels(out, stats);
    fc_buf_printf(out, "} %" PRIu64 "\n", stats->started);
}

/* Spelt as Go spells them: the metric comes from there, and alerts and dashboards match these words. */
static const char *code_label(size_t code)
{
    static const char *const labels[] = {
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
        "DataLoss",
        "Unauthenticated",
    };
    return code < FC_ARRAY_LEN(labels) ? labels[code] : "Unknown";
}

static void put_handled(void *ctx, const struct fc_rpc_method_stats *stats)
{
    struct fc_buf *out = ctx;
    for (size_t code = 0; code < FC_ARRAY_LEN(stats->handled); code++) {
        if (stats->handled[code] == 0 && code != FC_OK)
            continue; /* a code that never came is no series */
        fc_buf_puts(out, "grpc_server_handled_total");
        put_labels(out, stats);
        fc_buf_printf(out, ",grpc_code=\"%s\"} %" PRIu64 "\n", code_label(code),
                      stats->handled[code]);
    }
}

static void put_bound(struct fc_buf *out, size_t bucket)
{
    if (isinf(fc_rpc_bucket_bounds[bucket]))
        fc_buf_puts(out, ",le=\"+Inf\"");
    else
        fc_buf_printf(out, ",le=\"%g\"", fc_rpc_bucket_bounds[bucket]);
}

static void put_seconds(void *ctx, const struct fc_rpc_method_stats *stats)
{
    struct fc_buf *out = ctx;
    for (size_t i = 0; i < FC_RPC_BUCKETS; i++) {
        fc_buf_puts(out, "grpc_server_handling_seconds_bucket");
        put_labels(out, stats);
        put_bound(out, i);
        fc_buf_printf(out, "} %" PRIu64 "\n", stats->buckets[i]);
    }
    fc_buf_puts(out, "grpc_server_handling_seconds_sum");
    put_labels(out, stats);
    fc_buf_printf(out, "} %.9g\ngrpc_server_handling_seconds_count", stats->seconds_sum);
    put_labels(out, stats);
    fc_buf_printf(out, "} %" PRIu64 "\n", stats->buckets[FC_RPC_BUCKETS - 1]);
}

/* The labels of the peers' server; the numbers are those of the family before, by code. */
static void put_peer_labels(struct fc_buf *out, const struct fc_rpc_method_stats *stats,
                            size_t code)
{
    fc_buf_printf(out, "{service=\"feast.core.CoreService\",method=\"%s\",status_code=\"%s\"",
                  strrchr(stats->path, '/') + 1, fc_rc_name((fc_rc)code));
}

static void put_peer_code(struct fc_buf *out, const struct fc_rpc_method_stats *stats, size_t code)
{
    for (size_t i = 0; i < FC_RPC_BUCKETS; i++) {
        fc_buf_puts(out, "feast_core_request_latency_seconds_bucket");
        put_peer_labels(out, stats, code);
        put_bound(out, i);
        fc_buf_printf(out, "} %" PRIu64 "\n", stats->code_buckets[code][i]);
    }
    fc_buf_puts(out, "feast_core_request_latency_seconds_sum");
    put_peer_labels(out, stats, code);
    fc_buf_printf(out, "} %.9g\nfeast_core_request_latency_seconds_count",
                  stats->code_seconds[code]);
    put_peer_labels(out, stats, code);
    fc_buf_printf(out, "} %" PRIu64 "\n", stats->code_buckets[code][FC_RPC_BUCKETS - 1]);
}

static void put_peer(void *ctx, const struct fc_rpc_method_stats *stats)
{
    static const char service[] = "/feast.core.CoreService/";

    if (strncmp(stats->path, service, strlen(service)) != 0)
        return;
    for (size_t code = 0; code < FC_RPC_CODES; code++)
        if (stats->code_buckets[code][FC_RPC_BUCKETS - 1] > 0)
            put_peer_code(ctx, stats, code);
}

static double tables_of(const struct snapshot *s, size_t verdict)
{
    return (double)s->tables[verdict];
}

static double validations_of(const struct snapshot *s, size_t verdict)
{
    return (double)s->admission.verdicts[verdict];
}

/* With the label `verdict`, a word of feast.admin.v1.Verdict. */
struct verdict_metric {
    const char *name;
    enum metric_type type;
    const char *help;
    double (*value)(const struct snapshot *s, size_t verdict);
};

static const struct verdict_metric verdict_metrics[] = {
    {"feast_core_validation", COUNTER,
     "Looks at the sources of a feature table, by what was found.", validations_of},
    {"feast_core_feature_tables_by_verdict", GAUGE,
     "Feature tables that are not deleted, by what is known of their sources.", tables_of},
};

static void put_verdicts(struct fc_buf *out, enum fc_metrics_format format,
                         const struct verdict_metric *metric, const struct snapshot *s)
{
    const ProtobufCEnumDescriptor *words = &feast__admin__v1__verdict__descriptor;

    fc_metrics_head(out, format, metric->name, type_name(metric->type), metric->help);
    for (size_t i = 0; i < FC_VERDICTS; i++) {
        const ProtobufCEnumValue *word = protobuf_c_enum_descriptor_get_value(words, (int)i);
        if (word && metric->value(s, i) >= 0) {
            fc_buf_printf(out, "%s%s{verdict=\"%s\"} %.17g\n", metric->name,
                          metric->type == COUNTER ? "_total" : "", word->name, metric->value(s, i));
        }
    }
}

struct call_metric {
    const char *name, *type, *help;
    fc_rpc_stats_fn put;
};

static const struct call_metric call_metrics[] = {
    {"grpc_server_started", "counter", "Calls that arrived.", put_started},
    {"grpc_server_handled", "counter", "Calls that were answered, by gRPC code.", put_handled},
    {"grpc_server_handling_seconds", "histogram", "Time from arrival to answer.", put_seconds},
    {"feast_core_request_latency_seconds", "histogram",
     "The same for CoreService, under the name and labels that Feast's own server has.", put_peer},
};

/* With the label `reason`, a word of the worker. */
#define REJECTED      "feast_core_ingestion_rejections"
#define REJECTED_HELP "Rows rejected as invalid, by cause: as the receipts of jobs tell it."

static void put_rejected(void *ctx, const char *reason, uint64_t rows)
{
    fc_buf_printf(ctx, REJECTED "_total{reason=\"%s\"} %" PRIu64 "\n", reason, rows);
}

void fc_metrics_write(const struct fc_http_server_options *sources, enum fc_metrics_format format,
                      struct fc_buf *out)
{
    struct snapshot snapshot;

    take_snapshot(sources, &snapshot);
    for (size_t i = 0; i < FC_ARRAY_LEN(call_metrics); i++) {
        fc_metrics_head(out, format, call_metrics[i].name, call_metrics[i].type,
                        call_metrics[i].help);
        fc_rpc_server_stats(sources->rpc, call_metrics[i].put, out);
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(metrics); i++)
        put_single(out, format, &metrics[i], &snapshot);
    for (size_t i = 0; i < FC_ARRAY_LEN(verdict_metrics); i++)
        put_verdicts(out, format, &verdict_metrics[i], &snapshot);
    fc_metrics_head(out, format, REJECTED, type_name(COUNTER), REJECTED_HELP);
    fc_jobs_each_rejection(sources->jobs, put_rejected, out);
    fc_stream_metrics_write(sources->jobs, format, out);
    if (format == FC_METRICS_OPENMETRICS)
        fc_buf_puts(out, "# EOF\n");
}

void fc_metrics_print_markdown(FILE *out)
{
    fputs("| metric | type | meaning |\n|---|---|---|\n", out);
    for (size_t i = 0; i < FC_ARRAY_LEN(call_metrics); i++) {
        bool counter = strcmp(call_metrics[i].type, "counter") == 0;
        fprintf(out, "| `%s%s` | %s | %s |\n", call_metrics[i].name, counter ? "_total" : "",
                call_metrics[i].type, call_metrics[i].help);
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(metrics); i++) {
        bool counter = metrics[i].type == COUNTER;
        fprintf(out, "| `%s%s` | %s | %s |\n", metrics[i].name, counter ? "_total" : "",
                type_name(metrics[i].type), metrics[i].help);
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(verdict_metrics); i++) {
        bool counter = verdict_metrics[i].type == COUNTER;
        fprintf(out, "| `%s%s{verdict}` | %s | %s |\n", verdict_metrics[i].name,
                counter ? "_total" : "", type_name(verdict_metrics[i].type),
                verdict_metrics[i].help);
    }
    fputs("| `" REJECTED "_total{reason}` | counter | " REJECTED_HELP " |\n", out);
    fc_stream_metrics_print_markdown(out);
}

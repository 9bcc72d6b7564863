/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics with the labels `project` and `table`: streams, and jobs that were asked for. Both are bounded in number. */
#include "server/http/stream_metrics.h"

#include <inttypes.h>

/* Streams told apart; the newest come first. */
#define MOST_STREAMS 1000

struct stream_metric {
    const char *name, *type, *help;
    double (*value)(const struct fc_stream_stats *stats); /* negative: not known */
};

static double behind(const struct fc_stream_stats *stats)
{
    return (double)stats->behind;
}

static double behind_seconds(const struct fc_stream_stats *stats)
{
    return (double)stats->behind_ms / 1e3;
}

static double newest_event(const struct fc_stream_stats *stats)
{
    return stats->newest_event_ns == 0 ? -1 : (double)stats->newest_event_ns / 1e9;
}

static double rows_read(const struct fc_stream_stats *stats)
{
    return (double)stats->rows_read;
}

static double rows_written(const struct fc_stream_stats *stats)
{
    return (double)stats->rows_written;
}

static double rows_rejected(const struct fc_stream_stats *stats)
{
    return (double)stats->rows_rejected;
}

static double up(const struct fc_stream_stats *stats)
{
    return stats->running && !stats->troubled;
}

static const struct stream_metric stream_metrics[] = {
    {"feast_core_stream_up", "gauge",
     "1 while the stream runs and gets at its source, 0 while it waits for a worker or a source.",
     up},
    {"feast_core_stream_behind_messages", "gauge", "Messages of the source that wait to be read.",
     behind},
    {"feast_core_stream_behind_seconds", "gauge",
     "Age of the oldest message that waits, where the source tells it, as Kinesis does.",
     behind_seconds},
    {"feast_core_stream_newest_event_timestamp_seconds", "gauge",
     "Newest event time that was written, seconds since 1970.", newest_event},
    {"feast_core_stream_rows_read", "counter", "Messages read by the present job of the stream.",
     rows_read},
    {"feast_core_stream_rows_written", "counter", "Rows that it has written.", rows_written},
    {"feast_core_stream_rows_rejected", "counter", "Messages that it has rejected.", rows_rejected},
};

#define SUBMISSIONS "feast_job_submission_count"
#define SUBMISSIONS_HELP                                                                           \
    "Requests to start a job; the name and labels are those of Feast's own job service."

struct put {
    struct fc_buf *out;
    const struct stream_metric *metric;
    unsigned count;
};

/* Names of a request may hold anything. */
static void put_value(struct fc_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            fc_buf_puts(out, "\\n");
            continue;
        }
        if (*text == '\\' || *text == '"')
            fc_buf_putc(out, '\\');
        fc_buf_putc(out, *text);
    }
}

static void put_table(struct fc_buf *out, const char *project, const char *table)
{
    fc_buf_puts(out, "project=\"");
    put_value(out, project);
    fc_buf_puts(out, "\",table=\"");
    put_value(out, table);
    fc_buf_puts(out, "\"}");
}

static bool is_counter(const char *type)
{
    return type[0] == 'c';
}

static void put_stream(void *ctx, const struct fc_stream_stats *stats)
{
    struct put *put = ctx;
    double value = put->metric->value(stats);

    if (value < 0 || put->count >= MOST_STREAMS)
        return;
    put->count++;
    fc_buf_printf(put->out, "%s%s{", put->metric->name,
                  is_counter(put->metric->type) ? "_total" : "");
    put_table(put->out, stats->project, stats->table);
    fc_buf_printf(put->out, " %.17g\n", value);
}

static const char *type_label(enum fc_job_type type)
{
    switch (type) {
    case FC_JOB_STREAM_INGESTION:
        return "streaming";
    case FC_JOB_RETRIEVAL:
        return "historical_retrieval";
    case FC_JOB_BATCH_INGESTION:
        break;
    }
    return "batch_ingestion";
}

static void put_submission(void *ctx, enum fc_job_type type, const char *project, const char *table,
                           uint64_t count)
{
    struct fc_buf *out = ctx;

    fc_buf_printf(out, SUBMISSIONS "_total{job_type=\"%s\",", type_label(type));
    put_table(out, project, table);
    fc_buf_printf(out, " %" PRIu64 "\n", count);
}

void fc_stream_metrics_write(struct fc_jobs *jobs, enum fc_metrics_format format,
                             struct fc_buf *out)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(stream_metrics); i++) {
        struct put put = {.out = out, .metric = &stream_metrics[i]};
        fc_metrics_head(out, format, put.metric->name, put.metric->type, put.metric->help);
        fc_jobs_each_stream(jobs, put_stream, &put);
    }
    fc_metrics_head(out, format, SUBMISSIONS, "counter", SUBMISSIONS_HELP);
    fc_jobs_each_submission(jobs, put_submission, out);
}

void fc_stream_metrics_print_markdown(FILE *out)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(stream_metrics); i++) {
        const struct stream_metric *metric = &stream_metrics[i];
        fprintf(out, "| `%s%s{project,table}` | %s | %s |\n", metric->name,
                is_counter(metric->type) ? "_total" : "", metric->type, metric->help);
    }
    fputs("| `" SUBMISSIONS "_total{job_type,project,table}` | counter | " SUBMISSIONS_HELP " |\n",
          out);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/pbjson.h"
#include "client/job.h"
#include "client/output.h"
#include "client/table.h"
#include "client/values.h"

static const char *name_of(const ProtobufCEnumDescriptor *type, int number, const char *prefix)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);

    if (!value)
        return "?";
    return strncmp(value->name, prefix, strlen(prefix)) == 0 ? value->name + strlen(prefix)
                                                             : value->name;
}

const char *fc_job_status_name(FeastSpark__Api__JobStatus status)
{
    return name_of(&feast_spark__api__job_status__descriptor, (int)status, "JOB_STATUS_");
}

const char *fc_job_state_name(Feast__Admin__V1__JobState state)
{
    return name_of(&feast__admin__v1__job_state__descriptor, (int)state, "JOB_STATE_");
}

const char *fc_job_type_name(FeastSpark__Api__JobType type)
{
    switch (type) {
    case FEAST_SPARK__API__JOB_TYPE__BATCH_INGESTION_JOB:
        return "batch ingestion";
    case FEAST_SPARK__API__JOB_TYPE__STREAM_INGESTION_JOB:
        return "stream ingestion";
    case FEAST_SPARK__API__JOB_TYPE__RETRIEVAL_JOB:
        return "retrieval";
    default:
        return "?";
    }
}

const char *fc_job_table(const FeastSpark__Api__Job *job)
{
    switch (job->meta_case) {
    case FEAST_SPARK__API__JOB__META_BATCH_INGESTION:
        return job->batch_ingestion->table_name;
    case FEAST_SPARK__API__JOB__META_STREAM_INGESTION:
        return job->stream_ingestion->table_name;
    default:
        return "";
    }
}

/* `51 955`: figures in groups of three, as long as a number can be. */
static void put_count(FILE *out, const char *label, uint64_t count)
{
    char digits[24], grouped[40];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, count), used = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            grouped[used++] = ' ';
        grouped[used++] = digits[i];
    }
    grouped[used] = '\0';
    fprintf(out, "  %-12s%15s\n", label, grouped);
}

static void put_field(FILE *out, const char *label, const char *text)
{
    if (text && text[0])
        fprintf(out, "%-12s%s\n", label, text);
}

static void put_window(struct fc_cli *cli, const Feast__Admin__V1__JobDetail *job)
{
    if (!job->range_start && !job->range_end)
        return;
    put_field(cli->out, "from",
              job->range_start ? fc_time_text(cli->arena, job->range_start) : "the beginning");
    put_field(cli->out, "to",
              job->range_end ? fc_time_text(cli->arena, job->range_end) : "the end");
}

static bool put_rejections(struct fc_cli *cli, const Feast__Worker__V1__Receipt *receipt)
{
    static const struct fc_table_column columns[] = {{.title = "REJECTED", .right = true},
                                                     {.title = "COLUMN"},
                                                     {.title = "REASON"},
                                                     {.title = "FIRST VALUE"},
                                                     {0}};
    struct fc_table *table;

    if (receipt->n_rejections == 0)
        return true;
    table = fc_table_new(cli->arena, columns);
    for (size_t i = 0; table && i < receipt->n_rejections; i++) {
        const Feast__Worker__V1__Receipt__Rejection *one = receipt->rejections[i];
        fc_table_row(table);
        fc_table_cellf(table, "%" PRIu64, one->count);
        fc_table_cell(table, one->column[0] ? one->column : "(row)");
        fc_table_cell(table, one->reason);
        fc_table_cell(table, one->first_value);
    }
    fputc('\n', cli->out);
    return table && fc_table_print(table, true, cli->out);
}

static bool put_receipt(struct fc_cli *cli, const Feast__Worker__V1__Receipt *receipt)
{
    FILE *out = cli->out;

    fputs("rows\n", out);
    put_count(out, "read", receipt->rows_read);
    put_count(out, "written", receipt->rows_written);
    put_count(out, "superseded", receipt->rows_superseded);
    put_count(out, "late", receipt->rows_late);
    put_count(out, "rejected", receipt->rows_rejected);
    fprintf(out, "%-12s%.1f", "seconds", receipt->seconds);
    if (receipt->seconds > 0 && receipt->rows_read > 0)
        fprintf(out, " (%.0f rows a second)", (double)receipt->rows_read / receipt->seconds);
    fputc('\n', out);
    put_field(out, "read from", receipt->source_version);
    if (receipt->spec_revision > 0)
        fprintf(out, "%-12s%" PRIu32 "\n", "revision", receipt->spec_revision);
    return put_rejections(cli, receipt);
}

/* How a stream does that runs; of one without a partition nothing is known yet, but why. */
static void put_stream(FILE *out, const Feast__Admin__V1__JobProgress *p)
{
    if (p->partitions > 0) {
        fprintf(out, "%-12s%" PRIu32 "\n", "partitions", p->partitions);
        fprintf(out, "%-12s%.1f rows a second\n", "pace", p->rows_per_second);
        if (p->behind >= 0)
            fprintf(out, "%-12s%" PRId64 " messages\n", "behind", p->behind);
        else if (p->behind_ms > 0)
            fprintf(out, "%-12s%.1f s\n", "behind", (double)p->behind_ms / 1e3);
    }
    put_field(out, "trouble", p->trouble);
}

static enum fc_exit print_detail(struct fc_cli *cli, const Feast__Admin__V1__JobDetail *job)
{
    const Feast__Admin__V1__JobProgress *progress = job->progress;
    FILE *out = cli->out;

    put_field(out, "job", progress->job_id);
    put_field(out, "state", fc_job_state_name(progress->state));
    put_field(out, "reason", progress->reason);
    put_field(out, "message", progress->message);
    put_field(out, "type", fc_job_type_name(job->type));
    put_field(out, "project", job->project);
    put_field(out, "table", job->table);
    put_window(cli, job);
    put_field(out, "created", fc_time_text(cli->arena, job->created_at));
    put_field(out, "started", fc_time_text(cli->arena, job->started_at));
    put_field(out, "finished", fc_time_text(cli->arena, job->finished_at));
    if (progress->attempt > 1)
        fprintf(out, "%-12s%u\n", "attempt", progress->attempt);
    put_stream(out, progress);
    put_field(out, "log", job->log_uri);
    if (job->receipt && !put_receipt(cli, job->receipt))
        return fc_cli_no_memory(cli);
    if (job->receipt && job->receipt->rows_rejected > 0)
        put_field(out, "kept in", job->dead_letter_path);
    return FC_EXIT_OK;
}

static bool ended_badly(Feast__Admin__V1__JobState state)
{
    return state == FEAST__ADMIN__V1__JOB_STATE__JOB_STATE_ERROR ||
           state == FEAST__ADMIN__V1__JOB_STATE__JOB_STATE_CANCELLED;
}

static enum fc_exit print_object(struct fc_cli *cli, const char *id,
                                 const ProtobufCMessage *message)
{
    struct fc_output output;
    enum fc_exit code;

    fc_output_begin(&output, cli, "Job", "job", true);
    fc_output_add(&output, id, fc_pbjson_encode(message, 0));
    code = fc_output_end(&output);
    return code;
}

/* What the job service of a server without the admin service can tell. */
static enum fc_exit print_plain(struct fc_cli *cli, const char *id)
{
    FeastSpark__Api__GetJobRequest request = FEAST_SPARK__API__GET_JOB_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_jobs_get, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code = FC_EXIT_OK;

    request.job_id = (char *)id;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    const FeastSpark__Api__Job *job = ((FeastSpark__Api__GetJobResponse *)call.reply.message)->job;
    if (!job)
        return FC_EXIT_INTERNAL;
    if (fc_output_wanted(cli)) {
        code = print_object(cli, id, &job->base);
    } else {
        put_field(cli->out, "job", job->id);
        put_field(cli->out, "state", fc_job_status_name(job->status));
        put_field(cli->out, "message", job->error_message);
        put_field(cli->out, "type", fc_job_type_name(job->type));
        put_field(cli->out, "table", fc_job_table(job));
        put_field(cli->out, "created", fc_time_text(cli->arena, job->start_time));
        put_field(cli->out, "log", job->log_uri);
    }
    return code == FC_EXIT_OK && job->status == FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_ERROR
               ? FC_EXIT_FINDING
               : code;
}

enum fc_exit fc_job_print(struct fc_cli *cli, const char *id)
{
    Feast__Admin__V1__GetJobDetailRequest request = FEAST__ADMIN__V1__GET_JOB_DETAIL_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_admin_job_detail, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code;
    fc_rc rc;

    request.job_id = (char *)id;
    rc = fc_client_call(cli, &call, &err);
    if (rc == FC_UNIMPLEMENTED)
        return print_plain(cli, id);
    if (rc != FC_OK)
        return fc_client_fail(cli, &call, &err);
    const Feast__Admin__V1__JobDetail *job =
        ((Feast__Admin__V1__GetJobDetailResponse *)call.reply.message)->job;
    if (!job || !job->progress)
        return FC_EXIT_INTERNAL;
    code = fc_output_wanted(cli) ? print_object(cli, id, &job->base) : print_detail(cli, job);
    return code == FC_EXIT_OK && ended_badly(job->progress->state) ? FC_EXIT_FINDING : code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/job_view.h"

#include "feast/worker/v1/worker.pb-c.h"
#include "server/registry/names.h"

char *fc_view_text(struct fc_arena *arena, fc_str text)
{
    return fc_arena_strndup(arena, text.ptr, text.len);
}

Google__Protobuf__Timestamp *fc_view_time(struct fc_arena *arena, int64_t ns)
{
    Google__Protobuf__Timestamp *time = ns > 0 ? fc_arena_alloc(arena, sizeof *time) : NULL;

    if (time) {
        google__protobuf__timestamp__init(time);
        time->seconds = ns / FC_NS_PER_S;
        time->nanos = (int32_t)(ns % FC_NS_PER_S);
    }
    return time;
}

static FeastSpark__Api__JobStatus job_status(enum fc_job_state state)
{
    switch (state) {
    case FC_JOB_PENDING:
        return FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_PENDING;
    case FC_JOB_RUNNING:
        return FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_RUNNING;
    case FC_JOB_DONE:
        return FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_DONE;
    case FC_JOB_ERROR:
    case FC_JOB_CANCELLED:
        return FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_ERROR;
    }
    return FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_INVALID;
}

/* What the job is of, by its type. */
static void add_meta(struct fc_arena *arena, const struct fc_job_row *row,
                     FeastSpark__Api__Job *job)
{
    FeastSpark__Api__Job__OfflineToOnlineMeta *batch = fc_arena_alloc(arena, sizeof *batch);
    FeastSpark__Api__Job__StreamToOnlineMeta *stream = fc_arena_alloc(arena, sizeof *stream);

    if (!batch || !stream)
        return;
    if (row->type == FC_JOB_STREAM_INGESTION) {
        feast_spark__api__job__stream_to_online_meta__init(stream);
        stream->table_name = fc_view_text(arena, row->table_name);
        job->meta_case = FEAST_SPARK__API__JOB__META_STREAM_INGESTION;
        job->stream_ingestion = stream;
    } else {
        feast_spark__api__job__offline_to_online_meta__init(batch);
        batch->table_name = fc_view_text(arena, row->table_name);
        job->meta_case = FEAST_SPARK__API__JOB__META_BATCH_INGESTION;
        job->batch_ingestion = batch;
    }
}

FeastSpark__Api__Job *fc_view_job(struct fc_arena *arena, const struct fc_job_row *row)
{
    FeastSpark__Api__Job *job = fc_arena_alloc(arena, sizeof *job);
    bool failed = row->state == FC_JOB_ERROR || row->state == FC_JOB_CANCELLED;

    if (!job)
        return NULL;
    feast_spark__api__job__init(job);
    job->id = fc_view_text(arena, row->id);
    job->type = (FeastSpark__Api__JobType)row->type;
    job->status = job_status(row->state);
    job->hash = fc_view_text(arena, row->hash);
    job->start_time = fc_view_time(arena, row->created_ns);
    add_meta(arena, row, job);
    job->log_uri = fc_view_text(arena, row->log_uri);
    job->error_message = fc_view_text(arena, failed ? row->error_message : FC_STR(""));
    return fc_arena_exhausted(arena) ? NULL : job;
}

static void add_pace(const struct fc_job_row *row, const Feast__Worker__V1__Progress *latest,
                     Feast__Admin__V1__JobProgress *progress)
{
    progress->rows_per_second = latest->rows_per_second;
    progress->seconds_left = row->type == FC_JOB_BATCH_INGESTION ? latest->seconds_left : -1;
    if (row->type == FC_JOB_STREAM_INGESTION) {
        progress->behind = latest->behind;
        progress->behind_ms = latest->behind_ms;
        progress->partitions = latest->partitions;
        progress->newest_event = latest->newest_event;
        progress->trouble = latest->trouble;
    }
}

/* The latest of the worker while it runs, its receipt when it has ended. */
static void add_counters(struct fc_arena *arena, const struct fc_job_row *row,
                         Feast__Admin__V1__JobProgress *progress)
{
    const Feast__Worker__V1__Progress *latest = feast__worker__v1__progress__unpack(
        fc_arena_allocator(arena), row->progress.len, (const uint8_t *)row->progress.ptr);
    const Feast__Worker__V1__Receipt *receipt =
        row->receipt.len > 0
            ? feast__worker__v1__receipt__unpack(fc_arena_allocator(arena), row->receipt.len,
                                                 (const uint8_t *)row->receipt.ptr)
            : NULL;

    progress->percent = -1;
    progress->seconds_left = -1;
    progress->behind = -1;
    progress->behind_ms = -1;
    if (latest && row->progress.len > 0) {
        progress->phase = latest->phase;
        progress->rows_read = latest->rows_read;
        progress->rows_written = latest->rows_written;
        progress->rows_rejected = latest->rows_rejected;
        progress->rows_late = latest->rows_late;
        progress->bytes_read = latest->bytes_read;
        progress->percent = latest->percent;
        if (row->state == FC_JOB_RUNNING)
            add_pace(row, latest, progress);
    }
    if (receipt) {
        progress->rows_read = receipt->rows_read;
        progress->rows_written = receipt->rows_written;
        progress->rows_rejected = receipt->rows_rejected;
        progress->rows_late = receipt->rows_late;
        progress->bytes_read = receipt->bytes_read;
    }
    if (row->state == FC_JOB_DONE)
        progress->percent = 100;
}

Feast__Admin__V1__JobProgress *fc_view_progress(struct fc_arena *arena,
                                                const struct fc_job_row *row, int64_t now_ns)
{
    Feast__Admin__V1__JobProgress *progress = fc_arena_alloc(arena, sizeof *progress);

    if (!progress)
        return NULL;
    feast__admin__v1__job_progress__init(progress);
    progress->job_id = fc_view_text(arena, row->id);
    progress->state = (Feast__Admin__V1__JobState)row->state;
    add_counters(arena, row, progress);
    progress->at = fc_view_time(arena, row->ended_ns > 0 ? row->ended_ns : now_ns);
    progress->attempt = row->attempts > 0 ? (uint32_t)row->attempts : 0;
    progress->reason = fc_view_text(arena, row->reason);
    progress->message = fc_view_text(arena, row->error_message);
    return fc_arena_exhausted(arena) ? NULL : progress;
}

fc_rc fc_view_find_job(const struct fc_services *services, const char *id, struct fc_arena *arena,
                       struct fc_job_row *ret, struct fc_error *err)
{
    struct fc_reader *reader = NULL;

    if (id[0] == '\0') {
        return fc_fail_field(err, FC_REASON_FIELD_REQUIRED, "job_id",
                             "job_id is empty: it names the job");
    }
    fc_rc rc = fc_store_reader(services->store, &reader, err);
    if (rc == FC_OK)
        rc = fc_job_find(reader, fc_str_from(id), arena, ret, err);
    if (rc == FC_OK && ret->id.len == 0) {
        return fc_fail_field(err, FC_REASON_JOB_NOT_FOUND, "job_id", "there is no job \"%s\"",
                             fc_excerpt(arena, id));
    }
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to a job row: the table is resolved, its spec frozen into an order, the row made durable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "server/jobs/entities.h"
#include "server/jobs/internal.h"
#include "server/registry/hash.h"
#include "server/registry/names.h"
#include "storage/registry.h"

/* A table's spec, packed and unpacked. */
#define RESOLVE_BYTES ((size_t)64 * 1024 * 1024)

void fc_start_free(struct fc_start *start)
{
    if (!start)
        return;
    if (start->letter) {
        fc_job_free(start->letter->job);
        free(start->letter);
    }
    fc_arena_free(start->arena);
    free(start);
}
static fc_rc out_of_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to start a job");
}

static fc_rc check_window(const struct fc_batch_request *request, struct fc_error *err)
{
    char start[FC_TIME_TEXT_MAX], end[FC_TIME_TEXT_MAX];

    if (!request->has_start || !request->has_end || request->start_s < request->end_s ||
        (request->start_s == request->end_s && request->start_ns < request->end_ns))
        return FC_OK;
    fc_time_format(request->start_s, request->start_ns, start);
    fc_time_format(request->end_s, request->end_ns, end);
    return fc_fail_field(err, FC_REASON_JOB_WINDOW_INVALID, "end_date",
                         "the span of the ingestion is empty: end_date (%s) must be after "
                         "start_date (%s)",
                         end, start);
}

static fc_rc check_project(struct fc_start *start, struct fc_reader *reader, struct fc_error *err)
{
    struct fc_project_row row = {.id = 0};
    fc_rc rc = fc_project_find(reader, fc_str_from(start->project), start->arena, &row, err);

    if (rc == FC_OK && row.id != 0 && row.archived) {
        return fc_fail_field(err, FC_REASON_PROJECT_ARCHIVED, "project", "Project is archived: %s",
                             start->project);
    }
    return rc;
}

static fc_rc find_table(struct fc_start *start, struct fc_reader *reader,
                        Feast__Core__FeatureTableSpec **ret, int64_t *ret_revision,
                        struct fc_error *err)
{
    struct fc_table_row row = {.id = 0};
    fc_rc rc = fc_table_find(reader, fc_str_from(start->project), fc_str_from(start->table_name),
                             start->arena, &row, err);

    if (rc != FC_OK)
        return rc;
    if (row.id == 0) {
        return fc_fail_field(err, FC_REASON_TABLE_NOT_FOUND, "table_name",
                             "No such Feature Table: (project: %s, name: %s)", start->project,
                             start->table_name);
    }
    if (row.deleted) {
        return fc_fail_field(err, FC_REASON_TABLE_NOT_FOUND, "table_name",
                             "Feature Table has been deleted: (project: %s, name: %s)",
                             start->project, start->table_name);
    }
    *ret_revision = row.revision;
    *ret = feast__core__feature_table_spec__unpack(fc_arena_allocator(start->arena), row.spec.len,
                                                   (const uint8_t *)row.spec.ptr);
    return *ret ? FC_OK : out_of_memory(err);
}

static bool is_stream(const struct fc_start *start)
{
    return start->type == FC_JOB_STREAM_INGESTION;
}

/* What the job reads; NULL when the table has none. */
static const Feast__Core__DataSource *source_of(const struct fc_start *start,
                                                const Feast__Core__FeatureTableSpec *spec)
{
    if (is_stream(start))
        return fc_stream_has_source(spec) ? spec->stream_source : NULL;
    return spec->batch_source;
}

/* A source that can never be ingested is told at once; one that is missing now may be there when the job runs. */
static fc_rc check_source(struct fc_start *start, const Feast__Core__FeatureTableSpec *spec,
                          struct fc_error *err)
{
    const Feast__Core__DataSource *source = source_of(start, spec);
    const char *url;

    if (!source && is_stream(start)) {
        return fc_fail_field(err, FC_REASON_STREAM_MISSING, "table_name",
                             "feature table \"%s\" has no stream source: the job would have "
                             "nothing to read",
                             start->table_name);
    }
    if (!source) {
        return fc_fail_field(err, FC_REASON_SOURCE_INVALID, "table_name",
                             "feature table \"%s\" has no batch source to ingest from",
                             start->table_name);
    }
    const char *unsupported = fc_location_unsupported(source, start->arena);
    if (unsupported) {
        return fc_fail_field(err, FC_REASON_SOURCE_UNSUPPORTED, "table_name",
                             "feature table \"%s\" cannot be ingested: %s are not read by this "
                             "version",
                             start->table_name, unsupported);
    }
    fc_rc rc = fc_location_check(&start->jobs->location, source, start->arena, &url, err);
    return rc != FC_OK && err->reason == FC_REASON_SOURCE_UNREACHABLE ? FC_OK : rc;
}

static Google__Protobuf__Timestamp *moment(struct fc_arena *arena, bool set, int64_t seconds,
                                           int32_t nanos)
{
    Google__Protobuf__Timestamp *time = set ? fc_arena_alloc(arena, sizeof *time) : NULL;

    if (time) {
        google__protobuf__timestamp__init(time);
        time->seconds = seconds;
        time->nanos = nanos;
    }
    return time;
}

static bool add_entities(Feast__Worker__V1__Ingest *ingest, const struct fc_entity_type *entities,
                         size_t count, struct fc_arena *arena)
{
    Feast__Worker__V1__EntityType *types = fc_arena_calloc(arena, count, sizeof *types);

    ingest->entities = fc_arena_calloc(arena, count, sizeof(Feast__Worker__V1__EntityType *));
    if (!types || !ingest->entities)
        return false;
    for (size_t i = 0; i < count; i++) {
        feast__worker__v1__entity_type__init(&types[i]);
        types[i].name = (char *)entities[i].name;
        types[i].value_type = (Feast__Types__ValueType__Enum)entities[i].value_type;
        ingest->entities[i] = &types[i];
    }
    ingest->n_entities = count;
    return true;
}

static fc_rc make_order(struct fc_start *start, Feast__Core__FeatureTableSpec *spec,
                        int64_t revision, const struct fc_entity_type *entities, fc_str *ret,
                        struct fc_error *err)
{
    const struct fc_batch_request *request = start->request;
    Feast__Worker__V1__WorkOrder order = FEAST__WORKER__V1__WORK_ORDER__INIT;
    Feast__Worker__V1__Ingest ingest = FEAST__WORKER__V1__INGEST__INIT;
    Feast__Worker__V1__IngestStream stream = FEAST__WORKER__V1__INGEST_STREAM__INIT;

    if (!add_entities(&ingest, entities, spec->n_entities, start->arena))
        return out_of_memory(err);
    ingest.project = (char *)start->project;
    ingest.spec = spec;
    ingest.spec_revision = (uint32_t)revision;
    ingest.start = moment(start->arena, request->has_start, request->start_s, request->start_ns);
    ingest.end = moment(start->arena, request->has_end, request->end_s, request->end_ns);
    order.id = start->id;
    if (is_stream(start)) {
        stream.ingest = &ingest;
        order.task_case = FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_STREAM;
        order.ingest_stream = &stream;
    } else {
        order.task_case = FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_BATCH;
        order.ingest_batch = &ingest;
    }
    size_t size = feast__worker__v1__work_order__get_packed_size(&order);
    uint8_t *bytes = fc_arena_alloc(start->arena, size);
    if (!bytes || (!ingest.start && request->has_start) || (!ingest.end && request->has_end))
        return out_of_memory(err);
    *ret = (fc_str){.ptr = (const char *)bytes,
                    .len = feast__worker__v1__work_order__pack(&order, bytes)};
    return FC_OK;
}

/* All but the time of creation, which is the transaction's. */
static fc_rc make_row(struct fc_start *start, fc_str order, struct fc_error *err)
{
    struct fc_job_paths paths;

    if (!fc_job_paths(start->jobs->data_dir, start->id, start->arena, &paths))
        return out_of_memory(err);
    const char *log_uri = fc_arena_printf(start->arena, "file://%s", paths.log);
    start->row = (struct fc_job_row){
        .id = fc_str_from(start->id),
        .type = start->type,
        .state = FC_JOB_PENDING,
        .project = fc_str_from(start->project),
        .table_name = fc_str_from(start->table_name),
        .hash = fc_str_from(start->hash),
        .order = order,
        .log_uri = fc_str_from(log_uri),
    };
    start->letter = calloc(1, sizeof *start->letter);
    if (!log_uri || !start->letter)
        return out_of_memory(err);
    start->letter->mail.kind = FC_MAIL_STARTED;
    return fc_job_new(&start->row, &start->letter->job, err);
}

fc_rc fc_start_resolve(struct fc_start *start, struct fc_error *err)
{
    struct fc_reader *reader = NULL;
    Feast__Core__FeatureTableSpec *spec = NULL;
    struct fc_entity_type *entities = NULL;
    int64_t revision = 0;
    fc_str order = {0};

    if (start->table_name[0] == '\0') {
        return fc_fail_field(err, FC_REASON_FIELD_REQUIRED, "table_name",
                             "table_name is empty: it names the feature table to ingest");
    }
    fc_rc rc = check_window(start->request, err);
    if (rc == FC_OK)
        rc = fc_store_reader(start->jobs->store, &reader, err);
    if (rc == FC_OK)
        rc = check_project(start, reader, err);
    if (rc == FC_OK)
        rc = find_table(start, reader, &spec, &revision, err);
    if (rc == FC_OK)
        rc = check_source(start, spec, err);
    if (rc == FC_OK)
        rc = fc_table_entities(reader, start->project, spec, start->arena, &entities, err);
    if (rc == FC_OK) {
        rc = fc_job_hash(start->arena, start->project, spec, entities, spec->n_entities,
                         source_of(start, spec), start->hash, err);
    }
    if (rc == FC_OK)
        rc = make_order(start, spec, revision, entities, &order, err);
    return rc == FC_OK ? make_row(start, order, err) : rc;
}

fc_rc fc_start_insert(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct fc_start *start = ctx;

    start->row.created_ns = fc_txn_now_ns(txn);
    start->letter->job->created_ns = start->row.created_ns;
    return fc_job_insert(txn, &start->row, err);
}

void fc_start_inserted(void *ctx, const struct fc_error *err)
{
    struct fc_start *start = ctx;

    /* When the supervisor is stopping, the next one finds the row. */
    if (!err && start->letter->job && fc_jobs_post(start->jobs, &start->letter->mail))
        start->letter = NULL;
    start->started(start->ctx, !err ? &start->row : NULL, err);
    fc_start_free(start);
}

void fc_start_submit(struct fc_start *start, fc_txn_fn insert, fc_job_started_fn started, void *ctx)
{
    struct fc_error err = FC_ERROR_INIT;

    if (fc_start_resolve(start, &err) != FC_OK) {
        started(ctx, NULL, &err);
        fc_start_free(start);
        return;
    }
    start->request = NULL;
    start->started = started;
    start->ctx = ctx;
    fc_store_submit(start->jobs->store, insert, fc_start_inserted, start);
}

static bool set_names(struct fc_start *start, const struct fc_batch_request *request)
{
    fc_str project = request->project.len > 0 ? request->project : FC_STR(FC_DEFAULT_PROJECT);

    start->request = request;
    start->project = fc_arena_strndup(start->arena, project.ptr, project.len);
    start->table_name =
        fc_arena_strndup(start->arena, request->table_name.ptr, request->table_name.len);
    return start->project && start->table_name && fc_random_hex(start->jobs->sys, start->id) == 0;
}

fc_rc fc_start_new(struct fc_jobs *jobs, enum fc_job_type type,
                   const struct fc_batch_request *request, struct fc_start **ret,
                   struct fc_error *err)
{
    FC_CLEANUP(fc_start_freep) struct fc_start *start = calloc(1, sizeof *start);

    if (!start || !(start->arena = fc_arena_new(RESOLVE_BYTES)))
        return out_of_memory(err);
    start->jobs = jobs;
    start->type = type;
    if (!set_names(start, request))
        return out_of_memory(err);
    *ret = fc_steal(start);
    return FC_OK;
}

void fc_jobs_start_batch(struct fc_jobs *jobs, const struct fc_batch_request *request,
                         fc_job_started_fn started, void *ctx)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_start *start = NULL;

    if (fc_start_new(jobs, FC_JOB_BATCH_INGESTION, request, &start, &err) == FC_OK)
        fc_start_submit(start, fc_start_insert, started, ctx);
    else
        started(ctx, NULL, &err);
}

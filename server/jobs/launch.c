/* SPDX-License-Identifier: Apache-2.0 */
/* From the order that was frozen at submission to a running worker: paths and limits are those of now. */
#include <string.h>

#include "base/pbcheck.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "protos/work_order.h"
#include "server/jobs/internal.h"
#include "storage/online/sqlite.h"

static fc_rc out_of_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to start the job");
}

static Feast__Core__DataSource *source_of(const struct fc_job *job,
                                          const Feast__Worker__V1__Ingest *ingest)
{
    return fc_job_is_stream(job) ? ingest->spec->stream_source : ingest->spec->batch_source;
}

/* The task is that of the row, and what it needs is there. */
static bool is_complete(const struct fc_job *job, const Feast__Worker__V1__WorkOrder *order)
{
    const Feast__Worker__V1__Ingest *ingest = fc_work_order_ingest(order);
    bool streams = order->task_case == FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_STREAM;

    return ingest && streams == fc_job_is_stream(job) && ingest->spec && source_of(job, ingest);
}

static fc_rc read_order(struct fc_jobs *jobs, const struct fc_job *job, struct fc_arena *arena,
                        Feast__Worker__V1__WorkOrder **ret, struct fc_error *err)
{
    struct fc_reader *reader = NULL;
    struct fc_job_row row = {.type = 0};

    fc_rc rc = fc_store_reader(jobs->store, &reader, err);
    if (rc == FC_OK)
        rc = fc_job_find(reader, fc_str_from(job->id), arena, &row, err);
    if (rc != FC_OK)
        return rc;
    Feast__Worker__V1__WorkOrder *order = feast__worker__v1__work_order__unpack(
        fc_arena_allocator(arena), row.order.len, (const uint8_t *)row.order.ptr);
    if (!order || !is_complete(job, order))
        return fc_fail(err, FC_REASON_STORE_CORRUPT, "the order of job %s cannot be read", job->id);
    *ret = order;
    return FC_OK;
}

/* The worker opens the location that was checked. */
static fc_rc check_location(const struct fc_jobs *jobs, Feast__Core__DataSource *source,
                            struct fc_arena *arena, struct fc_error *err)
{
    const char *unsupported = fc_location_unsupported(source, arena), *url = NULL;

    if (unsupported) {
        return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED, "%s are not read by this version",
                       unsupported);
    }
    fc_rc rc = fc_location_check(&jobs->location, source, arena, &url, err);
    if (rc == FC_OK && url)
        source->file_options->file_url = (char *)url;
    return rc;
}

#define SINK_PATIENCE_MS 30000

static fc_rc add_redis(const struct fc_redis_store *store, Feast__Worker__V1__Ingest *ingest,
                       struct fc_arena *arena, struct fc_error *err)
{
    Feast__Worker__V1__RedisSink *sink = fc_arena_alloc(arena, sizeof *sink);

    if (!sink)
        return out_of_memory(err);
    feast__worker__v1__redis_sink__init(sink);
    sink->url = (char *)store->redis.url;
    sink->layout = (char *)fc_redis_layout_text(store->layout);
    sink->keep_nulls = store->keep_nulls;
    sink->ca_file = (char *)store->redis.ca_file;
    sink->cert_file = (char *)store->redis.cert_file;
    sink->key_file = (char *)store->redis.key_file;
    sink->timeout_ms = (uint32_t)(store->redis.timeout_ns / FC_NS_PER_MS);
    sink->patience_ms = SINK_PATIENCE_MS;
    sink->password = store->redis.password[0] != '\0';
    ingest->sink_case = FEAST__WORKER__V1__INGEST__SINK_REDIS;
    ingest->redis = sink;
    return FC_OK;
}

static fc_rc add_sqlite(const struct fc_jobs *jobs, const struct fc_job *job,
                        Feast__Worker__V1__Ingest *ingest, struct fc_arena *arena,
                        struct fc_error *err)
{
    const char *root = fc_arena_printf(arena, "%s/online", jobs->data_dir), *path = NULL;
    Feast__Worker__V1__SqliteSink *sink = fc_arena_alloc(arena, sizeof *sink);

    if (!root || !sink)
        return out_of_memory(err);
    fc_rc rc = fc_online_sqlite_path(root, job->project, job->table, arena, &path, err);
    if (rc == FC_OK) {
        feast__worker__v1__sqlite_sink__init(sink);
        sink->path = (char *)path;
        ingest->sink_case = FEAST__WORKER__V1__INGEST__SINK_SQLITE;
        ingest->sqlite = sink;
    }
    return rc;
}

static fc_rc add_sink(const struct fc_jobs *jobs, const struct fc_job *job,
                      Feast__Worker__V1__Ingest *ingest, struct fc_arena *arena,
                      struct fc_error *err)
{
    const struct fc_redis_store *store = NULL;
    fc_rc rc = fc_online_stores_find(jobs->stores, ingest->spec->online_store, &store, err);

    if (rc != FC_OK)
        return rc;
    return store ? add_redis(store, ingest, arena, err) : add_sqlite(jobs, job, ingest, arena, err);
}

/* What an earlier attempt said last: whether its places are still good is the worker's to judge. */
static void add_from(const struct fc_job *job, Feast__Worker__V1__Ingest *ingest,
                     struct fc_arena *arena)
{
    Feast__Worker__V1__Progress *last = feast__worker__v1__progress__unpack(
        fc_arena_allocator(arena), job->progress.len, (const uint8_t *)job->progress.ptr);

    if (job->progress.len > 0 && last && last->n_positions > 0 && last->receipt)
        ingest->from = last;
}

fc_rc fc_job_launch(struct fc_jobs *jobs, struct fc_job *job, struct fc_launched **ret,
                    bool *ret_final, struct fc_error *err)
{
    struct fc_arena *arena = jobs->scratch;
    Feast__Worker__V1__WorkOrder *order = NULL;
    struct fc_job_paths paths;

    *ret_final = false;
    if (!fc_job_paths(jobs->data_dir, job->id, arena, &paths))
        return out_of_memory(err);
    fc_rc rc = read_order(jobs, job, arena, &order, err);
    if (rc != FC_OK) {
        *ret_final = err->reason == FC_REASON_STORE_CORRUPT;
        return rc;
    }
    Feast__Worker__V1__Ingest *ingest = fc_work_order_ingest(order);
    rc = check_location(jobs, source_of(job, ingest), arena, err);
    if (rc != FC_OK) {
        *ret_final = err->reason != FC_REASON_OUT_OF_MEMORY;
        return rc;
    }
    rc = add_sink(jobs, job, ingest, arena, err);
    *ret_final = rc != FC_OK && err->reason == FC_REASON_ONLINE_STORE_REFUSED;
    if (rc == FC_OK)
        rc = fc_job_make_dirs(&paths, err);
    if (rc != FC_OK)
        return rc;
    ingest->dead_letter_path = (char *)paths.dead_letters;
    ingest->scratch_dir = (char *)paths.scratch;
    ingest->memory_limit_bytes = (uint64_t)jobs->memory_limit;
    ingest->access = (Feast__Worker__V1__Access *)jobs->location.access;
    if (fc_job_is_stream(job))
        rc = fc_job_launch_stream(jobs, job, order->ingest_stream, arena, err);
    else
        add_from(job, ingest, arena);
    if (rc != FC_OK)
        return rc;
    return jobs->launcher->submit(jobs->launcher->ctx, order, paths.log, ret, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the order of a stream has beyond that of a batch: where to begin, by the configuration and the store of now. */
#include <stdlib.h>
#include <string.h>

#include "server/jobs/internal.h"
#include "storage/streams.h"

static fc_rc out_of_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to start the stream");
}

/* The names that its places have from now on. */
static fc_rc set_keys(struct fc_job *job, const char *source, const char *store,
                      struct fc_error *err)
{
    if (!source || !store)
        return out_of_memory(err);
    if (job->store && strcmp(job->store, store) == 0)
        return FC_OK; /* an order keeps its source */
    char *own_source = strdup(source), *own_store = strdup(store);
    if (!own_source || !own_store) {
        free(own_source);
        free(own_store);
        return out_of_memory(err);
    }
    free(job->source);
    free(job->store);
    job->source = own_source;
    job->store = own_store;
    fc_buf_clear(&job->positions);
    return FC_OK;
}

static fc_rc find_places(struct fc_jobs *jobs, const struct fc_job *job, struct fc_arena *arena,
                         Feast__Worker__V1__Progress **ret, struct fc_error *err)
{
    const struct fc_stream_position key = {.project = fc_str_from(job->project),
                                           .table_name = fc_str_from(job->table),
                                           .source = fc_str_from(job->source),
                                           .store = fc_str_from(job->store)};
    struct fc_stream_position row;
    struct fc_reader *reader = NULL;

    fc_rc rc = fc_store_reader(jobs->store, &reader, err);
    if (rc == FC_OK)
        rc = fc_stream_position_find(reader, &key, arena, &row, err);
    if (rc == FC_OK && row.source.len > 0) {
        *ret = feast__worker__v1__progress__unpack(fc_arena_allocator(arena), row.positions.len,
                                                   (const uint8_t *)row.positions.ptr);
        rc = *ret ? FC_OK : out_of_memory(err);
    }
    return rc;
}

/* The account is that of the job, the places are those of the table: another job may have been there before. */
static fc_rc add_from(struct fc_jobs *jobs, struct fc_job *job, Feast__Worker__V1__Ingest *ingest,
                      struct fc_arena *arena, struct fc_error *err)
{
    Feast__Worker__V1__Progress *places = NULL, *last = NULL;
    fc_rc rc = find_places(jobs, job, arena, &places, err);

    if (rc == FC_OK && job->progress.len > 0) {
        last = feast__worker__v1__progress__unpack(fc_arena_allocator(arena), job->progress.len,
                                                   (const uint8_t *)job->progress.ptr);
        rc = last ? FC_OK : out_of_memory(err);
    }
    if (rc == FC_OK && last) {
        last->n_positions = places ? places->n_positions : 0;
        last->positions = places ? places->positions : NULL;
        job->rows_read = last->rows_read;
        job->rows_written = last->rows_written;
        job->rows_rejected = last->rows_rejected;
        if (last->receipt)
            fc_jobs_count_rejections(jobs, job, last->receipt, true);
    }
    ingest->from = last ? last : places;
    job->rows_at_start = job->rows_read;
    return rc;
}

fc_rc fc_job_launch_stream(struct fc_jobs *jobs, struct fc_job *job,
                           Feast__Worker__V1__IngestStream *stream, struct fc_arena *arena,
                           struct fc_error *err)
{
    Feast__Worker__V1__Ingest *ingest = stream->ingest;
    const struct fc_redis_store *store = NULL;

    fc_rc rc = fc_online_stores_find(jobs->stores, ingest->spec->online_store, &store, err);
    if (rc == FC_OK) {
        rc = set_keys(job, fc_stream_source_key(ingest->spec->stream_source, arena),
                      fc_stream_store_key(store, arena), err);
    }
    if (rc == FC_OK)
        rc = add_from(jobs, job, ingest, arena, err);
    if (rc != FC_OK)
        return rc;
    stream->start = jobs->streams.start;
    if (stream->start == FEAST__WORKER__V1__INGEST_STREAM__START__AT_TIME) {
        stream->start_time = fc_arena_alloc(arena, sizeof *stream->start_time);
        if (!stream->start_time)
            return out_of_memory(err);
        google__protobuf__timestamp__init(stream->start_time);
        stream->start_time->seconds = jobs->streams.start_s;
        stream->start_time->nanos = jobs->streams.start_ns;
    }
    return FC_OK;
}

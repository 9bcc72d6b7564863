/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether streams keep up. A table is healthy when its values are as fresh as its max_age asks:
 *
 *     no stream source                                      healthy: there is nothing that could be late
 *     its stream does not run, or cannot get at its source  not healthy
 *     messages wait, and the newest written is older than
 *     max_age                                               not healthy
 *     else                                                  healthy, also when nobody sends anything
 */
#include "server/services/job_health.h"

#include "feast/worker/v1/worker.pb-c.h"
#include "server/services/job_view.h"
#include "server/services/request.h"
#include "storage/registry.h"

typedef FeastSpark__Api__GetHealthMetricsRequest health_request;
typedef FeastSpark__Api__GetHealthMetricsResponse health_response;

static bool is_late(const Feast__Worker__V1__Progress *progress, int64_t max_age_s, int64_t now_s)
{
    return progress->behind != 0 && max_age_s > 0 && progress->newest_event &&
           progress->newest_event->seconds < now_s - max_age_s;
}

/* The last stream of the table, as its row has it. */
static fc_rc find_stream(struct fc_reader *reader, const char *project, const char *table,
                         struct fc_arena *arena, struct fc_job_row *ret, struct fc_error *err)
{
    struct fc_job_row *rows = NULL;
    size_t count = 0;
    fc_rc rc = fc_stream_job_last(reader, fc_str_from(project), fc_str_from(table), 1, arena, &rows,
                                  &count, err);

    *ret = (struct fc_job_row){.state = FC_JOB_CANCELLED};
    return rc == FC_OK && count > 0 ? fc_job_find(reader, rows[0].id, arena, ret, err) : rc;
}

static fc_rc judge_stream(const struct fc_services *services, struct fc_reader *reader,
                          const char *project, const Feast__Core__FeatureTableSpec *spec,
                          struct fc_arena *arena, bool *ret, struct fc_error *err)
{
    struct fc_job_row row;
    int64_t max_age = spec->max_age ? spec->max_age->seconds : 0;
    fc_rc rc = find_stream(reader, project, spec->name, arena, &row, err);

    if (rc != FC_OK)
        return rc;
    bool fresh = row.state == FC_JOB_PENDING && row.attempts == 0;
    const Feast__Worker__V1__Progress *progress = feast__worker__v1__progress__unpack(
        fc_arena_allocator(arena), row.progress.len, (const uint8_t *)row.progress.ptr);
    bool known = progress && row.progress.len > 0;
    *ret = fresh || (row.state == FC_JOB_RUNNING && (!known || progress->trouble[0] == '\0'));
    if (known && is_late(progress, max_age, fc_now_ns(services->sys) / FC_NS_PER_S))
        *ret = false;
    return FC_OK;
}

/* A table that is not there is none whose values are fresh. */
static fc_rc judge(const struct fc_services *services, struct fc_reader *reader,
                   const char *project, const char *table, struct fc_arena *arena, bool *ret,
                   struct fc_error *err)
{
    struct fc_table_row row = {.id = 0};
    fc_rc rc = fc_table_find(reader, fc_str_from(project), fc_str_from(table), arena, &row, err);

    *ret = false;
    if (rc != FC_OK || row.id == 0 || row.deleted)
        return rc;
    const Feast__Core__FeatureTableSpec *spec = feast__core__feature_table_spec__unpack(
        fc_arena_allocator(arena), row.spec.len, (const uint8_t *)row.spec.ptr);
    if (!spec)
        return fc_request_too_large(err);
    *ret = !fc_stream_has_source(spec);
    return *ret ? FC_OK : judge_stream(services, reader, project, spec, arena, ret, err);
}

static fc_rc judge_all(const struct fc_services *services, const health_request *request,
                       struct fc_arena *arena, health_response *response, struct fc_error *err)
{
    const char *project = fc_request_project(request->project);
    struct fc_reader *reader = NULL;
    fc_rc rc = fc_store_reader(services->store, &reader, err);

    response->passed = fc_arena_calloc(arena, request->n_table_names, sizeof(char *));
    response->failed = fc_arena_calloc(arena, request->n_table_names, sizeof(char *));
    if (!response->passed || !response->failed)
        return fc_request_too_large(err);
    for (size_t i = 0; rc == FC_OK && i < request->n_table_names; i++) {
        bool healthy = false;
        rc = judge(services, reader, project, request->table_names[i], arena, &healthy, err);
        if (healthy)
            response->passed[response->n_passed++] = request->table_names[i];
        else
            response->failed[response->n_failed++] = request->table_names[i];
    }
    return rc;
}

void job_health(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    health_response response = FEAST_SPARK__API__GET_HEALTH_METRICS_RESPONSE__INIT;
    struct fc_error err = FC_ERROR_INIT;

    if (judge_all(ctx, (const void *)message, fc_rpc_arena(call), &response, &err) != FC_OK)
        fc_rpc_fail(call, &err, NULL);
    else
        fc_rpc_reply(call, &response.base);
}

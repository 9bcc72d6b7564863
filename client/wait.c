/* SPDX-License-Identifier: Apache-2.0 */
#include "client/wait.h"

#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "client/client.h"
#include "client/job.h"

#define POLL_NS (200 * FC_NS_PER_MS)

/* The job of the table as it was until now may run a while longer: it has another hash. Jobs come newest first. */
static const FeastSpark__Api__Job *newest(const FeastSpark__Api__ListJobsResponse *reply,
                                          const char *hash)
{
    for (size_t i = 0; i < reply->n_jobs; i++)
        if (reply->jobs[i]->type == FEAST_SPARK__API__JOB_TYPE__STREAM_INGESTION_JOB &&
            (!hash[0] || strcmp(reply->jobs[i]->hash, hash) == 0))
            return reply->jobs[i];
    return NULL;
}

/* True when there is nothing more to wait for. */
static bool look(struct fc_cli *cli, const char *project, const char *table, const char *hash,
                 struct fc_arena *arena, enum fc_exit *ret)
{
    FeastSpark__Api__ListJobsRequest request = FEAST_SPARK__API__LIST_JOBS_REQUEST__INIT;
    struct fc_call call = {
        .method = &fc_method_jobs_list, .request = &request.base, .arena = arena};
    struct fc_error err = FC_ERROR_INIT;

    request.include_terminated = true;
    request.project = (char *)project;
    request.table_name = (char *)table;
    if (fc_client_call(cli, &call, &err) != FC_OK) {
        *ret = fc_client_fail(cli, &call, &err);
        return true;
    }
    const FeastSpark__Api__Job *job = newest((const void *)call.reply.message, hash);
    if (!job || job->status < FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_RUNNING)
        return false;
    *ret = FC_EXIT_OK;
    if (job->status == FEAST_SPARK__API__JOB_STATUS__JOB_STATUS_ERROR) {
        fc_cli_warn(cli, "job/%s of table %s failed: %s", job->id, table, job->error_message);
        *ret = FC_EXIT_FINDING;
    } else {
        fc_cli_note(cli, "job/%s of table %s is %s", job->id, table,
                    fc_job_status_name(job->status));
    }
    return true;
}

enum fc_exit fc_wait_for_stream(struct fc_cli *cli, const char *project, const char *table,
                                const char *hash)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(16u * 1024 * 1024);
    int64_t began = fc_monotonic_ns(fc_sys_real());
    enum fc_exit code = FC_EXIT_OK;

    if (!arena)
        return fc_cli_no_memory(cli);
    while (!look(cli, project, table, hash, arena, &code)) {
        if (cli->timeout_ns > 0 && fc_monotonic_ns(fc_sys_real()) - began > cli->timeout_ns) {
            fc_cli_warn(cli,
                        "the ingestion of table %s did not begin in time; `feastctl jobs "
                        "list` tells more",
                        table);
            return FC_EXIT_UNAVAILABLE;
        }
        fc_arena_reset(arena);
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of streams and of submissions by table, for metrics. Under the mutex; the supervisor only writes them. */
#include <stdlib.h>
#include <string.h>

#include "server/jobs/internal.h"

#define TYPES        5 /* one more than the largest enum fc_job_type */
#define LONGEST_NAME 255

struct fc_submissions {
    struct fc_submissions *next;
    uint64_t counts[TYPES];
    const char *project, *table; /* behind this struct */
    char names[];
};

/* ---- Streams ---- */

void fc_stream_gauge_add(struct fc_jobs *jobs, struct fc_job *job)
{
    size_t project = strlen(job->project) + 1, table = strlen(job->table) + 1;
    struct fc_stream_gauge *gauge =
        job->type == FC_JOB_STREAM_INGESTION ? malloc(sizeof *gauge + project + table) : NULL;

    if (!gauge)
        return;
    memcpy(gauge->names, job->project, project);
    memcpy(gauge->names + project, job->table, table);
    gauge->stats = (struct fc_stream_stats){
        .project = gauge->names, .table = gauge->names + project, .behind = -1, .behind_ms = -1};
    job->gauge = gauge;
    pthread_mutex_lock(&jobs->mutex);
    gauge->next = jobs->gauges;
    jobs->gauges = gauge;
    pthread_mutex_unlock(&jobs->mutex);
}

void fc_stream_gauge_remove(struct fc_jobs *jobs, struct fc_job *job)
{
    if (!job->gauge)
        return;
    pthread_mutex_lock(&jobs->mutex);
    for (struct fc_stream_gauge **link = &jobs->gauges; *link; link = &(*link)->next) {
        if (*link == job->gauge) {
            *link = job->gauge->next;
            break;
        }
    }
    pthread_mutex_unlock(&jobs->mutex);
    free(fc_steal(job->gauge));
}

void fc_stream_gauge_set(struct fc_jobs *jobs, struct fc_job *job,
                         const Feast__Worker__V1__Progress *progress)
{
    if (!job->gauge)
        return;
    struct fc_stream_stats *stats = &job->gauge->stats;
    pthread_mutex_lock(&jobs->mutex);
    stats->running = job->state == FC_JOB_RUNNING;
    if (progress) {
        stats->troubled = progress->trouble[0] != '\0';
        stats->behind = progress->behind;
        stats->behind_ms = progress->behind_ms;
        stats->rows_read = progress->rows_read;
        stats->rows_written = progress->rows_written;
        stats->rows_rejected = progress->rows_rejected;
        stats->rows_per_second = progress->rows_per_second;
        stats->partitions = progress->partitions;
        if (progress->newest_event) {
            stats->newest_event_ns =
                progress->newest_event->seconds * FC_NS_PER_S + progress->newest_event->nanos;
        }
    }
    pthread_mutex_unlock(&jobs->mutex);
}

void fc_jobs_each_stream(struct fc_jobs *jobs,
                         void (*fn)(void *ctx, const struct fc_stream_stats *stats), void *ctx)
{
    pthread_mutex_lock(&jobs->mutex);
    for (const struct fc_stream_gauge *gauge = jobs->gauges; gauge; gauge = gauge->next)
        fn(ctx, &gauge->stats);
    pthread_mutex_unlock(&jobs->mutex);
}

/* ---- Submissions ---- */

static struct fc_submissions *submissions_new(const char *project, const char *table)
{
    size_t project_size = strlen(project) + 1, table_size = strlen(table) + 1;
    struct fc_submissions *row = calloc(1, sizeof *row + project_size + table_size);

    if (row) {
        memcpy(row->names, project, project_size);
        memcpy(row->names + project_size, table, table_size);
        row->project = row->names;
        row->table = row->names + project_size;
    }
    return row;
}

/* Names come from requests: what is no name at all is not kept. */
static bool is_long(const char *name)
{
    return strnlen(name, LONGEST_NAME + 1) > LONGEST_NAME;
}

/* NULL: memory is out, and nothing is counted. */
static struct fc_submissions *find_submissions(struct fc_jobs *jobs, const char *project,
                                               const char *table)
{
    struct fc_submissions **link = &jobs->submissions;
    size_t count = 0;

    for (; *link; link = &(*link)->next, count++)
        if (strcmp((*link)->project, project) == 0 && strcmp((*link)->table, table) == 0)
            return *link;
    if (count >= FC_SUBMISSION_TABLES && project[0] != '\0')
        return find_submissions(jobs, "", "");
    *link = submissions_new(project, table);
    return *link;
}

void fc_jobs_count_submission(struct fc_jobs *jobs, enum fc_job_type type, const char *project,
                              const char *table)
{
    bool named = !is_long(project) && !is_long(table);

    pthread_mutex_lock(&jobs->mutex);
    struct fc_submissions *row = find_submissions(jobs, named ? project : "", named ? table : "");
    if (row && (unsigned)type < TYPES)
        row->counts[type]++;
    pthread_mutex_unlock(&jobs->mutex);
}

void fc_jobs_each_submission(struct fc_jobs *jobs,
                             void (*fn)(void *ctx, enum fc_job_type type, const char *project,
                                        const char *table, uint64_t count),
                             void *ctx)
{
    pthread_mutex_lock(&jobs->mutex);
    for (const struct fc_submissions *row = jobs->submissions; row; row = row->next) {
        for (unsigned type = 0; type < TYPES; type++)
            if (row->counts[type] > 0)
                fn(ctx, (enum fc_job_type)type, row->project, row->table, row->counts[type]);
    }
    pthread_mutex_unlock(&jobs->mutex);
}

void fc_submissions_free(struct fc_jobs *jobs)
{
    while (jobs->submissions) {
        struct fc_submissions *row = jobs->submissions;
        jobs->submissions = row->next;
        free(row);
    }
}

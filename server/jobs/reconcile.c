/* SPDX-License-Identifier: Apache-2.0 */
#include "server/jobs/reconcile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/log.h"
#include "server/jobs/reconcile_look.h"
#include "storage/registry.h"

/* How soon a change of the registry is seen: one number is read so often, not the tables. */
#define LOOK_EVERY_NS (250 * FC_NS_PER_MS)
#define TICK_NS       (30 * FC_NS_PER_S)
/* After a pass, the thread rests so many times as long as that took: many changes make no loop that never rests. */
#define REST_FACTOR  5
#define RETRY_NS     (60 * FC_NS_PER_S)
#define RETRY_MAX_NS (3600 * FC_NS_PER_S)
/* Names and hashes of all tables and jobs; the orders of those that run are passed over row by row. */
#define PASS_BYTES ((size_t)1024 * 1024 * 1024)

struct fc_reconcile {
    const struct fc_sys *sys;
    struct fc_store *store;
    struct fc_jobs *jobs;
    int64_t tick_ns, retry_ns;
    struct fc_known_tables known;

    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping;     /* guarded by the mutex, as is what follows */
    unsigned starting; /* asked for, not yet answered */
    struct fc_reconcile_stats stats;
};

/* ---- One pass ---- */

static void stream_started(void *ctx, const struct fc_job_row *row FC_UNUSED,
                           const struct fc_error *err)
{
    struct fc_reconcile *reconcile = ctx;

    if (err && err->reason != FC_REASON_JOB_CANCELLED)
        fc_log(FC_LOG_WARN, "stream_not_started", FC_LOG_ERR(err));
    pthread_mutex_lock(&reconcile->mutex);
    reconcile->stats.failures += err && err->reason != FC_REASON_JOB_CANCELLED;
    reconcile->starting--;
    (void)pthread_cond_signal(&reconcile->changed);
    pthread_mutex_unlock(&reconcile->mutex);
}

static void start_streams(struct fc_reconcile *reconcile, const struct fc_reconcile_look *look,
                          const struct fc_reconcile_plan *plan)
{
    pthread_mutex_lock(&reconcile->mutex);
    reconcile->starting += (unsigned)plan->start_count;
    reconcile->stats.starts += plan->start_count;
    pthread_mutex_unlock(&reconcile->mutex);
    for (size_t i = 0; i < plan->start_count; i++) {
        const struct fc_stream_want *want = &look->wants[plan->starts[i]];
        const struct fc_stream_request request = {.project = fc_str_from(want->project),
                                                  .table_name = fc_str_from(want->table),
                                                  .by_loop = true};
        fc_jobs_start_stream(reconcile->jobs, &request, stream_started, reconcile);
    }
}

static void stop_streams(struct fc_reconcile *reconcile, struct fc_reader *reader,
                         const struct fc_reconcile_look *look, const struct fc_reconcile_plan *plan,
                         struct fc_arena *arena)
{
    for (size_t i = 0; i < plan->stop_count; i++) {
        size_t index = plan->stops[i];
        fc_jobs_withdraw(reconcile->jobs, look->ids[index],
                         fc_reconcile_why(reader, reconcile->jobs, &look->haves[index], arena));
    }
    pthread_mutex_lock(&reconcile->mutex);
    reconcile->stats.stops += plan->stop_count;
    pthread_mutex_unlock(&reconcile->mutex);
}

static void wait_for_starts(struct fc_reconcile *reconcile)
{
    pthread_mutex_lock(&reconcile->mutex);
    while (reconcile->starting > 0)
        (void)pthread_cond_wait(&reconcile->changed, &reconcile->mutex);
    pthread_mutex_unlock(&reconcile->mutex);
}

static fc_rc make_plan(struct fc_reconcile *reconcile, struct fc_reader *reader,
                       struct fc_arena *arena, struct fc_reconcile_look *look,
                       struct fc_reconcile_plan *plan, struct fc_error *err)
{
    const struct fc_reconcile_times times = {.now_ns = fc_now_ns(reconcile->sys),
                                             .retry_first_ns = reconcile->retry_ns,
                                             .retry_max_ns = RETRY_MAX_NS};
    fc_rc rc = fc_reconcile_look(reader, reconcile->jobs, &reconcile->known, arena, look, err);

    if (rc == FC_OK) {
        rc = fc_reconcile_plan(look->wants, look->want_count, look->haves, look->have_count, &times,
                               arena, plan, err);
    }
    if (rc != FC_OK || plan->start_count == 0)
        return rc;
    /* Those that would start may have failed just now, which only their last job tells. */
    rc = fc_reconcile_look_back(reader, plan->starts, plan->start_count, arena, look, err);
    return rc == FC_OK ? fc_reconcile_plan(look->wants, look->want_count, look->haves,
                                           look->have_count, &times, arena, plan, err)
                       : rc;
}

/* `ret_next_ns`: since 1970, when a stream that failed is due. */
static fc_rc run_pass(struct fc_reconcile *reconcile, struct fc_reader *reader,
                      int64_t *ret_next_ns, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(PASS_BYTES);
    struct fc_reconcile_look look;
    struct fc_reconcile_plan plan;

    if (!arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to look at the streams");
    fc_rc rc = make_plan(reconcile, reader, arena, &look, &plan, err);
    if (rc != FC_OK)
        return rc;
    start_streams(reconcile, &look, &plan);
    stop_streams(reconcile, reader, &look, &plan, arena);
    wait_for_starts(reconcile);
    *ret_next_ns = plan.next_ns;
    pthread_mutex_lock(&reconcile->mutex);
    reconcile->stats.wanted = (unsigned)look.want_count;
    reconcile->stats.failures += look.broken;
    pthread_mutex_unlock(&reconcile->mutex);
    return FC_OK;
}

/* ---- The loop ---- */

struct clock {
    int64_t seq;       /* of the change that the last pass has seen */
    int64_t due_ns;    /* monotonic: of the next one, without a change */
    int64_t rested_ns; /* monotonic: none before */
};

static void pass(struct fc_reconcile *reconcile, struct fc_reader *reader, struct clock *clock)
{
    struct fc_error err = FC_ERROR_INIT;
    int64_t begun = fc_monotonic_ns(reconcile->sys), next = INT64_MAX;
    fc_rc rc = run_pass(reconcile, reader, &next, &err);
    int64_t now = fc_monotonic_ns(reconcile->sys), took = now - begun;
    int64_t wall = fc_now_ns(reconcile->sys);

    clock->due_ns = now + reconcile->tick_ns;
    if (next < wall + reconcile->tick_ns)
        clock->due_ns = now + (next > wall ? next - wall : 0);
    clock->rested_ns = now + REST_FACTOR * took;
    if (rc != FC_OK)
        fc_log(FC_LOG_WARN, "streams_not_reconciled", FC_LOG_ERR(&err));
    pthread_mutex_lock(&reconcile->mutex);
    reconcile->stats.passes += rc == FC_OK;
    reconcile->stats.failures += rc != FC_OK;
    reconcile->stats.last_seconds = (double)took / (double)FC_NS_PER_S;
    reconcile->stats.seconds += reconcile->stats.last_seconds;
    pthread_mutex_unlock(&reconcile->mutex);
}

/* A change that comes during the pass is seen by the next one: the number is read before. */
static void pass_if_due(struct fc_reconcile *reconcile, struct clock *clock)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    int64_t seq = 0, now = fc_monotonic_ns(reconcile->sys);

    if (now < clock->rested_ns || fc_store_reader(reconcile->store, &reader, &err) != FC_OK ||
        fc_outbox_last(reader, &seq, &err) != FC_OK)
        return;
    if (seq != clock->seq || now >= clock->due_ns) {
        clock->seq = seq;
        pass(reconcile, reader, clock);
    }
}

/* False when it is time to leave. */
static bool rest(struct fc_reconcile *reconcile)
{
    struct timespec until = fc_cond_after(LOOK_EVERY_NS);

    pthread_mutex_lock(&reconcile->mutex);
    while (!reconcile->stopping &&
           fc_cond_wait_until(&reconcile->changed, &reconcile->mutex, &until)) {
    }
    bool stopping = reconcile->stopping;
    pthread_mutex_unlock(&reconcile->mutex);
    return !stopping;
}

static void *run(void *arg)
{
    struct fc_reconcile *reconcile = arg;
    struct clock clock = {.seq = -1};

    do {
        pass_if_due(reconcile, &clock);
    } while (rest(reconcile));
    return NULL;
}

fc_rc fc_reconcile_new(const struct fc_reconcile_options *options, struct fc_reconcile **ret,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_reconcile_freep) struct fc_reconcile *reconcile = calloc(1, sizeof *reconcile);

    if (!reconcile)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the loop over streams");
    reconcile->sys = options->sys ? options->sys : fc_sys_real();
    reconcile->store = options->store;
    reconcile->jobs = options->jobs;
    reconcile->tick_ns = options->tick_ns > 0 ? options->tick_ns : TICK_NS;
    reconcile->retry_ns = options->retry_ns > 0 ? options->retry_ns : RETRY_NS;
    (void)pthread_mutex_init(&reconcile->mutex, NULL);
    fc_cond_init(&reconcile->changed);
    int failed = pthread_create(&reconcile->thread, NULL, run, reconcile);
    if (failed != 0) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start the loop over streams: %s",
                       strerror(failed));
    }
    reconcile->started = true;
    *ret = fc_steal(reconcile);
    return FC_OK;
}

void fc_reconcile_free(struct fc_reconcile *reconcile)
{
    if (!reconcile)
        return;
    if (reconcile->started) {
        pthread_mutex_lock(&reconcile->mutex);
        reconcile->stopping = true;
        (void)pthread_cond_broadcast(&reconcile->changed);
        pthread_mutex_unlock(&reconcile->mutex);
        (void)pthread_join(reconcile->thread, NULL);
    }
    (void)pthread_cond_destroy(&reconcile->changed);
    (void)pthread_mutex_destroy(&reconcile->mutex);
    free(reconcile->known.tables);
    free(reconcile);
}

void fc_reconcile_stats(struct fc_reconcile *reconcile, struct fc_reconcile_stats *ret)
{
    *ret = (struct fc_reconcile_stats){0};
    if (reconcile) {
        pthread_mutex_lock(&reconcile->mutex);
        *ret = reconcile->stats;
        pthread_mutex_unlock(&reconcile->mutex);
    }
}

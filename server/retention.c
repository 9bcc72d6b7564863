/* SPDX-License-Identifier: Apache-2.0 */
#include "server/retention.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/pause.h"
#include "server/jobs/jobs.h"
#include "storage/registry.h"

#define DEFAULT_INTERVAL_NS (3600 * FC_NS_PER_S)
#define FIRST_AFTER_NS      (60 * FC_NS_PER_S)
/* Well below a millisecond of the writer each; a job may have large blobs. */
#define OUTBOX_SLICE 500
#define JOBS_SLICE   50
#define PAUSE_NS     (20 * FC_NS_PER_MS)
#define IDS_LIMIT    ((size_t)64 * 1024)

struct fc_retention {
    const struct fc_sys *sys;
    struct fc_store *store;
    char *data_dir;
    int64_t jobs_keep_ns, outbox_keep_ns, interval_ns;
    pthread_t thread;
    bool started;
    struct fc_pause pause;
};

struct ids {
    fc_str *ids;
    size_t count;
};

static fc_rc remove_jobs(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct ids *old = ctx;
    fc_rc rc = FC_OK;

    for (size_t i = 0; rc == FC_OK && i < old->count; i++)
        rc = fc_job_remove(txn, old->ids[i], err);
    return rc;
}

static fc_rc jobs_slice(struct fc_retention *retention, struct fc_reader *reader, size_t *ret,
                        struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(IDS_LIMIT);
    struct ids old = {.count = 0};

    if (!arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to find old jobs");
    fc_rc rc = fc_job_list_old(reader, fc_now_ns(retention->sys) - retention->jobs_keep_ns,
                               JOBS_SLICE, arena, &old.ids, &old.count, err);
    for (size_t i = 0; rc == FC_OK && i < old.count; i++) {
        if (!fc_job_remove_files(retention->data_dir, old.ids[i])) {
            /* The row goes all the same: it would hold up those behind it for ever. */
            char id[40];
            (void)snprintf(id, sizeof id, "%.*s", (int)old.ids[i].len, old.ids[i].ptr);
            fc_log(FC_LOG_WARN, "job_files_not_removed", FC_LOG_STR("job", id));
        }
    }
    if (rc == FC_OK && old.count > 0)
        rc = fc_store_run(retention->store, remove_jobs, &old, err);
    *ret = old.count;
    return rc;
}

static fc_rc remove_changes(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_outbox_remove(txn, *(const int64_t *)ctx, err);
}

static fc_rc outbox_slice(struct fc_retention *retention, struct fc_reader *reader, size_t *ret,
                          struct fc_error *err)
{
    int64_t seq = 0;
    size_t count = 0;

    fc_rc rc = fc_outbox_old(reader, fc_now_ns(retention->sys) - retention->outbox_keep_ns,
                             OUTBOX_SLICE, &seq, &count, err);
    if (rc == FC_OK && count > 0)
        rc = fc_store_run(retention->store, remove_changes, &seq, err);
    *ret = count;
    return rc;
}

/* Slices until one is not full. */
static fc_rc remove_all(struct fc_retention *retention, struct fc_reader *reader,
                        fc_rc (*slice)(struct fc_retention *, struct fc_reader *, size_t *,
                                       struct fc_error *),
                        size_t full, size_t *ret, struct fc_error *err)
{
    size_t count = 0;
    fc_rc rc;

    do {
        rc = slice(retention, reader, &count, err);
        *ret += rc == FC_OK ? count : 0;
    } while (rc == FC_OK && count == full && fc_pause_for(&retention->pause, PAUSE_NS));
    return rc;
}

fc_rc fc_retention_run(struct fc_retention *retention, struct fc_retention_removed *ret,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_reader_closep) struct fc_reader *reader = NULL;
    struct fc_retention_removed removed = {.jobs = 0};

    fc_rc rc = fc_reader_open(retention->store, &reader, err);
    if (rc == FC_OK && retention->jobs_keep_ns > 0)
        rc = remove_all(retention, reader, jobs_slice, JOBS_SLICE, &removed.jobs, err);
    if (rc == FC_OK && retention->outbox_keep_ns > 0)
        rc = remove_all(retention, reader, outbox_slice, OUTBOX_SLICE, &removed.outbox, err);
    *ret = removed;
    return rc;
}

static void *run(void *arg)
{
    struct fc_retention *retention = arg;
    int64_t pause =
        retention->interval_ns < FIRST_AFTER_NS ? retention->interval_ns : FIRST_AFTER_NS;

    while (fc_pause_for(&retention->pause, pause)) {
        struct fc_retention_removed removed = {.jobs = 0};
        struct fc_error err = FC_ERROR_INIT;

        /* A store that fails now may work later. */
        if (fc_retention_run(retention, &removed, &err) != FC_OK)
            fc_log(FC_LOG_WARN, "retention_failed", FC_LOG_ERR(&err));
        if (removed.jobs > 0 || removed.outbox > 0) {
            fc_log(FC_LOG_INFO, "retention_removed", FC_LOG_INT("jobs", (int64_t)removed.jobs),
                   FC_LOG_INT("changes", (int64_t)removed.outbox));
        }
        pause = retention->interval_ns;
    }
    return NULL;
}

static fc_rc start_thread(struct fc_retention *retention, struct fc_error *err)
{
    int failed = pthread_create(&retention->thread, NULL, run, retention);

    if (failed != 0) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start the thread of retention: %s",
                       strerror(failed));
    }
    retention->started = true;
    return FC_OK;
}

fc_rc fc_retention_new(const struct fc_retention_options *options, struct fc_retention **ret,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_retention_freep) struct fc_retention *retention = calloc(1, sizeof *retention);
    fc_rc rc = FC_OK;

    if (!retention)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for retention");
    fc_pause_init(&retention->pause);
    retention->sys = options->sys ? options->sys : fc_sys_real();
    retention->store = options->store;
    retention->jobs_keep_ns = options->jobs_keep_ns;
    retention->outbox_keep_ns = options->outbox_keep_ns;
    retention->interval_ns = options->interval_ns > 0 ? options->interval_ns : DEFAULT_INTERVAL_NS;
    retention->data_dir = strdup(options->data_dir);
    if (!retention->data_dir)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for retention");
    if (retention->jobs_keep_ns > 0 || retention->outbox_keep_ns > 0)
        rc = start_thread(retention, err);
    if (rc == FC_OK)
        *ret = fc_steal(retention);
    return rc;
}

void fc_retention_free(struct fc_retention *retention)
{
    if (!retention)
        return;
    fc_pause_end(&retention->pause);
    if (retention->started)
        (void)pthread_join(retention->thread, NULL);
    fc_pause_done(&retention->pause);
    free(retention->data_dir);
    free(retention);
}

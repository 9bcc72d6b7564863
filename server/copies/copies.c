/* SPDX-License-Identifier: Apache-2.0 */
#include "server/copies/copies.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "base/process.h"
#include "server/admission/worker_env.h"
#include "server/copies/access.h"

#define WORKER_FD 3
/* Of one order with its answer. */
#define ARENA_BYTES ((size_t)1 << 20)

struct fc_copies {
    const char *worker_path;
    const Feast__Worker__V1__Access *access;
    pthread_mutex_t mutex;
    struct fc_process process; /* as long as `running` */
    bool running, stopped;
};

fc_rc fc_copies_new(const struct fc_config *config, const char *worker_path, struct fc_arena *arena,
                    struct fc_copies **ret, struct fc_error *err)
{
    const Feast__Worker__V1__Access *access = NULL;
    fc_rc rc = fc_copies_access(config, arena, &access, err);

    if (rc != FC_OK)
        return rc;
    struct fc_copies *copies = calloc(1, sizeof *copies);
    if (!copies)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for backups");
    copies->worker_path = worker_path;
    copies->access = access;
    (void)pthread_mutex_init(&copies->mutex, NULL);
    *ret = copies;
    return FC_OK;
}

void fc_copies_stop(struct fc_copies *copies)
{
    if (!copies)
        return;
    pthread_mutex_lock(&copies->mutex);
    copies->stopped = true;
    if (copies->running)
        fc_process_signal(&copies->process, SIGKILL);
    pthread_mutex_unlock(&copies->mutex);
}

void fc_copies_free(struct fc_copies *copies)
{
    if (!copies)
        return;
    (void)pthread_mutex_destroy(&copies->mutex);
    free(copies);
}

static fc_rc stopping(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_BACKUP_FAILED, "the server is stopping");
}

/* The worker ends with the thread that started it: the one that waits for it. */
static fc_rc start(struct fc_copies *copies, const char *path, struct fc_error *err)
{
    const char *worker = copies->worker_path;
    const char *const argv[] = {worker, NULL};
    const char *environment[FC_WORKER_ENV_MAX];
    const char *slash = strrchr(path, '/');
    char tmpdir[4200];

    /* What it writes besides the file goes to where the file is. */
    (void)snprintf(tmpdir, sizeof tmpdir, "TMPDIR=%.*s", slash ? (int)(slash - path) : 1,
                   slash ? path : ".");
    fc_worker_env(tmpdir, environment);
    const struct fc_process_options options = {
        .path = worker,
        .argv = argv,
        .environment = environment,
        .stderr_fd = -1,
        .child_fd = WORKER_FD,
    };
    pthread_mutex_lock(&copies->mutex);
    fc_rc rc = copies->stopped ? stopping(err) : fc_process_spawn(&options, &copies->process, err);
    copies->running = rc == FC_OK;
    pthread_mutex_unlock(&copies->mutex);
    return rc;
}

/* Ends the worker, which has said all that it had to say, or will never. */
static bool end(struct fc_copies *copies)
{
    int status = 0;

    pthread_mutex_lock(&copies->mutex);
    fc_process_signal(&copies->process, SIGKILL);
    fc_process_reap(&copies->process, &status);
    copies->running = false;
    bool stopped = copies->stopped;
    pthread_mutex_unlock(&copies->mutex);
    return stopped;
}

/* Until the result; before it come progress and log lines. */
static fc_rc converse(const struct fc_copies *copies, const Feast__Worker__V1__WorkOrder *order,
                      struct fc_arena *arena, const Feast__Worker__V1__Result **ret,
                      struct fc_error *err)
{
    ProtobufCMessage *message = NULL;
    fc_rc rc = fc_frame_write(copies->process.fd, &order->base, err);

    while (rc == FC_OK) {
        rc = fc_frame_read(copies->process.fd, &feast__worker__v1__worker_message__descriptor,
                           arena, NULL, 0, &message, err);
        const Feast__Worker__V1__WorkerMessage *said = (const void *)message;
        if (rc == FC_OK && said->body_case == FEAST__WORKER__V1__WORKER_MESSAGE__BODY_RESULT) {
            *ret = said->result;
            return FC_OK;
        }
    }
    return rc;
}

static fc_rc judge(const Feast__Worker__V1__Result *result, uint32_t *ret_removed,
                   struct fc_error *err)
{
    if (result->error)
        return fc_fail(err, FC_REASON_BACKUP_FAILED, "%s", result->error->message);
    if (result->outcome_case != FEAST__WORKER__V1__RESULT__OUTCOME_COPIED)
        return fc_fail(err, FC_REASON_WORKER_FAILED, "the worker did not say what it copied");
    if (ret_removed)
        *ret_removed = result->copied->removed;
    return FC_OK;
}

static fc_rc run(struct fc_copies *copies, const Feast__Worker__V1__WorkOrder *order,
                 const char *path, uint32_t *ret_removed, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(ARENA_BYTES);
    const Feast__Worker__V1__Result *result = NULL;

    if (!arena)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a copy");
    fc_rc rc = start(copies, path, err);
    if (rc != FC_OK)
        return rc;
    rc = converse(copies, order, arena, &result, err);
    bool stopped = end(copies);
    if (rc != FC_OK)
        return stopped ? stopping(err) : rc;
    return judge(result, ret_removed, err);
}

fc_rc fc_copies_upload(struct fc_copies *copies, const char *path, const char *url, uint32_t keep,
                       uint32_t *ret_removed, struct fc_error *err)
{
    Feast__Worker__V1__WorkOrder order = FEAST__WORKER__V1__WORK_ORDER__INIT;
    Feast__Worker__V1__Upload upload = FEAST__WORKER__V1__UPLOAD__INIT;

    upload.path = (char *)path;
    upload.url = (char *)url;
    upload.keep = keep;
    upload.access = (Feast__Worker__V1__Access *)(uintptr_t)copies->access;
    order.id = (char *)"backup";
    order.task_case = FEAST__WORKER__V1__WORK_ORDER__TASK_UPLOAD;
    order.upload = &upload;
    return run(copies, &order, path, ret_removed, err);
}

fc_rc fc_copies_download(struct fc_copies *copies, const char *url, const char *path,
                         struct fc_error *err)
{
    Feast__Worker__V1__WorkOrder order = FEAST__WORKER__V1__WORK_ORDER__INIT;
    Feast__Worker__V1__Download download = FEAST__WORKER__V1__DOWNLOAD__INIT;

    download.url = (char *)url;
    download.path = (char *)path;
    download.access = (Feast__Worker__V1__Access *)(uintptr_t)copies->access;
    order.id = (char *)"restore";
    order.task_case = FEAST__WORKER__V1__WORK_ORDER__TASK_DOWNLOAD;
    order.download = &download;
    return run(copies, &order, path, NULL, err);
}

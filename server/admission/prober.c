/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/prober.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/process.h"
#include "server/admission/worker_env.h"

#define WORKER_FD 3
/* Progress and log lines before the result; more is a worker that will never come to an end. */
#define MAX_MESSAGES 10000
/* A worker that closed its socket is about to end: waited for, so that the error can say how it ended. */
#define LAST_WORDS_MS 100

struct fc_prober {
    const struct fc_sys *sys;
    char *worker_path;
    char *tmpdir; /* TMPDIR=… */
    char *turns;  /* --turns=… */
    struct fc_process process;
    bool running;
};

fc_rc fc_prober_new(const struct fc_sys *sys, const char *worker_path, const char *scratch_dir,
                    const char *turns_path, struct fc_prober **ret, struct fc_error *err)
{
    int failed = fc_mkdirs(scratch_dir, 0700);

    if (failed != 0) {
        return fc_fail(err, FC_REASON_IO_FAILED, "cannot make the directory \"%s\": %s",
                       scratch_dir, strerror(-failed));
    }
    FC_CLEANUP(fc_prober_freep) struct fc_prober *prober = calloc(1, sizeof *prober);
    if (!prober || !(prober->worker_path = strdup(worker_path)) ||
        asprintf(&prober->tmpdir, "TMPDIR=%s", scratch_dir) < 0 ||
        asprintf(&prober->turns, "--turns=%s", turns_path) < 0)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a probe worker");
    prober->sys = sys;
    prober->process.fd = -1;
    *ret = fc_steal(prober);
    return FC_OK;
}

void fc_prober_free(struct fc_prober *prober)
{
    if (!prober)
        return;
    fc_prober_cool(prober);
    free(prober->worker_path);
    free(prober->tmpdir);
    free(prober->turns);
    free(prober);
}

/* Ends the worker, willing or not; `*ret_status` as waitpid gives it. */
static void stop(struct fc_prober *prober, int *ret_status)
{
    fc_process_signal(&prober->process, SIGKILL);
    fc_process_reap(&prober->process, ret_status);
    prober->running = false;
}

void fc_prober_cool(struct fc_prober *prober)
{
    int status = 0;

    if (prober->running)
        stop(prober, &status);
}

/*
 * The engine's allocator keeps what was freed until the process ends: pages that the kernel has to give anew are half of
 * what a look costs. Its threads share one arena, so that each finds what any of them gave back. Where the engine has another
 * allocator nobody reads this.
 */
static void keep_memory(const char *environment[FC_WORKER_ENV_MAX + 1])
{
    size_t count = 0;

    while (environment[count])
        count++;
    environment[count++] = "DUCKDB_JE_MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1,narenas:1";
    environment[count] = NULL;
}

fc_rc fc_prober_warm(struct fc_prober *prober, struct fc_error *err)
{
    int status = 0;

    if (prober->running && !fc_process_ended(&prober->process, &status))
        return FC_OK;
    fc_prober_cool(prober);
    const char *const argv[] = {prober->worker_path, "--probe-loop", prober->turns, NULL};
    const char *environment[FC_WORKER_ENV_MAX + 1];
    fc_worker_env(prober->tmpdir, environment);
    keep_memory(environment);
    const struct fc_process_options options = {
        .path = prober->worker_path,
        .argv = argv,
        .environment = environment,
        .stderr_fd = -1,
        .child_fd = WORKER_FD,
    };
    fc_rc rc = fc_process_spawn(&options, &prober->process, err);
    prober->running = rc == FC_OK;
    return rc;
}

/* A worker that does not read must not hold us: the order may be larger than the socket takes at once. */
static fc_rc send_until(int fd, const struct fc_buf *frame, const struct fc_sys *sys,
                        int64_t deadline_ns, struct fc_error *err)
{
    size_t sent = 0;

    while (sent < frame->len) {
        ssize_t n = send(fd, frame->ptr + sent, frame->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            sent += (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return fc_fail(err, FC_REASON_WORKER_FAILED, "the order could not be sent: %s",
                           strerror(errno));
        }
        int64_t left = (deadline_ns - fc_monotonic_ns(sys)) / FC_NS_PER_MS;
        if (left <= 0)
            return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED, "the worker did not take the order");
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        (void)poll(&wait, 1, left > 1000 ? 1000 : (int)left);
    }
    return FC_OK;
}

static fc_rc converse(const struct fc_prober *prober, const Feast__Worker__V1__WorkOrder *order,
                      int64_t deadline_ns, struct fc_arena *arena,
                      Feast__Worker__V1__Result **ret_result, struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf frame = FC_BUF_INIT;
    fc_rc rc = fc_frame_pack(&order->base, &frame, err);

    if (rc == FC_OK)
        rc = send_until(prober->process.fd, &frame, prober->sys, deadline_ns, err);
    for (unsigned i = 0; rc == FC_OK && i < MAX_MESSAGES; i++) {
        ProtobufCMessage *message = NULL;
        rc = fc_frame_read(prober->process.fd, &feast__worker__v1__worker_message__descriptor,
                           arena, prober->sys, deadline_ns, &message, err);
        if (rc != FC_OK)
            return rc;
        const Feast__Worker__V1__WorkerMessage *said = (const void *)message;
        if (said->body_case != FEAST__WORKER__V1__WORKER_MESSAGE__BODY_RESULT)
            continue;
        if (strcmp(said->id, order->id) != 0)
            return fc_fail(err, FC_REASON_WORKER_FAILED, "the worker answered another order");
        *ret_result = said->result;
        return FC_OK;
    }
    return rc != FC_OK ? rc
                       : fc_fail(err, FC_REASON_WORKER_FAILED,
                                 "the worker said %d things without an answer", MAX_MESSAGES);
}

/* Kills what is left of the worker and puts into the error how it ended, if it did so by itself. */
static fc_rc give_up(struct fc_prober *prober, struct fc_error *err)
{
    int status = 0;
    char text[100] = "";

    if (err->rc != FC_DEADLINE_EXCEEDED) {
        int pidfd = pidfd_open(prober->process.pid, 0);
        struct pollfd wait = {.fd = pidfd, .events = POLLIN};
        if (pidfd >= 0) {
            (void)poll(&wait, 1, LAST_WORDS_MS);
            (void)close(pidfd);
        }
        if (fc_process_ended(&prober->process, &status))
            fc_process_status_text(status, text, sizeof text);
    }
    stop(prober, &status);
    if (err->rc == FC_DEADLINE_EXCEEDED)
        return err->rc;
    struct fc_error cause = *err;
    return fc_fail(err, FC_REASON_WORKER_FAILED, "the probe worker failed: %s%s%s%s", cause.message,
                   text[0] != '\0' ? " (" : "", text, text[0] != '\0' ? ")" : "");
}

fc_rc fc_prober_run(struct fc_prober *prober, const Feast__Worker__V1__WorkOrder *order,
                    int64_t deadline_ns, struct fc_arena *arena,
                    Feast__Worker__V1__Result **ret_result, struct fc_error *err)
{
    fc_rc rc = fc_prober_warm(prober, err);

    if (rc != FC_OK)
        return rc;
    rc = converse(prober, order, deadline_ns, arena, ret_result, err);
    return rc == FC_OK ? FC_OK : give_up(prober, err);
}

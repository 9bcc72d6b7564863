/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feast-worker: reads source data in a process of its own, so that what is wrong with the data is not wrong
 * with the registry.
 *
 *     feast-worker                one order, then the end
 *     feast-worker --probe-loop   probes, one after the other, until the other side closes; with --turns=FILE it
 *                                 decodes in turn with those that have the same file (worker/duck/turns.h)
 *
 * Orders come, and messages go, as frames (base/frame.h, feast/worker/v1/worker.proto) over the socket at
 * descriptor 3. What it writes to stderr is the job's log.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/log.h"
#include "base/version.h"
#include "worker/confine/confine.h"
#include "worker/limits.h"
#include "worker/sanitized.h"
#include "worker/spent.h"
#include "worker/tasks/order.h"

#define ORDER_FD 3
/* Of an order, its schema, its lists of files and its report. */
#define ARENA_BYTES ((size_t)1 << 30)
/* For a turn to open an engine, which no order waits for as a rule. */
#define OPEN_PATIENCE_NS (1 * FC_NS_PER_S)
#define TURNS            "--turns="

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static void usage(FILE *out)
{
    fputs("usage: feast-worker [--probe-loop [--turns=FILE] | --version | --help]\n\n"
          "Started by feast-core, which gives it a socket at descriptor 3. Without an option it "
          "does one\n"
          "order and ends; with --probe-loop it serves probes until the socket is closed, and "
          "decodes in\n"
          "turn with those that have the same file.\n",
          out);
}

static fc_rc send_message(void *ctx, const Feast__Worker__V1__WorkerMessage *message,
                          struct fc_error *err)
{
    (void)ctx;
    return fc_frame_write(ORDER_FD, &message->base, err);
}

static bool is_socket(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Blocks until there is something to read; false when the other side is gone. */
static bool has_order(void)
{
    char byte = 0;
    ssize_t n = 0;

    do
        n = recv(ORDER_FD, &byte, sizeof(byte), MSG_PEEK);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

/* False also when there will be none. */
static bool has_order_already(void)
{
    char byte = 0;

    return recv(ORDER_FD, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* A probe that goes well is no event. */
static void log_end(const Feast__Worker__V1__WorkOrder *order, const struct fc_error *outcome)
{
    bool probe = order->task_case == FEAST__WORKER__V1__WORK_ORDER__TASK_PROBE;

    if (outcome->rc == FC_OK)
        fc_log(probe ? FC_LOG_DEBUG : FC_LOG_INFO, "order done", FC_LOG_STR("id", order->id));
    else
        fc_log(FC_LOG_ERROR, "order failed", FC_LOG_STR("id", order->id), FC_LOG_ERR(outcome));
}

static int undelivered(const struct fc_error *err)
{
    fc_log(FC_LOG_ERROR, "result not delivered", FC_LOG_ERR(err));
    return EXIT_FAILED;
}

/* What came is no order: say so, in case someone still listens. The stream has lost its place. */
static int refuse(const struct fc_order_env *env, const struct fc_error *why,
                  struct fc_arena *arena)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_error refused = FC_ERROR_INIT;

    fc_log(FC_LOG_ERROR, "no order", FC_LOG_ERR(why));
    (void)fc_fail(&refused, FC_REASON_REQUEST_INVALID, "no order was understood: %s", why->message);
    fc_arena_reset(arena);
    return fc_order_refuse(env, "", &refused, arena, &err) == FC_OK ? EXIT_OK : undelivered(&err);
}

static void not_confined(const struct fc_error *err)
{
    fc_log(FC_LOG_WARN, "not confined", FC_LOG_ERR(err));
}

/* The first order tells what all of them may touch; a process is bound once. */
static void confine_files(const Feast__Worker__V1__WorkOrder *order, struct fc_arena *arena)
{
    static bool bound;
    struct fc_confine_files files;
    struct fc_error err = FC_ERROR_INIT;

    if (bound)
        return;
    bound = true;
    fc_rc rc = fc_confine_order(order, arena, &files, &err);
    if (rc == FC_OK)
        rc = fc_confine_files(&files, &err);
    if (rc != FC_OK)
        not_confined(&err);
}

/* A sanitizer looks for leaks at the end from a process that it starts to trace this one. */
static void confine_calls(void)
{
    struct fc_error err = FC_ERROR_INIT;

    if (!FC_SANITIZED && fc_confine_calls(&err) != FC_OK)
        not_confined(&err);
}

/* `*ret_lost` is set when no further order can be read. */
static int serve(const struct fc_order_env *env, bool probes_only, struct fc_arena *arena,
                 bool *ret_lost)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_error outcome = FC_ERROR_INIT;
    ProtobufCMessage *message = NULL;

    if (fc_frame_read(ORDER_FD, &feast__worker__v1__work_order__descriptor, arena, env->sys, 0,
                      &message, &err) != FC_OK) {
        *ret_lost = true;
        return refuse(env, &err, arena);
    }
    const Feast__Worker__V1__WorkOrder *order = (const Feast__Worker__V1__WorkOrder *)message;
    if (probes_only && order->task_case != FEAST__WORKER__V1__WORK_ORDER__TASK_PROBE) {
        (void)fc_fail(&outcome, FC_REASON_REQUEST_INVALID, "this worker takes probes only");
        return fc_order_refuse(env, order->id, &outcome, arena, &err) == FC_OK ? EXIT_OK
                                                                               : undelivered(&err);
    }
    fc_log(FC_LOG_DEBUG, "order begun", FC_LOG_STR("id", order->id));
    confine_files(order, arena);
    fc_limits_memory(fc_order_duck_options(order).memory_limit);
    if (fc_order_run(env, order, arena, &outcome, &err) != FC_OK)
        return undelivered(&err);
    log_end(order, &outcome);
    return EXIT_OK;
}

static int serve_one(const struct fc_sys *sys)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(ARENA_BYTES);
    const struct fc_order_env env = {.sys = sys, .send = send_message};

    bool lost = false;

    if (!arena || !has_order())
        return arena ? EXIT_OK : EXIT_FAILED;
    return serve(&env, false, arena, &lost);
}

/*
 * An engine can be confined once, so each probe gets its own. It is opened while nobody waits: opening takes
 * longer than most probes.
 */
static int serve_probes(const struct fc_sys *sys, struct fc_turns *turns)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(ARENA_BYTES);
    struct fc_duck_options options = fc_order_duck_options(NULL);
    int status = arena ? EXIT_OK : EXIT_FAILED;
    bool lost = false;

    options.turns = turns;
    while (status == EXIT_OK && !lost && !fc_spent()) {
        FC_CLEANUP(fc_duck_closep) struct fc_duck *duck = NULL;
        struct fc_error err = FC_ERROR_INIT;
        fc_arena_reset(arena);
        fc_turns_patience(turns, OPEN_PATIENCE_NS);
        if (fc_duck_open(&options, &duck, &err) != FC_OK) {
            fc_log(FC_LOG_ERROR, "no engine", FC_LOG_ERR(&err));
            return EXIT_FAILED;
        }
        const struct fc_order_env env = {
            .sys = sys, .send = send_message, .duck = duck, .turns = turns};
        if (!has_order_already())
            fc_duck_warm(duck);
        if (!has_order())
            return EXIT_OK;
        status = serve(&env, true, arena, &lost);
    }
    return status;
}

int main(int argc, char **argv)
{
    const char *turns_path =
        argc == 3 && strncmp(argv[2], TURNS, strlen(TURNS)) == 0 ? argv[2] + strlen(TURNS) : NULL;
    bool probe_loop = (argc == 2 || turns_path) && strcmp(argv[1], "--probe-loop") == 0;

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("feast-worker " FC_VERSION);
        return EXIT_OK;
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        usage(stdout);
        return EXIT_OK;
    }
    if (argc > 1 && !probe_loop) {
        usage(stderr);
        return EXIT_USAGE;
    }
    fc_log_init("feast-worker", FC_LOG_INFO, FC_LOG_LOGFMT);
    fc_limits_start();
    if (!is_socket(ORDER_FD)) {
        fputs("feast-worker: there is no socket at descriptor 3; feast-core starts this program\n",
              stderr);
        return EXIT_USAGE;
    }
    FC_CLEANUP(fc_turns_freep)
    struct fc_turns *turns = turns_path ? fc_turns_new(turns_path, fc_turns_due()) : NULL;
    confine_calls();
    int status = probe_loop ? serve_probes(fc_sys_real(), turns) : serve_one(fc_sys_real());
    /* Threads that run on must not meet what exit handlers have torn down. */
    if (fc_spent())
        _exit(status);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs on this machine, each a feast-worker process:
 *
 *     order written --> messages read --> result --> worker ends --> reported
 *
 * A result counts when the worker has ended: only then has it let go of the sink. Nothing here blocks; a worker that
 * does not end in time is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/log.h"
#include "base/process.h"
#include "protos/work_order.h"
#include "server/admission/worker_env.h"
#include "server/jobs/launcher.h"

#define WORKER_FD 3
/* After the result, a closed socket or SIGTERM. */
#define END_GRACE_NS (5 * FC_NS_PER_S)
/* Messages taken in one poll, so that a chatty worker does not keep the supervisor to itself. */
#define MESSAGES_PER_POLL 64
#define MAX_LOG_FIELDS    16

struct fc_launched {
    struct fc_process process;
    char id[64]; /* of the order */
    int epoll_fd, pid_fd;
    struct fc_buf order; /* not yet written from `sent` on */
    size_t sent;
    struct fc_frame_reader reader;
    struct fc_buf result; /* a packed Result, once there is one */
    bool closed;          /* the worker said all that it will say */
    bool ended;
    int status;
    int64_t kill_at_ns;  /* monotonic; 0: it may go on */
    struct fc_error err; /* why it is lost */
};

struct local {
    struct fc_launcher launcher; /* first */
    char *worker_path;
    const char *store_secret; /* "NAME=value"; NULL for none */
};

static int64_t now_ns(void)
{
    return fc_monotonic_ns(fc_sys_real());
}

static bool watch_fd(const struct fc_launched *job, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.fd = fd}};

    return epoll_ctl(job->epoll_fd, operation, fd, &event) == 0;
}

/* From now on it is expected to end. */
static void expect_end(struct fc_launched *job)
{
    if (job->kill_at_ns == 0)
        job->kill_at_ns = now_ns() + END_GRACE_NS;
}

/* Nothing more is read of it: it closed its end, and is about to end itself, or it did not keep to the protocol. */
static void give_up(struct fc_launched *job, const struct fc_error *why)
{
    char byte;
    bool closed_its_end = recv(job->process.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;

    job->closed = true;
    if (job->result.len == 0 && job->err.rc == FC_OK)
        job->err = *why;
    (void)watch_fd(job, EPOLL_CTL_DEL, job->process.fd, 0);
    if (!job->ended && !closed_its_end)
        fc_process_signal(&job->process, SIGKILL);
    expect_end(job);
}

static void write_order(struct fc_launched *job)
{
    while (job->sent < job->order.len) {
        ssize_t n = send(job->process.fd, job->order.ptr + job->sent, job->order.len - job->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            /* EAGAIN: later. Anything else: the worker is gone, which reading will tell. */
            return;
        }
        job->sent += (size_t)n;
    }
    fc_buf_done(&job->order);
    job->order = (struct fc_buf)FC_BUF_INIT;
    job->sent = 0;
    (void)watch_fd(job, EPOLL_CTL_MOD, job->process.fd, EPOLLIN);
}

static void pass_on_log(const Feast__Worker__V1__Log *log, const char *id)
{
    static const enum fc_log_level levels[] = {
        [FEAST__WORKER__V1__LOG__LEVEL__DEBUG] = FC_LOG_DEBUG,
        [FEAST__WORKER__V1__LOG__LEVEL__INFO] = FC_LOG_INFO,
        [FEAST__WORKER__V1__LOG__LEVEL__WARN] = FC_LOG_WARN,
        [FEAST__WORKER__V1__LOG__LEVEL__ERROR] = FC_LOG_ERROR,
    };
    struct fc_log_field fields[MAX_LOG_FIELDS + 1];
    size_t count = 0, level = (size_t)log->level;
    enum fc_log_level weight = level < FC_ARRAY_LEN(levels) ? levels[level] : FC_LOG_INFO;

    if (!fc_log_enabled(weight))
        return;
    fields[count++] = (struct fc_log_field)FC_LOG_STR("job", id);
    for (size_t i = 0; i < log->n_fields && i < MAX_LOG_FIELDS; i++) {
        fields[count++] =
            (struct fc_log_field)FC_LOG_STR(log->fields[i]->key, log->fields[i]->value);
    }
    fc_log_emit(weight, log->event, fields, count);
}

static void keep_result(struct fc_launched *job, const char *id,
                        const Feast__Worker__V1__Result *result)
{
    size_t size = feast__worker__v1__result__get_packed_size(result);
    struct fc_error err = FC_ERROR_INIT;

    if (strcmp(id, job->id) != 0) {
        (void)fc_fail(&err, FC_REASON_WORKER_FAILED, "the worker answered another order");
        give_up(job, &err);
        return;
    }
    if (!result->error && result->outcome_case != FEAST__WORKER__V1__RESULT__OUTCOME_RECEIPT) {
        (void)fc_fail(&err, FC_REASON_WORKER_FAILED, "the worker's result has no receipt");
        give_up(job, &err);
        return;
    }
    if (!fc_buf_reserve(&job->result, size)) {
        (void)fc_fail(&err, FC_REASON_OUT_OF_MEMORY, "no memory for a result of %zu bytes", size);
        give_up(job, &err);
        return;
    }
    job->result.len = feast__worker__v1__result__pack(result, (uint8_t *)job->result.ptr);
    expect_end(job);
}

static void take_message(struct fc_launched *job, const Feast__Worker__V1__WorkerMessage *message,
                         struct fc_launched_status *ret)
{
    switch (message->body_case) {
    case FEAST__WORKER__V1__WORKER_MESSAGE__BODY_PROGRESS:
        ret->progress = message->progress;
        break;
    case FEAST__WORKER__V1__WORKER_MESSAGE__BODY_RESULT:
        keep_result(job, message->id, message->result);
        break;
    case FEAST__WORKER__V1__WORKER_MESSAGE__BODY_LOG:
        pass_on_log(message->log, message->id);
        break;
    default:
        break;
    }
}

/* True when there was no more to read. */
static bool read_messages(struct fc_launched *job, struct fc_arena *arena,
                          struct fc_launched_status *ret)
{
    for (unsigned i = 0; !job->closed && i < MESSAGES_PER_POLL; i++) {
        ProtobufCMessage *message = NULL;
        struct fc_error err = FC_ERROR_INIT;
        fc_rc rc =
            fc_frame_poll(&job->reader, job->process.fd,
                          &feast__worker__v1__worker_message__descriptor, arena, &message, &err);
        if (rc != FC_OK)
            give_up(job, &err);
        else if (!message)
            return true;
        else
            take_message(job, (const Feast__Worker__V1__WorkerMessage *)message, ret);
    }
    return job->closed;
}

static bool known_word(const char *word, enum fc_reason *ret)
{
    *ret = fc_reason_from_word(word);
    return *ret < FC_REASON_COUNT && *ret != FC_REASON_NONE;
}

/* What the worker said of itself, now that it has ended. */
static void report_result(const struct fc_launched *job, struct fc_arena *arena,
                          struct fc_launched_status *ret)
{
    const Feast__Worker__V1__Result *result = feast__worker__v1__result__unpack(
        fc_arena_allocator(arena), job->result.len, (const uint8_t *)job->result.ptr);
    enum fc_reason reason;

    if (!result) {
        ret->state = FC_LAUNCHED_LOST;
        (void)fc_fail(&ret->error, FC_REASON_OUT_OF_MEMORY, "no memory for the worker's result");
        return;
    }
    if (result->outcome_case == FEAST__WORKER__V1__RESULT__OUTCOME_RECEIPT)
        ret->receipt = result->receipt;
    ret->state = !result->error ? FC_LAUNCHED_DONE : FC_LAUNCHED_FAILED;
    if (result->error) {
        if (!known_word(result->error->reason, &reason))
            reason = FC_REASON_WORKER_FAILED;
        (void)fc_fail_field(&ret->error, reason, result->error->field, "%s",
                            result->error->message);
    }
}

static void report_loss(const struct fc_launched *job, struct fc_launched_status *ret)
{
    char text[100];

    fc_process_status_text(job->status, text, sizeof text);
    ret->state = FC_LAUNCHED_LOST;
    (void)fc_fail(&ret->error, FC_REASON_WORKER_FAILED, "%s%sthe worker %s",
                  job->err.rc != FC_OK ? job->err.message : "", job->err.rc != FC_OK ? "; " : "",
                  text);
}

static fc_rc local_poll(void *ctx FC_UNUSED, struct fc_launched *job, struct fc_arena *arena,
                        struct fc_launched_status *ret, struct fc_error *err FC_UNUSED)
{
    *ret = (struct fc_launched_status){.state = FC_LAUNCHED_RUNNING, .error = FC_ERROR_INIT};
    if (!job->ended) {
        write_order(job);
        job->ended = fc_process_ended(&job->process, &job->status);
    }
    /* Asked in this order: what a worker that has ended left behind is all read. */
    if (read_messages(job, arena, ret) && job->ended)
        job->closed = true;
    if (!job->ended && job->kill_at_ns != 0 && now_ns() > job->kill_at_ns)
        fc_process_signal(&job->process, SIGKILL);
    if (job->ended && job->closed) {
        if (job->result.len > 0)
            report_result(job, arena, ret);
        else
            report_loss(job, ret);
    }
    return FC_OK;
}

static int local_poll_fd(void *ctx FC_UNUSED, const struct fc_launched *job)
{
    return job->epoll_fd;
}

static void local_cancel(void *ctx FC_UNUSED, struct fc_launched *job)
{
    if (!job->ended) {
        fc_process_signal(&job->process, SIGTERM);
        /* One that was stopped would not see it. */
        fc_process_signal(&job->process, SIGCONT);
        expect_end(job);
    }
}

static void local_release(void *ctx FC_UNUSED, struct fc_launched *job)
{
    int status = 0;

    if (!job)
        return;
    if (!job->ended)
        fc_process_signal(&job->process, SIGKILL);
    fc_process_reap(&job->process, &status);
    if (job->pid_fd >= 0)
        (void)close(job->pid_fd);
    if (job->epoll_fd >= 0)
        (void)close(job->epoll_fd);
    fc_frame_reader_done(&job->reader);
    fc_buf_done(&job->order);
    fc_buf_done(&job->result);
    free(job);
}

static void release_p(struct fc_launched **job)
{
    local_release(NULL, *job);
}

/* The password of the store that the order has, for the worker that needs it. */
static void add_secret(const struct local *local, const Feast__Worker__V1__WorkOrder *order,
                       const char *environment[FC_WORKER_ENV_MAX])
{
    const Feast__Worker__V1__Ingest *ingest = fc_work_order_ingest(order);
    size_t count = 0;

    if (!local->store_secret || !ingest ||
        ingest->sink_case != FEAST__WORKER__V1__INGEST__SINK_REDIS || !ingest->redis->password)
        return;
    while (environment[count])
        count++;
    if (count + 1 < FC_WORKER_ENV_MAX) {
        environment[count] = local->store_secret;
        environment[count + 1] = NULL;
    }
}

static fc_rc spawn(const struct local *local, const Feast__Worker__V1__WorkOrder *order,
                   const char *log_path, const char *scratch_dir, struct fc_process *ret,
                   struct fc_error *err)
{
    char tmpdir[4200];
    const char *const argv[] = {local->worker_path, NULL};
    const char *environment[FC_WORKER_ENV_MAX];
    int log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (log_fd < 0) {
        return fc_fail(err, FC_REASON_IO_FAILED, "cannot open the job's log \"%s\": %s", log_path,
                       strerror(errno));
    }
    (void)snprintf(tmpdir, sizeof tmpdir, "TMPDIR=%s", scratch_dir);
    fc_worker_env(tmpdir, environment);
    add_secret(local, order, environment);
    const struct fc_process_options options = {
        .path = local->worker_path,
        .argv = argv,
        .environment = environment,
        .stderr_fd = log_fd,
        .child_fd = WORKER_FD,
    };
    fc_rc rc = fc_process_spawn(&options, ret, err);
    (void)close(log_fd);
    return rc;
}

static fc_rc watch_process(struct fc_launched *job, struct fc_error *err)
{
    job->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    job->pid_fd = pidfd_open(job->process.pid, 0);
    if (job->epoll_fd < 0 || job->pid_fd < 0 ||
        !watch_fd(job, EPOLL_CTL_ADD, job->process.fd, EPOLLIN | EPOLLOUT) ||
        !watch_fd(job, EPOLL_CTL_ADD, job->pid_fd, EPOLLIN))
        return fc_fail(err, FC_REASON_IO_FAILED, "cannot watch a worker: %s", strerror(errno));
    return FC_OK;
}

static fc_rc local_submit(void *ctx, const Feast__Worker__V1__WorkOrder *order,
                          const char *log_path, struct fc_launched **ret, struct fc_error *err)
{
    const struct local *local = ctx;
    FC_CLEANUP(release_p) struct fc_launched *job = calloc(1, sizeof *job);
    const Feast__Worker__V1__Ingest *ingest = fc_work_order_ingest(order);
    const char *scratch_dir = ingest ? ingest->scratch_dir : "/tmp";

    if (!job)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a job");
    job->process.fd = job->epoll_fd = job->pid_fd = -1;
    job->ended = true;
    (void)snprintf(job->id, sizeof job->id, "%s", order->id);
    fc_rc rc = fc_frame_pack(&order->base, &job->order, err);
    if (rc == FC_OK)
        rc = spawn(local, order, log_path, scratch_dir, &job->process, err);
    if (rc != FC_OK)
        return rc;
    job->ended = false;
    rc = watch_process(job, err);
    if (rc == FC_OK) {
        write_order(job);
        *ret = fc_steal(job);
    }
    return rc;
}

fc_rc fc_launcher_local_new(const char *worker_path, const char *store_secret,
                            struct fc_launcher **ret, struct fc_error *err)
{
    struct local *local = calloc(1, sizeof *local);
    char *path = strdup(worker_path);

    if (!local || !path) {
        free(local);
        free(path);
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the local launcher");
    }
    local->worker_path = path;
    local->store_secret = store_secret;
    local->launcher = (struct fc_launcher){
        .version = FC_LAUNCHER_VERSION,
        .name = "local",
        .ctx = local,
        .submit = local_submit,
        .poll_fd = local_poll_fd,
        .poll = local_poll,
        .cancel = local_cancel,
        .release = local_release,
    };
    *ret = &local->launcher;
    return FC_OK;
}

void fc_launcher_local_free(struct fc_launcher *launcher)
{
    if (launcher) {
        struct local *local = (struct local *)launcher;
        free(local->worker_path);
        free(local);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop of the server. The hard part is to lose no call of a client that asks, waits for the answer and asks again.
 *
 * gRPC core answers calls that reach it after its shutdown with CANCELLED, which no client retries; and it tells clients
 * to go elsewhere (GOAWAY) only by that same shutdown. So the answers are held back for a moment: clients in a closed
 * loop then have nothing on the wire. The shutdown queues a GOAWAY on every connection, and the answers, sent after it on
 * the same connection, cannot overtake it: whoever reads one knows already where not to send the next call.
 */
#include <stdlib.h>

#include "base/cond.h"
#include "base/log.h"
#include "server/rpc/internal.h"

#define QUIET_STEP_NS (5 * FC_NS_PER_MS)
/* As many without a new call: nothing is on the wire any more, nor with a client that a busy machine lets wait. */
#define QUIET_STEPS     20
#define MAX_QUIET_STEPS 200 /* clients that do not wait for answers must not hold us up */
#define IDLE_STEPS                                                                                 \
    20 /* as many without a call in flight: what connections are left have nothing to say */
#define REPORT_NS (10 * FC_NS_PER_S)

void fc_rpc_server_on_stop(struct fc_rpc_server *server, void (*fn)(void *ctx), void *ctx)
{
    if (server->hook_count < MAX_STOP_HOOKS)
        server->hooks[server->hook_count++] = (struct stop_hook){.fn = fn, .ctx = ctx};
}

static void pause_ns(int64_t nanoseconds)
{
    struct timespec left = {.tv_sec = nanoseconds / FC_NS_PER_S,
                            .tv_nsec = nanoseconds % FC_NS_PER_S};

    while (nanosleep(&left, &left) != 0)
        ;
}

bool fc_drain_hold(struct fc_rpc_call *call)
{
    struct fc_rpc_server *server = call->server;
    bool hold;

    if (!atomic_load(&server->gate_closed))
        return false;
    pthread_mutex_lock(&server->mutex);
    hold = atomic_load(&server->gate_closed);
    if (hold) {
        call->next = server->held;
        server->held = call;
    }
    pthread_mutex_unlock(&server->mutex);
    return hold;
}

static uint64_t arrived(const struct fc_rpc_server *server)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < server->poller_count; i++)
        sum += atomic_load(&server->pollers[i].arrived);
    return sum;
}

/* Calls that are not freed yet. No new ones come when this is asked, so that the order of the sums does not matter. */
static uint64_t in_flight(const struct fc_rpc_server *server)
{
    uint64_t sum = arrived(server);

    for (unsigned i = 0; i < server->poller_count; i++)
        sum -= atomic_load(&server->pollers[i].gone);
    return sum;
}

static void close_gate(struct fc_rpc_server *server)
{
    uint64_t seen;
    int quiet = 0;

    atomic_store(&server->gate_closed, true);
    seen = arrived(server);
    for (int step = 0; step < MAX_QUIET_STEPS && quiet < QUIET_STEPS; step++) {
        uint64_t now;
        pause_ns(QUIET_STEP_NS);
        now = arrived(server);
        quiet = now == seen ? quiet + 1 : 0;
        seen = now;
    }
}

static void open_gate(struct fc_rpc_server *server)
{
    struct fc_rpc_call *held;

    pthread_mutex_lock(&server->mutex);
    atomic_store(&server->gate_closed, false);
    held = server->held;
    server->held = NULL;
    pthread_mutex_unlock(&server->mutex);
    while (held) {
        struct fc_rpc_call *call = held;
        held = call->next;
        call->next = NULL;
        fc_answer_send(call);
    }
}

static bool try_ref(struct fc_rpc_call *call)
{
    unsigned refs = atomic_load(&call->refs);

    while (refs > 0)
        if (atomic_compare_exchange_weak(&call->refs, &refs, refs + 1))
            return true;
    return false;
}

static void released(struct poller *poller FC_UNUSED, struct fc_rpc_call *call, bool ok FC_UNUSED)
{
    fc_call_unref(call);
}

/* Streams would keep the drain waiting for as long as their clients like. */
static void end_streams(struct fc_rpc_server *server)
{
    struct fc_rpc_call **calls = NULL;
    size_t count = 0;

    pthread_mutex_lock(&server->mutex);
    server->streams_ended = true;
    for (struct fc_rpc_call *call = server->streams; call; call = call->next_stream)
        count++;
    calls = calloc(count ? count : 1, sizeof(struct fc_rpc_call *));
    count = 0;
    for (struct fc_rpc_call *call = server->streams; call && calls; call = call->next_stream)
        if (try_ref(call))
            calls[count++] = call;
    pthread_mutex_unlock(&server->mutex);
    for (size_t i = 0; i < count; i++) {
        fc_stream_over(calls[i], true);
        /* Calls are freed by their poller, so the reference goes back by way of it. */
        calls[i]->on_release = (struct op){.call = calls[i], .done = released};
        fc_poller_batch(calls[i], NULL, 0, &calls[i]->on_release);
    }
    free(calls);
}

static void shut_down(struct poller *poller, struct fc_rpc_call *call FC_UNUSED, bool ok FC_UNUSED)
{
    struct fc_rpc_server *server = poller->server;

    pthread_mutex_lock(&server->mutex);
    server->shut_down = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->mutex);
}

/* True when the shutdown is complete; else the time is up. */
static bool wait_shut_down(struct fc_rpc_server *server, int64_t nanoseconds)
{
    struct timespec until = fc_cond_after(nanoseconds);
    bool done, waiting = true;

    pthread_mutex_lock(&server->mutex);
    while (!server->shut_down && waiting)
        waiting = fc_cond_wait_until(&server->changed, &server->mutex, &until);
    done = server->shut_down;
    pthread_mutex_unlock(&server->mutex);
    return done;
}

/*
 * Core's shutdown is complete when clients have closed their connections. One that sits idle may take long over that, so
 * we go by the calls: when none has been in flight for a moment, there is nothing more to wait for. False when the time
 * is up before.
 */
static bool wait_calls_over(struct fc_rpc_server *server, int64_t nanoseconds)
{
    int idle = 0;

    for (int64_t waited = 0; idle < IDLE_STEPS; waited += QUIET_STEP_NS) {
        if (wait_shut_down(server, QUIET_STEP_NS))
            return true;
        idle = in_flight(server) == 0 ? idle + 1 : 0;
        if (waited >= nanoseconds)
            return idle > 0;
    }
    return true;
}

/* gRPC reports its shutdown as complete while handlers still owe answers to calls that were cancelled. Freeing those
 * calls under their hands is no way out, so we wait, and say so. */
static void wait_answers(const struct fc_rpc_server *server)
{
    for (int64_t waited = 0; in_flight(server) > 0; waited += QUIET_STEP_NS) {
        if (waited > 0 && waited % REPORT_NS == 0)
            fc_log(FC_LOG_WARN, "the stop waits for handlers that have not answered",
                   FC_LOG_INT("calls", in_flight(server)));
        pause_ns(QUIET_STEP_NS);
    }
}

void fc_drain_shut_down(struct fc_rpc_server *server, int64_t drain_ns)
{
    server->on_shut_down = (struct op){.done = shut_down};
    TAG_RELEASE(&server->on_shut_down);
    grpc_server_shutdown_and_notify(server->handle, server->pollers[0].queue,
                                    &server->on_shut_down);
    open_gate(server);
    if (!server->pollers[0].running) /* a start that failed */
        fc_poller_run_until(&server->pollers[0], &server->shut_down);
    if (!wait_calls_over(server, drain_ns))
        fc_log(FC_LOG_WARN, "calls cancelled at the end of the drain");
    if (!wait_shut_down(server, 0)) {
        grpc_server_cancel_all_calls(server->handle); /* closes the connections too */
        while (!wait_shut_down(server, REPORT_NS))
            fc_log(FC_LOG_WARN, "the stop waits for connections to close");
    }
    wait_answers(server);
}

void fc_rpc_server_stop(struct fc_rpc_server *server)
{
    if (server->state != SERVER_RUNNING)
        return;
    for (size_t i = 0; i < server->hook_count; i++)
        server->hooks[i].fn(server->hooks[i].ctx);
    pause_ns(server->options.lame_duck_ns);
    end_streams(server);
    close_gate(server);
    fc_drain_shut_down(server, server->options.drain_ns);
    fc_server_tear_down(server);
    server->state = SERVER_STOPPED;
}

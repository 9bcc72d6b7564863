/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for feast-worker that follows no stream: once a second it says that it has read a hundred messages more,
 * and ends on SIGTERM. Hundreds of them fit on a small machine, so that what is measured is the server that keeps them.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/frame.h"
#include "feast/worker/v1/worker.pb-c.h"

#define SOCKET   3
#define A_SECOND 100

static volatile sig_atomic_t told_to_end;

static void end_soon(int signal_number FC_UNUSED)
{
    told_to_end = 1;
}

static bool say(const char *id, Feast__Worker__V1__WorkerMessage *message)
{
    struct fc_error err = FC_ERROR_INIT;

    message->id = (char *)id;
    return fc_frame_write(SOCKET, &message->base, &err) == FC_OK;
}

static bool say_progress(const char *id, uint64_t rows)
{
    Feast__Worker__V1__WorkerMessage message = FEAST__WORKER__V1__WORKER_MESSAGE__INIT;
    Feast__Worker__V1__Progress progress = FEAST__WORKER__V1__PROGRESS__INIT;
    Feast__Worker__V1__Position position = FEAST__WORKER__V1__POSITION__INIT;
    Feast__Worker__V1__Position *positions[] = {&position};
    Feast__Worker__V1__Receipt receipt = FEAST__WORKER__V1__RECEIPT__INIT;
    char offset[24];

    (void)snprintf(offset, sizeof offset, "%llu", (unsigned long long)rows);
    position.part = (char *)"0";
    position.offset = offset;
    receipt.rows_read = receipt.rows_written = rows;
    progress.rows_read = progress.rows_written = rows;
    progress.n_positions = 1;
    progress.positions = positions;
    progress.receipt = &receipt;
    progress.partitions = 1;
    progress.percent = -1;
    progress.phase = (char *)"follow";
    message.body_case = FEAST__WORKER__V1__WORKER_MESSAGE__BODY_PROGRESS;
    message.progress = &progress;
    return say(id, &message);
}

static void follow(const Feast__Worker__V1__WorkOrder *order)
{
    const Feast__Worker__V1__Progress *from = order->ingest_stream->ingest->from;
    uint64_t rows = from ? from->rows_read : 0;
    const struct timespec second = {.tv_sec = 1};

    while (!told_to_end && say_progress(order->id, rows)) {
        (void)nanosleep(&second, NULL);
        rows += A_SECOND;
    }
}

static void say_end(const char *id)
{
    Feast__Worker__V1__WorkerMessage message = FEAST__WORKER__V1__WORKER_MESSAGE__INIT;
    Feast__Worker__V1__Result result = FEAST__WORKER__V1__RESULT__INIT;
    Feast__Worker__V1__Receipt receipt = FEAST__WORKER__V1__RECEIPT__INIT;

    result.outcome_case = FEAST__WORKER__V1__RESULT__OUTCOME_RECEIPT;
    result.receipt = &receipt;
    message.body_case = FEAST__WORKER__V1__WORKER_MESSAGE__BODY_RESULT;
    message.result = &result;
    (void)say(id, &message);
}

int main(void)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_arena *arena = fc_arena_new((size_t)16 * 1024 * 1024);
    ProtobufCMessage *message = NULL;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGTERM, end_soon);
    if (fc_frame_read(SOCKET, &feast__worker__v1__work_order__descriptor, arena, NULL, 0, &message,
                      &err) != FC_OK)
        return EXIT_FAILURE;
    const Feast__Worker__V1__WorkOrder *order = (const void *)message;
    if (order->task_case != FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_STREAM)
        return EXIT_FAILURE;
    follow(order);
    say_end(order->id);
    fc_arena_free(arena);
    return EXIT_SUCCESS;
}

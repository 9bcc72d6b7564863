/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sinks/redis_writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sinks/redis_run.h"

/* One is filled, one is under way, one is ready when that is done. */
#define BATCHES ((size_t)3)
/* When of so many parts of a batch all but one were there, creating does not pay; now and then it is tried again. */
#define MOST_PARTS  4
#define TRIED_AGAIN 32

/* Batches are numbered; number n is in the ring at n % BATCHES. */
struct fc_redis_writer {
    struct fc_redis_runner runner; /* the thread's */
    const struct fc_sink_told *told;
    struct fc_redis_batch *batches;
    enum fc_redis_form best; /* that the server takes, as far as is known */
    bool create;
    unsigned updated; /* batches since creating was tried */
    fc_rc rc;
    struct fc_error err;
    size_t taken; /* back from the thread */
    pthread_mutex_t mutex;
    pthread_cond_t news, done;
    size_t sent, written; /* under the mutex, as is: */
    bool stopping;
    bool waits; /* the thread, for a reason that was not told yet: */
    char why[512];
    pthread_t thread;
    bool started;
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for rows on their way to Redis");
}

/* ---- The thread ---- */

static struct fc_redis_batch *next(struct fc_redis_writer *writer)
{
    struct fc_redis_batch *batch = NULL;

    pthread_mutex_lock(&writer->mutex);
    while (writer->sent == writer->written && !writer->stopping)
        pthread_cond_wait(&writer->news, &writer->mutex);
    if (!writer->stopping)
        batch = &writer->batches[writer->written % BATCHES];
    pthread_mutex_unlock(&writer->mutex);
    return batch;
}

/* Whoever waits for the batch tells it. */
static bool again(void *ctx, const char *why)
{
    struct fc_redis_writer *writer = ctx;

    pthread_mutex_lock(&writer->mutex);
    writer->waits = true;
    (void)snprintf(writer->why, sizeof(writer->why), "%s", why);
    pthread_cond_signal(&writer->done);
    bool goes_on = !writer->stopping;
    pthread_mutex_unlock(&writer->mutex);
    return goes_on;
}

static void *write_all(void *arg)
{
    struct fc_redis_writer *writer = arg;
    struct fc_redis_batch *batch = NULL;
    bool broken = false;

    while ((batch = next(writer))) {
        /* Nothing is written behind a gap. */
        if (!broken)
            batch->rc = fc_redis_run_batch(&writer->runner, batch, &batch->err);
        broken = broken || batch->rc != FC_OK;
        pthread_mutex_lock(&writer->mutex);
        writer->written++;
        pthread_cond_signal(&writer->done);
        pthread_mutex_unlock(&writer->mutex);
    }
    return NULL;
}

/* ---- Opening and closing ---- */

static fc_rc start(struct fc_redis_writer *writer, struct fc_error *err)
{
    int failed = pthread_create(&writer->thread, NULL, write_all, writer);

    if (failed != 0)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "cannot start a thread for Redis: %s",
                       strerror(failed));
    writer->started = true;
    return FC_OK;
}

fc_rc fc_redis_writer_open(const struct fc_redis_writer_options *options,
                           struct fc_redis_writer **ret, struct fc_error *err)
{
    struct fc_redis_writer *writer = calloc(1, sizeof *writer);

    if (!writer)
        return no_memory(err);
    (void)pthread_mutex_init(&writer->mutex, NULL);
    (void)pthread_cond_init(&writer->news, NULL);
    (void)pthread_cond_init(&writer->done, NULL);
    writer->told = options->told;
    writer->best = FC_REDIS_COMPACT;
    writer->create = true;
    writer->batches = calloc(BATCHES, sizeof *writer->batches);
    fc_rc rc =
        writer->batches ? fc_redis_runner_open(&writer->runner, options, err) : no_memory(err);
    if (rc == FC_OK) {
        fc_redis_client_again(writer->runner.client, again, writer);
        rc = start(writer, err);
    }
    if (rc != FC_OK) {
        fc_redis_writer_close(writer);
        return rc;
    }
    writer->batches[0].form = writer->best;
    *ret = writer;
    return FC_OK;
}

void fc_redis_writer_close(struct fc_redis_writer *writer)
{
    if (!writer)
        return;
    if (writer->started) {
        pthread_mutex_lock(&writer->mutex);
        writer->stopping = true;
        pthread_cond_signal(&writer->news);
        pthread_mutex_unlock(&writer->mutex);
        (void)pthread_join(writer->thread, NULL);
    }
    fc_redis_runner_close(&writer->runner);
    for (size_t i = 0; writer->batches && i < BATCHES; i++)
        fc_buf_done(&writer->batches[i].bytes);
    free(writer->batches);
    (void)pthread_cond_destroy(&writer->done);
    (void)pthread_cond_destroy(&writer->news);
    (void)pthread_mutex_destroy(&writer->mutex);
    free(writer);
}

/* ---- Batches ---- */

/* Whether the next batches are worth the attempt. */
static void learn(struct fc_redis_writer *writer, const struct fc_redis_batch *batch)
{
    bool created = batch->form != FC_REDIS_NO_DUMP;

    if (batch->refused && batch->form == writer->best)
        writer->best = batch->form == FC_REDIS_COMPACT ? FC_REDIS_PLAIN : FC_REDIS_NO_DUMP;
    if (!created)
        writer->create = ++writer->updated >= TRIED_AGAIN;
    else
        writer->create = batch->there * MOST_PARTS <= batch->count * (MOST_PARTS - 1);
    if (created)
        writer->updated = 0;
}

/* Until the oldest batch is written, or the caller does not want to wait for it. */
static fc_rc wait_written(struct fc_redis_writer *writer, struct fc_error *err)
{
    char why[sizeof(writer->why)];
    fc_rc rc = FC_OK;

    pthread_mutex_lock(&writer->mutex);
    while (rc == FC_OK && writer->written == writer->taken) {
        if (writer->waits && writer->told->waits) {
            writer->waits = false;
            memcpy(why, writer->why, sizeof(why));
            pthread_mutex_unlock(&writer->mutex);
            rc = writer->told->waits(writer->told->ctx, why, err);
            pthread_mutex_lock(&writer->mutex);
        } else {
            pthread_cond_wait(&writer->done, &writer->mutex);
        }
    }
    writer->waits = false;
    pthread_mutex_unlock(&writer->mutex);
    return rc;
}

static fc_rc take_back(struct fc_redis_writer *writer, struct fc_error *err)
{
    struct fc_redis_batch *batch = &writer->batches[writer->taken % BATCHES];
    fc_rc rc = wait_written(writer, err);

    if (rc != FC_OK) {
        writer->rc = rc;
        writer->err = *err;
        return rc;
    }
    writer->taken++;
    if (batch->rc != FC_OK) {
        writer->rc = batch->rc;
        writer->err = *err = batch->err;
        return batch->rc;
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct fc_redis_place *place = &batch->places[i];
        writer->told->fn(writer->told->ctx,
                         (fc_str){.ptr = batch->bytes.ptr + place->key_at, .len = place->key_len},
                         !place->late);
    }
    learn(writer, batch);
    return FC_OK;
}

/* `sent` is written by the caller's thread alone, which may read it without the mutex. */
struct fc_redis_batch *fc_redis_writer_batch(struct fc_redis_writer *writer)
{
    return &writer->batches[writer->sent % BATCHES];
}

fc_rc fc_redis_writer_send(struct fc_redis_writer *writer, struct fc_error *err)
{
    fc_rc rc = writer->rc;

    if (rc != FC_OK) {
        *err = writer->err;
        return rc;
    }
    pthread_mutex_lock(&writer->mutex);
    writer->sent++;
    pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->mutex);
    if (writer->sent - writer->taken == BATCHES)
        rc = take_back(writer, err);
    struct fc_redis_batch *batch = fc_redis_writer_batch(writer);
    if (rc == FC_OK) {
        fc_buf_clear(&batch->bytes);
        batch->count = batch->there = 0;
        batch->refused = false;
        batch->form = writer->create ? writer->best : FC_REDIS_NO_DUMP;
    }
    return rc;
}

fc_rc fc_redis_writer_finish(struct fc_redis_writer *writer, struct fc_error *err)
{
    fc_rc rc = writer->rc;

    if (rc != FC_OK)
        *err = writer->err;
    else if (fc_redis_writer_batch(writer)->count > 0)
        rc = fc_redis_writer_send(writer, err);
    while (rc == FC_OK && writer->taken < writer->sent)
        rc = take_back(writer, err);
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/duck/ahead.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

/* Chunks that wait, of 2048 rows at most. */
#define WAITING_MAX 8

struct fc_duck_ahead {
    duckdb_result *result;
    pthread_t thread;
    pthread_mutex_t lock; /**< guards the rest */
    pthread_cond_t changed;
    duckdb_data_chunk chunks[WAITING_MAX];
    size_t first, count;
    bool ended, stopped;
};

/* False: no more are wanted. */
static bool hand_on(struct fc_duck_ahead *ahead, duckdb_data_chunk chunk)
{
    pthread_mutex_lock(&ahead->lock);
    while (ahead->count == WAITING_MAX && !ahead->stopped)
        pthread_cond_wait(&ahead->changed, &ahead->lock);
    bool wanted = chunk && !ahead->stopped;
    if (wanted)
        ahead->chunks[(ahead->first + ahead->count++) % WAITING_MAX] = chunk;
    ahead->ended = !wanted;
    pthread_cond_signal(&ahead->changed);
    pthread_mutex_unlock(&ahead->lock);
    return wanted;
}

static void *decode(void *ctx)
{
    struct fc_duck_ahead *ahead = ctx;
    duckdb_data_chunk chunk;

    do
        chunk = duckdb_stream_fetch_chunk(*ahead->result);
    while (hand_on(ahead, chunk));
    duckdb_destroy_data_chunk(&chunk);
    return NULL;
}

struct fc_duck_ahead *fc_duck_ahead_start(duckdb_result *result)
{
    struct fc_duck_ahead *ahead = calloc(1, sizeof *ahead);

    if (!ahead)
        return NULL;
    ahead->result = result;
    (void)pthread_mutex_init(&ahead->lock, NULL);
    (void)pthread_cond_init(&ahead->changed, NULL);
    if (pthread_create(&ahead->thread, NULL, decode, ahead) == 0)
        return ahead;
    (void)pthread_cond_destroy(&ahead->changed);
    (void)pthread_mutex_destroy(&ahead->lock);
    free(ahead);
    return NULL;
}

duckdb_data_chunk fc_duck_ahead_next(struct fc_duck_ahead *ahead)
{
    duckdb_data_chunk chunk = NULL;

    pthread_mutex_lock(&ahead->lock);
    while (ahead->count == 0 && !ahead->ended)
        pthread_cond_wait(&ahead->changed, &ahead->lock);
    if (ahead->count > 0) {
        chunk = ahead->chunks[ahead->first];
        ahead->first = (ahead->first + 1) % WAITING_MAX;
        ahead->count--;
        pthread_cond_signal(&ahead->changed);
    }
    pthread_mutex_unlock(&ahead->lock);
    return chunk;
}

void fc_duck_ahead_stop(struct fc_duck_ahead *ahead)
{
    duckdb_data_chunk chunk;

    if (!ahead)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->stopped = true;
    pthread_cond_signal(&ahead->changed);
    pthread_mutex_unlock(&ahead->lock);
    (void)pthread_join(ahead->thread, NULL);
    while ((chunk = fc_duck_ahead_next(ahead)))
        duckdb_destroy_data_chunk(&chunk);
    (void)pthread_cond_destroy(&ahead->changed);
    (void)pthread_mutex_destroy(&ahead->lock);
    free(ahead);
}

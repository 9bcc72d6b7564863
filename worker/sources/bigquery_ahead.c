/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/bigquery_ahead.h"

#include <pthread.h>

#define WAITING_MAX 2

struct page {
    json_t *json;
    int64_t total, bytes;
};

/* Between the two threads; all but `ahead` under the lock. */
struct queue {
    const struct fc_bq_ahead *ahead;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct page pages[WAITING_MAX];
    size_t first, count;
    bool stopped; /* the caller takes no more */
    bool ended;   /* the producer gives no more; what follows is its outcome */
    fc_rc rc;
    struct fc_error err; /* written by the producer alone */
};

static fc_rc put(void *ctx, json_t *json, int64_t total, struct fc_error *err)
{
    struct queue *queue = ctx;
    struct page page = {
        .json = json, .total = total, .bytes = fc_http_stats(queue->ahead->service->http).bytes};

    pthread_mutex_lock(&queue->lock);
    while (queue->count == WAITING_MAX && !queue->stopped)
        pthread_cond_wait(&queue->changed, &queue->lock);
    bool stopped = queue->stopped;
    if (!stopped)
        queue->pages[(queue->first + queue->count++) % WAITING_MAX] = page;
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    if (!stopped)
        return FC_OK;
    json_decref(page.json);
    return fc_fail(err, FC_REASON_CANCELLED, "no more pages are taken");
}

static void *produce(void *ctx)
{
    struct queue *queue = ctx;

    fc_rc rc = queue->ahead->produce(queue->ahead->produce_ctx, put, queue, &queue->err);
    pthread_mutex_lock(&queue->lock);
    queue->rc = rc;
    queue->ended = true;
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

/* False at the end. */
static bool next(struct queue *queue, struct page *ret)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->count == 0 && !queue->ended)
        pthread_cond_wait(&queue->changed, &queue->lock);
    bool found = queue->count > 0;
    if (found) {
        *ret = queue->pages[queue->first];
        queue->first = (queue->first + 1) % WAITING_MAX;
        queue->count--;
        pthread_cond_signal(&queue->changed);
    }
    pthread_mutex_unlock(&queue->lock);
    return found;
}

static fc_rc take_all(struct queue *queue, struct fc_error *err)
{
    const struct fc_bq_ahead *ahead = queue->ahead;
    struct page page;
    fc_rc rc = FC_OK;

    while (rc == FC_OK && next(queue, &page)) {
        rc = ahead->take(ahead->take_ctx, page.json, page.total, page.bytes, err);
        json_decref(page.json);
    }
    pthread_mutex_lock(&queue->lock);
    queue->stopped = true;
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    return rc;
}

fc_rc fc_bq_read_ahead(const struct fc_bq_ahead *ahead, struct fc_error *err)
{
    struct queue queue = {.ahead = ahead,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .changed = PTHREAD_COND_INITIALIZER,
                          .err = FC_ERROR_INIT};
    pthread_t thread;
    struct page page;

    if (pthread_create(&thread, NULL, produce, &queue) != 0)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "%s: no thread to read its pages",
                       ahead->service->what);
    fc_rc rc = take_all(&queue, err);
    (void)pthread_join(thread, NULL);
    while (next(&queue, &page))
        json_decref(page.json);
    pthread_cond_destroy(&queue.changed);
    pthread_mutex_destroy(&queue.lock);
    if (rc == FC_OK && queue.rc != FC_OK)
        *err = queue.err;
    return rc != FC_OK ? rc : queue.rc;
}

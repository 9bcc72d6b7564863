/* SPDX-License-Identifier: Apache-2.0 */
/* Reads of stores in Redis, off the queues: those that wait at the same time share a pipeline. */
#include <stdlib.h>

#include "server/services/serving_fetch.h"

struct remote {
    struct fc_online_work work; /* first */
    struct fc_rpc_call *call;
    struct serving_read *read;
    serving_answer_fn answer;
    struct serving_fetch *fetches;
    size_t fetch_count;
    size_t next; /* fetch that has no answers yet */
    bool failed;
    const struct fc_error *why; /* NULL: there was no memory for it */
};

static struct remote *next_of(const struct remote *remote)
{
    return (struct remote *)remote->work.next;
}

static void drop_answers(struct remote *remote)
{
    for (size_t i = 0; i < remote->fetch_count; i++)
        fc_redis_calls_done(remote->fetches[i].calls, remote->fetches[i].call_count);
}

/* The call is told at the end: with it goes this struct, which holds the chain. */
static void fail(struct remote *remote, const struct fc_error *err)
{
    remote->failed = true;
    remote->why = fc_arena_memdup(remote->read->arena, err, sizeof *err);
}

/* The end of the call. */
static void finish(struct remote *remote)
{
    struct fc_error err = FC_ERROR_INIT;

    drop_answers(remote);
    if (!remote->failed) {
        remote->answer(remote->call, remote->read);
    } else if (!remote->why) {
        fc_request_fail_too_large(remote->call);
    } else {
        err = *remote->why;
        fc_rpc_fail(remote->call, &err, NULL);
    }
}

static void begin(struct remote *remote)
{
    struct fc_error err = FC_ERROR_INIT;

    if (fc_rpc_cancelled(remote->call))
        (void)fc_fail(&err, FC_REASON_CANCELLED, "the client no longer waits for the answer");
    else
        (void)!serving_fetch_prepare(remote->read, &remote->fetches, &remote->fetch_count, &err);
    if (err.rc != FC_OK)
        fail(remote, &err);
}

/* ---- A pipeline ---- */

/* Those of the chain whose next table is in this store. */
static struct serving_fetch *next_in(const struct remote *remote,
                                     const struct fc_redis_store *store)
{
    if (remote->failed || remote->next == remote->fetch_count)
        return NULL;
    struct serving_fetch *fetch = &remote->fetches[remote->next];
    return fetch->table->store == store ? fetch : NULL;
}

static void move_calls(struct remote *first, const struct fc_redis_store *store,
                       struct fc_redis_call *calls, bool out)
{
    for (struct remote *each = first; each; each = next_of(each)) {
        struct serving_fetch *fetch = next_in(each, store);
        for (size_t i = 0; fetch && i < fetch->call_count; i++, calls++)
            if (out)
                *calls = fetch->calls[i];
            else
                fetch->calls[i].reply = calls->reply;
    }
}

/* All at once; after a failure those that have all their answers go on. */
static fc_rc exchange(struct remote *first, const struct fc_redis_store *store,
                      struct fc_redis_client *client, struct fc_error *err)
{
    size_t count = 0;

    for (struct remote *each = first; each; each = next_of(each)) {
        const struct serving_fetch *fetch = next_in(each, store);
        count += fetch ? fetch->call_count : 0;
    }
    if (count == 0)
        return FC_OK;
    struct fc_redis_call *calls = calloc(count, sizeof *calls);
    if (!calls)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for reads of online stores");
    move_calls(first, store, calls, true);
    fc_rc rc = fc_redis_run(client, calls, count, err);
    move_calls(first, store, calls, false);
    free(calls);
    return rc;
}

static void take(struct remote *remote, struct serving_fetch *fetch,
                 const struct fc_redis_client *client, const struct fc_error *why)
{
    struct fc_error err = FC_ERROR_INIT;

    for (size_t i = 0; i < fetch->call_count; i++) {
        if (!fetch->calls[i].reply) {
            fail(remote, why);
            return;
        }
    }
    remote->next++;
    if (serving_fetch_take(fetch, client, &err) != FC_OK)
        fail(remote, &err);
}

static void pipeline(struct remote *first, const struct fc_redis_store *store,
                     struct fc_online_clients *clients)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_redis_client *client = NULL;

    fc_rc rc = fc_online_client(clients, store, &client, &err);
    if (rc == FC_OK)
        (void)!exchange(first, store, client, &err);
    for (struct remote *each = first; each; each = next_of(each)) {
        struct serving_fetch *fetch = next_in(each, store);
        if (fetch && !client)
            fail(each, &err);
        else if (fetch)
            take(each, fetch, client, &err);
    }
}

static void run(struct fc_online_work *work, struct fc_online_clients *clients)
{
    struct remote *first = (struct remote *)work, *next = NULL;

    for (struct remote *each = first; each; each = next_of(each))
        begin(each);
    for (struct remote *each = first; each; each = next_of(each))
        while (!each->failed && each->next < each->fetch_count)
            pipeline(each, each->fetches[each->next].table->store, clients);
    for (struct remote *each = first; each; each = next) {
        next = next_of(each);
        finish(each);
    }
}

/* ---- */

static const struct fc_redis_store *first_store(const struct serving_read *read)
{
    for (size_t t = 0; t < read->table_count; t++)
        if (read->tables[t].store)
            return read->tables[t].store;
    return NULL;
}

void serving_answer(struct fc_rpc_call *call, struct serving_read *read, serving_answer_fn answer)
{
    const struct fc_redis_store *store = first_store(read);
    struct fc_error err = FC_ERROR_INIT;

    if (!store) {
        answer(call, read);
        return;
    }
    struct remote *remote = fc_arena_alloc(read->arena, sizeof *remote);
    if (!remote) {
        fc_request_fail_too_large(call);
        return;
    }
    *remote = (struct remote){.work = {.run = run}, .call = call, .read = read, .answer = answer};
    if (fc_online_pool_add(read->services->online_pool, store, &remote->work, &err) != FC_OK)
        fc_rpc_fail(call, &err, NULL);
}

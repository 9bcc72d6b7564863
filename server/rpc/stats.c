/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rpc/internal.h"

const double fc_rpc_bucket_bounds[FC_RPC_BUCKETS] = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
    0.025,  0.05,    0.1,    0.5,   1,      5,     __builtin_inf(),
};

void fc_stats_add(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + value,
                          memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void fc_stats_started(struct poller *poller, const struct method *method)
{
    fc_stats_add(&poller->counters[method->index].started, 1);
}

void fc_stats_handled(struct poller *poller, const struct method *method, fc_rc code,
                      int64_t nanoseconds)
{
    struct method_counters *counters = &poller->counters[method->index];
    size_t index = (unsigned)code < FC_RPC_CODES ? (size_t)code : FC_UNKNOWN, bucket = 0;
    double seconds = (double)nanoseconds / (double)FC_NS_PER_S;

    while (bucket < FC_RPC_BUCKETS - 1 && seconds > fc_rpc_bucket_bounds[bucket])
        bucket++;
    fc_stats_add(&counters->codes[index].buckets[bucket], 1);
    fc_stats_add(&counters->codes[index].handled, 1);
    fc_stats_add(&counters->codes[index].nanoseconds, (uint64_t)nanoseconds);
}

static void add_counters(const struct method_counters *counters, struct fc_rpc_method_stats *ret)
{
    ret->started += get(&counters->started);
    for (size_t code = 0; code < FC_RPC_CODES; code++) {
        double seconds = (double)get(&counters->codes[code].nanoseconds) / (double)FC_NS_PER_S;
        uint64_t so_far = 0;

        ret->handled[code] += get(&counters->codes[code].handled);
        ret->code_seconds[code] += seconds;
        ret->seconds_sum += seconds;
        for (size_t k = 0; k < FC_RPC_BUCKETS; k++) {
            so_far += get(&counters->codes[code].buckets[k]);
            ret->code_buckets[code][k] += so_far;
            ret->buckets[k] += so_far;
        }
    }
}

static void sum(const struct fc_rpc_server *server, const struct method *method,
                struct fc_rpc_method_stats *ret)
{
    *ret = (struct fc_rpc_method_stats){.path = method->row.path, .kind = method->row.kind};
    for (unsigned i = 0; i < server->poller_count; i++)
        add_counters(&server->pollers[i].counters[method->index], ret);
}

void fc_rpc_server_stats(struct fc_rpc_server *server, fc_rpc_stats_fn fn, void *ctx)
{
    struct fc_rpc_method_stats stats;

    if (server->state == SERVER_NEW)
        return;
    for (size_t i = 0; i < server->method_count; i++) {
        sum(server, &server->methods[i], &stats);
        fn(ctx, &stats);
    }
    sum(server, &server->unknown, &stats);
    fn(ctx, &stats);
}

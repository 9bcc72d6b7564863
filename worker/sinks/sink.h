/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where ingested rows go, behind one table. A sink keeps the newest row of each key by (event, created); between
 * equal ones the later call wins. Each kind is one file. One thread.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "storage/online/sqlite.h"

#define FC_SINK_VERSION 2

struct fc_sink;

/** What a sink tells; both within its calls, in the caller's thread. */
struct fc_sink_told {
    /** What became of a row that was put: `written` is false when a newer one stays. `key` is that of the row. */
    void (*fn)(void *ctx, fc_str key, bool written);
    /**
     * The store takes nothing at the moment and is waited for; again before each further attempt. `why` names the store,
     * and no secret. A failure ends the call with it. May be NULL.
     */
    fc_rc (*waits)(void *ctx, const char *why, struct fc_error *err);
    void *ctx;
};

struct fc_sink_ops {
    unsigned version; /**< FC_SINK_VERSION */
    const char *kind; /**< "sqlite" */
    bool (*accepts)(const Feast__Worker__V1__Ingest *order);
    fc_rc (*open)(const Feast__Worker__V1__Ingest *order, const struct fc_sink_told *told,
                  struct fc_arena *arena, struct fc_sink **ret, struct fc_error *err);
    /** Not durable before commit; `told` is called within this call or a later one, of commit at the latest. */
    fc_rc (*put)(struct fc_sink *sink, const struct fc_online_row *row, struct fc_error *err);
    /** What was put is with the store, and durable as far as the store is; fine without a put before. */
    fc_rc (*commit)(struct fc_sink *sink, struct fc_error *err);
    /** Drops what was not committed. */
    void (*close)(struct fc_sink *sink);
};

/** The table entry that writes to the order's sink; REQUEST_INVALID when there is none. */
FC_MUST fc_rc fc_sink_ops_for(const Feast__Worker__V1__Ingest *order,
                              const struct fc_sink_ops **ret, struct fc_error *err);

extern const struct fc_sink_ops fc_sink_sqlite;
extern const struct fc_sink_ops fc_sink_redis;

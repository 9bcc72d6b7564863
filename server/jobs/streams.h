/* SPDX-License-Identifier: Apache-2.0 */
/** What this server does with stream sources: which projects', from where on, and by what names it keeps their places. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "feast/core/DataSource.pb-c.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "storage/online/stores.h"

/** All zero: every project, from the earliest message on. */
struct fc_stream_policy {
    const char *const *projects; /**< allowed ones, NULL-terminated; NULL or none: all */
    Feast__Worker__V1__IngestStream__Start start;
    int64_t start_s; /**< of AT_TIME, since 1970 */
    int32_t start_ns;
};

/** `earliest`, `latest` or a time as RFC 3339 has it; else CONFIG_INVALID. */
FC_MUST fc_rc fc_stream_start_parse(const char *text, struct fc_stream_policy *ret,
                                    struct fc_error *err);
bool fc_stream_project_allowed(const struct fc_stream_policy *policy, const char *project);

/** Whether the table has a stream source that says where it is. */
bool fc_stream_has_source(const Feast__Core__FeatureTableSpec *spec);

/**
 * The name of a stream, equal for sources that give the same messages at the same places: topic and brokers, in any
 * order, or stream and region. In the arena; NULL when that is exhausted.
 */
const char *fc_stream_source_key(const Feast__Core__DataSource *source, struct fc_arena *arena);
/** The name of an online store, NULL being the embedded one: nodes, in any order, database and layout. */
const char *fc_stream_store_key(const struct fc_redis_store *store, struct fc_arena *arena);

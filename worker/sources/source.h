/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where feature data comes from, behind one table: describe the columns, sample rows. Each kind of source is one file.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "feast/core/DataSource.pb-c.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "worker/contract/column.h"

#define FC_SOURCE_VERSION 1

struct fc_source;

struct fc_source_ops {
    unsigned version; /**< FC_SOURCE_VERSION */
    const char *kind; /**< "file" */
    /** Whether this kind reads the given source. */
    bool (*accepts)(const Feast__Core__DataSource *source);
    /** Finds it and reads its schema. Missing, denied, empty: SOURCE_UNREACHABLE; there but unreadable: SOURCE_INVALID. */
    fc_rc (*open)(const Feast__Core__DataSource *source, const Feast__Worker__V1__Limits *limits,
                  struct fc_arena *arena, struct fc_source **ret, struct fc_error *err);
    /** Columns, files seen, files that disagree. */
    fc_rc (*describe)(struct fc_source *source, struct fc_arena *arena, struct fc_source_schema *ret,
                      struct fc_error *err);
    /** Calls `fn` with batches of the named columns, spread over the source, until the limits are reached. */
    fc_rc (*sample)(struct fc_source *source, const char *const *columns, size_t count, fc_batch_fn fn, void *ctx,
                    struct fc_error *err);
    void (*close)(struct fc_source *source);
};

/** The table entry that reads this source; SOURCE_UNSUPPORTED when none does. */
FC_MUST fc_rc fc_source_ops_for(const Feast__Core__DataSource *source, const struct fc_source_ops **ret,
                                struct fc_error *err);

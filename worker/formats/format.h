/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Message formats of streams behind one table: a schema that the table declares, then messages decoded by it into the
 * contract's cells. Knows no broker.
 *
 * Columns are the top-level fields of the record; `a.b` names a field of a nested one, `m.key` the value of a map.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/sys.h"
#include "feast/core/DataFormat.pb-c.h"
#include "worker/contract/column.h"
#include "worker/net/access.h"

#define FC_FORMAT_VERSION 2

struct fc_format;

struct fc_format_env {
    const struct fc_access *access;
    const struct fc_sys *sys;
    int64_t deadline_ns; /**< monotonic, 0 for none */
};

/** One thread at a time. A format lives in the arena that it was opened with, and as long. */
struct fc_format_ops {
    unsigned version; /**< FC_FORMAT_VERSION */
    const char *kind; /**< "avro", "protobuf" */
    bool (*accepts)(const Feast__Core__StreamFormat *format);
    /**
     * Reads the schema. One that does not parse: SOURCE_INVALID; a class that no descriptor set has: SOURCE_UNREACHABLE when
     * there is no set to look in, else SOURCE_INVALID.
     */
    fc_rc (*open)(const struct fc_format_env *env, const Feast__Core__StreamFormat *format,
                  struct fc_arena *arena, struct fc_format **ret, struct fc_error *err);
    /**
     * The columns that a table may name, nested ones as `a.b`, in the order of the schema and down to a bounded depth; then
     * those of `wanted` that are found only by looking for them: map values, and what lies deeper.
     */
    fc_rc (*describe)(struct fc_format *format, const char *const *wanted, size_t wanted_count,
                      struct fc_arena *arena, struct fc_source_column **ret, size_t *ret_count,
                      struct fc_error *err);
    /** The columns that `decode` gives from now on; a name that the schema does not have is SOURCE_MISMATCH. */
    fc_rc (*select)(struct fc_format *format, const char *const *columns, size_t count,
                    struct fc_error *err);
    /**
     * One message into one cell for each selected column, typed as described; cells point into the message and the
     * arena. Bytes that are no such message: SOURCE_INVALID, saying where and why.
     */
    fc_rc (*decode)(struct fc_format *format, fc_str message, struct fc_arena *arena,
                    struct fc_cell *ret, struct fc_error *err);
    /** What is worth telling of the messages decoded so far (Confluent framing …), in the arena; NULL for nothing. */
    const char *(*remark)(const struct fc_format *format, struct fc_arena *arena);
};

extern const struct fc_format_ops fc_format_avro, fc_format_protobuf;

/** The table entry; SOURCE_UNSUPPORTED when none reads this format. */
FC_MUST fc_rc fc_format_ops_for(const Feast__Core__StreamFormat *format,
                                const struct fc_format_ops **ret, struct fc_error *err);

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Avro schemas: JSON text into a tree, by the rules of Avro 1.11 (types, names, references). One parser for the registry,
 * which refuses a broken schema when a table is applied, and for the worker, which decodes with it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum fc_avro_kind {
    FC_AVRO_NULL,
    FC_AVRO_BOOLEAN,
    FC_AVRO_INT,
    FC_AVRO_LONG,
    FC_AVRO_FLOAT,
    FC_AVRO_DOUBLE,
    FC_AVRO_BYTES,
    FC_AVRO_STRING,
    FC_AVRO_RECORD,
    FC_AVRO_ENUM,
    FC_AVRO_FIXED,
    FC_AVRO_ARRAY,
    FC_AVRO_MAP,
    FC_AVRO_UNION,
};

/** One that is unknown, or stands on a type that it does not fit, is NONE, as the specification asks. */
enum fc_avro_logical {
    FC_AVRO_LOGICAL_NONE,
    FC_AVRO_DECIMAL,
    FC_AVRO_UUID,
    FC_AVRO_DURATION,
    FC_AVRO_DATE,
    FC_AVRO_TIME_MILLIS,
    FC_AVRO_TIME_MICROS,
    FC_AVRO_TIMESTAMP_MILLIS,
    FC_AVRO_TIMESTAMP_MICROS,
    FC_AVRO_TIMESTAMP_NANOS,
    FC_AVRO_LOCAL_TIMESTAMP_MILLIS,
    FC_AVRO_LOCAL_TIMESTAMP_MICROS,
    FC_AVRO_LOCAL_TIMESTAMP_NANOS,
};

struct fc_avro_type;

struct fc_avro_field {
    const char *name;
    const struct fc_avro_type *type;
};

/** Immutable. A recursive schema refers to a record from within itself: the tree is a graph. */
struct fc_avro_type {
    enum fc_avro_kind kind;
    enum fc_avro_logical logical;
    uint32_t precision, scale; /**< of a DECIMAL */
    uint64_t size;             /**< of a FIXED */
    const char *name;          /**< full name of a RECORD, ENUM or FIXED, else NULL */
    union {
        struct fc_avro_field *fields;         /**< RECORD: count of them */
        const char **symbols;                 /**< ENUM: count of them */
        const struct fc_avro_type **branches; /**< UNION: count of them; ARRAY, MAP: one */
    } as;
    size_t count;
};

/**
 * The type, in the arena; or NULL, and `*ret_problem` says what is wrong and where, in the arena (a fixed text when that
 * is exhausted).
 */
const struct fc_avro_type *fc_avro_parse(struct fc_arena *arena, const char *schema_json,
                                         const char **ret_problem);

/** "int", "record", "union" */
const char *fc_avro_kind_name(enum fc_avro_kind kind);

/** "timestamp-millis"; "" for NONE. */
const char *fc_avro_logical_name(enum fc_avro_logical logical);

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "worker/formats/avro.h"

#define DECIMAL_DIGITS_MAX 38
/* Types within types are written out down to here. */
#define TEXT_DEPTH 8

typedef struct fc_avro_type avro_type;

static const struct {
    enum fc_column_kind kind;
    bool nanos;
} LOGICALS[] = {
    [FC_AVRO_DECIMAL] = {FC_COLUMN_DECIMAL, false},
    [FC_AVRO_UUID] = {FC_COLUMN_STRING, false},
    [FC_AVRO_DURATION] = {FC_COLUMN_BINARY, false},
    [FC_AVRO_DATE] = {FC_COLUMN_DATE, false},
    [FC_AVRO_TIME_MILLIS] = {FC_COLUMN_TIME, false},
    [FC_AVRO_TIME_MICROS] = {FC_COLUMN_TIME, false},
    [FC_AVRO_TIMESTAMP_MILLIS] = {FC_COLUMN_TIMESTAMP_UTC, false},
    [FC_AVRO_TIMESTAMP_MICROS] = {FC_COLUMN_TIMESTAMP_UTC, false},
    [FC_AVRO_TIMESTAMP_NANOS] = {FC_COLUMN_TIMESTAMP_UTC, true},
    [FC_AVRO_LOCAL_TIMESTAMP_MILLIS] = {FC_COLUMN_TIMESTAMP_NAIVE, false},
    [FC_AVRO_LOCAL_TIMESTAMP_MICROS] = {FC_COLUMN_TIMESTAMP_NAIVE, false},
    [FC_AVRO_LOCAL_TIMESTAMP_NANOS] = {FC_COLUMN_TIMESTAMP_NAIVE, true},
};

static const enum fc_column_kind KINDS[] = {
    [FC_AVRO_NULL] = FC_COLUMN_NULL,     [FC_AVRO_BOOLEAN] = FC_COLUMN_BOOL,
    [FC_AVRO_INT] = FC_COLUMN_INT32,     [FC_AVRO_LONG] = FC_COLUMN_INT64,
    [FC_AVRO_FLOAT] = FC_COLUMN_FLOAT32, [FC_AVRO_DOUBLE] = FC_COLUMN_FLOAT64,
    [FC_AVRO_BYTES] = FC_COLUMN_BINARY,  [FC_AVRO_STRING] = FC_COLUMN_STRING,
    [FC_AVRO_RECORD] = FC_COLUMN_STRUCT, [FC_AVRO_ENUM] = FC_COLUMN_STRING,
    [FC_AVRO_FIXED] = FC_COLUMN_BINARY,  [FC_AVRO_ARRAY] = FC_COLUMN_LIST,
    [FC_AVRO_MAP] = FC_COLUMN_MAP,       [FC_AVRO_UNION] = FC_COLUMN_UNION,
};

const avro_type *fc_avro_unwrap(const avro_type *type)
{
    const avro_type *only = NULL;

    if (type->kind != FC_AVRO_UNION)
        return type;
    for (size_t i = 0; i < type->count; i++) {
        if (type->as.branches[i]->kind == FC_AVRO_NULL)
            continue;
        if (only)
            return type;
        only = type->as.branches[i];
    }
    /* Nothing but null, or nothing at all. */
    return only ? only : type->count > 0 ? type->as.branches[0] : type;
}

static const char *text_of(const avro_type *type, struct fc_arena *arena, unsigned depth)
{
    const char *text = "";

    type = fc_avro_unwrap(type);
    if (type->logical == FC_AVRO_DECIMAL)
        return fc_arena_printf(arena, "decimal(%u,%u)", type->precision, type->scale);
    if (type->logical != FC_AVRO_LOGICAL_NONE)
        return fc_avro_logical_name(type->logical);
    if (depth == TEXT_DEPTH)
        return "...";
    switch (type->kind) {
    case FC_AVRO_RECORD:
    case FC_AVRO_ENUM:
        return fc_arena_printf(arena, "%s %s", fc_avro_kind_name(type->kind), type->name);
    case FC_AVRO_FIXED:
        return fc_arena_printf(arena, "fixed(%llu)", (unsigned long long)type->size);
    case FC_AVRO_ARRAY:
    case FC_AVRO_MAP:
        text = text_of(type->as.branches[0], arena, depth + 1);
        return text ? fc_arena_printf(arena, "%s<%s>", fc_avro_kind_name(type->kind), text) : NULL;
    case FC_AVRO_UNION:
        for (size_t i = 0; i < type->count && text; i++) {
            const char *branch = text_of(type->as.branches[i], arena, depth + 1);
            text = branch ? fc_arena_printf(arena, "%s%s%s", text, i ? ", " : "", branch) : NULL;
        }
        return text ? fc_arena_printf(arena, "union<%s>", text) : NULL;
    default:
        return fc_avro_kind_name(type->kind);
    }
}

/* What both can be read as without loss, UNION when there is no such kind. */
static enum fc_column_kind join(enum fc_column_kind a, enum fc_column_kind b)
{
    bool real = a == FC_COLUMN_FLOAT32 || a == FC_COLUMN_FLOAT64 || b == FC_COLUMN_FLOAT32 ||
                b == FC_COLUMN_FLOAT64;
    bool numbers = a >= FC_COLUMN_INT32 && a <= FC_COLUMN_FLOAT64 && b >= FC_COLUMN_INT32 &&
                   b <= FC_COLUMN_FLOAT64;

    if (a == b && (a == FC_COLUMN_STRING || a == FC_COLUMN_BINARY))
        return a;
    if (!numbers)
        return FC_COLUMN_UNION;
    if (!real)
        return FC_COLUMN_INT64;
    return a == FC_COLUMN_INT64 || b == FC_COLUMN_INT64 ? FC_COLUMN_UNION : FC_COLUMN_FLOAT64;
}

static enum fc_column_kind union_kind(const avro_type *type)
{
    enum fc_column_kind kind = FC_COLUMN_NULL;

    for (size_t i = 0; i < type->count; i++) {
        const avro_type *branch = type->as.branches[i];
        if (branch->kind == FC_AVRO_NULL)
            continue;
        if (branch->logical != FC_AVRO_LOGICAL_NONE && branch->logical != FC_AVRO_UUID)
            return FC_COLUMN_UNION;
        kind = kind == FC_COLUMN_NULL ? KINDS[branch->kind] : join(kind, KINDS[branch->kind]);
    }
    return kind;
}

/* All but the text. */
static struct fc_column_type type_of(const avro_type *type)
{
    struct fc_column_type ret = {.kind = KINDS[type->kind]};

    if (type->kind == FC_AVRO_UNION) {
        ret.kind = union_kind(type);
    } else if (type->logical == FC_AVRO_DECIMAL && type->precision > DECIMAL_DIGITS_MAX) {
        ret.kind = FC_COLUMN_UNKNOWN;
    } else if (type->logical != FC_AVRO_LOGICAL_NONE) {
        ret.kind = LOGICALS[type->logical].kind;
        ret.nanos = LOGICALS[type->logical].nanos;
        ret.precision = (uint8_t)type->precision;
        ret.scale = (uint8_t)type->scale;
    }
    return ret;
}

struct fc_column_type fc_avro_column_type(const avro_type *type, struct fc_arena *arena)
{
    const avro_type *inner = fc_avro_unwrap(type);
    struct fc_column_type ret = type_of(inner);

    if (inner->kind == FC_AVRO_ARRAY) {
        struct fc_column_type item = type_of(fc_avro_unwrap(inner->as.branches[0]));
        ret.element = item.kind;
        ret.precision = item.precision;
        ret.scale = item.scale;
    }
    ret.text = text_of(inner, arena, 0);
    return ret;
}

const avro_type *fc_avro_step(const avro_type *type, const char **path, size_t *ret_field,
                              fc_str *ret_key)
{
    type = fc_avro_unwrap(type);
    if (type->kind == FC_AVRO_MAP) {
        const avro_type *value = fc_avro_unwrap(type->as.branches[0]);
        /* Keys may have dots of their own: where nothing lies below, all that is left is the key. */
        if (value->kind == FC_AVRO_RECORD || value->kind == FC_AVRO_MAP) {
            *ret_key = fc_columns_part(path);
        } else {
            *ret_key = fc_str_from(*path);
            *path = NULL;
        }
        return ret_key->len > 0 ? type->as.branches[0] : NULL;
    }
    if (type->kind != FC_AVRO_RECORD)
        return NULL;
    fc_str part = fc_columns_part(path);
    for (size_t i = 0; i < type->count; i++) {
        if (fc_str_eq(fc_str_from(type->as.fields[i].name), part)) {
            *ret_field = i;
            return type->as.fields[i].type;
        }
    }
    return NULL;
}

const avro_type *fc_avro_find(const avro_type *record, const char *path)
{
    const avro_type *at = record;

    for (unsigned depth = 0; at && path; depth++) {
        size_t field = 0;
        fc_str key = {.len = 0};
        at = depth < FC_COLUMNS_DEPTH_MAX ? fc_avro_step(at, &path, &field, &key) : NULL;
    }
    return at;
}

/* A record within itself is a column, but its fields are not listed again. */
struct within {
    const struct within *outer;
    const avro_type *record;
    unsigned depth;
};

static void list_record(const avro_type *record, const char *prefix, const struct within *outer,
                        struct fc_columns *columns)
{
    const struct within here = {
        .outer = outer, .record = record, .depth = outer ? outer->depth + 1 : 0};

    for (const struct within *at = outer; at; at = at->outer)
        if (at->record == record)
            return;
    if (here.depth >= FC_COLUMNS_DEPTH)
        return;
    for (size_t i = 0; i < record->count && !columns->failed; i++) {
        const struct fc_avro_field *field = &record->as.fields[i];
        const avro_type *inner = fc_avro_unwrap(field->type);
        const char *name = fc_columns_name(columns->arena, prefix, field->name);
        struct fc_column_type type = fc_avro_column_type(field->type, columns->arena);
        if (columns->count >= FC_COLUMNS_MAX)
            return;
        fc_columns_add(columns, name, &type, false);
        if (inner->kind == FC_AVRO_RECORD)
            list_record(inner, name, &here, columns);
    }
}

void fc_avro_list(const avro_type *record, struct fc_columns *columns)
{
    list_record(record, NULL, NULL, columns);
}

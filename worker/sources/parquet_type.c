/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/parquet_type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deeper trees are cut off as nested; the engine has its own limit. */
#define DEPTH_MAX 64
/* Of a decimal in 128 bits. */
#define DIGITS_MAX 38

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

static bool begins(const char *text, const char *word)
{
    return text && strncmp(text, word, strlen(word)) == 0;
}

/* How the engine names its types, and what they are. */
static const struct {
    const char *engine;
    enum fc_column_kind kind;
    const char *text;
} TYPES[] = {
    {"\"NULL\"", FC_COLUMN_NULL, "null"},
    {"BOOLEAN", FC_COLUMN_BOOL, "bool"},
    {"TINYINT", FC_COLUMN_INT8, "int8"},
    {"SMALLINT", FC_COLUMN_INT16, "int16"},
    {"INTEGER", FC_COLUMN_INT32, "int32"},
    {"BIGINT", FC_COLUMN_INT64, "int64"},
    {"UTINYINT", FC_COLUMN_UINT8, "uint8"},
    {"USMALLINT", FC_COLUMN_UINT16, "uint16"},
    {"UINTEGER", FC_COLUMN_UINT32, "uint32"},
    {"UBIGINT", FC_COLUMN_UINT64, "uint64"},
    {"FLOAT", FC_COLUMN_FLOAT32, "float"},
    {"DOUBLE", FC_COLUMN_FLOAT64, "double"},
    {"VARCHAR", FC_COLUMN_STRING, "string"},
    {"JSON", FC_COLUMN_STRING, "string (JSON)"},
    {"UUID", FC_COLUMN_STRING, "uuid"},
    {"BLOB", FC_COLUMN_BINARY, "binary"},
    {"DATE", FC_COLUMN_DATE, "date"},
    {"TIME", FC_COLUMN_TIME, "time"},
    {"TIME_NS", FC_COLUMN_TIME, "time"},
    {"TIMESTAMP", FC_COLUMN_TIMESTAMP_NAIVE, "timestamp"},
    {"TIMESTAMP_S", FC_COLUMN_TIMESTAMP_NAIVE, "timestamp"},
    {"TIMESTAMP_MS", FC_COLUMN_TIMESTAMP_NAIVE, "timestamp"},
    {"TIMESTAMP_NS", FC_COLUMN_TIMESTAMP_NAIVE, "timestamp"},
    {"TIMESTAMP WITH TIME ZONE", FC_COLUMN_TIMESTAMP_UTC, "timestamp"},
};

static const char *unit_of(const struct fc_parquet_element *element)
{
    if (is(element->converted, "TIMESTAMP_MILLIS") ||
        (element->logical && strstr(element->logical, "MILLIS=Milli")))
        return "ms";
    if (element->logical && strstr(element->logical, "NANOS=Nano"))
        return "ns";
    return "us";
}

static void read_decimal(const char *engine, struct fc_column_type *type)
{
    char *comma = NULL;
    char *end = NULL;

    if (!begins(engine, "DECIMAL("))
        return;
    unsigned long precision = strtoul(engine + strlen("DECIMAL("), &comma, 10);
    if (*comma != ',')
        return;
    unsigned long scale = strtoul(comma + 1, &end, 10);
    if (*end != ')' || precision > DIGITS_MAX || scale > precision)
        return;
    type->kind = FC_COLUMN_DECIMAL;
    type->precision = (uint8_t)precision;
    type->scale = (uint8_t)scale;
}

/* What the table of engine types cannot tell apart, or tells less well than the file does. */
static const char *refine(const struct fc_parquet_element *element, struct fc_column_type *type,
                          const char *text, struct fc_arena *arena)
{
    if (begins(element->logical, "Float16")) {
        type->kind = FC_COLUMN_FLOAT16;
        return "float16";
    }
    /* The engine rounds what has more than 38 digits; a value that is not the file's is none. */
    if (type->kind == FC_COLUMN_FLOAT64 &&
        (is(element->converted, "DECIMAL") || begins(element->logical, "Decimal"))) {
        type->kind = FC_COLUMN_UNKNOWN;
        return "decimal of more than 38 digits";
    }
    if (type->kind == FC_COLUMN_TIMESTAMP_UTC || type->kind == FC_COLUMN_TIMESTAMP_NAIVE)
        type->nanos = is(element->physical, "INT96") || strcmp(unit_of(element), "ns") == 0;
    if (is(element->physical, "INT96")) {
        type->int96 = true;
        return "timestamp (INT96)";
    }
    if (type->kind == FC_COLUMN_DECIMAL)
        return fc_arena_printf(arena, "decimal(%u,%u)", type->precision, type->scale);
    if (type->kind == FC_COLUMN_TIMESTAMP_UTC)
        return fc_arena_printf(arena, "timestamp[%s, UTC]", unit_of(element));
    if (type->kind == FC_COLUMN_TIMESTAMP_NAIVE)
        return fc_arena_printf(arena, "timestamp[%s]", unit_of(element));
    if (type->kind == FC_COLUMN_BINARY && is(element->physical, "FIXED_LEN_BYTE_ARRAY"))
        return fc_arena_printf(arena, "fixed_size_binary(%s)",
                               element->length ? element->length : "?");
    if (type->kind == FC_COLUMN_UNKNOWN)
        return fc_arena_printf(arena, "%s", element->engine);
    return text;
}

static struct fc_column_type leaf_type(const struct fc_parquet_element *element,
                                       struct fc_arena *arena)
{
    struct fc_column_type type = {.kind = FC_COLUMN_UNKNOWN};
    const char *text = "unknown";

    if (!element->engine)
        return (struct fc_column_type){.text = text};
    for (size_t i = 0; i < FC_ARRAY_LEN(TYPES); i++) {
        if (strcmp(element->engine, TYPES[i].engine) == 0) {
            type.kind = TYPES[i].kind;
            text = TYPES[i].text;
        }
    }
    if (begins(element->engine, "ENUM")) {
        type.kind = FC_COLUMN_STRING;
        text = "string (ENUM)";
    }
    read_decimal(element->engine, &type);
    type.text = refine(element, &type, text, arena);
    return type;
}

/* The index behind the subtree that begins at `at`; 0 when the elements end within it. */
static size_t skip_tree(const struct fc_parquet_element *elements, size_t count, size_t at,
                        unsigned depth)
{
    if (at >= count || depth > DEPTH_MAX)
        return 0;
    size_t next = at + 1;
    for (int64_t i = 0; i < elements[at].children; i++) {
        next = skip_tree(elements, count, next, depth + 1);
        if (next == 0)
            return 0;
    }
    return next;
}

static struct fc_column_type list_of(struct fc_column_type element, struct fc_arena *arena)
{
    return (struct fc_column_type){
        .kind = FC_COLUMN_LIST,
        .element = element.kind,
        .precision = element.precision,
        .scale = element.scale,
        .text = fc_arena_printf(arena, "list<%s>", element.text ? element.text : "?"),
    };
}

static struct fc_column_type nested(enum fc_column_kind kind, const char *text)
{
    return (struct fc_column_type){.kind = kind, .text = text};
}

static bool is_list(const struct fc_parquet_element *element)
{
    return begins(element->logical, "ListType") || is(element->converted, "LIST");
}

static bool is_map(const struct fc_parquet_element *element)
{
    return begins(element->logical, "MapType") || is(element->converted, "MAP") ||
           is(element->converted, "MAP_KEY_VALUE");
}

/* A group that is no list: what it is called is all that the contract wants to know. */
static struct fc_column_type group_type(const struct fc_parquet_element *element)
{
    if (is_map(element))
        return nested(FC_COLUMN_MAP, "map");
    if (is_list(element))
        return nested(FC_COLUMN_LIST, "list");
    return nested(FC_COLUMN_STRUCT, "struct");
}

/*
 * A LIST group holds one repeated element: the list of today has a group with one child in it, older
 * writers put the value, or a group of several fields, there directly.
 */
static struct fc_column_type list_type(const struct fc_parquet_element *elements, size_t count,
                                       size_t at, struct fc_arena *arena)
{
    const struct fc_parquet_element *repeated = at + 1 < count ? &elements[at + 1] : NULL;

    if (!repeated || elements[at].children != 1)
        return nested(FC_COLUMN_LIST, "list<?>");
    const struct fc_parquet_element *item = repeated;
    if (repeated->children == 1 && at + 2 < count)
        item = &elements[at + 2];
    struct fc_column_type type = item->children > 0 ? group_type(item) : leaf_type(item, arena);
    return list_of(type, arena);
}

static struct fc_column_type column_type(const struct fc_parquet_element *elements, size_t count,
                                         size_t at, struct fc_arena *arena)
{
    const struct fc_parquet_element *element = &elements[at];
    struct fc_column_type type;

    if (element->children > 0 && is_list(element))
        return list_type(elements, count, at, arena);
    type = element->children > 0 ? group_type(element) : leaf_type(element, arena);
    return is(element->repetition, "REPEATED") ? list_of(type, arena) : type;
}

/* A schema while it is read. */
struct reading {
    const struct fc_parquet_element *elements;
    size_t count;
    struct fc_arena *arena;
    struct fc_parquet_schema *schema;
    size_t *at; /* of each column, its element */
    bool dots;  /* a top-level column has one in its name */
};

static bool is_hidden(const struct reading *r, const char *name)
{
    for (size_t i = 0; r->dots && i < r->schema->top_count; i++)
        if (strcmp(r->schema->columns[i].name, name) == 0)
            return true;
    return false;
}

/* The children of the element at `at`; below the root they are fields of the column `parent`. */
static bool add_children(struct reading *r, size_t at, const struct fc_source_column *parent)
{
    struct fc_parquet_schema *schema = r->schema;
    size_t next = at + 1;

    for (int64_t i = 0; i < r->elements[at].children; i++) {
        size_t child = next;
        next = skip_tree(r->elements, r->count, child, 0);
        if (next == 0 || !r->elements[child].name)
            return false;
        const char *name = r->elements[child].name;
        if (parent)
            name = fc_arena_printf(r->arena, "%s.%s", parent->name, name);
        if (!name)
            return false;
        if (parent && is_hidden(r, name))
            continue;
        size_t column = schema->count++;
        size_t above = parent ? (size_t)(parent - schema->columns) : column;
        schema->columns[column] = (struct fc_source_column){
            .name = name, .type = column_type(r->elements, r->count, child, r->arena)};
        schema->fields[column] =
            (struct fc_parquet_field){.top = parent ? schema->fields[above].top : column,
                                      .parent = above,
                                      .place = (size_t)i + 1};
        r->at[column] = child;
        if (!schema->columns[column].type.text)
            return false;
    }
    return true;
}

bool fc_parquet_columns(const struct fc_parquet_element *elements, size_t count,
                        struct fc_arena *arena, struct fc_parquet_schema *ret)
{
    struct reading r = {.elements = elements, .count = count, .arena = arena, .schema = ret};

    *ret = (struct fc_parquet_schema){.columns =
                                          fc_arena_calloc(arena, count + 1, sizeof *ret->columns)};
    ret->fields = fc_arena_calloc(arena, count + 1, sizeof *ret->fields);
    r.at = fc_arena_calloc(arena, count + 1, sizeof *r.at);
    if (!ret->columns || !ret->fields || !r.at || count == 0 || !add_children(&r, 0, NULL))
        return false;
    ret->top_count = ret->count;
    for (size_t i = 0; i < ret->top_count; i++)
        r.dots = r.dots || strchr(ret->columns[i].name, '.');
    for (size_t i = 0; i < ret->count; i++)
        if (ret->columns[i].type.kind == FC_COLUMN_STRUCT &&
            !add_children(&r, r.at[i], &ret->columns[i]))
            return false;
    return true;
}

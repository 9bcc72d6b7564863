/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/bigquery_schema.h"

#include <stdlib.h>
#include <string.h>

/* BigQuery's own limit on columns, nested ones included. */
#define FIELDS_MAX        10000
#define DECIMAL_DIGITS    38
#define NUMERIC_SCALE     9
#define BIGNUMERIC_DIGITS 76

/* Both the old names of the REST API and those of GoogleSQL come; people see the latter. */
static const struct {
    const char *wire, *text;
    enum fc_column_kind kind;
} TYPES[] = {
    {"STRING", "STRING", FC_COLUMN_STRING},
    {"BYTES", "BYTES", FC_COLUMN_BINARY},
    {"INTEGER", "INT64", FC_COLUMN_INT64},
    {"INT64", "INT64", FC_COLUMN_INT64},
    {"FLOAT", "FLOAT64", FC_COLUMN_FLOAT64},
    {"FLOAT64", "FLOAT64", FC_COLUMN_FLOAT64},
    {"NUMERIC", "NUMERIC", FC_COLUMN_DECIMAL},
    {"DECIMAL", "NUMERIC", FC_COLUMN_DECIMAL},
    {"BIGNUMERIC", "BIGNUMERIC", FC_COLUMN_DECIMAL},
    {"BIGDECIMAL", "BIGNUMERIC", FC_COLUMN_DECIMAL},
    {"BOOLEAN", "BOOL", FC_COLUMN_BOOL},
    {"BOOL", "BOOL", FC_COLUMN_BOOL},
    {"TIMESTAMP", "TIMESTAMP", FC_COLUMN_TIMESTAMP_UTC},
    {"DATE", "DATE", FC_COLUMN_DATE},
    {"TIME", "TIME", FC_COLUMN_TIME},
    {"DATETIME", "DATETIME", FC_COLUMN_TIMESTAMP_NAIVE},
    {"GEOGRAPHY", "GEOGRAPHY", FC_COLUMN_STRING},
    {"JSON", "JSON", FC_COLUMN_STRING},
    {"RECORD", "STRUCT", FC_COLUMN_STRUCT},
    {"STRUCT", "STRUCT", FC_COLUMN_STRUCT},
};

struct reading {
    const char *what;
    struct fc_arena *arena;
    struct fc_error *err;
    size_t seen; /**< fields so far */
};

static fc_rc no_memory(const struct reading *r)
{
    return fc_fail(r->err, FC_REASON_OUT_OF_MEMORY, "%s: no memory for its schema", r->what);
}

static fc_rc bad(const struct reading *r, const char *path, const char *why)
{
    return fc_fail(r->err, FC_REASON_SOURCE_INVALID, "%s: schema of field \"%s\": %s", r->what,
                   path, why);
}

static const char *member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* Precision and scale come as strings, and not at all when the type has its full width. */
static long digits(const json_t *json, const char *key)
{
    const char *text = member(json, key);
    char *end = NULL;
    long value = strtol(text, &end, 10);

    return *text == '\0' || *end != '\0' || value < 0 || value > BIGNUMERIC_DIGITS ? -1 : value;
}

static void set_decimal(struct fc_bq_field *field, const json_t *json, bool big)
{
    long precision = digits(json, "precision");
    long scale = digits(json, "scale");

    field->type.precision = (uint8_t)(precision > 0 ? precision
                                      : big         ? BIGNUMERIC_DIGITS
                                                    : DECIMAL_DIGITS);
    field->type.scale = (uint8_t)(scale >= 0      ? scale
                                  : precision > 0 ? 0
                                  : big           ? DECIMAL_DIGITS
                                                  : NUMERIC_SCALE);
    field->wide = field->type.precision > DECIMAL_DIGITS;
}

static const char *type_text(const struct reading *r, const struct fc_bq_field *field,
                             const char *base, const json_t *json)
{
    const char *text = base;

    if (field->scalar == FC_COLUMN_DECIMAL && digits(json, "precision") > 0)
        text =
            fc_arena_printf(r->arena, "%s(%d, %d)", base, field->type.precision, field->type.scale);
    if (field->repeated && text)
        text = fc_arena_printf(r->arena, "ARRAY<%s>", text);
    return text;
}

static fc_rc set_type(const struct reading *r, const json_t *json, struct fc_bq_field *field)
{
    const char *wire = member(json, "type");
    const char *base = fc_arena_strdup(r->arena, wire);

    if (wire[0] == '\0')
        return bad(r, field->path, "there is no type");
    for (size_t i = 0; i < FC_ARRAY_LEN(TYPES); i++) {
        if (strcmp(wire, TYPES[i].wire) == 0) {
            field->scalar = TYPES[i].kind;
            base = TYPES[i].text;
            break;
        }
    }
    if (field->scalar == FC_COLUMN_DECIMAL)
        set_decimal(field, json, strcmp(base, "BIGNUMERIC") == 0);
    field->type.kind = field->repeated ? FC_COLUMN_LIST : field->scalar;
    field->type.element = field->repeated ? field->scalar : FC_COLUMN_UNKNOWN;
    field->type.text = base ? type_text(r, field, base, json) : NULL;
    return field->type.text ? FC_OK : no_memory(r);
}

static fc_rc read_field(struct reading *r, const json_t *json, const char *parent,
                        struct fc_bq_field *field)
{
    const char *name = member(json, "name");

    if (name[0] == '\0')
        return bad(r, parent, "a field has no name");
    /* It would be the path of another one. */
    if (strchr(name, '.'))
        return bad(r, name, "a name with a point");
    field->name = fc_arena_strdup(r->arena, name);
    field->path = parent[0] ? fc_arena_printf(r->arena, "%s.%s", parent, name) : field->name;
    if (!field->name || !field->path)
        return no_memory(r);
    field->repeated = strcmp(member(json, "mode"), "REPEATED") == 0;
    field->required = strcmp(member(json, "mode"), "REQUIRED") == 0;
    return set_type(r, json, field);
}

/* A level of the tree whose records are still to be read. */
struct level {
    const json_t *fields;
    struct fc_bq_field *list;
    size_t at, count;
    const char *path;
};

static fc_rc open_level(struct reading *r, const json_t *fields, const char *path,
                        struct level *level, struct fc_bq_field **ret_list, size_t *ret_count)
{
    size_t count = json_array_size(fields);

    r->seen += count;
    if (!json_is_array(fields) || count == 0)
        return bad(r, path, "there are no fields");
    if (r->seen > FIELDS_MAX)
        return bad(r, path, "the table has more than 10 000 fields");
    *level = (struct level){.fields = fields, .count = count, .path = path};
    level->list = fc_arena_calloc(r->arena, count, sizeof *level->list);
    if (!level->list)
        return no_memory(r);
    *ret_list = level->list;
    *ret_count = count;
    return FC_OK;
}

static fc_rc read_tree(struct reading *r, const json_t *fields, struct fc_bq_schema *ret)
{
    struct level levels[FC_BQ_DEPTH_MAX];
    size_t depth = 1;

    fc_rc rc = open_level(r, fields, "", &levels[0], &ret->fields, &ret->field_count);
    while (rc == FC_OK && depth > 0) {
        struct level *level = &levels[depth - 1];
        if (level->at == level->count) {
            depth--;
            continue;
        }
        const json_t *json = json_array_get(level->fields, level->at);
        struct fc_bq_field *field = &level->list[level->at++];
        rc = read_field(r, json, level->path, field);
        if (rc != FC_OK || field->scalar != FC_COLUMN_STRUCT)
            continue;
        if (depth == FC_BQ_DEPTH_MAX)
            return bad(r, field->path, "records are nested too deep");
        rc = open_level(r, json_object_get(json, "fields"), field->path, &levels[depth++],
                        &field->fields, &field->field_count);
    }
    return rc;
}

/* Depth first, so that a record comes before what is in it. */
static void list_columns(struct fc_bq_schema *schema)
{
    struct {
        const struct fc_bq_field *fields;
        size_t at, count;
    } levels[FC_BQ_DEPTH_MAX] = {{schema->fields, 0, schema->field_count}};
    size_t depth = 1;

    while (depth > 0) {
        if (levels[depth - 1].at == levels[depth - 1].count) {
            depth--;
            continue;
        }
        const struct fc_bq_field *field = &levels[depth - 1].fields[levels[depth - 1].at++];
        schema->leaves[schema->column_count] = field;
        schema->columns[schema->column_count++] =
            (struct fc_source_column){.name = field->path, .type = field->type};
        if (field->field_count > 0 && !field->repeated && depth < FC_BQ_DEPTH_MAX) {
            levels[depth].fields = field->fields;
            levels[depth].at = 0;
            levels[depth++].count = field->field_count;
        }
    }
}

fc_rc fc_bq_schema_read(const json_t *schema, const char *what, struct fc_arena *arena,
                        struct fc_bq_schema *ret, struct fc_error *err)
{
    struct reading r = {.what = what, .arena = arena, .err = err};
    struct fc_bq_schema made = {.field_count = 0};

    fc_rc rc = read_tree(&r, json_object_get(schema, "fields"), &made);
    if (rc != FC_OK)
        return rc;
    made.columns = fc_arena_calloc(arena, r.seen, sizeof *made.columns);
    made.leaves = fc_arena_calloc(arena, r.seen, sizeof(struct fc_bq_field *));
    if (!made.columns || !made.leaves)
        return no_memory(&r);
    list_columns(&made);
    *ret = made;
    return FC_OK;
}

#define PARTITION_TIME(every)                                                                      \
    {                                                                                              \
        .name = "_PARTITIONTIME", .path = "_PARTITIONTIME",                                        \
        .type = {.kind = FC_COLUMN_TIMESTAMP_UTC, .text = "TIMESTAMP"},                            \
        .scalar = FC_COLUMN_TIMESTAMP_UTC, .pseudo = true, .months = (every)                       \
    }

bool fc_bq_schema_add_pseudo(struct fc_bq_schema *schema, const char *type, struct fc_arena *arena)
{
    static const struct fc_bq_field time = PARTITION_TIME(0), monthly = PARTITION_TIME(1),
                                    yearly = PARTITION_TIME(12);
    static const struct fc_bq_field date = {.name = "_PARTITIONDATE",
                                            .path = "_PARTITIONDATE",
                                            .type = {.kind = FC_COLUMN_DATE, .text = "DATE"},
                                            .scalar = FC_COLUMN_DATE,
                                            .pseudo = true};
    const struct fc_bq_field *const fields[] = {strcmp(type, "MONTH") == 0  ? &monthly
                                                : strcmp(type, "YEAR") == 0 ? &yearly
                                                                            : &time,
                                                &date};
    size_t count = schema->column_count, added = strcmp(type, "DAY") == 0 ? 2 : 1;
    struct fc_source_column *columns = fc_arena_calloc(arena, count + added, sizeof *columns);
    const struct fc_bq_field **leaves = fc_arena_calloc(arena, count + added, sizeof *leaves);

    if (!columns || !leaves)
        return false;
    memcpy(columns, schema->columns, count * sizeof *columns);
    memcpy(leaves, schema->leaves, count * sizeof *leaves);
    for (size_t i = 0; i < added; i++) {
        leaves[count + i] = fields[i];
        columns[count + i].name = fields[i]->path;
        columns[count + i].type = fields[i]->type;
    }
    schema->columns = columns;
    schema->leaves = leaves;
    schema->column_count = count + added;
    return true;
}

const struct fc_bq_field *fc_bq_schema_find(const struct fc_bq_schema *schema, const char *path)
{
    for (size_t i = 0; i < schema->column_count; i++)
        if (strcmp(schema->columns[i].name, path) == 0)
            return schema->leaves[i];
    return NULL;
}

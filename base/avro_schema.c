/* SPDX-License-Identifier: Apache-2.0 */
#include "base/avro_schema.h"

#include <jansson.h>
#include <string.h>

#include "base/avro_schema_internal.h"
#include "base/name_form.h"

static const char *const KINDS[] = {
    [FC_AVRO_NULL] = "null",   [FC_AVRO_BOOLEAN] = "boolean", [FC_AVRO_INT] = "int",
    [FC_AVRO_LONG] = "long",   [FC_AVRO_FLOAT] = "float",     [FC_AVRO_DOUBLE] = "double",
    [FC_AVRO_BYTES] = "bytes", [FC_AVRO_STRING] = "string",   [FC_AVRO_RECORD] = "record",
    [FC_AVRO_ENUM] = "enum",   [FC_AVRO_FIXED] = "fixed",     [FC_AVRO_ARRAY] = "array",
    [FC_AVRO_MAP] = "map",     [FC_AVRO_UNION] = "union",
};
#define PRIMITIVES (FC_AVRO_STRING + 1)

struct parser {
    struct fc_arena *arena;
    json_t *names; /* full names defined so far -> index into `named` */
    struct fc_avro_type **named;
    size_t named_count, named_capacity;
    const char *problem;
};

typedef struct fc_avro_type avro_type;

static void decref(json_t **value)
{
    json_decref(*value);
}

static const avro_type *read_type(struct parser *p, const json_t *type, const char *space,
                                  const char *where);

#define refuse(p, ...) refuse_text((p), fc_arena_printf((p)->arena, __VA_ARGS__))

/* Always NULL: the first problem is the one that is told. */
static const avro_type *refuse_text(struct parser *p, const char *text)
{
    if (!p->problem)
        p->problem = text ? text : "it is too large to be checked";
    return NULL;
}

static const avro_type *no_memory(struct parser *p)
{
    return refuse_text(p, NULL);
}

const char *fc_avro_kind_name(enum fc_avro_kind kind)
{
    return KINDS[kind];
}

static bool is_primitive(const char *name, enum fc_avro_kind *ret)
{
    for (size_t i = 0; i < PRIMITIVES; i++) {
        if (strcmp(name, KINDS[i]) == 0) {
            *ret = (enum fc_avro_kind)i;
            return true;
        }
    }
    return false;
}

/* `name` as it is known to the schema: with its namespace, unless it brings its own. */
static const char *full_name(struct parser *p, const char *name, const char *space)
{
    const char *full = strchr(name, '.') || *space == '\0'
                           ? fc_arena_strdup(p->arena, name)
                           : fc_arena_printf(p->arena, "%s.%s", space, name);

    return full ? full : "";
}

static const avro_type *read_reference(struct parser *p, const char *name, const char *space,
                                       const char *where)
{
    enum fc_avro_kind kind = FC_AVRO_NULL;

    if (is_primitive(name, &kind)) {
        avro_type *type = fc_arena_calloc(p->arena, 1, sizeof *type);
        if (!type)
            return no_memory(p);
        type->kind = kind;
        return type;
    }
    const json_t *known = json_object_get(p->names, full_name(p, name, space));
    size_t index = known ? (size_t)json_integer_value(known) : p->named_count;
    if (index < p->named_count)
        return p->named[index];
    return refuse(p, "%s refers to type \"%s\", which is not defined before", where,
                  fc_excerpt(p->arena, name));
}

static bool enter(struct parser *p, const char *full, avro_type *type)
{
    if (p->named_count == p->named_capacity) {
        size_t capacity = p->named_capacity ? p->named_capacity * 2 : 16;
        avro_type **grown = fc_arena_calloc(p->arena, capacity, sizeof(avro_type *));
        if (!grown)
            return false;
        if (p->named_count > 0)
            memcpy(grown, p->named, p->named_count * sizeof(avro_type *));
        p->named = grown;
        p->named_capacity = capacity;
    }
    p->named[p->named_count] = type;
    return json_object_set_new(p->names, full, json_integer((json_int_t)p->named_count++)) == 0;
}

/*
 * The named type that the object defines, entered under its name before its parts are read: they may refer to it.
 * `ret_space` is the namespace of what it holds.
 */
static avro_type *define(struct parser *p, const json_t *object, enum fc_avro_kind kind,
                         const char *space, const char *where, const char **ret_space)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *own_space = json_string_value(json_object_get(object, "namespace"));
    avro_type *type = fc_arena_calloc(p->arena, 1, sizeof *type);
    enum fc_avro_kind taken;

    if (!name || !fc_name_has_form(FC_NAME_CLASS_PATH, name)) {
        (void)refuse(p, "%s has no valid \"name\"", where);
        return NULL;
    }
    if (own_space && *own_space && !fc_name_has_form(FC_NAME_CLASS_PATH, own_space)) {
        (void)refuse(p, "%s has no valid \"namespace\"", where);
        return NULL;
    }
    const char *full = full_name(p, name, own_space ? own_space : space);
    if (is_primitive(full, &taken) || json_object_get(p->names, full)) {
        (void)refuse(p, "%s defines \"%s\", a name that is taken", where,
                     fc_excerpt(p->arena, full));
        return NULL;
    }
    const char *dot = strrchr(full, '.');
    *ret_space = dot ? fc_arena_strndup(p->arena, full, (size_t)(dot - full)) : "";
    if (!type || !*ret_space || !enter(p, full, type)) {
        (void)no_memory(p);
        return NULL;
    }
    type->kind = kind;
    type->name = full;
    return type;
}

static bool read_field(struct parser *p, const json_t *from, size_t index, const char *space,
                       const char *where, json_t *seen, struct fc_avro_field *ret)
{
    const char *name = json_string_value(json_object_get(from, "name"));
    const json_t *of = json_object_get(from, "type");

    if (!name || !fc_name_has_form(FC_NAME_PLAIN, name))
        return refuse(p, "field %zu of %s has no valid \"name\"", index, where) != NULL;
    if (json_object_get(seen, name))
        return refuse(p, "%s has two fields \"%s\"", where, fc_excerpt(p->arena, name)) != NULL;
    const char *place = fc_arena_printf(p->arena, "field \"%s\"", fc_excerpt(p->arena, name));
    ret->name = fc_arena_strdup(p->arena, name);
    if (!place || !ret->name || json_object_set_new(seen, name, json_true()) != 0)
        return no_memory(p) != NULL;
    if (!of)
        return refuse(p, "%s has no \"type\"", place) != NULL;
    ret->type = read_type(p, of, space, place);
    return ret->type != NULL;
}

static const avro_type *read_record(struct parser *p, const json_t *object, const char *space,
                                    const char *where)
{
    const json_t *fields = json_object_get(object, "fields");
    FC_CLEANUP(decref) json_t *seen = json_object();
    avro_type *type = define(p, object, FC_AVRO_RECORD, space, where, &space);
    size_t i;
    json_t *field;

    if (!type)
        return NULL;
    if (!json_is_array(fields))
        return refuse(p, "%s is a record without a \"fields\" array", where);
    type->as.fields =
        fc_arena_calloc(p->arena, json_array_size(fields) + 1, sizeof *type->as.fields);
    if (!seen || !type->as.fields)
        return no_memory(p);
    json_array_foreach (fields, i, field) {
        if (!read_field(p, field, i, space, where, seen, &type->as.fields[i]))
            return NULL;
        type->count++;
    }
    return type;
}

static const avro_type *read_enum(struct parser *p, const json_t *object, const char *space,
                                  const char *where)
{
    const json_t *symbols = json_object_get(object, "symbols");
    avro_type *type = define(p, object, FC_AVRO_ENUM, space, where, &space);
    size_t i;
    json_t *symbol;

    if (!type)
        return NULL;
    if (!json_is_array(symbols))
        return refuse(p, "%s is an enum without a \"symbols\" array", where);
    type->as.symbols = fc_arena_calloc(p->arena, json_array_size(symbols) + 1, sizeof(char *));
    if (!type->as.symbols)
        return no_memory(p);
    json_array_foreach (symbols, i, symbol) {
        const char *text = json_string_value(symbol);
        if (!text || !fc_name_has_form(FC_NAME_PLAIN, text))
            return refuse(p, "symbol %zu of %s is not a name", i, where);
        type->as.symbols[type->count++] = fc_arena_strdup(p->arena, text);
    }
    return fc_arena_exhausted(p->arena) ? no_memory(p) : type;
}

static const avro_type *read_fixed(struct parser *p, const json_t *object, const char *space,
                                   const char *where)
{
    const json_t *size = json_object_get(object, "size");
    avro_type *type = define(p, object, FC_AVRO_FIXED, space, where, &space);

    if (!type)
        return NULL;
    if (!json_is_integer(size) || json_integer_value(size) < 0)
        return refuse(p, "%s is a fixed type without a \"size\" in bytes", where);
    type->size = (uint64_t)json_integer_value(size);
    fc_avro_set_logical(type, object);
    return type;
}

static const avro_type *read_inner(struct parser *p, const json_t *object, enum fc_avro_kind kind,
                                   const char *key, const char *space, const char *where)
{
    const json_t *inner = json_object_get(object, key);
    avro_type *type = fc_arena_calloc(p->arena, 1, sizeof *type);

    if (!inner)
        return refuse(p, "%s has no \"%s\"", where, key);
    if (!type)
        return no_memory(p);
    type->kind = kind;
    type->count = 1;
    type->as.branches = fc_arena_calloc(p->arena, 1, sizeof(avro_type *));
    if (!type->as.branches)
        return no_memory(p);
    type->as.branches[0] = read_type(p, inner, space, where);
    return type->as.branches[0] ? type : NULL;
}

static const avro_type *read_object(struct parser *p, const json_t *object, const char *space,
                                    const char *where)
{
    const json_t *kind = json_object_get(object, "type");
    const char *word = json_string_value(kind);
    enum fc_avro_kind primitive;

    if (!kind)
        return refuse(p, "%s has no \"type\"", where);
    if (!word)
        return read_type(p, kind, space, where);
    if (strcmp(word, "record") == 0 || strcmp(word, "error") == 0)
        return read_record(p, object, space, where);
    if (strcmp(word, "enum") == 0)
        return read_enum(p, object, space, where);
    if (strcmp(word, "fixed") == 0)
        return read_fixed(p, object, space, where);
    if (strcmp(word, "array") == 0)
        return read_inner(p, object, FC_AVRO_ARRAY, "items", space, where);
    if (strcmp(word, "map") == 0)
        return read_inner(p, object, FC_AVRO_MAP, "values", space, where);
    const avro_type *type = read_reference(p, word, space, where);
    if (!type || !is_primitive(word, &primitive))
        return type;
    avro_type *logical = fc_arena_memdup(p->arena, type, sizeof *type);
    if (!logical)
        return no_memory(p);
    fc_avro_set_logical(logical, object);
    return logical;
}

/* What may stand only once in a union: every unnamed kind, and each named type. */
static const char *branch_word(const avro_type *branch)
{
    return branch->name ? branch->name : KINDS[branch->kind];
}

static const avro_type *read_union(struct parser *p, const json_t *branches, const char *space,
                                   const char *where)
{
    FC_CLEANUP(decref) json_t *seen = json_object();
    avro_type *type = fc_arena_calloc(p->arena, 1, sizeof *type);
    size_t i;
    json_t *branch;

    if (!seen || !type)
        return no_memory(p);
    type->kind = FC_AVRO_UNION;
    type->as.branches =
        fc_arena_calloc(p->arena, json_array_size(branches) + 1, sizeof(avro_type *));
    if (!type->as.branches)
        return no_memory(p);
    json_array_foreach (branches, i, branch) {
        if (json_is_array(branch))
            return refuse(p, "%s has a union directly within a union", where);
        const avro_type *of = read_type(p, branch, space, where);
        if (!of)
            return NULL;
        if (of->kind == FC_AVRO_UNION)
            return refuse(p, "%s has a union directly within a union", where);
        if (json_object_get(seen, branch_word(of)))
            return refuse(p, "%s has a union with two branches of type \"%s\"", where,
                          fc_excerpt(p->arena, branch_word(of)));
        if (json_object_set_new(seen, branch_word(of), json_true()) != 0)
            return no_memory(p);
        type->as.branches[type->count++] = of;
    }
    return type;
}

/* Recursion is bounded by the depth that the JSON parser allows. */
static const avro_type *read_type(struct parser *p, const json_t *type, const char *space,
                                  const char *where)
{
    if (fc_arena_exhausted(p->arena))
        return no_memory(p);
    if (json_is_string(type))
        return read_reference(p, json_string_value(type), space, where);
    if (json_is_array(type))
        return read_union(p, type, space, where);
    if (json_is_object(type))
        return read_object(p, type, space, where);
    return refuse(p, "%s is neither a type name, an object nor a union", where);
}

const avro_type *fc_avro_parse(struct fc_arena *arena, const char *schema_json,
                               const char **ret_problem)
{
    struct parser parser = {.arena = arena};
    const avro_type *type = NULL;
    json_error_t error;
    FC_CLEANUP(decref)
    json_t *schema = json_loads(schema_json, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    FC_CLEANUP(decref) json_t *names = json_object();

    parser.names = names;
    if (!schema)
        (void)refuse(&parser, "line %d, column %d: %s", error.line, error.column,
                     fc_excerpt(arena, error.text));
    else if (!names)
        (void)no_memory(&parser);
    else
        type = read_type(&parser, schema, "", "the schema");
    if (!type)
        *ret_problem = parser.problem ? parser.problem : "it is too large to be checked";
    return type;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/avro.h"

#include <jansson.h>
#include <string.h>

#include "server/registry/names.h"

struct checker {
    struct fc_arena *arena;
    json_t *names; /* full names defined so far, as the keys of an object */
    const char *problem;
};

static void decref(json_t **value)
{
    json_decref(*value);
}

static bool check_type(struct checker *c, const json_t *type, const char *space, const char *where);

#define refuse(c, ...) refuse_text((c), fc_arena_printf((c)->arena, __VA_ARGS__))

/* Always false: the first problem is the one that is told. */
static bool refuse_text(struct checker *c, const char *text)
{
    c->problem = text != NULL ? text : "it is too large to be checked";
    return false;
}

static bool is_primitive(const char *name)
{
    static const char *const primitives[] = {"null",  "boolean", "int",   "long",
                                             "float", "double",  "bytes", "string"};

    for (size_t i = 0; i < FC_ARRAY_LEN(primitives); i++) {
        if (strcmp(name, primitives[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* `name` as it is known to the schema: with its namespace, unless it brings its own. */
static const char *full_name(struct checker *c, const char *name, const char *space)
{
    const char *full = strchr(name, '.') != NULL || *space == '\0'
                           ? fc_arena_strdup(c->arena, name)
                           : fc_arena_printf(c->arena, "%s.%s", space, name);

    return full != NULL ? full : "";
}

static bool check_reference(struct checker *c, const char *name, const char *space,
                            const char *where)
{
    if (is_primitive(name) || json_object_get(c->names, full_name(c, name, space)) != NULL) {
        return true;
    }
    return refuse(c, "%s refers to type \"%s\", which is not defined before", where,
                  fc_excerpt(c->arena, name));
}

/* Reads the name of a record, enum or fixed type and enters it; `ret_space` is the namespace of what it holds. */
static bool define(struct checker *c, const json_t *type, const char *space, const char *where,
                   const char **ret_space)
{
    const char *name = json_string_value(json_object_get(type, "name"));
    const char *own_space = json_string_value(json_object_get(type, "namespace"));

    if (name == NULL || !fc_name_has_form(FC_NAME_CLASS_PATH, name)) {
        return refuse(c, "%s has no valid \"name\"", where);
    }
    if (own_space != NULL && *own_space != '\0' &&
        !fc_name_has_form(FC_NAME_CLASS_PATH, own_space)) {
        return refuse(c, "%s has no valid \"namespace\"", where);
    }
    const char *full = full_name(c, name, own_space != NULL ? own_space : space);
    if (is_primitive(full) || json_object_get(c->names, full) != NULL) {
        return refuse(c, "%s defines \"%s\", a name that is taken", where,
                      fc_excerpt(c->arena, full));
    }
    if (json_object_set_new(c->names, full, json_true()) != 0) {
        return refuse_text(c, NULL);
    }
    const char *dot = strrchr(full, '.');
    *ret_space = dot == NULL ? "" : fc_arena_strndup(c->arena, full, (size_t)(dot - full));
    return *ret_space != NULL || refuse_text(c, NULL);
}

static bool check_record(struct checker *c, const json_t *type, const char *space,
                         const char *where)
{
    const json_t *fields = json_object_get(type, "fields");
    FC_CLEANUP(decref) json_t *seen = json_object();
    size_t i;
    json_t *field;

    if (!define(c, type, space, where, &space)) {
        return false;
    }
    if (seen == NULL) {
        return refuse_text(c, NULL);
    }
    if (!json_is_array(fields)) {
        return refuse(c, "%s is a record without a \"fields\" array", where);
    }
    json_array_foreach (fields, i, field) {
        const char *name = json_string_value(json_object_get(field, "name"));
        const json_t *of = json_object_get(field, "type");
        if (name == NULL || !fc_name_has_form(FC_NAME_PLAIN, name)) {
            return refuse(c, "field %zu of %s has no valid \"name\"", i, where);
        }
        if (json_object_get(seen, name) != NULL) {
            return refuse(c, "%s has two fields \"%s\"", where, fc_excerpt(c->arena, name));
        }
        const char *place = fc_arena_printf(c->arena, "field \"%s\"", fc_excerpt(c->arena, name));
        if (place == NULL || json_object_set_new(seen, name, json_true()) != 0) {
            return refuse_text(c, NULL);
        }
        if (of == NULL) {
            return refuse(c, "%s has no \"type\"", place);
        }
        if (!check_type(c, of, space, place)) {
            return false;
        }
    }
    return true;
}

static bool check_enum(struct checker *c, const json_t *type, const char *space, const char *where)
{
    const json_t *symbols = json_object_get(type, "symbols");
    size_t i;
    json_t *symbol;

    if (!define(c, type, space, where, &space)) {
        return false;
    }
    if (!json_is_array(symbols)) {
        return refuse(c, "%s is an enum without a \"symbols\" array", where);
    }
    json_array_foreach (symbols, i, symbol) {
        if (!json_is_string(symbol) ||
            !fc_name_has_form(FC_NAME_PLAIN, json_string_value(symbol))) {
            return refuse(c, "symbol %zu of %s is not a name", i, where);
        }
    }
    return true;
}

static bool check_fixed(struct checker *c, const json_t *type, const char *space, const char *where)
{
    const json_t *size = json_object_get(type, "size");

    if (!define(c, type, space, where, &space)) {
        return false;
    }
    if (!json_is_integer(size) || json_integer_value(size) < 0) {
        return refuse(c, "%s is a fixed type without a \"size\" in bytes", where);
    }
    return true;
}

static bool check_inner(struct checker *c, const json_t *type, const char *key, const char *space,
                        const char *where)
{
    const json_t *inner = json_object_get(type, key);

    if (inner == NULL) {
        return refuse(c, "%s has no \"%s\"", where, key);
    }
    return check_type(c, inner, space, where);
}

static bool check_object(struct checker *c, const json_t *type, const char *space,
                         const char *where)
{
    const json_t *kind = json_object_get(type, "type");
    const char *word = json_string_value(kind);

    if (kind == NULL) {
        return refuse(c, "%s has no \"type\"", where);
    }
    if (word == NULL) {
        return check_type(c, kind, space, where);
    }
    if (strcmp(word, "record") == 0 || strcmp(word, "error") == 0) {
        return check_record(c, type, space, where);
    }
    if (strcmp(word, "enum") == 0) {
        return check_enum(c, type, space, where);
    }
    if (strcmp(word, "fixed") == 0) {
        return check_fixed(c, type, space, where);
    }
    if (strcmp(word, "array") == 0) {
        return check_inner(c, type, "items", space, where);
    }
    if (strcmp(word, "map") == 0) {
        return check_inner(c, type, "values", space, where);
    }
    return check_reference(c, word, space, where);
}

/* What may stand only once in a union: every unnamed kind, and each named type. */
static const char *union_branch(struct checker *c, const json_t *type, const char *space)
{
    if (json_is_object(type)) {
        const char *kind = json_string_value(json_object_get(type, "type"));
        const char *name = json_string_value(json_object_get(type, "name"));
        if (kind != NULL && name != NULL && !is_primitive(kind) && strcmp(kind, "array") != 0 &&
            strcmp(kind, "map") != 0) {
            const char *own = json_string_value(json_object_get(type, "namespace"));
            return full_name(c, name, own != NULL ? own : space);
        }
        return kind;
    }
    const char *word = json_string_value(type);
    return word == NULL || is_primitive(word) ? word : full_name(c, word, space);
}

static bool check_union(struct checker *c, const json_t *type, const char *space, const char *where)
{
    FC_CLEANUP(decref) json_t *seen = json_object();
    size_t i;
    json_t *branch;

    if (seen == NULL) {
        return refuse_text(c, NULL);
    }
    json_array_foreach (type, i, branch) {
        if (json_is_array(branch)) {
            return refuse(c, "%s has a union directly within a union", where);
        }
        if (!check_type(c, branch, space, where)) {
            return false;
        }
        const char *word = union_branch(c, branch, space);
        if (word == NULL) {
            continue;
        }
        if (json_object_get(seen, word) != NULL) {
            return refuse(c, "%s has a union with two branches of type \"%s\"", where,
                          fc_excerpt(c->arena, word));
        }
        if (json_object_set_new(seen, word, json_true()) != 0) {
            return refuse_text(c, NULL);
        }
    }
    return true;
}

/* Recursion is bounded by the depth that the JSON parser allows. */
static bool check_type(struct checker *c, const json_t *type, const char *space, const char *where)
{
    if (fc_arena_exhausted(c->arena)) {
        return refuse_text(c, NULL);
    }
    if (json_is_string(type)) {
        return check_reference(c, json_string_value(type), space, where);
    }
    if (json_is_array(type)) {
        return check_union(c, type, space, where);
    }
    if (json_is_object(type)) {
        return check_object(c, type, space, where);
    }
    return refuse(c, "%s is neither a type name, an object nor a union", where);
}

const char *fc_avro_schema_problem(struct fc_arena *arena, const char *schema_json)
{
    struct checker checker = {.arena = arena};
    json_error_t error;
    FC_CLEANUP(decref)
    json_t *schema = json_loads(schema_json, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);

    if (schema == NULL) {
        (void)refuse(&checker, "line %d, column %d: %s", error.line, error.column,
                     fc_excerpt(arena, error.text));
        return checker.problem;
    }
    FC_CLEANUP(decref) json_t *names = json_object();
    checker.names = names;
    if (names == NULL) {
        (void)refuse_text(&checker, NULL);
    } else {
        (void)check_type(&checker, schema, "", "the schema");
    }
    return checker.problem;
}

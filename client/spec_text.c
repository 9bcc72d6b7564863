/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spec_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/pbjson.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A map as the server keeps it: by key. Without memory it stays as it is. */
static json_t *sorted(json_t *map)
{
    const char **names = calloc(json_object_size(map) + 1, sizeof *names);
    json_t *result = names ? json_object() : json_incref(map);
    size_t count = 0;

    if (!names)
        return result;
    for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at))
        names[count++] = json_object_iter_key(at);
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++)
        json_object_set(result, names[i], json_object_get(map, names[i]));
    free(names);
    return result;
}

/* Labels and mappings by key, everywhere; messages with nothing in them go. */
static void settle(json_t *value)
{
    const char *name;
    json_t *member;
    void *next;

    for (size_t i = 0; i < json_array_size(value); i++)
        settle(json_array_get(value, i));
    json_object_foreach_safe(value, next, name, member)
    {
        if (strcmp(name, "labels") == 0 || strcmp(name, "fieldMapping") == 0)
            json_object_set_new(value, name, sorted(member));
        else
            settle(member);
    }
}

static json_t *finish(const char *kind, json_t *spec)
{
    static const char *const optional[] = {"streamSource", "onlineStore"};
    const char *max_age = json_string_value(json_object_get(spec, "maxAge"));

    settle(spec);
    if (max_age && strcmp(max_age, "0s") == 0)
        json_object_del(spec, "maxAge");
    for (size_t i = 0; i < FC_ARRAY_LEN(optional); i++)
        if (json_object_size(json_object_get(spec, optional[i])) == 0)
            json_object_del(spec, optional[i]);
    return json_pack("{s:s, s:o}", "kind", kind, "spec", spec);
}

json_t *fc_spec_of_doc(const struct fc_doc *doc)
{
    const char *kind = fc_doc_kind_name(doc->kind);

    switch (doc->kind) {
    case FC_DOC_PROJECT:
        return json_pack("{s:s, s:s}", "kind", kind, "name", doc->name);
    case FC_DOC_STORE:
        return finish(kind, fc_pbjson_encode(&doc->store->base, 0));
    case FC_DOC_ENTITY:
        return finish(kind, fc_pbjson_encode(&doc->entity->base, 0));
    case FC_DOC_TABLE:
        return finish(kind, fc_pbjson_encode(&doc->table->base, 0));
    }
    return NULL;
}

json_t *fc_spec_of_object(const fc_object *object)
{
    if (object->object_case == FEAST__ADMIN__V1__LISTED_OBJECT__OBJECT_ENTITY)
        return finish("Entity", fc_pbjson_encode(&object->entity->spec->base, 0));
    return finish("FeatureTable", fc_pbjson_encode(&object->feature_table->spec->base, 0));
}

bool fc_spec_text(json_t *spec, struct fc_buf *ret)
{
    struct fc_error err = FC_ERROR_INIT;
    bool good = spec && fc_json_to_yaml(spec, ret, &err) == FC_OK && !ret->failed;

    json_decref(spec);
    return good;
}

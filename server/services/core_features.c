/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "server/registry/encode.h"
#include "server/registry/map.h"
#include "server/registry/names.h"
#include "server/services/core.h"

struct feature_list {
    struct core_list list;
    struct fc_map labels; /* of the feature; all of them must be there */
    char **entities;      /* exactly the table's, sorted, each once; any when there are none */
    size_t entity_count;
};

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A sorted copy without repetitions; NULL when the arena is exhausted. */
static char **name_set(struct fc_arena *arena, char **names, size_t count, size_t *ret_count)
{
    char **set = fc_arena_memdup(arena, names, count * sizeof *names);

    *ret_count = 0;
    if (!set)
        return NULL;
    qsort(set, count, sizeof *set, compare_text);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(set[i], set[*ret_count - 1]) != 0)
            set[(*ret_count)++] = set[i];
    return set;
}

static bool has_entities(const struct feature_list *features, struct fc_arena *scratch,
                         const Feast__Core__FeatureTableSpec *spec)
{
    size_t count;
    char **names = name_set(scratch, spec->entities, spec->n_entities, &count);
    bool equal = names && count == features->entity_count;

    for (size_t i = 0; equal && i < count; i++)
        equal = strcmp(names[i], features->entities[i]) == 0;
    return equal;
}

/* An entry of the response's map: {1: "table:feature", 2: FeatureSpecV2}. */
static fc_rc append_feature(struct core_list *list, const char *table,
                            const Feast__Core__FeatureSpecV2 *feature, struct fc_error *err)
{
    char *key = fc_arena_printf(list->scratch, "%s:%s", table, feature->name);
    fc_str spec, first, second;

    if (!key || !fc_encode(list->scratch, &feature->base, &spec) ||
        !fc_encode_field(list->scratch, 1, fc_str_from(key), &first) ||
        !fc_encode_field(list->scratch, 2, spec, &second))
        return fc_request_too_large(err);
    char *entry = fc_arena_alloc(list->scratch, first.len + second.len);
    if (!entry)
        return fc_request_too_large(err);
    memcpy(entry, first.ptr, first.len);
    memcpy(entry + first.len, second.ptr, second.len);
    fc_buf_append_field(&list->reply, 2, (fc_str){entry, first.len + second.len});
    return FC_OK;
}

static fc_rc list_table(void *ctx, const struct fc_table_row *row, struct fc_error *err)
{
    struct feature_list *features = ctx;
    struct core_list *list = &features->list;
    fc_rc rc = core_list_row(list, err);

    if (rc != FC_OK)
        return rc;
    const Feast__Core__FeatureTableSpec *spec = feast__core__feature_table_spec__unpack(
        fc_arena_allocator(list->scratch), row->spec.len, (const uint8_t *)row->spec.ptr);
    if (!spec)
        return fc_request_too_large(err);
    if (features->entity_count > 0 && !has_entities(features, list->scratch, spec))
        return FC_OK;
    for (size_t i = 0; rc == FC_OK && i < spec->n_features; i++)
        if (fc_map_contains(FC_MAP(spec->features[i], labels), features->labels))
            rc = append_feature(list, spec->name, spec->features[i], err);
    return rc;
}

void core_list_features(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__ListFeaturesRequest__Filter *filter =
        ((const Feast__Core__ListFeaturesRequest *)message)->filter;
    const char *project = fc_request_project(!filter ? "" : filter->project);
    struct fc_error err = FC_ERROR_INIT;
    struct feature_list features = {.labels = {0, NULL}};

    if (filter) {
        features.labels = FC_MAP(filter, labels);
        features.entities = name_set(fc_rpc_arena(call), filter->entities, filter->n_entities,
                                     &features.entity_count);
        if (!features.entities) {
            fc_request_fail_too_large(call);
            return;
        }
    }
    struct fc_reader *reader = core_list_of_project(&features.list, call, ctx, project);
    if (!reader)
        return;
    fc_rc rc = fc_table_each(reader, fc_str_from(project), false, list_table, &features, &err);
    core_list_end(&features.list, rc, &err);
}

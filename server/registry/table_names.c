/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/table_names.h"

#include <stdlib.h>
#include <string.h>

#include "server/registry/names.h"

static int compare(const void *a, const void *b)
{
    const struct fc_table_name *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    if (order != 0)
        return order;
    if (left->feature != right->feature)
        return left->feature ? 1 : -1;
    return left->index < right->index ? -1 : left->index > right->index;
}

bool fc_table_names_init(struct fc_table_names *names, struct fc_arena *arena,
                         const Feast__Core__FeatureTableSpec *spec)
{
    size_t count = spec->n_entities + spec->n_features;

    names->count = 0;
    names->items = fc_arena_calloc(arena, count, sizeof *names->items);
    for (size_t i = 0; i < count && names->items; i++) {
        bool feature = i >= spec->n_entities;
        size_t index = feature ? i - spec->n_entities : i;
        names->items[i] = (struct fc_table_name){
            .name = feature ? spec->features[index]->name : spec->entities[index],
            .feature = feature,
            .index = index,
        };
        names->count++;
    }
    if (!names->items)
        return false;
    qsort(names->items, count, sizeof *names->items, compare);
    return true;
}

bool fc_table_names_have(const struct fc_table_names *names, const char *name)
{
    size_t low = 0, high = names->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(names->items[middle].name, name);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* The peers' documents list more, but these two are what they refuse, and what old tables hold must stay usable. */
static bool is_reserved(const char *name)
{
    return strcmp(name, "event_timestamp") == 0 || strcmp(name, "created_timestamp") == 0;
}

static const char *field_of(const struct fc_table_name *name, struct fc_arena *arena)
{
    const char *field = name->feature
                            ? fc_arena_printf(arena, "table_spec.features[%zu].name", name->index)
                            : fc_arena_printf(arena, "table_spec.entities[%zu]", name->index);

    return !field ? "table_spec" : field; /* the exhausted arena fails the request */
}

void fc_table_names_check(const struct fc_table_names *names, struct fc_violations *violations)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct fc_table_name *name = &names->items[i];
        const struct fc_table_name *before = i == 0 ? NULL : name - 1;
        bool repeated = before && strcmp(before->name, name->name) == 0;
        if (is_reserved(name->name)) {
            fc_violations_add(violations, FC_REASON_NAME_RESERVED,
                              field_of(name, violations->arena),
                              "Reserved names has been used as Feature(s) names. Reserved: "
                              "[event_timestamp, created_timestamp] (%s \"%s\")",
                              name->feature ? "feature" : "entity", name->name);
        }
        if (repeated && *name->name != '\0') {
            fc_violations_add(violations, FC_REASON_NAME_CLASH, field_of(name, violations->arena),
                              "Entity and Feature names within a Feature Table should be unique. "
                              "(%s \"%s\" is also an %s)",
                              name->feature ? "feature" : "entity",
                              fc_excerpt(violations->arena, name->name),
                              before->feature ? "earlier feature" : "entity");
        }
    }
}

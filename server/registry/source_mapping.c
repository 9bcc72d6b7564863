/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "server/registry/map.h"
#include "server/registry/names.h"
#include "server/registry/source_check.h"

#define SUGGEST_NAMES 256
#define SUGGEST_KEYS  20

/* A name of the table and the column that it reads: itself, unless it is mapped. */
struct reading {
    const char *column, *name;
    bool mapped;
};

static int compare(const void *a, const void *b)
{
    const struct reading *left = a, *right = b;
    int order = strcmp(left->column, right->column);

    return order != 0 ? order : strcmp(left->name, right->name);
}

static const char *entry_field(const struct source_check *check, const char *key)
{
    const char *entry = fc_arena_printf(check->violations->arena, "field_mapping[\"%s\"]",
                                        fc_excerpt(check->violations->arena, key));

    return fc_source_field(check, !entry ? "field_mapping" : entry);
}

/* Two names that read one column is most often a slip, and nobody would see it: the values look right. */
static void check_columns(const struct source_check *check, struct fc_map mapping,
                          const struct fc_table_names *names)
{
    struct fc_arena *arena = check->violations->arena;
    struct reading *readings = fc_arena_calloc(arena, names->count, sizeof *readings);
    size_t count = !readings ? 0 : names->count;

    for (size_t i = 0; i < count; i++) {
        const char *column = fc_map_get(mapping, names->items[i].name);
        readings[i].name = names->items[i].name;
        readings[i].mapped = column && *column != '\0';
        readings[i].column = readings[i].mapped ? column : readings[i].name;
    }
    if (count > 0)
        qsort(readings, count, sizeof *readings, compare);
    for (size_t i = 1; i < count; i++) {
        const struct reading *first = &readings[i - 1], *second = &readings[i];
        if (strcmp(first->column, second->column) != 0 || strcmp(first->name, second->name) == 0)
            continue;
        const char *key = second->mapped ? second->name : first->name;
        fc_violations_add(check->violations, FC_REASON_FIELD_MAPPING_INVALID,
                          entry_field(check, key),
                          "%s: \"%s\" and \"%s\" both read column \"%s\", each column may be read "
                          "under one name",
                          check->slot, fc_excerpt(arena, first->name),
                          fc_excerpt(arena, second->name), fc_excerpt(arena, first->column));
    }
}

/* Suggestions cost the product of what the request holds, so they are for requests that people write. */
static const char *did_you_mean(const struct source_check *check, const char *key,
                                const struct fc_table_names *names)
{
    struct fc_arena *arena = check->violations->arena;
    const char *candidates[SUGGEST_NAMES];
    size_t count = 0;

    if (names->count > SUGGEST_NAMES || check->violations->count > SUGGEST_KEYS ||
        strlen(key) > FC_NAME_MAX)
        return "";
    for (size_t i = 0; i < names->count; i++)
        if (strlen(names->items[i].name) <= FC_NAME_MAX)
            candidates[count++] = names->items[i].name;
    const char *nearest = fc_str_nearest(key, candidates, count);
    const char *text =
        !nearest ? NULL
                 : fc_arena_printf(arena, "; did you mean \"%s\"?", fc_excerpt(arena, nearest));
    return !text ? "" : text;
}

void fc_source_check_mapping(const struct source_check *check,
                             const Feast__Core__DataSource *source,
                             const struct fc_table_names *names)
{
    struct fc_map mapping = FC_MAP(source, field_mapping);
    struct fc_arena *arena = check->violations->arena;

    for (size_t i = 0; i < mapping.count && !fc_arena_exhausted(arena); i++) {
        const char *key = fc_map_key(mapping, i);
        if (!fc_table_names_have(names, key)) {
            fc_violations_add(check->violations, FC_REASON_FIELD_MAPPING_INVALID,
                              entry_field(check, key),
                              "%s: field_mapping maps \"%s\", which is neither an entity nor a "
                              "feature of the table%s",
                              check->slot, fc_excerpt(arena, key), did_you_mean(check, key, names));
        } else if (*fc_map_value(mapping, i) == '\0') {
            fc_violations_add(check->violations, FC_REASON_FIELD_MAPPING_INVALID,
                              entry_field(check, key),
                              "%s: field_mapping maps \"%s\" to an empty name, the column in the "
                              "source is required",
                              check->slot, fc_excerpt(arena, key));
        }
    }
    if (mapping.count > 0)
        check_columns(check, mapping, names);
}

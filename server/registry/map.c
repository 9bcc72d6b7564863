/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/map.h"

#include <stdlib.h>
#include <string.h>

#include "feast/core/CoreService.pb-c.h"

typedef Feast__Core__EntitySpecV2__LabelsEntry entry_shape;

#define SAME_SHAPE(type)                                                                           \
    _Static_assert(sizeof(type) == sizeof(entry_shape) &&                                          \
                       offsetof(type, key) == offsetof(entry_shape, key) &&                        \
                       offsetof(type, value) == offsetof(entry_shape, value),                      \
                   "entries of string maps share one layout")

SAME_SHAPE(Feast__Core__FeatureSpecV2__LabelsEntry);
SAME_SHAPE(Feast__Core__FeatureTableSpec__LabelsEntry);
SAME_SHAPE(Feast__Core__DataSource__FieldMappingEntry);
SAME_SHAPE(Feast__Core__ListEntitiesRequest__Filter__LabelsEntry);
SAME_SHAPE(Feast__Core__ListFeaturesRequest__Filter__LabelsEntry);
SAME_SHAPE(Feast__Core__ListFeatureTablesRequest__Filter__LabelsEntry);

/* Members are copied out byte by byte, since the type of the entries is not known here. */
static const char *entry_text(const void *entry, size_t offset)
{
    const char *text;

    memcpy(&text, (const char *)entry + offset, sizeof text);
    return text;
}

static const void *entry_at(struct fc_map map, size_t index)
{
    const void *entry;

    memcpy(&entry, (const char *)map.entries + index * sizeof entry, sizeof entry);
    return entry;
}

const char *fc_map_key(struct fc_map map, size_t index)
{
    return entry_text(entry_at(map, index), offsetof(entry_shape, key));
}

const char *fc_map_value(struct fc_map map, size_t index)
{
    return entry_text(entry_at(map, index), offsetof(entry_shape, value));
}

const char *fc_map_get(struct fc_map map, const char *key)
{
    size_t low = 0, high = map.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(fc_map_key(map, middle), key);
        if (order == 0)
            return fc_map_value(map, middle);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct place {
    const char *key;
    const void *entry;
    size_t index;
};

/* By key, then by place on the wire: qsort alone is not stable, and the last one must win. */
static int compare_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    int order = strcmp(left->key, right->key);

    if (order != 0)
        return order;
    return left->index < right->index ? -1 : left->index > right->index;
}

bool fc_map_normalise(struct fc_arena *arena, size_t *count, void *entries)
{
    struct fc_map map = {*count, entries};
    bool sorted = true;

    for (size_t i = 1; i < map.count && sorted; i++)
        sorted = strcmp(fc_map_key(map, i - 1), fc_map_key(map, i)) < 0;
    if (sorted)
        return true;
    struct place *places = fc_arena_calloc(arena, map.count, sizeof *places);
    if (!places)
        return false;
    for (size_t i = 0; i < map.count; i++)
        places[i] = (struct place){fc_map_key(map, i), entry_at(map, i), i};
    qsort(places, map.count, sizeof *places, compare_places);
    size_t kept = 0;
    for (size_t i = 0; i < map.count; i++) {
        if (i + 1 < map.count && strcmp(places[i].key, places[i + 1].key) == 0)
            continue;
        memcpy((char *)entries + kept * sizeof places[i].entry, &places[i].entry,
               sizeof places[i].entry);
        kept++;
    }
    *count = kept;
    return true;
}

bool fc_map_contains(struct fc_map map, struct fc_map wanted)
{
    for (size_t i = 0; i < wanted.count; i++) {
        const char *value = fc_map_get(map, fc_map_key(wanted, i));
        if (!value || strcmp(value, fc_map_value(wanted, i)) != 0)
            return false;
    }
    return true;
}

void fc_labels_check(struct fc_violations *violations, const char *what, const char *field,
                     struct fc_map labels)
{
    for (size_t i = 0; i < labels.count; i++) {
        if (*fc_map_key(labels, i) == '\0') {
            fc_violations_add(violations, FC_REASON_LABEL_INVALID, field,
                              "%s: a label has an empty key, a key is required", what);
            return;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "server/registry/encode.h"

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_features(const void *a, const void *b)
{
    const Feast__Core__FeatureSpecV2 *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

bool fc_table_canonical(struct fc_arena *arena, const Feast__Core__FeatureTableSpec *spec,
                        Feast__Core__FeatureTableSpec *ret)
{
    size_t entities = spec->n_entities, features = spec->n_features;
    Feast__Core__FeatureTableSpec copy = *spec;

    copy.entities = fc_arena_memdup(arena, spec->entities, entities * sizeof *spec->entities);
    copy.features = fc_arena_memdup(arena, spec->features, features * sizeof *spec->features);
    if (!copy.entities || !copy.features)
        return false;
    qsort(copy.entities, entities, sizeof *copy.entities, compare_text);
    qsort(copy.features, features, sizeof *copy.features, compare_features);
    *ret = copy;
    return true;
}

bool fc_table_unchanged(struct fc_arena *arena, const Feast__Core__FeatureTableSpec *spec,
                        fc_str stored)
{
    Feast__Core__FeatureTableSpec canonical;
    fc_str new_bytes, old_bytes;

    /* The common case, an identical apply, needs no second unpacking. */
    if (fc_encode(arena, &spec->base, &new_bytes) && fc_str_eq(new_bytes, stored))
        return true;
    Feast__Core__FeatureTableSpec *old = feast__core__feature_table_spec__unpack(
        fc_arena_allocator(arena), stored.len, (const uint8_t *)stored.ptr);
    return old && fc_table_canonical(arena, spec, &canonical) &&
           fc_encode(arena, &canonical.base, &new_bytes) &&
           fc_table_canonical(arena, old, &canonical) &&
           fc_encode(arena, &canonical.base, &old_bytes) && fc_str_eq(new_bytes, old_bytes);
}

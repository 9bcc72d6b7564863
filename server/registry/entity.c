/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/entity.h"

#include "server/registry/map.h"
#include "server/registry/names.h"
#include "server/registry/value_type.h"

bool fc_entity_normalise(struct fc_arena *arena, Feast__Core__EntitySpecV2 *spec)
{
    return fc_map_normalise(arena, &spec->n_labels, spec->labels);
}

void fc_entity_check(const Feast__Core__EntitySpecV2 *spec, struct fc_violations *violations)
{
    if (!spec) {
        fc_violations_add(violations, FC_REASON_FIELD_REQUIRED, "spec",
                          "the request has no spec, an entity specification is required");
        return;
    }
    const char *what = fc_arena_printf(violations->arena, "Entity \"%s\"",
                                       fc_excerpt(violations->arena, spec->name));
    what = !what ? "Entity" : what;
    fc_name_check(violations, FC_NAME_PLAIN, "entity", "spec.name", spec->name);
    fc_value_type_check(violations, what, "spec.value_type", (int32_t)spec->value_type);
    fc_labels_check(violations, what, "spec.labels", FC_MAP(spec, labels));
}

/* A database written by another generation may hold numbers that have no name here. */
static const char *name_or_unknown(int32_t type)
{
    const char *name = fc_value_type_name(type);

    return !name ? "an unknown type" : name;
}

void fc_entity_check_change(const char *project, int32_t stored_type,
                            const Feast__Core__EntitySpecV2 *spec, struct fc_violations *violations)
{
    if ((int32_t)spec->value_type == stored_type)
        return;
    fc_violations_add(violations, FC_REASON_ENTITY_TYPE_CHANGED, "spec.value_type",
                      "You are attempting to change the type of this entity in %s project from %s "
                      "to %s. This isn't allowed. Please create a new entity.",
                      project, name_or_unknown(stored_type),
                      name_or_unknown((int32_t)spec->value_type));
}

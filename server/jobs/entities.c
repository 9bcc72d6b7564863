/* SPDX-License-Identifier: Apache-2.0 */
#include "server/jobs/entities.h"

#include "storage/registry.h"

fc_rc fc_table_entities(struct fc_reader *reader, const char *project,
                        const Feast__Core__FeatureTableSpec *spec, struct fc_arena *arena,
                        struct fc_entity_type **ret, struct fc_error *err)
{
    struct fc_entity_type *entities = fc_arena_calloc(arena, spec->n_entities, sizeof *entities);

    if (!entities) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "no memory for the entities of feature table %s within the limit of a call",
                       spec->name);
    }
    for (size_t i = 0; i < spec->n_entities; i++) {
        struct fc_entity_row row = {.id = 0};
        fc_rc rc = fc_entity_find(reader, fc_str_from(project), fc_str_from(spec->entities[i]),
                                  arena, &row, err);
        if (rc != FC_OK)
            return rc;
        if (row.id == 0) {
            return fc_fail(err, FC_REASON_ENTITY_NOT_FOUND,
                           "Feature Table refers to no existent Entity: (table: %s, entity: %s, "
                           "project: %s)",
                           spec->name, spec->entities[i], project);
        }
        entities[i] =
            (struct fc_entity_type){.name = spec->entities[i], .value_type = row.value_type};
    }
    *ret = entities;
    return FC_OK;
}

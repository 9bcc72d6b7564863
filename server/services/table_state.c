/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/table_state.h"

#include "server/registry/feature_table.h"
#include "server/registry/names.h"
#include "server/services/request.h"

/* A request with more unknown entities than this has its lookups ended. */
#define MAX_UNKNOWN 100

bool fc_project_mode(const struct fc_project_row *row, struct fc_arena *arena,
                     enum fc_validation_mode *ret)
{
    const char *text = row->validation.len > 0
                           ? fc_arena_strndup(arena, row->validation.ptr, row->validation.len)
                           : NULL;

    return text && fc_validation_mode_parse(text, ret);
}

static fc_rc check_project(struct fc_reader *reader, const char *project,
                           struct fc_violations *violations, struct fc_table_state *ret,
                           struct fc_error *err)
{
    struct fc_project_row row = {.id = 0};
    fc_rc rc = fc_project_find(reader, fc_str_from(project), violations->arena, &row, err);

    if (rc == FC_OK && row.archived) {
        fc_violations_add(violations, FC_REASON_PROJECT_ARCHIVED, "project",
                          "Project is archived: %s", project);
    }
    ret->project_id = row.id;
    if (rc == FC_OK)
        ret->has_mode = fc_project_mode(&row, violations->arena, &ret->mode);
    return rc;
}

/* Entities of the table, with the types that the admission asks for. */
static fc_rc resolve_entities(struct fc_reader *reader, const char *project,
                              const Feast__Core__FeatureTableSpec *spec,
                              struct fc_violations *violations, struct fc_table_state *ret,
                              struct fc_error *err)
{
    size_t unknown = 0;

    ret->entity_count = 0;
    ret->entities = fc_arena_calloc(violations->arena, spec->n_entities, sizeof *ret->entities);
    if (!ret->entities)
        return fc_request_too_large(err);
    for (size_t i = 0; i < spec->n_entities && unknown < MAX_UNKNOWN; i++) {
        const char *name = spec->entities[i];
        struct fc_entity_row row = {.id = 0};
        if (!fc_name_has_form(FC_NAME_PLAIN, name))
            continue; /* refused as a name */
        fc_rc rc = fc_entity_find(reader, fc_str_from(project), fc_str_from(name),
                                  violations->arena, &row, err);
        if (rc != FC_OK)
            return rc;
        if (row.id == 0) {
            fc_table_entity_unknown(spec, i, project, violations);
            unknown++;
            continue;
        }
        ret->entities[ret->entity_count++] =
            (struct fc_entity_type){.name = name, .value_type = row.value_type};
    }
    return FC_OK;
}

static fc_rc check_online_store(struct fc_reader *reader, const Feast__Core__FeatureTableSpec *spec,
                                struct fc_violations *violations, struct fc_error *err)
{
    struct fc_store_row row = {.id = 0};

    if (!spec->online_store || *spec->online_store->name == '\0')
        return FC_OK;
    fc_rc rc = fc_store_row_find(reader, FC_STORE_ONLINE, fc_str_from(spec->online_store->name),
                                 violations->arena, &row, err);
    if (rc == FC_OK && (row.id == 0 || row.archived))
        fc_table_online_store_unusable(spec, row.archived, violations);
    return rc;
}

fc_rc fc_table_state_check(struct fc_reader *reader, const char *project,
                           const Feast__Core__FeatureTableSpec *spec,
                           struct fc_violations *violations, struct fc_table_state *ret,
                           struct fc_error *err)
{
    fc_rc rc = check_project(reader, project, violations, ret, err);

    if (rc == FC_OK)
        rc = resolve_entities(reader, project, spec, violations, ret, err);
    return rc != FC_OK ? rc : check_online_store(reader, spec, violations, err);
}

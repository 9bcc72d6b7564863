/* SPDX-License-Identifier: Apache-2.0 */
/* Projects and entities. */
#include <string.h>

#include "base/pbjson.h"
#include "base/time.h"
#include "client/get.h"
#include "client/output.h"
#include "client/table.h"
#include "client/values.h"
#include "feast/core/CoreService.pb-c.h"

static enum fc_exit print_projects(struct fc_cli *cli, char **names, size_t count, bool single)
{
    static const struct fc_table_column columns[] = {{.title = "NAME"}, {0}};
    struct fc_output output;
    struct fc_table *table;
    enum fc_exit code;

    if (fc_output_wanted(cli)) {
        fc_output_begin(&output, "Project", "project", single);
        for (size_t i = 0; i < count; i++)
            fc_output_add(&output, names[i], json_pack("{s:s}", "name", names[i]));
        code = fc_output_print(cli, &output);
        fc_output_done(&output);
        return code;
    }
    table = fc_table_new(cli->arena, columns);
    for (size_t i = 0; table && i < count; i++) {
        fc_table_row(table);
        fc_table_cell(table, names[i]);
    }
    return table && fc_table_print(table, false, cli->out) ? FC_EXIT_OK : fc_cli_no_memory(cli);
}

enum fc_exit fc_get_projects(struct fc_cli *cli, const struct fc_selection *selection)
{
    Feast__Core__ListProjectsRequest request = FEAST__CORE__LIST_PROJECTS_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_core_list_projects, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    const Feast__Core__ListProjectsResponse *reply = (const void *)call.reply.message;
    if (!selection->name)
        return print_projects(cli, reply->projects, reply->n_projects, false);
    for (size_t i = 0; i < reply->n_projects; i++) {
        if (strcmp(reply->projects[i], selection->name) == 0)
            return print_projects(cli, &reply->projects[i], 1, true);
    }
    (void)fc_fail(&err, FC_REASON_PROJECT_NOT_FOUND,
                  "there is no project \"%.200s\" that is not archived", selection->name);
    return fc_cli_fail(cli, &err);
}

/* -- entities ------------------------------------------------------------------------------------------------ */

static const struct fc_table_column entity_columns[] = {{.title = "NAME"},
                                                        {.title = "TYPE"},
                                                        {.title = "DESCRIPTION"},
                                                        {.title = "UPDATED", .wide = true},
                                                        {.title = "LABELS", .wide = true},
                                                        {0}};

static void entity_row(struct fc_cli *cli, struct fc_table *table,
                       const Feast__Core__Entity *entity)
{
    const Feast__Core__EntitySpecV2 *spec = entity->spec;
    struct fc_label *labels = fc_arena_calloc(cli->arena, spec->n_labels + 1, sizeof(*labels));

    for (size_t i = 0; labels && i < spec->n_labels; i++)
        labels[i] = (struct fc_label){spec->labels[i]->key, spec->labels[i]->value};
    fc_table_row(table);
    fc_table_cell(table, spec->name);
    fc_table_cell(table, fc_type_name((int)spec->value_type));
    fc_table_cell(table, spec->description);
    fc_table_cell(table, fc_time_text(cli->arena,
                                      entity->meta ? entity->meta->last_updated_timestamp : NULL));
    fc_table_cell(table, labels ? fc_labels_text(cli->arena, labels, spec->n_labels) : NULL);
}

static enum fc_exit print_entities(struct fc_cli *cli, Feast__Core__Entity **entities, size_t count,
                                   bool single)
{
    struct fc_output output;
    struct fc_table *table;
    enum fc_exit code;

    if (fc_output_wanted(cli)) {
        fc_output_begin(&output, "Entity", "entity", single);
        for (size_t i = 0; i < count; i++) {
            if (entities[i]->spec)
                fc_output_add(&output, entities[i]->spec->name,
                              fc_pbjson_encode(&entities[i]->base, 0));
        }
        code = fc_output_print(cli, &output);
        fc_output_done(&output);
        return code;
    }
    if (count == 0) {
        fc_get_nothing(cli, "entities");
        return FC_EXIT_OK;
    }
    table = fc_table_new(cli->arena, entity_columns);
    for (size_t i = 0; table && i < count; i++) {
        if (entities[i]->spec)
            entity_row(cli, table, entities[i]);
    }
    return table && fc_table_print(table, cli->format == FC_FORMAT_WIDE, cli->out)
               ? FC_EXIT_OK
               : fc_cli_no_memory(cli);
}

static enum fc_exit get_entity(struct fc_cli *cli, const char *name)
{
    Feast__Core__GetEntityRequest request = FEAST__CORE__GET_ENTITY_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_core_get_entity, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    request.name = (char *)name;
    request.project = (char *)cli->project;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    Feast__Core__GetEntityResponse *reply = (void *)call.reply.message;
    return print_entities(cli, &reply->entity, reply->entity ? 1 : 0, true);
}

enum fc_exit fc_get_entities(struct fc_cli *cli, const struct fc_selection *selection)
{
    Feast__Core__ListEntitiesRequest request = FEAST__CORE__LIST_ENTITIES_REQUEST__INIT;
    Feast__Core__ListEntitiesRequest__Filter filter =
        FEAST__CORE__LIST_ENTITIES_REQUEST__FILTER__INIT;
    Feast__Core__ListEntitiesRequest__Filter__LabelsEntry *entries;
    struct fc_call call = {.method = &fc_method_core_list_entities, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    if (selection->name)
        return get_entity(cli, selection->name);
    entries = fc_arena_calloc(cli->arena, selection->label_count + 1, sizeof(*entries));
    filter.labels = fc_arena_calloc(cli->arena, selection->label_count + 1, sizeof(void *));
    if (!entries || !filter.labels)
        return fc_cli_no_memory(cli);
    for (size_t i = 0; i < selection->label_count; i++) {
        feast__core__list_entities_request__filter__labels_entry__init(&entries[i]);
        entries[i].key = selection->labels[i].key;
        entries[i].value = selection->labels[i].value;
        filter.labels[filter.n_labels++] = &entries[i];
    }
    filter.project = (char *)cli->project;
    request.filter = &filter;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    Feast__Core__ListEntitiesResponse *reply = (void *)call.reply.message;
    return print_entities(cli, reply->entities, reply->n_entities, false);
}

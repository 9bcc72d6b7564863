/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl export: all that apply takes, in the order in which it takes it. */
#include <string.h>

#include "base/pbjson.h"
#include "client/cli.h"
#include "client/get.h"
#include "client/spec_text.h"
#include "feast/core/CoreService.pb-c.h"

struct export
{
    struct fc_cli *cli;
    struct fc_output output;
};

static json_t *with_project(const fc_object *object)
{
    json_t *spec = fc_spec_of_object(object);

    if (spec)
        json_object_set_new(spec, "project", json_string(object->project));
    json_object_del(spec, "kind");
    return spec;
}

static bool add_entity(void *ctx, const fc_object *object)
{
    struct export *e = ctx;

    if (object->entity && object->entity->spec)
        fc_output_add_as(&e->output, "Entity", "entity", object->entity->spec->name,
                         with_project(object));
    return true;
}

static bool add_table(void *ctx, const fc_object *object)
{
    struct export *e = ctx;

    if (object->feature_table && object->feature_table->spec)
        fc_output_add_as(&e->output, "FeatureTable", "table", object->feature_table->spec->name,
                         with_project(object));
    return true;
}

static bool end_page(void *ctx)
{
    return !((struct export *)ctx)->output.failed;
}

/* "default" is in every registry. */
static enum fc_exit add_projects(struct export *e, const struct fc_selection *selection)
{
    Feast__Core__ListProjectsRequest request = FEAST__CORE__LIST_PROJECTS_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_core_list_projects, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    if (!selection->all_projects) {
        fc_output_add_as(&e->output, "Project", "project", e->cli->project,
                         json_pack("{s:s}", "name", e->cli->project));
        return FC_EXIT_OK;
    }
    if (fc_client_call(e->cli, &call, &err) != FC_OK)
        return fc_client_fail(e->cli, &call, &err);
    const Feast__Core__ListProjectsResponse *reply = (const void *)call.reply.message;
    for (size_t i = 0; i < reply->n_projects; i++)
        fc_output_add_as(&e->output, "Project", "project", reply->projects[i],
                         json_pack("{s:s}", "name", reply->projects[i]));
    return FC_EXIT_OK;
}

static enum fc_exit add_stores(struct export *e)
{
    Feast__Core__ListOnlineStoresRequest request = FEAST__CORE__LIST_ONLINE_STORES_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_core_list_online_stores, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    if (fc_client_call(e->cli, &call, &err) != FC_OK)
        return fc_client_fail(e->cli, &call, &err);
    const Feast__Core__ListOnlineStoresResponse *reply = (const void *)call.reply.message;
    for (size_t i = 0; i < reply->n_online_store; i++)
        fc_output_add_as(
            &e->output, "OnlineStore", "store", reply->online_store[i]->name,
            json_pack("{s:o}", "spec", fc_pbjson_encode(&reply->online_store[i]->base, 0)));
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_export(struct fc_cli *cli)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(256u * 1024 * 1024);
    struct export e = {.cli = cli};
    struct fc_selection selection = {.name = NULL};
    enum fc_exit code = fc_selection_read(cli, &selection);

    if (code != FC_EXIT_OK || !arena)
        return arena ? code : fc_cli_no_memory(cli);
    if (!fc_output_wanted(cli))
        cli->format = FC_FORMAT_YAML;
    fc_output_begin(&e.output, cli, "Export", "", false);
    code = add_projects(&e, &selection);
    if (code == FC_EXIT_OK)
        code = add_stores(&e);
    if (code == FC_EXIT_OK)
        code = fc_objects_each(cli, FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_ENTITY, &selection,
                               arena, add_entity, end_page, &e);
    if (code == FC_EXIT_OK)
        code = fc_objects_each(cli, FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE,
                               &selection, arena, add_table, end_page, &e);
    return code == FC_EXIT_OK ? fc_output_end(&e.output) : code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Projects and online stores: kinds that stand above projects, and are few. */
#include <string.h>

#include "base/pbjson.h"
#include "client/get.h"
#include "feast/core/CoreService.pb-c.h"

/* -- projects ------------------------------------------------------------------------------------------------ */

static enum fc_exit print_projects(struct fc_cli *cli, char **names, size_t count, bool single)
{
    static const struct fc_table_column columns[] = {{.title = "NAME"}, {0}};
    struct fc_table *table = fc_table_new(cli->arena, columns);
    struct fc_output output;

    if (fc_output_wanted(cli)) {
        fc_output_begin(&output, cli, "Project", "project", single);
        for (size_t i = 0; i < count; i++)
            fc_output_add(&output, names[i], json_pack("{s:s}", "name", names[i]));
        return fc_output_end(&output);
    }
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
    for (size_t i = 0; i < reply->n_projects; i++)
        if (strcmp(reply->projects[i], selection->name) == 0)
            return print_projects(cli, &reply->projects[i], 1, true);
    (void)fc_fail(&err, FC_REASON_PROJECT_NOT_FOUND,
                  "there is no project \"%.200s\" that is not archived", selection->name);
    return fc_cli_fail(cli, &err);
}

/* -- online stores ------------------------------------------------------------------------------------------- */

static const char *store_type(const Feast__Core__OnlineStore *store)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &feast__core__store_type__descriptor, (int)store->type);

    return value ? value->name : "?";
}

static enum fc_exit print_stores(struct fc_cli *cli, Feast__Core__OnlineStore **stores,
                                 size_t count, bool single)
{
    static const struct fc_table_column columns[] = {
        {.title = "NAME"}, {.title = "TYPE"}, {.title = "DESCRIPTION"}, {0}};
    struct fc_table *table = fc_table_new(cli->arena, columns);
    struct fc_output output;

    fc_output_begin(&output, cli, "OnlineStore", "store", single);
    for (size_t i = 0; table && i < count; i++) {
        if (fc_output_wanted(cli)) {
            fc_output_add(&output, stores[i]->name,
                          json_pack("{s:o}", "spec", fc_pbjson_encode(&stores[i]->base, 0)));
            continue;
        }
        fc_table_row(table);
        fc_table_cell(table, stores[i]->name);
        fc_table_cell(table, store_type(stores[i]));
        fc_table_cell(table, stores[i]->description);
    }
    if (fc_output_wanted(cli))
        return fc_output_end(&output);
    if (count == 0) {
        fc_cli_note(cli, "No online stores.");
        return FC_EXIT_OK;
    }
    return table && fc_table_print(table, false, cli->out) ? FC_EXIT_OK : fc_cli_no_memory(cli);
}

enum fc_exit fc_get_stores(struct fc_cli *cli, const struct fc_selection *selection)
{
    Feast__Core__ListOnlineStoresRequest list = FEAST__CORE__LIST_ONLINE_STORES_REQUEST__INIT;
    Feast__Core__GetOnlineStoreRequest get = FEAST__CORE__GET_ONLINE_STORE_REQUEST__INIT;
    struct fc_call call = {.method = selection->name ? &fc_method_core_get_online_store
                                                     : &fc_method_core_list_online_stores,
                           .request = selection->name ? &get.base : &list.base};
    struct fc_error err = FC_ERROR_INIT;

    get.name = (char *)(selection->name ? selection->name : "");
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    if (selection->name)
        return print_stores(
            cli, &((Feast__Core__GetOnlineStoreResponse *)call.reply.message)->online_store, 1,
            true);
    const Feast__Core__ListOnlineStoresResponse *reply = (const void *)call.reply.message;
    return print_stores(cli, reply->online_store, reply->n_online_store, false);
}

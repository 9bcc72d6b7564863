/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl delete: feature tables; of the rest of the registry nothing can be deleted. */
#include "client/ask.h"
#include "client/cli.h"
#include "client/client.h"
#include "client/cmd_get.h"
#include "feast/core/CoreService.pb-c.h"

enum fc_exit fc_delete_table(struct fc_cli *cli, const char *name)
{
    Feast__Core__DeleteFeatureTableRequest request =
        FEAST__CORE__DELETE_FEATURE_TABLE_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_core_delete_table, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code =
        fc_ask(cli, "Feature table %s of project %s is to be deleted.", name, cli->project);

    if (code != FC_EXIT_OK)
        return code;
    request.project = (char *)cli->project;
    request.name = (char *)name;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    fprintf(cli->out, "table/%s%s\n", name, cli->format == FC_FORMAT_NAME ? "" : " deleted");
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_delete(struct fc_cli *cli)
{
    const struct fc_view *view;
    const char *name;
    enum fc_exit code = fc_get_parse(cli, &view, &name);

    if (code != FC_EXIT_OK)
        return code;
    if (view->add != fc_show_table)
        return fc_cli_usage(cli,
                            "%s cannot be deleted; feature tables can, and projects can be "
                            "archived: feastctl projects archive NAME",
                            view->names[0]);
    if (!name)
        return fc_cli_usage(cli, "name the table to delete");
    return fc_delete_table(cli, name);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl projects */
#include "client/ask.h"
#include "client/cli.h"
#include "client/get.h"
#include "feast/core/CoreService.pb-c.h"

enum fc_exit fc_cmd_projects_create(struct fc_cli *cli)
{
    Feast__Core__CreateProjectRequest request = FEAST__CORE__CREATE_PROJECT_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_core_create_project, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    request.name = (char *)cli->args[0];
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    fprintf(cli->out, "project/%s created\n", cli->args[0]);
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_projects_archive(struct fc_cli *cli)
{
    Feast__Core__ArchiveProjectRequest request = FEAST__CORE__ARCHIVE_PROJECT_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_core_archive_project, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code = fc_ask(cli,
                               "Project %s is to be archived: nothing in it can be changed "
                               "any more.",
                               cli->args[0]);

    if (code != FC_EXIT_OK)
        return code;
    request.name = (char *)cli->args[0];
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    fprintf(cli->out, "project/%s archived\n", cli->args[0]);
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_projects_list(struct fc_cli *cli)
{
    return fc_get_projects(cli, &(struct fc_selection){.name = NULL});
}

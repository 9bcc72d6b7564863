/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl get, feastctl list: which kind of object, which of them. */
#include <stdlib.h>
#include <string.h>

#include "client/cli.h"
#include "client/cmd_get.h"

static enum fc_exit check_selection(struct fc_cli *cli, const struct fc_view *view,
                                    const struct fc_selection *selection)
{
    bool jobs = view->run == fc_get_jobs, features = view->add == fc_show_features;

    if (selection->label_count > 0 && !view->labels)
        return fc_cli_usage(cli, "%s have no labels; -l does not go with them", view->names[0]);
    if (selection->label_count > 0 && selection->name && !features)
        return fc_cli_usage(cli, "-l selects from a list and does not go with a name");
    if (selection->entity_count > 0 && !features)
        return fc_cli_usage(cli, "--entities goes with `get features` only");
    if (selection->active && !jobs)
        return fc_cli_usage(cli, "--active goes with `get jobs` only");
    if (selection->all_projects && selection->name)
        return fc_cli_usage(cli, "--all-projects lists; a name is in one project");
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_get(struct fc_cli *cli)
{
    struct fc_selection selection = {.name = NULL};
    const struct fc_view *view;
    enum fc_exit code = fc_get_parse(cli, &view, &selection.name);

    if (code == FC_EXIT_OK && fc_options_has(&cli->options, "revision") &&
        fc_options_given(&cli->options, "revision"))
        return fc_get_revision(cli, view, selection.name);
    if (code == FC_EXIT_OK)
        code = fc_selection_read(cli, &selection);
    if (code == FC_EXIT_OK)
        code = check_selection(cli, view, &selection);
    return code == FC_EXIT_OK ? fc_view_run(cli, view, &selection) : code;
}

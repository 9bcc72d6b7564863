/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl get, feastctl list: which kind of object, which of them. */
#include <stdlib.h>
#include <string.h>

#include "client/cmd_get.h"

static enum fc_exit unknown_view(struct fc_cli *cli, const char *word)
{
    const char *names[16];
    const char *nearest;
    char all[256] = "";

    for (size_t v = 0; v < fc_view_count; v++) {
        names[v] = fc_views[v].names[0];
        size_t used = strlen(all);
        snprintf(all + used, sizeof(all) - used, "%s%s", v ? ", " : "", names[v]);
    }
    nearest = fc_str_nearest(word, names, fc_view_count);
    return fc_cli_usage(cli, "there is nothing called \"%.60s\" to get%s%s%s", word,
                        nearest ? "; did you mean \"" : "; it is one of ", nearest ? nearest : all,
                        nearest ? "\"?" : "");
}

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

enum fc_exit fc_get_parse(struct fc_cli *cli, const struct fc_view **ret_view,
                          const char **ret_name)
{
    const char *word = cli->args[0], *slash = strchr(word, '/');
    const char *name = cli->arg_count > 1 ? cli->args[1] : NULL;

    *ret_view = fc_view_find(word, slash ? (size_t)(slash - word) : strlen(word));
    if (!*ret_view)
        return unknown_view(cli, word);
    if (slash && name)
        return fc_cli_usage(cli, "\"%.60s\" is too much: %.60s names one already", name, word);
    *ret_name = slash ? slash + 1 : name;
    if (*ret_name && !(*ret_name)[0])
        return fc_cli_usage(cli, "the name is empty");
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

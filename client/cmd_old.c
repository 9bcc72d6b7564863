/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the old command line: `entities …` and `feature-tables …`. */
#include "client/cli.h"
#include "client/cmd_get.h"

static enum fc_exit list(struct fc_cli *cli, const char *word)
{
    struct fc_selection selection = {.name = NULL};
    enum fc_exit code = fc_selection_read(cli, &selection);

    return code == FC_EXIT_OK ? fc_view_run(cli, fc_view_find(word, strlen(word)), &selection)
                              : code;
}

/* It printed YAML. */
static enum fc_exit describe(struct fc_cli *cli, const char *word)
{
    struct fc_selection selection = {.name = cli->args[0]};

    if (!fc_output_wanted(cli))
        cli->format = FC_FORMAT_YAML;
    return fc_view_run(cli, fc_view_find(word, strlen(word)), &selection);
}

enum fc_exit fc_cmd_entities_list(struct fc_cli *cli)
{
    return list(cli, "entities");
}

enum fc_exit fc_cmd_entities_describe(struct fc_cli *cli)
{
    return describe(cli, "entities");
}

enum fc_exit fc_cmd_tables_list(struct fc_cli *cli)
{
    return list(cli, "tables");
}

enum fc_exit fc_cmd_tables_describe(struct fc_cli *cli)
{
    return describe(cli, "tables");
}

enum fc_exit fc_cmd_tables_delete(struct fc_cli *cli)
{
    return fc_delete_table(cli, cli->args[0]);
}

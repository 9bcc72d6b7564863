/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl config: settings, where they come from, contexts. */
#include <strings.h>

#include "client/cli.h"
#include "client/output.h"
#include "client/settings.h"
#include "client/table.h"

/* -- look ---------------------------------------------------------------------------------------------------- */

static enum fc_exit view(struct fc_cli *cli, bool origins)
{
    static const struct fc_table_column columns[] = {
        {.title = "SETTING"}, {.title = "VALUE"}, {.title = "ORIGIN"}, {0}};
    struct fc_table *table = fc_table_new(cli->arena, columns);
    json_t *values = json_object();

    for (const struct fc_option *o = fc_global_options; table && o->name; o++) {
        char origin[4200];
        const char *text;
        if (!o->setting)
            continue;
        text = fc_options_find(&cli->options, o->name, origin, sizeof(origin));
        if (!o->value)
            text = fc_options_on(&cli->options, o->name) ? "true" : "false";
        if (!text)
            continue;
        fc_table_row(table);
        fc_table_cell(table, o->name);
        fc_table_cell(table, text);
        fc_table_cell(table, origin);
        json_object_set_new(values, o->name,
                            json_pack("{s:s, s:s}", "value", text, "origin", origin));
    }
    if (fc_output_wanted(cli))
        return fc_output_value(cli, "Config", json_pack("{s:o}", "settings", values));
    json_decref(values);
    if (table && !origins)
        fc_table_hide(table, 2);
    return table && fc_table_print(table, true, cli->out) ? FC_EXIT_OK : fc_cli_no_memory(cli);
}

enum fc_exit fc_cmd_config_view(struct fc_cli *cli)
{
    return view(cli, fc_options_given(&cli->options, "show-origin"));
}

enum fc_exit fc_cmd_config_list(struct fc_cli *cli)
{
    return view(cli, false);
}

/* The old command line's name of a setting, or the name as it is. */
static const char *our_name(const char *name)
{
    static const char *const names[][2] = {{"core_url", "server"},
                                           {"core_enable_ssl", "tls"},
                                           {"core_server_ssl_cert", "tls-ca"},
                                           {"grpc_connection_timeout", "timeout"}};

    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++)
        if (strcasecmp(names[i][0], name) == 0)
            return names[i][1];
    return name;
}

/* What would stop every later command is not written. */
static enum fc_exit check_value(struct fc_cli *cli, const char *name)
{
    struct fc_error err = FC_ERROR_INIT;

    for (const struct fc_option *o = fc_global_options; o->name; o++)
        if (strcmp(o->name, name) == 0 && fc_option_check(o, name, cli->args[1], &err) != FC_OK)
            return fc_cli_usage(cli, "%s", err.message);
    return FC_EXIT_OK;
}

static enum fc_exit check_name(struct fc_cli *cli, const char *name)
{
    const char *nearest = fc_settings_nearest(&cli->options, name);

    if (fc_settings_known(&cli->options, name))
        return FC_EXIT_OK;
    return fc_cli_usage(cli, "there is no setting \"%.60s\"%s%s%s", name,
                        nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                        nearest ? "\"?" : "");
}

enum fc_exit fc_cmd_config_get(struct fc_cli *cli)
{
    const char *name = our_name(cli->args[0]);
    enum fc_exit code = check_name(cli, name);
    const char *text = code == FC_EXIT_OK ? fc_options_get(&cli->options, name) : NULL;

    if (text)
        fprintf(cli->out, "%s\n", text);
    return code;
}

/* -- change -------------------------------------------------------------------------------------------------- */

static json_t *member(json_t *object, const char *name)
{
    json_t *found = json_object_get(object, name);

    if (!json_is_object(found)) {
        found = json_object();
        json_object_set_new(object, name, found);
    }
    return found;
}

/* The object that holds the settings to change: of --context, else of the file. */
static json_t *target(struct fc_cli *cli, json_t *file)
{
    return fc_options_given(&cli->options, "context")
               ? member(member(file, "contexts"), fc_options_get(&cli->options, "context"))
               : file;
}

static enum fc_exit write_back(struct fc_cli *cli, json_t *file)
{
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc = fc_settings_write_user(cli->arena, file, &err);

    json_decref(file);
    return rc == FC_OK ? FC_EXIT_OK : fc_cli_fail(cli, &err);
}

/* The user's file, to change the setting of that name in it. */
static enum fc_exit read_to_change(struct fc_cli *cli, const char *name, json_t **ret)
{
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code = check_name(cli, name);

    if (code != FC_EXIT_OK)
        return code;
    return fc_settings_read_user(cli->arena, ret, &err) == FC_OK ? FC_EXIT_OK
                                                                 : fc_cli_fail(cli, &err);
}

enum fc_exit fc_cmd_config_set(struct fc_cli *cli)
{
    const char *name = our_name(cli->args[0]);
    json_t *file = NULL;
    enum fc_exit code = check_value(cli, name);

    if (code == FC_EXIT_OK)
        code = read_to_change(cli, name, &file);
    if (code != FC_EXIT_OK)
        return code;
    json_object_set_new(target(cli, file), name, json_string(cli->args[1]));
    return write_back(cli, file);
}

enum fc_exit fc_cmd_config_unset(struct fc_cli *cli)
{
    const char *name = our_name(cli->args[0]);
    json_t *file = NULL;
    enum fc_exit code = read_to_change(cli, name, &file);

    if (code != FC_EXIT_OK)
        return code;
    json_object_del(target(cli, file), name);
    return write_back(cli, file);
}

/* -- contexts ------------------------------------------------------------------------------------------------ */

enum fc_exit fc_cmd_config_contexts(struct fc_cli *cli)
{
    static const struct fc_table_column columns[] = {
        {.title = "CURRENT"}, {.title = "NAME"}, {.title = "SERVER"}, {.title = "PROJECT"}, {0}};
    struct fc_table *table = fc_table_new(cli->arena, columns);
    const char *current = fc_settings_context(&cli->options), *name;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_output output;
    json_t *file = NULL, *one;
    enum fc_exit code = FC_EXIT_OK;

    if (fc_settings_read_user(cli->arena, &file, &err) != FC_OK)
        return fc_cli_fail(cli, &err);
    fc_output_begin(&output, cli, "Context", "context", false);
    json_object_foreach (json_object_get(file, "contexts"), name, one) {
        bool is_current = current && strcmp(current, name) == 0;
        if (fc_output_wanted(cli)) {
            fc_output_add(
                &output, name,
                json_pack("{s:s, s:b, s:O}", "name", name, "current", is_current, "settings", one));
            continue;
        }
        fc_table_row(table);
        fc_table_cell(table, is_current ? "*" : "");
        fc_table_cell(table, name);
        fc_table_cell(table, json_string_value(json_object_get(one, "server")));
        fc_table_cell(table, json_string_value(json_object_get(one, "project")));
    }
    if (fc_output_wanted(cli))
        code = fc_output_end(&output);
    else if (!table || !fc_table_print(table, false, cli->out))
        code = fc_cli_no_memory(cli);
    json_decref(file);
    return code;
}

enum fc_exit fc_cmd_config_use(struct fc_cli *cli)
{
    const char *name = cli->args[0];
    struct fc_error err = FC_ERROR_INIT;
    json_t *file = NULL;

    if (fc_settings_read_user(cli->arena, &file, &err) != FC_OK)
        return fc_cli_fail(cli, &err);
    if (!json_object_get(json_object_get(file, "contexts"), name)) {
        json_decref(file);
        (void)fc_fail(&err, FC_REASON_USAGE,
                      "there is no context \"%.60s\"; `feastctl config set server HOST:PORT "
                      "--context %.60s` makes it",
                      name, name);
        return fc_cli_fail(cli, &err);
    }
    json_object_set_new(file, "current-context", json_string(name));
    return write_back(cli, file);
}

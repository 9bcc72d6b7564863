/* SPDX-License-Identifier: Apache-2.0 */
/* What a command line names: a kind of object and one of them, or -l, --entities, --all-projects and --active. */
#include <stdlib.h>
#include <string.h>

#include "client/get.h"

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

/* The old command line has `key,value,key,value`. */
static enum fc_exit read_old_labels(struct fc_cli *cli, char *text, struct fc_label *labels,
                                    size_t *count)
{
    char *rest = NULL;

    for (char *key = strtok_r(text, ",", &rest); key; key = strtok_r(NULL, ",", &rest)) {
        char *value = strtok_r(NULL, ",", &rest);
        if (!value)
            return fc_cli_usage(cli, "-l has \"%.60s\", expected key=value", key);
        labels[(*count)++] = (struct fc_label){key, value};
    }
    return FC_EXIT_OK;
}

/* `k=v,k=v` into the array, which has room. */
static enum fc_exit read_labels(struct fc_cli *cli, char *text, struct fc_label *labels,
                                size_t *count)
{
    char *rest = NULL;

    if (strchr(text, ',') && !strchr(text, '='))
        return read_old_labels(cli, text, labels, count);
    for (char *pair = strtok_r(text, ",", &rest); pair; pair = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(pair, '=');
        if (!equals || equals == pair)
            return fc_cli_usage(cli, "-l has \"%.60s\", expected key=value", pair);
        *equals = '\0';
        labels[(*count)++] = (struct fc_label){pair, equals + 1};
    }
    return FC_EXIT_OK;
}

static enum fc_exit read_selector(struct fc_cli *cli, struct fc_selection *selection)
{
    size_t given = 0, room = 1, count = 0;
    const char *const *texts = fc_options_all(&cli->options, "selector", &given);
    struct fc_label *labels;

    for (size_t i = 0; texts && i < given; i++)
        room += strlen(texts[i]) / 2 + 1;
    labels = fc_arena_calloc(cli->arena, room, sizeof *labels);
    if (!texts || !labels)
        return fc_cli_no_memory(cli);
    for (size_t i = 0; i < given; i++) {
        char *copy = fc_arena_strdup(cli->arena, texts[i]);
        enum fc_exit code = copy ? read_labels(cli, copy, labels, &count) : fc_cli_no_memory(cli);
        if (code != FC_EXIT_OK)
            return code;
    }
    selection->labels = labels;
    selection->label_count = count;
    return FC_EXIT_OK;
}

static enum fc_exit read_entities(struct fc_cli *cli, struct fc_selection *selection)
{
    const char *text = fc_options_get(&cli->options, "entities");
    char *copy = fc_arena_strdup(cli->arena, text ? text : ""), *rest = NULL;
    const char **names = fc_arena_calloc(cli->arena, text ? strlen(text) + 1 : 1, sizeof *names);

    if (!copy || !names)
        return fc_cli_no_memory(cli);
    for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
        names[selection->entity_count++] = name;
    selection->entities = names;
    return FC_EXIT_OK;
}

enum fc_exit fc_selection_read(struct fc_cli *cli, struct fc_selection *ret)
{
    const struct fc_options *options = &cli->options;
    enum fc_exit code = FC_EXIT_OK;

    if (fc_options_has(options, "selector"))
        code = read_selector(cli, ret);
    if (code == FC_EXIT_OK && fc_options_has(options, "entities"))
        code = read_entities(cli, ret);
    ret->all_projects =
        fc_options_has(options, "all-projects") && fc_options_given(options, "all-projects");
    ret->active = fc_options_has(options, "active") && fc_options_given(options, "active");
    if (code == FC_EXIT_OK && ret->all_projects && fc_options_given(options, "project"))
        return fc_cli_usage(cli, "--all-projects and --project contradict each other");
    return code;
}

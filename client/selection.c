/* SPDX-License-Identifier: Apache-2.0 */
/* -l, --entities, --all-projects and --active of a command line. */
#include <stdlib.h>
#include <string.h>

#include "client/get.h"

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
    labels = fc_arena_calloc(cli->arena, room, sizeof(*labels));
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
    const char **names = fc_arena_calloc(cli->arena, text ? strlen(text) + 1 : 1, sizeof(*names));

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

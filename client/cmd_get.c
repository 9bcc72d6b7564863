/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl get: which kind of object, which of them. */
#include <stdlib.h>
#include <string.h>

#include "client/get.h"

struct resource {
    const char *names[6]; /* the first is the one that help shows */
    enum fc_exit (*run)(struct fc_cli *cli, const struct fc_selection *selection);
    bool labels; /* can be selected by them */
};

static const struct resource resources[] = {
    {{"projects", "project"}, fc_get_projects, false},
    {{"entities", "entity"}, fc_get_entities, true},
    {{"tables", "table", "feature-tables", "feature-table", "featuretables"}, fc_get_tables, true},
    {{"features", "feature"}, fc_get_features, true},
    {{"jobs", "job"}, fc_get_jobs, false},
};

static const struct resource *find_resource(const char *word, size_t len)
{
    for (size_t r = 0; r < FC_ARRAY_LEN(resources); r++) {
        for (size_t i = 0; i < FC_ARRAY_LEN(resources[r].names) && resources[r].names[i]; i++) {
            if (strlen(resources[r].names[i]) == len &&
                strncmp(resources[r].names[i], word, len) == 0)
                return &resources[r];
        }
    }
    return NULL;
}

static enum fc_exit unknown_resource(struct fc_cli *cli, const char *word)
{
    const char *names[FC_ARRAY_LEN(resources)];
    const char *nearest;

    for (size_t r = 0; r < FC_ARRAY_LEN(resources); r++)
        names[r] = resources[r].names[0];
    nearest = fc_str_nearest(word, names, FC_ARRAY_LEN(names));
    return fc_cli_usage(cli, "there is nothing called \"%.60s\" to get%s%s%s", word,
                        nearest ? "; did you mean \""
                                : "; it is one of projects, entities, tables, features, jobs",
                        nearest ? nearest : "", nearest ? "\"?" : "");
}

/* `k=v,k=v` into the array, which has room. */
static enum fc_exit read_labels(struct fc_cli *cli, char *text, struct fc_label *labels,
                                size_t *count)
{
    char *rest = NULL;

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

static enum fc_exit check_selection(struct fc_cli *cli, const struct resource *resource,
                                    const struct fc_selection *selection)
{
    bool jobs = resource->run == fc_get_jobs, features = resource->run == fc_get_features;

    if (selection->label_count > 0 && !resource->labels)
        return fc_cli_usage(cli, "%s have no labels; -l does not go with them", resource->names[0]);
    if (selection->label_count > 0 && selection->name && !features)
        return fc_cli_usage(cli, "-l selects from a list and does not go with a name");
    if (selection->entity_count > 0 && !features)
        return fc_cli_usage(cli, "--entities goes with `get features` only");
    if (selection->active && !jobs)
        return fc_cli_usage(cli, "--active goes with `get jobs` only");
    return FC_EXIT_OK;
}

enum fc_exit fc_cmd_get(struct fc_cli *cli)
{
    struct fc_selection selection = {.name = cli->arg_count > 1 ? cli->args[1] : NULL,
                                     .active = fc_options_given(&cli->options, "active")};
    const char *word = cli->args[0], *slash = strchr(word, '/');
    const struct resource *resource =
        find_resource(word, slash ? (size_t)(slash - word) : strlen(word));
    enum fc_exit code;

    if (!resource)
        return unknown_resource(cli, word);
    if (slash && selection.name)
        return fc_cli_usage(cli, "\"%.60s\" is too much: %.60s names one already", selection.name,
                            word);
    if (slash)
        selection.name = slash + 1;
    if (selection.name && !selection.name[0])
        return fc_cli_usage(cli, "the name is empty");
    code = read_selector(cli, &selection);
    if (code == FC_EXIT_OK)
        code = read_entities(cli, &selection);
    if (code == FC_EXIT_OK)
        code = check_selection(cli, resource, &selection);
    return code == FC_EXIT_OK ? resource->run(cli, &selection) : code;
}

void fc_get_nothing(struct fc_cli *cli, const char *what)
{
    fc_cli_note(cli, "No %s in project %s.", what, cli->project);
}

const char *fc_labels_text(struct fc_arena *arena, const struct fc_label *labels, size_t count)
{
    const char *text = "";

    for (size_t i = 0; text && i < count; i++)
        text =
            fc_arena_printf(arena, "%s%s%s=%s", text, i ? "," : "", labels[i].key, labels[i].value);
    return text;
}

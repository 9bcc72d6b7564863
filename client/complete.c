/* SPDX-License-Identifier: Apache-2.0 */
/* What can stand where the cursor is, from the table of commands. The shells' scripts only ask. */
#include <string.h>

#include "base/sys.h"
#include "client/cli.h"
#include "client/client.h"
#include "client/settings.h"
#include "feast/admin/v1/admin.pb-c.h"

#define MAX_WORDS 64

struct completion {
    struct fc_cli *cli;
    char words[MAX_WORDS]; /* of the command so far */
    const struct fc_command *command;
    size_t arg_count;
    const char *first_arg;
    const struct fc_option *pending; /* flag whose value comes next */
    const char *current;             /* the word to complete */
    const char *server, *project;
};

static void offer(struct completion *c, const char *word, size_t len, const char *meaning)
{
    if (strncmp(word, c->current, strlen(c->current)) == 0 && len >= strlen(c->current))
        fprintf(c->cli->out, "%.*s\t%s\n", (int)len, word, meaning);
}

static void offer_choices(struct completion *c, const char *choices, const char *prefix)
{
    while (*choices) {
        char word[128];
        size_t len = strcspn(choices, "|");
        snprintf(word, sizeof(word), "%s%.*s", prefix, (int)len, choices);
        offer(c, word, strlen(word), "");
        choices += len + (choices[len] == '|');
    }
}

/* -- what stands before -------------------------------------------------------------------------------------- */

static const struct fc_option *find_flag(const struct completion *c, const char *word)
{
    const struct fc_option *tables[] = {fc_global_options, c->command ? c->command->options : NULL};
    size_t len = strcspn(word, "=");

    for (size_t t = 0; t < FC_ARRAY_LEN(tables); t++) {
        for (const struct fc_option *o = tables[t]; o && o->name; o++) {
            bool is_long = strncmp(word, "--", 2) == 0 && strlen(o->name) == len - 2 &&
                           strncmp(word + 2, o->name, len - 2) == 0;
            /* Joined letters: the last one may still wait for its value. */
            bool is_letter = word[1] != '-' && o->letter && word[len - 1] == o->letter;
            if (is_long || is_letter)
                return o;
        }
    }
    return NULL;
}

static void take_setting(struct completion *c, const struct fc_option *flag, const char *value)
{
    if (strcmp(flag->name, "server") == 0)
        c->server = value;
    else if (strcmp(flag->name, "project") == 0)
        c->project = value;
}

static void pass_word(struct completion *c, const char *word)
{
    char words[MAX_WORDS];
    int length;

    if (strcmp(word, "=") == 0 && c->pending)
        return; /* bash hands `--flag=value` over in three words */
    if (c->pending) {
        take_setting(c, c->pending, word);
        c->pending = NULL;
        return;
    }
    if (word[0] == '-' && word[1]) {
        const struct fc_option *flag = find_flag(c, word);
        const char *equals = strchr(word, '=');
        if (flag && equals)
            take_setting(c, flag, equals + 1);
        c->pending = flag && flag->value && !equals ? flag : NULL;
        return;
    }
    if (c->command) {
        if (c->arg_count++ == 0)
            c->first_arg = word;
        return;
    }
    length = snprintf(words, sizeof(words), "%s%s%s", c->words, c->words[0] ? " " : "", word);
    if (length > 0 && (size_t)length < sizeof(words)) {
        memcpy(c->words, words, sizeof(words));
        c->command = fc_command_find(words);
    }
}

/* -- what may come ------------------------------------------------------------------------------------------- */

static void offer_commands(struct completion *c, const char *before)
{
    size_t len = strlen(before);
    const char *last = "";
    size_t last_len = 0;

    for (const struct fc_command *k = fc_commands; k->words; k++) {
        const char *word = k->words + len + (len > 0);
        size_t word_len;
        if (len > 0 && (strncmp(k->words, before, len) != 0 || k->words[len] != ' '))
            continue;
        word_len = strcspn(word, " ");
        if (word_len == last_len && strncmp(word, last, word_len) == 0)
            continue; /* `jobs` stands for all that begin with it */
        offer(c, word, word_len, word[word_len] ? "" : k->summary);
        last = word;
        last_len = word_len;
    }
}

/* `--output=j` in one word: candidates have the flag before them. */
static bool offer_joined(struct completion *c)
{
    const char *equals = strchr(c->current, '=');
    const struct fc_option *flag = equals ? find_flag(c, c->current) : NULL;
    char prefix[80];

    if (!flag || !flag->choices)
        return equals != NULL;
    snprintf(prefix, sizeof(prefix), "--%s=", flag->name);
    offer_choices(c, flag->choices, prefix);
    return true;
}

static void offer_flags(struct completion *c)
{
    const struct fc_option *tables[] = {c->command ? c->command->options : NULL, fc_global_options};
    char flag[80];

    if (offer_joined(c))
        return;
    for (size_t t = 0; t < FC_ARRAY_LEN(tables); t++) {
        for (const struct fc_option *o = tables[t]; o && o->name; o++) {
            snprintf(flag, sizeof(flag), "--%s", o->name);
            offer(c, flag, strlen(flag), o->help);
        }
    }
}

static void offer_value(struct completion *c, const struct fc_option *flag)
{
    if (flag->choices)
        offer_choices(c, flag->choices, "");
    else if (strcmp(flag->value, "PATH") == 0)
        fputs(":files\n", c->cli->out);
}

/* A server that does not answer at once is no reason to keep a person waiting, or to complain. */
static void offer_tables(struct completion *c)
{
    Feast__Admin__V1__ListObjectsRequest request = FEAST__ADMIN__V1__LIST_OBJECTS_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_admin_list, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    if (fc_settings_load(&c->cli->options, true, &err) != FC_OK)
        return;
    c->cli->server = c->server ? c->server : fc_options_get(&c->cli->options, "server");
    c->cli->project = c->project ? c->project : fc_options_get(&c->cli->options, "project");
    c->cli->timeout_ns = FC_NS_PER_S;
    request.kind = FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE;
    request.project = (char *)c->cli->project;
    if (fc_client_call(c->cli, &call, &err) != FC_OK)
        return;
    const Feast__Admin__V1__ListObjectsResponse *reply = (const void *)call.reply.message;
    for (size_t i = 0; i < reply->n_objects; i++) {
        const Feast__Core__FeatureTable *table = reply->objects[i]->feature_table;
        if (table && table->spec && !strpbrk(table->spec->name, "\t\n"))
            offer(c, table->spec->name, strlen(table->spec->name), "feature table");
    }
}

static void offer_argument(struct completion *c)
{
    size_t first = strcspn(c->command->args, " ");
    bool choices = memchr(c->command->args, '|', first) != NULL;

    if (c->command->run == fc_cmd_help) {
        offer_commands(c, c->arg_count ? c->first_arg : "");
    } else if (c->arg_count == 0 && choices) {
        char words[128];
        snprintf(words, sizeof(words), "%.*s", (int)first, c->command->args);
        offer_choices(c, words, "");
    } else if (c->arg_count == 0 && strncmp(c->command->args, "TABLE", 5) == 0) {
        offer_tables(c);
    } else if (c->command->run == fc_cmd_get && c->arg_count == 1 &&
               strncmp(c->first_arg, "table", 5) == 0) {
        offer_tables(c);
    }
}

enum fc_exit fc_complete(struct fc_cli *cli, size_t count, char *const *words)
{
    struct completion c = {.cli = cli, .current = count > 0 ? words[count - 1] : ""};

    for (size_t i = 0; i + 1 < count; i++)
        pass_word(&c, words[i]);
    if (c.pending && strcmp(c.current, "=") == 0)
        c.current = "";
    if (c.pending)
        offer_value(&c, c.pending);
    else if (c.current[0] == '-')
        offer_flags(&c);
    else if (!c.command)
        offer_commands(&c, c.words);
    else
        offer_argument(&c);
    return FC_EXIT_OK;
}

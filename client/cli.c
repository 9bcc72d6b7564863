/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to a command that runs. */
#include "client/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/time.h"
#include "client/client.h"
#include "client/pager.h"
#include "client/settings.h"

/* 10 000 feature tables with all their features are some 20 MiB. */
#define MAX_MEMORY (1024u * 1024 * 1024)
#define MAX_WORDS  64

/* -- which command ------------------------------------------------------------------------------------------- */

struct parse {
    struct fc_cli *cli;
    char words[MAX_WORDS]; /* the command's words so far */
    size_t word_count;
};

static bool begins_a_command(const char *words)
{
    size_t len = strlen(words);

    for (const struct fc_command *c = fc_commands; c->words; c++)
        if (strncmp(c->words, words, len) == 0 && c->words[len] == ' ')
            return true;
    return false;
}

static fc_rc unknown_command(const struct parse *p, const char *word, struct fc_error *err)
{
    const char *nearest;

    if (p->word_count > 0) {
        const char *names[16];
        size_t count = 0, len = strlen(p->words);
        for (const struct fc_command *c = fc_commands; c->words && count < FC_ARRAY_LEN(names); c++)
            if (strncmp(c->words, p->words, len) == 0 && c->words[len] == ' ')
                names[count++] = c->words + len + 1;
        nearest = fc_str_nearest(word, names, count);
        return fc_fail(err, FC_REASON_USAGE, "there is no command `%s %.60s`%s%s%s%s%s", p->words,
                       word, nearest ? "; did you mean `" : "", nearest ? p->words : "",
                       nearest ? " " : "", nearest ? nearest : "", nearest ? "`?" : "");
    }
    nearest = fc_command_nearest(word);
    if (nearest)
        return fc_fail(err, FC_REASON_USAGE, "there is no command `%.60s`; did you mean `%.*s`?",
                       word, (int)strcspn(nearest, " "), nearest);
    return fc_fail(err, FC_REASON_USAGE, "there is no command `%.60s`", word);
}

static fc_rc take_command_word(struct parse *p, const char *word, struct fc_error *err)
{
    char words[MAX_WORDS];
    int length = snprintf(words, sizeof(words), "%s%s%s", p->words, p->word_count ? " " : "", word);

    if (length < 0 || (size_t)length >= sizeof(words))
        return unknown_command(p, word, err);
    p->cli->command = fc_command_find(words);
    if (!p->cli->command && !begins_a_command(words))
        return unknown_command(p, word, err);
    memcpy(p->words, words, sizeof(words));
    p->word_count++;
    if (p->cli->command)
        p->cli->options.tables[1] = p->cli->command->options;
    return FC_OK;
}

static fc_rc parse_arguments(struct parse *p, int argc, char *const *argv, struct fc_error *err)
{
    struct fc_cli *cli = p->cli;

    for (int i = 1; i < argc;) {
        const char *word = NULL;
        fc_rc rc = fc_options_next(&cli->options, argc, argv, &i, &word, err);
        if (rc == FC_OK && word && !cli->command)
            rc = take_command_word(p, word, err);
        if (rc != FC_OK)
            return rc;
    }
    cli->args = cli->options.words ? cli->options.words + p->word_count : NULL;
    cli->arg_count = cli->options.word_count - p->word_count;
    return FC_OK;
}

/* -- settings ------------------------------------------------------------------------------------------------ */

static bool terminal(FILE *stream)
{
    int fd = fileno(stream);

    return fd >= 0 && isatty(fd);
}

static bool wants_color(const struct fc_cli *cli)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    return !fc_options_given(&cli->options, "no-color") && !(no_color && no_color[0]) &&
           !(term && strcmp(term, "dumb") == 0);
}

/* `config set --context NEW` makes the context that it names. */
static fc_rc load_settings(struct fc_cli *cli, struct fc_error *err)
{
    return fc_settings_load(&cli->options, cli->command->run == fc_cmd_config_set, err);
}

static fc_rc read_settings(struct fc_cli *cli, struct fc_error *err)
{
    static const char *const formats[] = {"table", "wide", "json", "yaml", "name"};
    /* What shows and mends settings bears with those that are wrong. */
    bool mends = strncmp(cli->command->words, "config ", 7) == 0;
    fc_rc rc = load_settings(cli, err);

    if (rc == FC_OK)
        rc = fc_options_check(&cli->options, !mends, err);
    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; i < FC_ARRAY_LEN(formats); i++)
        if (strcmp(fc_options_get(&cli->options, "output"), formats[i]) == 0)
            cli->format = (enum fc_format)i;
    cli->server = fc_options_get(&cli->options, "server");
    cli->project = fc_options_get(&cli->options, "project");
    cli->retries = (unsigned)strtoul(fc_options_get(&cli->options, "retries"), NULL, 10);
    if (!fc_duration_parse(fc_options_get(&cli->options, "timeout"), &cli->timeout_ns))
        cli->timeout_ns = 0; /* of a command that mends it */
    return FC_OK;
}

static fc_rc check_arguments(const struct fc_cli *cli, struct fc_error *err)
{
    const struct fc_command *c = cli->command;

    if (cli->arg_count < c->min_args)
        return fc_fail(err, FC_REASON_USAGE, "something is missing: feastctl %s %s", c->words,
                       c->args);
    if (cli->arg_count > c->max_args)
        return fc_fail(err, FC_REASON_USAGE, "\"%.60s\" is too much: feastctl %s%s%s",
                       cli->args[c->max_args], c->words, c->args[0] ? " " : "", c->args);
    return FC_OK;
}

/* -- run ----------------------------------------------------------------------------------------------------- */

/* `feastctl`, `feastctl jobs`, `feastctl --help`, `feastctl --version`: true when that was all. */
static bool answered_by_help(const struct parse *p, enum fc_exit *ret)
{
    struct fc_cli *cli = p->cli;
    bool asked = fc_options_given(&cli->options, "help");
    FILE *to = asked ? cli->out : cli->err;

    *ret = asked ? FC_EXIT_OK : FC_EXIT_USAGE;
    if (cli->command) {
        if (asked)
            fc_help_command(cli->command, to);
        return asked;
    }
    if (p->word_count == 0 && fc_options_given(&cli->options, "version")) {
        fprintf(cli->out, "feastctl %s\n", fc_client_version());
        *ret = FC_EXIT_OK;
        return true;
    }
    if (p->word_count == 0)
        fc_help_program(to);
    else
        (void)fc_help_group(p->words, to);
    return true;
}

static enum fc_exit run(struct parse *p, int argc, char *const *argv)
{
    struct fc_cli *cli = p->cli;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_pager *pager;
    enum fc_exit code;

    fc_rc rc = parse_arguments(p, argc, argv, &err);
    cli->color = terminal(cli->err) && wants_color(cli);
    if (rc == FC_OK && answered_by_help(p, &code))
        return code;
    if (rc == FC_OK)
        rc = read_settings(cli, &err);
    if (rc == FC_OK)
        rc = check_arguments(cli, &err);
    if (rc != FC_OK)
        return fc_cli_usage(cli, "%s", err.message);
    cli->quiet = fc_options_given(&cli->options, "quiet");
    cli->verbose = fc_options_given(&cli->options, "verbose");
    cli->live = terminal(cli->err) && !cli->quiet && wants_color(cli);
    pager = cli->command->paged ? fc_pager_start(cli) : NULL;
    code = cli->command->run(cli);
    fc_pager_end(pager, cli);
    return code;
}

enum fc_exit fc_cli_main(int argc, char *const *argv, FILE *in, FILE *out, FILE *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(MAX_MEMORY);
    struct fc_cli cli = {.in = in, .out = out, .err = err, .arena = arena};
    struct parse parse = {.cli = &cli};
    enum fc_exit code;

    if (!arena)
        return fc_cli_no_memory(&cli);
    fc_options_init(&cli.options, arena, fc_global_options);
    if (argc >= 2 && strcmp(argv[1], "__complete") == 0)
        code = fc_complete(&cli, (size_t)argc - 2, argv + 2);
    else
        code = run(&parse, argc, argv);
    fc_client_free(cli.client);
    if (fflush(out) != 0 || ferror(out)) {
        fc_cli_error(&cli, "the output cannot be written: %s", strerror(errno));
        return FC_EXIT_INTERNAL;
    }
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Help and the reference page, from the table of commands. */
#include <string.h>

#include "client/cli.h"

#define WIDTH      80
#define FLAG_WIDTH 24

/* Text wrapped at WIDTH, each line after `indent` spaces; `column` is where the first line is already. */
static void wrap(FILE *out, const char *text, int indent, int column)
{
    while (*text) {
        int word = (int)strcspn(text, " ");
        if (column > indent && column + 1 + word > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", word, text);
        column += word;
        text += word;
        while (*text == ' ')
            text++;
    }
    fputc('\n', out);
}

static void flag_text(const struct fc_option *o, char *out, size_t size)
{
    char letter[8] = "    ";

    if (o->letter)
        snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    snprintf(out, size, "%s--%s%s%s", letter, o->name, o->value ? " " : "",
             o->value ? o->value : "");
}

void fc_help_flag(const struct fc_option *o, char *out, size_t size)
{
    int used = snprintf(out, size, "%s", o->help);

    if (o->choices && used >= 0 && (size_t)used < size)
        used += snprintf(out + used, size - (size_t)used, " One of %s.", o->choices);
    if (o->repeats && used >= 0 && (size_t)used < size)
        used += snprintf(out + used, size - (size_t)used, " May be repeated.");
    if ((o->initial || o->env) && used >= 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, " (%s%s%s%s%s)", o->initial ? "default " : "",
                 o->initial ? o->initial : "", o->initial && o->env ? ", " : "",
                 o->env ? "env " : "", o->env ? o->env : "");
}

static void print_flags(const struct fc_option *options, FILE *out)
{
    for (const struct fc_option *o = options; o && o->name; o++) {
        char flag[80], help[512];
        flag_text(o, flag, sizeof(flag));
        fc_help_flag(o, help, sizeof(help));
        fprintf(out, "  %-*s", FLAG_WIDTH, flag);
        if (strlen(flag) >= FLAG_WIDTH)
            fprintf(out, "\n%*s", FLAG_WIDTH + 2, "");
        fputs("  ", out);
        wrap(out, help, FLAG_WIDTH + 4, FLAG_WIDTH + 4);
    }
}

static void print_examples(const struct fc_command *c, FILE *out)
{
    if (!c->examples)
        return;
    fputs("Examples:\n", out);
    for (const char *const *e = c->examples; e[0] && e[1]; e += 2)
        fprintf(out, "  # %s\n  %s\n", e[1], e[0]);
    fputc('\n', out);
}

static void print_summaries(const char *first_word, FILE *out)
{
    size_t len = first_word ? strlen(first_word) : 0;

    for (const struct fc_command *c = fc_commands; c->words; c++) {
        if (!first_word && c->old)
            continue;
        if (!first_word || (strncmp(c->words, first_word, len) == 0 && c->words[len] == ' '))
            fprintf(out, "  %-25s%s\n", c->words, c->summary);
    }
}

void fc_help_program(FILE *out)
{
    fputs("feastctl works with a feature registry: it registers, looks, checks and ingests.\n\n"
          "Examples:\n"
          "  # Register what a file describes\n"
          "  feastctl apply -f flights.yaml\n"
          "  # See it\n"
          "  feastctl get tables\n"
          "  # Fill the online store and read from it\n"
          "  feastctl ingest flights\n"
          "  feastctl online get flights --entity carrier=UA --entity flight=1545\n\n"
          "Commands:\n",
          out);
    print_summaries(NULL, out);
    fputs("\nThe words of the old command line work too: entities and feature-tables with apply, "
          "list,\n"
          "describe and delete, config list.\n",
          out);
    fputs("\nFlags of all commands:\n", out);
    print_flags(fc_global_options, out);
    fputs("\n`feastctl help COMMAND` tells more about one.\n", out);
}

bool fc_help_group(const char *word, FILE *out)
{
    size_t len = strlen(word);
    bool found = false;

    for (const struct fc_command *c = fc_commands; c->words; c++)
        found = found || (strncmp(c->words, word, len) == 0 && c->words[len] == ' ');
    if (!found)
        return false;
    fprintf(out, "usage: feastctl %s COMMAND\n\nCommands:\n", word);
    print_summaries(word, out);
    return true;
}

void fc_help_command(const struct fc_command *c, FILE *out)
{
    fprintf(out, "%s.\n\n", c->summary);
    print_examples(c, out);
    fprintf(out, "Usage:\n  feastctl %s%s%s [flags]\n\n", c->words, c->args[0] ? " " : "", c->args);
    if (c->details) {
        wrap(out, c->details, 0, 0);
        fputc('\n', out);
    }
    if (c->options) {
        fputs("Flags:\n", out);
        print_flags(c->options, out);
        fputc('\n', out);
    }
    fputs("Flags of all commands:\n", out);
    print_flags(fc_global_options, out);
}

enum fc_exit fc_cmd_help(struct fc_cli *cli)
{
    char words[64] = "";
    const struct fc_command *command;

    if (cli->arg_count == 0) {
        fc_help_program(cli->out);
        return FC_EXIT_OK;
    }
    snprintf(words, sizeof(words), "%s%s%s", cli->args[0], cli->arg_count > 1 ? " " : "",
             cli->arg_count > 1 ? cli->args[1] : "");
    command = fc_command_find(words);
    if (command) {
        fc_help_command(command, cli->out);
        return FC_EXIT_OK;
    }
    if (cli->arg_count == 1 && fc_help_group(words, cli->out))
        return FC_EXIT_OK;
    const char *nearest = fc_command_nearest(cli->args[0]);
    if (nearest)
        return fc_cli_usage(cli, "there is no command `%s`; did you mean `%s`?", words, nearest);
    return fc_cli_usage(cli, "there is no command `%s`", words);
}

/* -- reference page ------------------------------------------------------------------------------------------ */

static void markdown_cell(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void markdown_flags(const struct fc_option *options, FILE *out)
{
    fputs("| Flag | Meaning |\n|---|---|\n", out);
    for (const struct fc_option *o = options; o->name; o++) {
        char help[512];
        fc_help_flag(o, help, sizeof(help));
        fputs("| `", out);
        if (o->letter)
            fprintf(out, "-%c`, `", o->letter);
        fprintf(out, "--%s", o->name);
        if (o->value)
            fprintf(out, " %s", o->value);
        fputs("` | ", out);
        markdown_cell(help, out);
        fputs(" |\n", out);
    }
    fputc('\n', out);
}

static void markdown_command(const struct fc_command *c, FILE *out)
{
    fprintf(out, "## feastctl %s\n\n%s.\n\n", c->words, c->summary);
    fprintf(out, "```\nfeastctl %s%s%s [flags]\n```\n\n", c->words, c->args[0] ? " " : "", c->args);
    if (c->details)
        fprintf(out, "%s\n\n", c->details);
    if (c->examples) {
        fputs("```sh\n", out);
        for (const char *const *e = c->examples; e[0] && e[1]; e += 2)
            fprintf(out, "%s# %s\n%s\n", e == c->examples ? "" : "\n", e[1], e[0]);
        fputs("```\n\n", out);
    }
    if (c->options)
        markdown_flags(c->options, out);
}

void fc_help_markdown(FILE *out)
{
    fputs("# feastctl\n\n"
          "Data goes to standard output, messages to standard error. Settings may come from "
          "flags, the environment and files.\n\n"
          "## Flags of all commands\n\n",
          out);
    markdown_flags(fc_global_options, out);
    for (const struct fc_command *c = fc_commands; c->words; c++)
        markdown_command(c, out);
    fputs(
        "## Output for programs\n\n"
        "`-o json` prints one value with `schemaVersion` (1) and `kind`. Objects asked for by "
        "name stand alone (`Entity`, `FeatureTable`, `Project`, `OnlineStore`, `Feature`, "
        "`Source`, `Report`, `Job`); lists have `items` and a kind that ends in `List`, and are "
        "printed as they come: one that breaks off has no closing brackets, and the exit code is "
        "not 0. `RevisionList`, `ContextList` and `ExportList` are lists too; the items of an "
        "export have kinds of their own. Other kinds are `ApplyResult`, `Plan`, `Diff`, "
        "`ValidationResult`, `ValidationReport`, `OnlineFeatures`, `OnlineExplanation`, `Config` "
        "and `Version`. With --all-projects each item has its `project`. Messages are in the JSON "
        "form of protobuf: lowerCamelCase, enums by name, 64-bit integers as strings, times in "
        "RFC 3339, durations as `7200s`, bytes in base64, default values left out. Keys may be "
        "added; those that are there keep their name and meaning within a schema version. "
        "`-o yaml` has the same, a document an object, which `apply` takes back. `-o name` prints "
        "`kind/name`, a line an object.\n\n",
        out);
    fputs("## Settings files\n\n"
          "A flag wins over its environment variable; then comes the context that --context or "
          "FEAST_CONTEXT names, the project file `.feastctl.yaml` (in the working directory or the "
          "nearest one above it), the current context, the user file "
          "`$XDG_CONFIG_HOME/feastctl/config.yaml`, `/etc/feastctl/config.yaml`, the old command "
          "line's `~/.feast/config`, and the default. `feastctl config view --show-origin` tells "
          "which it was. A file has settings by the name of their flag:\n\n"
          "```yaml\n"
          "project: rides\n"
          "current-context: production\n"
          "contexts:\n"
          "  production:\n"
          "    server: core.example:6565\n"
          "    tls-ca: /etc/ssl/example.pem\n"
          "    token-file: /run/secrets/feast-token\n"
          "```\n\n"
          "These may stand there: ",
          out);
    for (const struct fc_option *o = fc_global_options, *first = o; o->name; o++)
        if (o->setting)
            fprintf(out, "%s`%s`", o == first ? "" : ", ", o->name);
    fputs(". A project file comes with a checkout, so it may not name credentials, and a token is "
          "not sent to a server that only such a file names.\n\n",
          out);
    fputs("## Exit codes\n\n| Code | Meaning |\n|---|---|\n", out);
    for (const struct fc_exit_info *e = fc_exit_table; e->meaning; e++)
        fprintf(out, "| %d | %s |\n", (int)e->code, e->meaning);
}

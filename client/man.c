/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page, from the table of commands. */
#include <string.h>

#include "client/cli.h"
#include "client/client.h"

#define LINE 78
/* When the form of the page was last changed: a page that is generated has no date of its own. */
#define PAGE_DATE "2026-11-23"

/* One word as man(7) wants it: it begins with no control character, a dash is a dash. Returns its length. */
static size_t put_word(FILE *out, const char *word, size_t len, bool first)
{
    size_t column = 0;

    if (first && (word[0] == '.' || word[0] == '\''))
        column += (size_t)fprintf(out, "\\&");
    for (size_t i = 0; i < len; i++)
        if (word[i] == '\\' || word[i] == '-')
            column += (size_t)fprintf(out, word[i] == '-' ? "\\-" : "\\e");
        else
            column += fputc(word[i], out) != EOF;
    return column;
}

/* Text that stands as it is, such as a command to type. */
static void put(FILE *out, const char *text)
{
    (void)put_word(out, text, strlen(text), true);
}

/* Sentences, each on a line of its own and no line too long; ends the line. */
static void put_text(FILE *out, const char *text)
{
    size_t column = 0;
    bool sentence = false;

    while (*text) {
        size_t len = strcspn(text, " ");
        bool wraps = column > 0 && (sentence || column + 1 + 2 * len > LINE);
        if (column > 0)
            fputc(wraps ? '\n' : ' ', out);
        column = wraps ? 0 : column + (column > 0);
        column += put_word(out, text, len, column == 0);
        sentence = len > 0 && text[len - 1] == '.';
        text += len;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void put_flags(FILE *out, const struct fc_option *options)
{
    for (const struct fc_option *o = options; o && o->name; o++) {
        char help[512];
        fputs(".TP\n", out);
        if (o->letter)
            fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
        fputs("\\fB\\-\\-", out);
        put(out, o->name);
        fputs("\\fR", out);
        if (o->value) {
            fputs(" \\fI", out);
            put(out, o->value);
            fputs("\\fR", out);
        }
        fputc('\n', out);
        fc_help_flag(o, help, sizeof(help));
        put_text(out, help);
    }
}

static void put_command(FILE *out, const struct fc_command *c)
{
    char summary[256];

    fprintf(out, ".SS \"feastctl %s\"\n", c->words);
    snprintf(summary, sizeof(summary), "%s.", c->summary);
    put_text(out, summary);
    fputs(".PP\n\\fBfeastctl ", out);
    put(out, c->words);
    fputs("\\fR\n", out);
    if (c->args[0])
        put_text(out, c->args);
    fputs("[flags]\n", out);
    if (c->details) {
        fputs(".PP\n", out);
        put_text(out, c->details);
    }
    put_flags(out, c->options);
}

static void put_examples(FILE *out)
{
    bool first = true;

    for (const struct fc_command *c = fc_commands; c->words; c++) {
        for (const char *const *e = c->examples; e && e[0] && e[1]; e += 2) {
            fputs(first ? "" : ".PP\n", out);
            first = false;
            put(out, e[1]);
            fputs(":\n.PP\n.nf\n.RS\n", out);
            put(out, e[0]);
            fputs("\n.RE\n.fi\n", out);
        }
    }
}

void fc_help_man(FILE *out)
{
    fprintf(out, ".TH FEASTCTL 1 " PAGE_DATE " \"feastctl %s\" \"User Commands\"\n",
            fc_client_version());
    fputs(".SH NAME\nfeastctl \\- work with a feature registry\n"
          ".SH SYNOPSIS\n\\fBfeastctl\\fR \\fICOMMAND\\fR [arguments] [flags]\n"
          ".SH DESCRIPTION\nRegisters projects, entities and feature tables,\n"
          "shows what was found in their sources,\n"
          "fills the online store and reads from it.\n"
          "Data goes to standard output, messages to standard error.\n"
          ".SH OPTIONS\n",
          out);
    put_flags(out, fc_global_options);
    fputs(".SH COMMANDS\n", out);
    for (const struct fc_command *c = fc_commands; c->words; c++)
        put_command(out, c);
    fputs(".SH \"EXIT STATUS\"\n", out);
    for (const struct fc_exit_info *e = fc_exit_table; e->meaning; e++) {
        fprintf(out, ".TP\n\\fB%d\\fR\n", (int)e->code);
        put_text(out, e->meaning);
    }
    fputs(".SH ENVIRONMENT\n", out);
    for (const struct fc_option *o = fc_global_options; o->name; o++) {
        if (!o->env)
            continue;
        fprintf(out, ".TP\n\\fB%s\\fR\n", o->env);
        put_text(out, o->help);
        fputs("The flag \\-\\-", out);
        put(out, o->name);
        fputs(" wins over it.\n", out);
    }
    fputs(".TP\n\\fBNO_COLOR\\fR\nPlain text when it is set and not empty.\n.SH EXAMPLES\n", out);
    put_examples(out);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page, from the table of commands. */
#include <string.h>

#include "client/cli.h"
#include "client/client.h"

/* Text as man(7) wants it: no line begins with a control character, a dash is a dash. */
static void put(FILE *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((c == text || c[-1] == '\n') && (*c == '.' || *c == '\''))
            fputs("\\&", out);
        if (*c == '\\')
            fputs("\\e", out);
        else if (*c == '-')
            fputs("\\-", out);
        else
            fputc(*c, out);
    }
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
        put(out, help);
        fputc('\n', out);
    }
}

static void put_command(FILE *out, const struct fc_command *c)
{
    fprintf(out, ".SS \"feastctl %s\"\n", c->words);
    put(out, c->summary);
    fputs(".\n.PP\n\\fBfeastctl ", out);
    put(out, c->words);
    fputs("\\fR ", out);
    put(out, c->args);
    fputs(c->args[0] ? " [flags]\n" : "[flags]\n", out);
    if (c->details) {
        fputs(".PP\n", out);
        put(out, c->details);
        fputc('\n', out);
    }
    put_flags(out, c->options);
}

static void put_examples(FILE *out)
{
    for (const struct fc_command *c = fc_commands; c->words; c++) {
        for (const char *const *e = c->examples; e && e[0] && e[1]; e += 2) {
            fputs(".PP\n", out);
            put(out, e[1]);
            fputs(":\n.PP\n.nf\n.RS\n", out);
            put(out, e[0]);
            fputs("\n.RE\n.fi\n", out);
        }
    }
}

void fc_help_man(FILE *out)
{
    fprintf(out, ".TH FEASTCTL 1 \"\" \"feastctl %s\" \"User Commands\"\n", fc_client_version());
    fputs(".SH NAME\nfeastctl \\- work with a feature registry\n"
          ".SH SYNOPSIS\n\\fBfeastctl\\fR \\fICOMMAND\\fR [arguments] [flags]\n"
          ".SH DESCRIPTION\nRegisters projects, entities and feature tables, shows what was found "
          "in their sources,\n"
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
        put(out, e->meaning);
        fputc('\n', out);
    }
    fputs(".SH ENVIRONMENT\n", out);
    for (const struct fc_option *o = fc_global_options; o->name; o++) {
        if (!o->env)
            continue;
        fprintf(out, ".TP\n\\fB%s\\fR\n", o->env);
        put(out, o->help);
        fputs("\nThe flag \\-\\-", out);
        put(out, o->name);
        fputs(" wins over it.\n", out);
    }
    fputs(".TP\n\\fBNO_COLOR\\fR\nPlain text when it is set and not empty.\n.SH EXAMPLES\n", out);
    put_examples(out);
}

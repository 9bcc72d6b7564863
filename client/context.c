/* SPDX-License-Identifier: Apache-2.0 */
#include "client/context.h"

#include <stdarg.h>

#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

FC_PRINTF(4, 0)
static void say(struct fc_cli *cli, const char *label, const char *color, const char *format,
                va_list args)
{
    if (cli->live)
        fputs("\r\033[K", cli->err); /* over a progress line */
    fprintf(cli->err, "%s%s:%s ", cli->color ? color : "", label, cli->color ? PLAIN : "");
    vfprintf(cli->err, format, args);
    fputc('\n', cli->err);
}

void fc_cli_error(struct fc_cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(cli, "error", RED, format, args);
    va_end(args);
}

enum fc_exit fc_cli_fail(struct fc_cli *cli, const struct fc_error *err)
{
    fc_cli_error(cli, "%s", err->message);
    return fc_exit_of(err);
}

enum fc_exit fc_cli_usage(struct fc_cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(cli, "error", RED, format, args);
    va_end(args);
    fprintf(cli->err, "See `feastctl help%s%s`.\n", cli->command ? " " : "",
            cli->command ? cli->command->words : "");
    return FC_EXIT_USAGE;
}

void fc_cli_warn(struct fc_cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(cli, "warning", YELLOW, format, args);
    va_end(args);
}

void fc_cli_note(struct fc_cli *cli, const char *format, ...)
{
    va_list args;

    if (cli->quiet)
        return;
    va_start(args, format);
    vfprintf(cli->err, format, args);
    va_end(args);
    fputc('\n', cli->err);
}

enum fc_exit fc_cli_no_memory(struct fc_cli *cli)
{
    fc_cli_error(cli, "out of memory");
    return FC_EXIT_INTERNAL;
}

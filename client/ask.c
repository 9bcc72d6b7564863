/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ask.h"

#include <stdarg.h>
#include <unistd.h>

enum fc_exit fc_ask(struct fc_cli *cli, const char *format, ...)
{
    char answer[16] = "";
    va_list args;

    if (fc_options_given(&cli->options, "yes"))
        return FC_EXIT_OK;
    if (!isatty(fileno(cli->in)) || !isatty(fileno(cli->err)))
        return fc_cli_usage(cli, "this deletes something, and there is nobody to ask; --yes "
                                 "says that it is meant");
    va_start(args, format);
    vfprintf(cli->err, format, args);
    va_end(args);
    fputs(" [y/N] ", cli->err);
    fflush(cli->err);
    if (fgets(answer, sizeof(answer), cli->in) && (answer[0] == 'y' || answer[0] == 'Y'))
        return FC_EXIT_OK;
    fc_cli_note(cli, "Nothing was changed.");
    return FC_EXIT_FINDING;
}

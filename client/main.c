/* SPDX-License-Identifier: Apache-2.0 */
#include <grpc/support/log.h>
#include <locale.h>
#include <stdlib.h>

#include "client/cli.h"

/* What gRPC says of a failure is in its error as well. */
static void say_nothing(gpr_log_func_args *line FC_UNUSED)
{
}

int main(int argc, char **argv)
{
    /* Widths of characters only; numbers and messages stay as they are. */
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
    if (!getenv("GRPC_VERBOSITY"))
        gpr_set_log_function(say_nothing);
    return (int)fc_cli_main(argc, argv, stdin, stdout, stderr);
}

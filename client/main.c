/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>

#include "client/cli.h"

int main(int argc, char **argv)
{
    /* Widths of characters only; numbers and messages stay as they are. */
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
    return (int)fc_cli_main(argc, argv, stdin, stdout, stderr);
}

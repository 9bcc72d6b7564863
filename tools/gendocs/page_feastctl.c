/* SPDX-License-Identifier: Apache-2.0 */
#include "client/cli.h"
#include "tools/gendocs/pages.h"

void page_feastctl(FILE *out)
{
    fc_help_markdown(out);
}

void page_man(FILE *out)
{
    fc_help_man(out);
}

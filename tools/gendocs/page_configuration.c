/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config_table.h"
#include "tools/gendocs/pages.h"

#define PREFIX FC_SERVER_ENV_PREFIX

static const char intro[] =
    "# Configuration of feast-core\n"
    "\n"
    "A key `http.listen` is `--http-listen` on the command line, `" PREFIX "_HTTP_LISTEN` in\n"
    "the environment and `http: {listen: ...}` or `http.listen: ...` in the YAML file that\n"
    "`--config` names. A flag wins over the environment, the environment over the file, the file\n"
    "over the default, in whatever order they are read. What is not known is refused, and so is a\n"
    "value out of its range, wherever it stands. Exempt are variables that others set under the\n"
    "prefix: the address of the server as clients have it (`" PREFIX "_URL` and its kin) and\n"
    "what Kubernetes sets for a Service of that name (`" PREFIX "_SERVICE_HOST`,\n"
    "`" PREFIX "_PORT...`). `feast-core --print-config` shows every value and where it came\n"
    "from.\n"
    "\n"
    "Lists: a flag may be repeated; the environment separates by commas; YAML has a sequence.\n"
    "Durations are written `250ms`, `10s`, `15m`, `6h`, `7d`; sizes `64KiB`, `4MiB`, `1GiB`.\n"
    "\n";

void page_configuration(FILE *out)
{
    (void)fputs(intro, out);
    fc_config_print_markdown(fc_server_config_table, PREFIX, out);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "client/pager.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fc_pager {
    FILE *before, *pipe;
};

static const char *wanted(const struct fc_cli *cli)
{
    const char *asked = fc_options_get(&cli->options, "pager");
    const char *term = getenv("TERM");

    if (term && strcmp(term, "dumb") == 0)
        return NULL;
    if (!asked && !getenv("FEAST_PAGER"))
        asked = getenv("PAGER");
    if (!asked && !getenv("FEAST_PAGER"))
        asked = access("/usr/bin/less", X_OK) == 0 ? "/usr/bin/less" : NULL;
    return asked && asked[0] && strcmp(asked, "cat") != 0 ? asked : NULL;
}

struct fc_pager *fc_pager_start(struct fc_cli *cli)
{
    int fd = fileno(cli->out);
    const char *command = fd >= 0 && isatty(fd) ? wanted(cli) : NULL;
    struct fc_pager *pager = command ? fc_arena_calloc(cli->arena, 1, sizeof *pager) : NULL;

    if (!pager)
        return NULL;
    setenv("LESS", "FRX", 0);
    pager->before = cli->out;
    /* A command line of the person's own. */
    pager->pipe = popen(command, "we"); /* NOLINT(cert-env33-c) */
    if (!pager->pipe)
        return NULL;
    signal(SIGPIPE, SIG_IGN); /* a reader who has seen enough is no fault */
    cli->out = pager->pipe;
    return pager;
}

void fc_pager_end(struct fc_pager *pager, struct fc_cli *cli)
{
    if (!pager)
        return;
    cli->out = pager->before;
    (void)pclose(pager->pipe);
}

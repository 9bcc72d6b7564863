/* SPDX-License-Identifier: Apache-2.0 */
/** Long output on a terminal, page by page. */
#pragma once

#include "client/context.h"

struct fc_pager;

/**
 * When the output is a terminal and a pager is wanted and there, cli->out becomes its input. NULL otherwise. The pager is
 * --pager, else PAGER, else `less`, which shows what fits the screen without staying.
 */
struct fc_pager *fc_pager_start(struct fc_cli *cli);
/** Waits until the reader has seen enough. */
void fc_pager_end(struct fc_pager *pager, struct fc_cli *cli);

/* SPDX-License-Identifier: Apache-2.0 */
/** Questions before something is taken away. */
#pragma once

#include "client/context.h"

/**
 * OK when --yes was given or a person at the terminal answers y. Without a terminal, and without --yes, it is a mistake
 * of usage; a "no" ends with FC_EXIT_FINDING.
 */
enum fc_exit fc_ask(struct fc_cli *cli, const char *format, ...) FC_PRINTF(2, 3);

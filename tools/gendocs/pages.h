/* SPDX-License-Identifier: Apache-2.0 */
/** Pages of docs/reference/ that are made from the tables of the code. One function a page. */
#pragma once

#include <stdio.h>

/** base/reasons.def */
void page_errors(FILE *out);

/** client/commands.c */
void page_feastctl(FILE *out);
void page_man(FILE *out);

/** server/config_table.c */
void page_configuration(FILE *out);

/** server/http/metrics.def */
void page_metrics(FILE *out);
